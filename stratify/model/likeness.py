"""How far a patient lies from the patients of training, in the model's own prepared columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.linalg import eigh

from stratify.model.encoded import Encoder, make_encoder
from stratify.preprocess import TablePreparer

Part = Literal["clinical", "connectivity"]

MOST_DIRECTIONS = 30
"""Each with a spread of its own; all others, thousands in wide connectivity, share one."""

ONE_IN = 100
"""Of so many patients like those of training, at most one is called unlike them (for each part)."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """Where the patients of training lie, and how far one held out of them may lie from the others.

    Parameters
    ----------
    part : {"clinical", "connectivity"}
    rows : array of int
        The encoded columns that belong to the part.
    center : array, shape (n_columns,)
    directions : array, shape (n_columns, n_directions)
        Orthonormal.
    variances : array, shape (n_directions,)
        Along them.
    rest : float
        The variance in every other direction.
    bound : float
        The distance beyond which a patient is called unlike those of training.
    n_held_out : int
        Of how many patients held out of training the bound was learned.
    """

    part: Part
    rows: np.ndarray
    center: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    rest: float
    bound: float = np.inf
    n_held_out: int = 0

    def compute_distance(self, encoded: np.ndarray) -> np.ndarray:
        """Compute the squared Mahalanobis distance of rows, each by itself.

        Parameters
        ----------
        encoded : array, shape (n_patients, n_encoded)

        Returns
        -------
        distance : array, shape (n_patients,)
        """
        # One row at a time: sums over many rows at once differ in the last digit from those of one.
        return np.array([self._distance(row[self.rows] - self.center) for row in encoded])

    def _distance(self, away: np.ndarray) -> float:
        along = away @ self.directions
        inside = float((along**2 / self.variances).sum())
        if self.directions.shape[1] == len(away):
            return inside
        left = float((away**2).sum() - (along**2).sum())
        return inside + max(left, 0.0) / self.rest

    @property
    def allowed(self) -> str:
        """How rare a patient beyond the bound is, in words."""
        if self.n_held_out < 2 * ONE_IN - 1:
            return f"than any of the {self.n_held_out} patients who were held out"
        return f"than {ONE_IN - 1} of {ONE_IN} patients who were held out"


def fit_likeness(encoded: np.ndarray, rows: np.ndarray, part: Part) -> Likeness:
    """Learn centre and spread of training rows; the spread is shrunk as far as their number asks.

    Parameters
    ----------
    encoded : array, shape (n_patients, n_encoded)
        Without missing values.
    rows : array of int
        The columns that belong to the part.

    Source
    ------
    Ledoit and Wolf 2004, Journal of Multivariate Analysis 88, 365-411 (how far); Tipping and Bishop
    1999, JRSS B 61, 611-622 (one variance for all directions but the first).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> likeness = fit_likeness(rng.normal(size=(500, 3)), np.arange(3), "clinical")
    >>> likeness.compute_distance(np.array([[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]])).round().tolist()
    [0.0, 25.0]
    """
    values = encoded[:, rows]
    n, p = values.shape
    center = values.mean(axis=0)
    away = values - center
    wide = n <= p
    # The smaller of the two products has the same squares, and the same directions.
    squares, vectors = eigh(away @ away.T if wide else away.T @ away, check_finite=False)
    spread = np.maximum(squares, 0.0) / n
    total, mean = float(spread.sum()), float(spread.sum()) / p
    shrink = _shrinkage(away, spread, mean, n, p)
    kept = np.flatnonzero(spread > 1e-12 * max(spread[-1], 1e-300))[::-1][:MOST_DIRECTIONS]
    directions = vectors[:, kept]
    if wide:
        directions = away.T @ (directions / np.sqrt(n * spread[kept]))
    variances = (1 - shrink) * spread[kept] + shrink * mean
    free = p - len(kept)
    rest = (total - float(variances.sum())) / free if free else 1.0
    # Columns that never vary leave no variance at all; then nothing is near, and nothing far.
    return Likeness(part, rows, center, directions, variances, max(rest, 1e-6))


def _shrinkage(away: np.ndarray, spread: np.ndarray, mean: float, n: int, p: int) -> float:
    """Return the share of the way from the covariance to a multiple of the identity."""
    lengths = (away**2).sum(axis=1)
    squares = float((spread**2).sum())
    delta = (squares - p * mean**2) / p
    beta = float((lengths**2).sum() / n - squares) / (n * p)
    return float(np.clip(beta / delta, 0.0, 1.0)) if delta > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Familiar:
    """The patients a model is familiar with: their likeness, by kind of data.

    Parameters
    ----------
    encoder : TableEncoder or TablePreparer
        Standardising; fitted on every patient of the study.
    parts : tuple of Likeness
    """

    encoder: Encoder
    parts: tuple[Likeness, ...]

    def find_unlike(self, X: pd.DataFrame) -> list[tuple[Likeness, ...]]:
        """Return, for each patient, in which kinds of data the patient is unlike those of training.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
            As the encoder was fitted on.
        """
        encoded = self.encoder.transform(X)
        beyond = [part.compute_distance(encoded) > part.bound for part in self.parts]
        return [
            tuple(part for part, far in zip(self.parts, beyond, strict=True) if far[k])
            for k in range(len(X))
        ]


def make_familiar(
    X: pd.DataFrame, preparer: TablePreparer | None, held_out: Sequence[np.ndarray]
) -> Familiar:
    """Learn how far from each other patients lie, and the bound from patients held out.

    For each fold everything, preparing too, is learned from the other patients, and the distances
    of those held out are kept. The bound is the distance that one patient of 100 exceeds; with
    fewer patients, that none exceeds.

    Parameters
    ----------
    X : DataFrame, shape (n_patients, n_columns)
    preparer : TablePreparer or None
        Unfitted.
    held_out : sequence of array of int
        Rows that are held out together; no row twice.

    Source
    ------
    Bates et al. 2023, Annals of Statistics 51, 149-178 (conformal bounds for outliers).
    """
    distances: dict[str, list[np.ndarray]] = {}
    for test in held_out:
        train = np.setdiff1d(np.arange(len(X)), test)
        encoder, parts = _fit_parts(X.iloc[train], preparer)
        encoded = encoder.transform(X.iloc[test])
        for part in parts:
            distances.setdefault(part.part, []).append(part.compute_distance(encoded))
    encoder, parts = _fit_parts(X, preparer)
    return Familiar(
        encoder, tuple(_bound(part, np.concatenate(distances[part.part])) for part in parts)
    )


def _bound(part: Likeness, distances: np.ndarray) -> Likeness:
    n = len(distances)
    rank = max((n + 1) // ONE_IN, 1)
    bound = float(np.sort(distances)[-rank])
    return Likeness(
        part.part, part.rows, part.center, part.directions, part.variances, part.rest, bound, n
    )


def _fit_parts(
    X: pd.DataFrame, preparer: TablePreparer | None
) -> tuple[Encoder, tuple[Likeness, ...]]:
    encoder = make_encoder(preparer, standardise=True).fit(X)
    encoded = encoder.transform(X)
    of_edges = getattr(encoder, "is_edge_", np.zeros(encoded.shape[1], dtype=bool))
    kinds: tuple[tuple[Part, np.ndarray], ...] = (
        ("clinical", ~of_edges),
        ("connectivity", of_edges),
    )
    return encoder, tuple(
        fit_likeness(encoded, np.flatnonzero(chosen), part)
        for part, chosen in kinds
        if chosen.any()
    )
