"""Which smoother traces a calibration curve best; do the intervals of its distances cover?

python benchmarks/calibration_smoothers.py --cohorts 200
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.nonparametric.smoothers_lowess import lowess

from stratify.metrics import compute_calibration_curve
from stratify.metrics.calibration import make_spline
from stratify.metrics.logistic import fit_logistic

SPREAD = 0.8
QUANTILES = {
    "3 knots": (0.1, 0.5, 0.9),
    "4 knots": (0.05, 0.35, 0.65, 0.95),
    "5 knots": (0.05, 0.275, 0.5, 0.725, 0.95),
}
TRUTHS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exact": lambda f: f,
    "too extreme": lambda f: 0.6 * f,
    "too low": lambda f: f + 0.5,
    "bent once": lambda f: f + 0.3 * (f**2 - 1),
    "bent twice": lambda f: 1.2 * np.tanh(2 * f),
}


def smooth(name: str, f: np.ndarray, y: np.ndarray) -> np.ndarray:
    if name == "lowess":
        return np.clip(lowess(y, expit(f), frac=0.75, it=0, return_sorted=False), 0, 1)
    design = np.column_stack([np.ones_like(f), f])
    if name in QUANTILES:
        design = make_spline(f, np.quantile(f, QUANTILES[name]))
    return expit(design @ fit_logistic(design, y)[0])


def compare_smoothers(cohorts: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for n in (100, 200, 400, 1000):
        for shape, truth in TRUTHS.items():
            for _ in range(cohorts):
                f = SPREAD * rng.normal(size=n)
                true = expit(truth(f))
                y = (rng.random(n) < true).astype(int)
                for name in ("straight line", *QUANTILES, "lowess"):
                    curve = smooth(name, f, y)
                    rows.append((n, shape, name, ((curve - true) ** 2).mean(),
                                 np.abs(curve - expit(f)).mean()))  # fmt: skip
    table = pd.DataFrame(rows, columns=["n", "truth", "smoother", "square", "ici"])
    means = table.groupby(["n", "truth", "smoother"], sort=False)[["square", "ici"]].mean()
    means["rms error"] = np.sqrt(means.pop("square"))
    return means.unstack("smoother")


def cover_distances(cohorts: int, rng: np.random.Generator) -> pd.DataFrame:
    many, rows = SPREAD * rng.normal(size=200_000), []
    for n in (120, 300):
        for shape, truth in TRUTHS.items():
            away = np.abs(expit(many) - expit(truth(many)))
            true = {"ici": away.mean(), "e50": np.median(away), "e90": np.quantile(away, 0.9)}
            for seed in range(cohorts):
                f = SPREAD * rng.normal(size=n)
                y = (rng.random(n) < expit(truth(f))).astype(int)
                curve = compute_calibration_curve(y, f, seed=seed, draws=100)
                for name, value in true.items():
                    found = curve.distances[name]
                    rows.append((n, shape, name, found.low <= value <= found.high))
    table = pd.DataFrame(rows, columns=["n", "truth", "distance", "covers"])
    return table.groupby(["n", "truth", "distance"], sort=False)["covers"].mean().unstack()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cohorts", type=int, default=200)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    print(asked)
    print(compare_smoothers(asked.cohorts, rng).round(3).to_string())
    print("coverage of 95 % intervals of distances")
    print(cover_distances(asked.cohorts // 2, rng).round(3).to_string())


if __name__ == "__main__":
    main()
