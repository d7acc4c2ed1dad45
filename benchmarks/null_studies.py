"""Does noise stay noise? Studies of patients whose outcome nothing predicts.

Each study is 200 simulated patients x 4,950 edges and their clinical columns, preset "null", read
from its files, evaluated with the default families on every feature set, held against the simple
models and judged as `stratify train` does it; what cannot change the finding (permutations,
explanations, logging) is left out.
Run: python benchmarks/null_studies.py --studies 20
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measure import describe_machine

from pipelines.candidates import list_candidates
from pipelines.data import draw_folds, read_table
from pipelines.settings import read_settings
from stratify.datasets import make_cohort, write_simulation
from stratify.evaluation import (
    Compute,
    Evaluation,
    Verdict,
    cross_validate_many,
    list_references,
    make_verdict,
)

OVERRIDES = ("validation.repeats=1", "models.families=prevalence,logistic,svm,forest,xgboost")


def run(seed: int, patients: int, workers: int) -> tuple[Sequence[Evaluation], Verdict, int]:
    with tempfile.TemporaryDirectory() as folder:
        made = make_cohort(
            "null",
            patients=patients,
            seed=seed,
            regions=100,
            shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
        )
        write_simulation(made, Path(folder))
        overrides = [*OVERRIDES, f"validation.seed={seed}"]
        settings = read_settings(Path(folder) / "study.toml", overrides)
        table = read_table(settings).table
    folds = draw_folds(settings, table)
    sets = [table.select(features) for features in settings.feature_sets(table.has)]
    candidates, _ = list_candidates(settings.models.families, sets)
    judged = cross_validate_many(
        candidates + list_references(table),
        folds,
        inner_folds=settings.validation.inner_folds,
        seed=seed,
        level=settings.validation.level,
        compute=Compute(workers=workers),
    )
    evaluations, references = judged[: len(candidates)], judged[len(candidates) :]
    verdict = make_verdict(
        evaluations, table, references=references, region=settings.validation.smallest_gain
    )
    return evaluations, verdict, len(table)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=20)
    parser.add_argument("--patients", type=int, default=214)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print(f"{describe_machine()}\n{asked}\n")
    rows, findings = [], Counter()
    for seed in range(asked.studies):
        evaluations, verdict, patients = run(seed, asked.patients, asked.workers)
        findings[verdict.finding] += 1
        for evaluation in evaluations:
            if evaluation.family != "prevalence":
                auc = evaluation.metrics["auc"]
                rows.append((seed, evaluation.name, auc.value, auc.low <= 0.5 <= auc.high))
        print(f"seed {seed}: {patients} patients, {verdict.finding}", flush=True)
    table = pd.DataFrame(rows, columns=["seed", "model", "auc", "holds half"])
    print(f"\n{'model':28}{'mean AUC':>9}{'sd':>7}{'holds 0.5':>11}")
    for model, of in table.groupby("model", sort=False):
        print(
            f"{model:28}{of['auc'].mean():9.3f}{of['auc'].std():7.3f}"
            f"{of['holds half'].mean():11.0%}"
        )
    print(f"\nmean AUC over all models and studies: {np.mean(table['auc']):.3f}")
    print(f"findings: {dict(findings)}")
    assert abs(np.mean(table["auc"]) - 0.5) <= 0.02
    assert findings["responder model"] == 0


if __name__ == "__main__":
    main()
