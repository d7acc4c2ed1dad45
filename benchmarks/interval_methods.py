"""Which interval of a cross-validated figure covers? Every method on the same simulated studies.

A study is a simulated cohort: clinical columns and network blocks, and a logistic regression with a
ridge penalty that is not tuned, so that hundreds of studies are affordable. The truth is what the
model of that study, trained on all its patients, reaches on 20,000 fresh ones. The whole pipeline
is measured in interval_coverage.py. Ten minutes on one core:

    python benchmarks/interval_methods.py --studies 200 --patients 230 450 900
"""

from __future__ import annotations

import argparse
import itertools
import platform
import time
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from stratify.connectome.features import NetworkBlocks
from stratify.datasets import make_cohort
from stratify.folds import make_folds
from stratify.metrics import (
    Estimate,
    compute_auc,
    compute_best_of,
    compute_corrected_interval,
    compute_nested_interval,
    compute_out_of_bag_interval,
    compute_weighted_auc,
    compute_weighted_mean,
)
from stratify.metrics.discrimination import compute_placements
from stratify.outcome import ResponseRule
from stratify.preprocess import TableEncoder
from stratify.task import Task, assemble

RULE = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)
TASK = Task(rule=RULE, treatment="tms+ketamine", condition="depression")
Z = stats.norm.ppf(0.975)
TRIED = tuple(itertools.product(("clinical", "blocks", "both"), (10.0, 100.0)))


def make(preset: str, patients: int, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return encoded columns (missing as NaN), outcomes, and how many columns are clinical."""
    made = make_cohort(preset, patients=patients, seed=seed, regions=12)
    clinical = assemble(TASK, made.cohort)
    edges = assemble(TASK, made.cohort, made.connectomes).X.iloc[:, clinical.X.shape[1] :]
    blocks = NetworkBlocks(
        made.connectomes.kind, networks=made.connectomes.networks, segregation=False
    )
    columns = TableEncoder(standardise=False).fit_transform(clinical.X)
    z = blocks.fit_transform(edges.to_numpy())
    return np.column_stack([columns, z]), np.asarray(clinical.y), columns.shape[1]


def fit(X: np.ndarray, y: np.ndarray, new: np.ndarray, ridge: float) -> np.ndarray:
    """Fill in and scale by training means, fit by Newton's method, return log-odds of new rows."""
    center = np.nanmean(X, axis=0)
    scale = np.nanstd(X, axis=0)
    scale[scale == 0] = 1

    def prepare(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([np.nan_to_num((rows - center) / scale), np.ones(len(rows))])

    design, penalty = prepare(X), np.full(X.shape[1] + 1, ridge)
    penalty[-1] = 0
    w = np.zeros(len(penalty))
    for _ in range(30):
        p = expit(design @ w)
        hessian = (design.T * (p * (1 - p))) @ design + np.diag(penalty)
        step = np.linalg.solve(hessian, design.T @ (y - p) - penalty * w)
        w += step
        if np.abs(step).max() < 1e-8:
            break
    return prepare(new) @ w


def cross_validate(X: np.ndarray, y: np.ndarray, folds: int, repeats: int, seed: int) -> dict:
    """Return folds, outer and inner log-odds: every fold, and every pair of folds, left out."""
    n = len(y)
    fold = np.empty((repeats, n), dtype=int)
    outer, inner = np.empty((repeats, n)), np.zeros((repeats, folds, n))
    for part in make_folds(y, folds=folds, repeats=repeats, seed=seed):
        fold[part.repeat, part.test] = part.number
        outer[part.repeat, part.test] = fit(X[part.train], y[part.train], X[part.test], 10.0)
    for r, (a, b) in itertools.product(range(repeats), itertools.combinations(range(folds), 2)):
        first, second = np.flatnonzero(fold[r] == a), np.flatnonzero(fold[r] == b)
        rest = (fold[r] != a) & (fold[r] != b)
        f = fit(X[rest], y[rest], X[np.r_[first, second]], 10.0)
        inner[r, b, first], inner[r, a, second] = f[: len(first)], f[len(first) :]
    return {"fold": fold, "outer": outer, "inner": inner}


def symmetric(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def auc_intervals(y: np.ndarray, cv: dict, folds: int, seed: int) -> dict[str, Estimate]:
    fold, outer, inner = cv["fold"], cv["outer"], cv["inner"]
    cells = [(r, fold[r] == k, k) for r in range(len(fold)) for k in range(folds)]
    by_fold = np.array([compute_auc(y[mine], outer[r, mine]) for r, mine, _ in cells])
    value = by_fold.mean()
    influence, squares = np.zeros(len(y)), []
    for r, mine, k in cells:
        part = influence_of(y[mine], outer[r, mine])
        influence[mine] += part / len(cells)
        promised = [
            compute_auc(y[fold[r] == j], inner[r, k, fold[r] == j]) for j in range(folds) if j != k
        ]
        seen = compute_auc(y[mine], outer[r, mine])
        squares.append((np.mean(promised) - seen) ** 2 - (part**2).sum())
    within = np.sqrt((influence**2).sum())
    nested = np.sqrt(max(np.mean(squares), 0) * (folds - 1) / folds)
    corrected = partial(compute_corrected_interval, by_fold, test_share=1 / folds)
    figure = partial(compute_weighted_auc, y, outer)
    return {
        "standard error over folds": symmetric(value, Z * stats.sem(by_fold)),
        "DeLong, patients pooled": symmetric(
            figure(np.ones((1, len(y))))[0], Z * np.sqrt((influence_of(y, outer) ** 2).sum())
        ),
        "DeLong, within folds": symmetric(value, Z * within),
        "Nadeau-Bengio, J - 1": corrected(folds=len(by_fold)),
        "Nadeau-Bengio, folds - 1": corrected(folds=folds),
        "nested CV, DeLong for the fold": symmetric(
            value, Z * np.clip(nested, within, within * np.sqrt(folds))
        ),
        "out of bag, patients pooled": compute_out_of_bag_interval(figure, len(y), seed=seed),
        "out of bag, within folds": compute_out_of_bag_interval(
            partial(figure, fold=fold), len(y), seed=seed
        ),
    }


def influence_of(y: np.ndarray, score: np.ndarray) -> np.ndarray:
    auc, parts = compute_placements(y, score)
    size = np.where(y == 1, y.sum(), (1 - y).sum())
    return (parts - auc) / np.sqrt(size * np.maximum(size - 1, 1))


def mean_intervals(
    y: np.ndarray, errors: dict, fold: np.ndarray, folds: int, seed: int
) -> dict[str, Estimate]:
    outer, inner = errors["outer"], errors["inner"]
    by_fold = np.array(
        [row[numbers == k].mean() for row, numbers in zip(outer, fold, strict=True)
         for k in range(folds)]
    )  # fmt: skip
    figure = partial(compute_weighted_mean, outer)
    corrected = partial(compute_corrected_interval, by_fold, test_share=1 / folds)
    return {
        "standard error over folds": symmetric(by_fold.mean(), Z * stats.sem(by_fold)),
        "standard error of patients": symmetric(outer.mean(), Z * stats.sem(outer.mean(axis=0))),
        "Nadeau-Bengio, J - 1": corrected(folds=len(by_fold)),
        "Nadeau-Bengio, folds - 1": corrected(folds=folds),
        "nested CV, as published": compute_nested_interval(fold, outer, inner),
        "nested CV, balanced folds": compute_nested_interval(fold, outer, inner, strata=y),
        "out of bag": compute_out_of_bag_interval(figure, len(y), seed=seed),
    }


def best_of(X: np.ndarray, y: np.ndarray, clinical: int, folds: int, seed: int, new: tuple) -> dict:
    """Try several models, ship the best; how good is it, as it looks and corrected?"""
    columns = {"clinical": slice(0, clinical), "blocks": slice(clinical, None), "both": slice(None)}
    scores = {}
    for name, ridge in TRIED:
        score = np.empty(len(y))
        for part in make_folds(y, folds=folds, seed=seed):
            x = X[:, columns[name]]
            score[part.test] = fit(x[part.train], y[part.train], x[part.test], ridge)
        scores[f"{name} {ridge:g}"] = partial(compute_weighted_auc, y, score)
    best = compute_best_of(scores, len(y), seed=seed)
    name, ridge = TRIED[list(scores).index(best.name)]
    f = fit(X[:, columns[name]], y, new[0][:, columns[name]], ridge)
    return {"apparent": best.apparent, "corrected": best.corrected, "truth": compute_auc(new[1], f)}


def run(preset: str, patients: int, seed: int, asked: argparse.Namespace, new: tuple) -> list[dict]:
    X, y, clinical = make(preset, patients, seed)
    cv = cross_validate(X, y, asked.folds, asked.repeats, seed)
    f = fit(X, y, new[0], 10.0)
    losses = {name: np.logaddexp(0, cv[name]) - y * cv[name] for name in ("outer", "inner")}
    squares = {name: (y - expit(cv[name])) ** 2 for name in ("outer", "inner")}
    found = {
        "AUC": (compute_auc(new[1], f), auc_intervals(y, cv, asked.folds, seed)),
        "log loss": (
            np.mean(np.logaddexp(0, f) - new[1] * f),
            mean_intervals(y, losses, cv["fold"], asked.folds, seed),
        ),
        "Brier score": (
            np.mean((new[1] - expit(f)) ** 2),
            mean_intervals(y, squares, cv["fold"], asked.folds, seed),
        ),
    }
    best = best_of(X, y, clinical, asked.folds, seed, new)
    rows = [
        {"figure": figure, "method": method, "truth": truth, "value": e.value, "low": e.low,
         "high": e.high, "n": len(y)}
        for figure, (truth, estimates) in found.items()
        for method, e in estimates.items()
    ]  # fmt: skip
    for method, e in (
        ("as it looks, DeLong's width", symmetric(best["apparent"], Z * _delong(y, best))),
        ("bias-corrected", best["corrected"]),
    ):
        rows.append(
            {"figure": f"AUC, best of {len(TRIED)}", "method": method, "truth": best["truth"],
             "value": e.value, "low": e.low, "high": e.high, "n": len(y)}
        )  # fmt: skip
    return rows


def _delong(y: np.ndarray, best: dict) -> float:
    """Hanley and McNeil's standard error at the apparent AUC: what the naive would quote."""
    from stratify.metrics import compute_auc_half_width

    auc = min(max(best["apparent"], 0.01), 0.99)
    return compute_auc_half_width(auc=auc, prevalence=float(y.mean()), patients=len(y)) / Z


def summarise(rows: list[dict]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    table["bias"] = table["value"] - table["truth"]
    table["covers"] = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    table["half"] = (table["high"] - table["low"]) / 2
    grouped = table.groupby(["figure", "method"], sort=False)
    summary = grouped.agg(
        covers=("covers", "mean"), half_width=("half", "mean"), bias=("bias", "mean")
    )
    # What a symmetric interval of one fixed width would need to cover 95 % of these studies.
    summary["needed"] = grouped["bias"].apply(lambda error: error.abs().quantile(0.95))
    return summary


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--patients", type=int, nargs="+", default=[230, 450, 900])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--preset", default="realistic")
    asked = parser.parse_args()
    columns, outcomes, _ = make(asked.preset, 43_000, 10**6)
    new = columns[:20_000], outcomes[:20_000]
    print(f"{platform.machine()}, {asked}; {len(new[1]):,} fresh patients")
    for patients in asked.patients:
        start = time.perf_counter()
        rows = [
            row
            for seed in range(asked.studies)
            for row in run(asked.preset, patients, seed, asked, new)
        ]
        n = np.mean([row["n"] for row in rows])
        print(f"\n{n:.0f} patients a study ({time.perf_counter() - start:.0f} s)")
        print(summarise(rows).round(3).to_string())


if __name__ == "__main__":
    main()
