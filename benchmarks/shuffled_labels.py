"""Does the whole pipeline report chance on real connectivity when labels are shuffled?

The Tulsa depression connectome (157 people, 3,003 edges), its labels shuffled, evaluated as
studies/tulsa-mdd.toml is. Run, with STRATIFY_DATA set or a connection:
python benchmarks/shuffled_labels.py --shuffles 4
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from stratify.datasets import fetch_tulsa_mdd
from stratify.evaluation import Compute, cross_validate_many, evaluate_references, make_verdict
from stratify.folds import make_folds
from stratify.outcome import ResponseRule
from stratify.task import Task, assemble

RULE = ResponseRule(name="major depressive disorder", followup="diagnosis", responder="MDD")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffles", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args()
    data = fetch_tulsa_mdd()
    table = assemble(Task(rule=RULE, question="diagnosis"), data.cohort, data.connectomes)
    table = table.select("connectivity")
    figures = []
    for seed in range(asked.shuffles):
        shuffled = replace(table, y=np.random.default_rng(seed).permutation(table.y))
        folds = make_folds(shuffled.y, folds=5, repeats=asked.repeats, seed=seed)
        evaluations = cross_validate_many(
            [("prevalence", shuffled), ("logistic", shuffled)],
            folds,
            seed=seed,
            compute=Compute(workers=-1),
        )
        simple = evaluate_references(shuffled, folds, seed=seed)
        finding = make_verdict(evaluations, shuffled, references=simple).finding
        figures.append(evaluations[1].metrics["auc"].value)
        print(f"shuffle {seed}: AUC {evaluations[1].metrics['auc']}, verdict: {finding}")
    print(f"mean AUC of {asked.shuffles} shuffles {np.mean(figures):.3f}")


if __name__ == "__main__":
    main()
