"""Signals to connectivity, tangent vectors and matrix files beside nilearn and plain pandas.

Run: OMP_NUM_THREADS=1 python benchmarks/connectivity.py

Nilearn is one of the project's own requirements. Correlations are computed by the library; for
partial correlations and tangent vectors most of the time is LAPACK's whoever calls it, so that no
great ratio is to be had. Reading is beside a loop over the same files that checks nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import compare, describe_machine, render
from nilearn.connectome import ConnectivityMeasure
from sklearn.covariance import EmpiricalCovariance, LedoitWolf

from stratify.connectome import compute_connectivity, read_connectomes
from stratify.connectome.features import TangentVectors
from stratify.connectome.matrices import vectorise

PATIENTS, VOLUMES, REGIONS = 300, 200, 100


def make_signals(seed: int = 0) -> list[np.ndarray]:
    """Make standardised signals, so that nilearn need not."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(REGIONS, REGIONS)) / 12 + np.eye(REGIONS)
    signals = rng.normal(size=(PATIENTS, VOLUMES, REGIONS)) @ mixing
    signals -= signals.mean(axis=1, keepdims=True)
    return list(signals / signals.std(axis=1, keepdims=True))


def by_nilearn(signals: list[np.ndarray], kind: str, covariance) -> np.ndarray:
    measure = ConnectivityMeasure(kind=kind, cov_estimator=covariance, standardize=False)
    return measure.fit_transform(signals)


def by_ours(signals: list[np.ndarray], kind: str) -> np.ndarray:
    return np.stack([compute_connectivity(one, kind) for one in signals])


def agree_within(limit: float):
    def agree(theirs, ours) -> str:
        away = float(np.abs(np.asarray(theirs) - np.asarray(ours)).max())
        assert away <= limit, away
        return f"largest difference {away:.0e}"

    return agree


def compare_kind(name: str, kind: str, covariance, goal: str):
    signals = make_signals()
    return compare(
        f"{name}, {PATIENTS} × {VOLUMES} volumes × {REGIONS} regions",
        peer="nilearn",
        theirs=lambda: by_nilearn(signals, name, covariance),
        ours=lambda: by_ours(signals, kind),
        agree=agree_within(1e-8),
        goal=goal,
        times=5,
    )


def compare_tangent():
    signals = make_signals()
    first, second = np.triu_indices(REGIONS)

    def theirs():
        vectors = by_nilearn(signals, "tangent", EmpiricalCovariance())
        return vectors[:, first, second] * np.where(first == second, 1, np.sqrt(2))

    def ours():
        edges = vectorise(by_ours(signals, "pearson r"))
        return TangentVectors(shrinkage=0).fit(edges).transform(edges)

    def agree(theirs, ours) -> str:
        away = float(np.abs(theirs - ours).max())
        assert away < 1e-3, away
        return f"largest difference {away:.0e}: nilearn's mean stops before it has converged"

    return compare(
        f"tangent vectors, {PATIENTS} × {REGIONS} regions",
        peer="nilearn",
        theirs=theirs,
        ours=ours,
        agree=agree,
        goal="none: LAPACK",
        times=3,
    )


def compare_reading(folder: Path):
    names = [f"7Networks_LH_Default_PFC_{k + 1}" for k in range(REGIONS)]
    matrices = by_ours(make_signals(), "pearson r")
    for k, matrix in enumerate(matrices):
        table = pd.DataFrame(matrix, index=names, columns=names)
        table.to_csv(folder / f"P{k:03}.csv")
    files = sorted(folder.glob("*.csv"))

    def theirs():
        return np.stack([pd.read_csv(file, index_col=0).to_numpy() for file in files])

    def ours():
        return read_connectomes(folder, kind="pearson r").matrices

    return compare(
        f"reading {PATIENTS} files of a matrix of {REGIONS} regions",
        peer="pandas, unchecked",
        theirs=theirs,
        ours=ours,
        agree=agree_within(1e-15),
        goal="none: every check is made",
        times=3,
    )


def main() -> None:
    rows = [
        compare_kind("correlation", "pearson r", EmpiricalCovariance(), "5×"),
        compare_kind("partial correlation", "partial correlation", LedoitWolf(), "none: LAPACK"),
        compare_tangent(),
    ]
    with tempfile.TemporaryDirectory() as folder:
        rows.append(compare_reading(Path(folder)))
    print(f"\n{describe_machine()}\n\n{render(rows)}")


if __name__ == "__main__":
    main()
