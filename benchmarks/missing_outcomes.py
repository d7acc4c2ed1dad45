"""What becomes of figures and models when outcomes are lost at random given an early value?

Each study is a simulated cohort in which patients whose early value shows no fall are lost more
often. It is evaluated with every outcome known, and with each way of treating missing ones. The
truth of each way is what the model that it ships reaches on fresh patients of the same population,
none of them lost. Run: python benchmarks/missing_outcomes.py > benchmarks/missing_outcomes.txt
"""

from __future__ import annotations

import argparse
import platform

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit

from stratify.cohort import Cohort
from stratify.evaluation import (
    Evaluation,
    cross_validate_many,
    list_references,
    make_verdict,
    refit,
)
from stratify.evaluation.completions import judge_completions
from stratify.evaluation.imputation import draw_whole_outcomes
from stratify.folds import make_folds
from stratify.metrics import Estimate, compute_auc, compute_calibration
from stratify.outcome import ResponseRule
from stratify.schema import Column
from stratify.task import Table, Task, assemble

COLUMNS = (
    Column(name="severity"),
    Column(name="age"),
    Column(name="anxiety"),
    Column(name="sleep"),
    Column(name="score_week2", measured="during", day=14, role="outcome"),
    Column(name="score_week6", measured="followup", day=42, role="outcome"),
)
WAYS = ("every outcome known", "excluded", "nonresponse", "response", "multiple")
WITHOUT_SCORES = "multiple, judged without scores"


def make(patients: int, seed: int, effect: float, *, lose: bool) -> Cohort:
    """Make patients; about four in ten are lost, nearly all of those who are no better early."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, 4))
    latent = effect * (x[:, 0] + 0.5 * x[:, 1]) + rng.logistic(size=patients)
    early = latent + 1.2 * rng.normal(size=patients)
    lost = lose & (rng.random(patients) < expit(-0.6 - 2.0 * early / early.std()))
    frame = pd.DataFrame(x, columns=[column.name for column in COLUMNS[:4]])
    frame["score_week2"] = -early
    frame["score_week6"] = np.where(lost, np.nan, np.where(latent > 0, 0.0, 10.0))
    frame.index = pd.Index([f"S{k:06d}" for k in range(patients)], name="patient")
    return Cohort(frame, COLUMNS, name="made", simulated=True)


def ask(cohort: Cohort, missing: str, imputations: int) -> Table:
    rule = ResponseRule(
        name="response",
        followup="score_week6",
        at_most=5,
        missing=missing,  # type: ignore[arg-type]
        imputations=imputations,
    )
    return assemble(Task(rule=rule, question="prognosis"), cohort)


def run(asked: argparse.Namespace, effect: float, seed: int, fresh: Table) -> list[dict]:
    rows = []
    for way in WAYS:
        cohort = make(asked.patients, seed, effect, lose=way != WAYS[0])
        table = ask(cohort, "excluded" if way == WAYS[0] else way, asked.imputations)
        folds = make_folds(table.y, table.groups, folds=5, seed=seed)
        candidates = [("prevalence", table), ("ridge", table), *list_references(table)]
        reference, model, *references = cross_validate_many(candidates, folds, seed=seed)
        shipped = refit(model, table, seed=seed)
        f = shipped.classifier.decision_function(fresh.X)
        row = {
            "way": way,
            "lost": float(cohort.frame["score_week6"].isna().mean()),
            "rate": model.base_rate,
            "true_auc": compute_auc(fresh.y, f),
            "intercept": compute_calibration(fresh.y, f)[0],
            "found": make_verdict([reference, model], table, references=references).finding
            == "responder model",
        }
        rows.append(row | describe(model.metrics["auc"]))
        if model.completions is not None:
            rows[-1]["missing_information"] = model.completions.missing_information["auc"]
            rows.append(row | {"way": WITHOUT_SCORES} | describe(judge_without(model, table, seed)))
    return rows


def describe(auc: Estimate) -> dict[str, float]:
    return {"auc": auc.value, "low": auc.low, "high": auc.high}


def judge_without(model: Evaluation, table: Table, seed: int) -> Estimate:
    """Judge the same likelihoods by outcomes that were imputed without the held-out scores."""
    assert model.completions is not None
    predictions = model.completions.predictions[0]
    rows = table.X.index.get_indexer(predictions["patient"])
    labels = draw_whole_outcomes(table, seed=seed)[rows]
    groups = dict(zip(table.patients, table.patients, strict=True))
    metrics, _, _ = judge_completions(
        predictions, labels, table.missing[rows], groups, seed=seed, level=0.95
    )
    return metrics["auc"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--imputations", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    print(f"{platform.machine()}, {asked}")
    for effect in (0.8, 0.0):
        fresh = ask(make(20_000, 10**6, effect, lose=False), "excluded", asked.imputations)
        done = Parallel(n_jobs=asked.workers)(
            delayed(run)(asked, effect, seed, fresh) for seed in range(asked.studies)
        )
        table = pd.DataFrame([row for rows in done for row in rows])
        lost = table.loc[table["way"] == "excluded", "lost"].mean()
        print(f"\neffect {effect}: true rate {fresh.y.mean():.2f}, lost {lost:.2f}")
        print(tabulate(table))


def tabulate(table: pd.DataFrame) -> str:
    head = ("way", "rate", "AUC", "of its model", "bias", "covered", "half-width")
    lines = ["{:33}{:>6}{:>7}{:>14}{:>8}{:>9}{:>12}".format(*head)]
    lines[0] += f"{'intercept':>11}{'found':>7}{'missing':>9}"
    for way in (*WAYS, WITHOUT_SCORES):
        mine = table[table["way"] == way]
        inside = (mine["low"] <= mine["true_auc"]) & (mine["true_auc"] <= mine["high"])
        means = mine.drop(columns="way").astype(float).mean()
        half = (means["high"] - means["low"]) / 2
        missing = means["missing_information"]
        lines.append(
            f"{way:33}{means['rate']:6.2f}{means['auc']:7.3f}{means['true_auc']:14.3f}"
            f"{means['auc'] - means['true_auc']:+8.3f}{inside.mean():9.1%}{half:12.3f}"
            f"{means['intercept']:+11.2f}{means['found']:7.0%}"
            + (f"{missing:9.0%}" if np.isfinite(missing) else f"{'-':>9}")
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
