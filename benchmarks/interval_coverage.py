"""Do the intervals cover, and does noise stay noise? Simulated studies against fresh patients.

Each study is a simulated cohort; the truth is what its shipped model reaches on fresh patients of
the same population. A study is clinical columns and network blocks, evaluated, refitted and judged
as `stratify train` does it.

Run: python benchmarks/interval_coverage.py --studies 200 --patients 212
"""

from __future__ import annotations

import argparse
import platform
from functools import partial

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

from stratify.datasets import make_cohort
from stratify.evaluation import (
    compute_gain,
    cross_validate_many,
    evaluate_references,
    make_verdict,
    refit,
)
from stratify.folds import make_folds
from stratify.metrics import (
    Estimate,
    compute_auc,
    compute_auc_interval,
    compute_corrected_interval,
    compute_log_loss,
    compute_out_of_bag_interval,
    compute_weighted_auc,
    compute_weighted_mean,
)
from stratify.outcome import ResponseRule
from stratify.preprocess import Preparation
from stratify.task import Table, Task, assemble

RULE = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)
TASK = Task(rule=RULE, treatment="tms+ketamine", condition="depression")


def make(preset: str, patients: int, seed: int) -> Table:
    made = make_cohort(
        preset,
        patients=patients,
        seed=seed,
        regions=12,
        shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
    )
    blocks = Preparation(represent="network blocks")
    return assemble(TASK, made.cohort, made.connectomes, preparation=blocks).select("both")


def run(
    preset: str, family: str, patients: int, seed: int, folds: int, repeats: int, new: Table
) -> dict:
    table = make(preset, patients, seed)
    parts = make_folds(table.y, table.groups, folds=folds, repeats=repeats, seed=seed)
    reference, model = cross_validate_many(
        [("prevalence", table), (family, table)], parts, seed=seed
    )
    shipped = refit(model, table, seed=seed)
    f = shipped.classifier.decision_function(new.X)
    flat = np.full(len(new), np.log(table.y.mean() / (1 - table.y.mean())))
    aucs = model.by_fold["auc"].to_numpy()
    plain = stats.sem(aucs) * 1.96
    published = compute_corrected_interval(aucs, test_share=1 / folds, folds=len(aucs))
    gain = compute_gain(model, reference)
    paired = _paired_gain(model.predictions, reference.predictions)
    delong = _delong(model.predictions)
    out_of_bag = _out_of_bag(model.predictions, seed)
    left_out = _out_of_bag_gain(model.predictions, reference.predictions, seed)
    return {
        "patients": len(table),
        "auc": model.metrics["auc"].value,
        "true_auc": compute_auc(new.y, f),
        "low": model.metrics["auc"].low,
        "high": model.metrics["auc"].high,
        "plain": plain,
        "published": published.high - published.value,
        "delong_low": delong.low,
        "delong_high": delong.high,
        "out_of_bag_low": out_of_bag.low,
        "out_of_bag_high": out_of_bag.high,
        "gain": gain.value,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "paired_low": paired[0],
        "paired_high": paired[1],
        "left_out_low": left_out.low,
        "left_out_high": left_out.high,
        "true_gain": compute_log_loss(new.y, flat) - compute_log_loss(new.y, f),
        "finding": make_verdict(
            [reference, model], table, references=evaluate_references(table, parts, seed=seed)
        ).finding,
    }


def _paired_gain(model: pd.DataFrame, reference: pd.DataFrame) -> tuple[float, float]:
    """Mean difference of each patient's loss over repeats, with the normal interval."""

    def loss(predictions: pd.DataFrame) -> pd.Series:
        f, y = predictions["log_odds"], predictions["y"]
        return (np.logaddexp(0, f) - y * f).groupby(predictions["patient"]).mean()

    difference = loss(reference) - loss(model)
    half = 1.96 * stats.sem(difference)
    return difference.mean() - half, difference.mean() + half


def _out_of_bag_gain(model: pd.DataFrame, reference: pd.DataFrame, seed: int) -> Estimate:
    """Mean difference of each patient's loss, judged on patients left out of a bootstrap."""

    def loss(predictions: pd.DataFrame) -> np.ndarray:
        ordered = predictions.sort_values(["repeat", "patient"])
        f, y = ordered["log_odds"].to_numpy(), ordered["y"].to_numpy()
        return (np.logaddexp(0, f) - y * f).reshape(ordered["repeat"].nunique(), -1)

    difference = loss(reference) - loss(model)
    figure = partial(compute_weighted_mean, difference)
    return compute_out_of_bag_interval(figure, difference.shape[1], seed=seed)


def _delong(predictions: pd.DataFrame) -> Estimate:
    mean = predictions.groupby("patient")[["y", "log_odds"]].mean()
    return compute_auc_interval(mean["y"].to_numpy(), mean["log_odds"].to_numpy(), scale="plain")


def _out_of_bag(predictions: pd.DataFrame, seed: int) -> Estimate:
    ordered = predictions.sort_values(["repeat", "patient"])
    shape = (ordered["repeat"].nunique(), -1)
    y, f, fold = (ordered[name].to_numpy().reshape(shape) for name in ("y", "log_odds", "fold"))
    figure = partial(compute_weighted_auc, y[0], f, fold=fold)
    return compute_out_of_bag_interval(figure, y.shape[1], seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--patients", type=int, default=212)
    parser.add_argument("--family", default="logistic")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--preset", default="realistic")
    parser.add_argument("--workers", type=int, default=-1)
    asked = parser.parse_args()
    fresh = make(asked.preset, 20_000, 10**6)
    rows = Parallel(n_jobs=asked.workers)(
        delayed(run)(
            asked.preset, asked.family, asked.patients, seed, asked.folds, asked.repeats, fresh
        )
        for seed in range(asked.studies)
    )
    table = pd.DataFrame(rows)
    error = (table["auc"] - table["true_auc"]).abs()
    print(f"{platform.machine()}, {asked}")
    print(f"patients with an outcome             {table['patients'].mean():.0f}")
    estimated, true = table["auc"].mean(), table["true_auc"].mean()
    print(f"mean AUC estimated, true             {estimated:.3f} {true:.3f}")
    print(f"bias of the AUC                      {estimated - true:+.4f}")
    print("coverage of the true AUC, and mean half-width")
    for name, half in (
        ("standard error over folds", table["plain"]),
        ("Nadeau-Bengio, J - 1", table["published"]),
    ):
        print(f"  {name:34} {(error <= half).mean():6.1%}  {half.mean():.3f}")
    for name, low, high in (
        ("DeLong, pooled", "delong_low", "delong_high"),
        ("out of bag, within folds", "out_of_bag_low", "out_of_bag_high"),
        ("the study's own", "low", "high"),
    ):
        low, high = table[low], table[high]
        inside = (low <= table["true_auc"]) & (table["true_auc"] <= high)
        print(f"  {name:34} {inside.mean():6.1%}  {(high - low).mean() / 2:.3f}")
    print("coverage of the true gain in log loss, and mean half-width")
    for name, low, high in (
        ("Nadeau-Bengio, J - 1", "gain_low", "gain_high"),
        ("patients, model held fixed", "paired_low", "paired_high"),
        ("out of bag", "left_out_low", "left_out_high"),
    ):
        inside = (table[low] <= table["true_gain"]) & (table["true_gain"] <= table[high])
        half = (table[high] - table[low]).mean() / 2
        above = (table[low] > 0).mean()
        print(f"  {name:34} {inside.mean():6.1%}  {half:.3f}  above 0: {above:.0%}")
    print(f"mean true gain                       {table['true_gain'].mean():.4f}")
    print(
        f"studies with a responder model       {(table['finding'] == 'responder model').mean():.0%}"
    )


if __name__ == "__main__":
    main()
