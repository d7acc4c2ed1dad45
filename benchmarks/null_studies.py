"""Does noise stay noise? Whole studies of patients whose outcome nothing predicts.

Each study is 200 simulated patients x 4,950 edges and their clinical columns, preset "null",
trained as `stratify train` does it with the default families on every feature set.
Run: python benchmarks/null_studies.py --studies 20
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measure import describe_machine

from pipelines.train import TrainResult, train
from stratify.datasets import make_cohort, write_simulation


def run(seed: int, patients: int, workers: int) -> TrainResult:
    with tempfile.TemporaryDirectory() as folder:
        made = make_cohort(
            "null",
            patients=patients,
            seed=seed,
            regions=100,
            shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
        )
        write_simulation(made, Path(folder))
        return train(
            Path(folder) / "study.toml",
            overrides=[
                "validation.repeats=1",
                f"validation.seed={seed}",
                "models.families=prevalence,logistic,svm,forest,xgboost",
                "compute.checkpoints=false",
            ],
            workers=workers,
            store=str(Path(folder) / "mlruns"),
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=20)
    parser.add_argument("--patients", type=int, default=214)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print(f"{describe_machine()}\n{asked}\n")
    rows, findings = [], Counter()
    for seed in range(asked.studies):
        result = run(seed, asked.patients, asked.workers)
        findings[result.verdict.finding] += 1
        for evaluation in result.evaluations:
            if evaluation.family != "prevalence":
                auc = evaluation.metrics["auc"]
                rows.append((seed, evaluation.name, auc.value, auc.low <= 0.5 <= auc.high))
        print(f"seed {seed}: {result.flow[-1][1]} patients, {result.verdict.finding}", flush=True)
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
