"""Connectome-based predictive modelling as a family: its threshold tuned on inner folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stratify.model.cpm import ConnectomePredictiveModel, Selection, fit_path
from stratify.model.cpm_permutations import fit_cpm_permutations
from stratify.model.encoded import EncodedRows, Encoder
from stratify.preprocess import TablePreparer

Point = dict[str, float]


@dataclass(frozen=True, eq=False)
class EdgeSums:
    """Two sums of edges and the columns that are no edges, the threshold of selection tuned.

    Parameters
    ----------
    edges : array of bool, shape (n_encoded,), optional
        Which encoded columns are edges; all, where nothing is known of the columns.
    covariates : tuple of int
        Positions of encoded columns that are held constant as edges are selected.
    """

    edges: np.ndarray | None = None
    covariates: tuple[int, ...] = ()
    standardise: bool = True
    # In the order of the share of edges that each takes where edges say nothing.
    grid: tuple[Point, ...] = (
        {"p": 0.001},
        {"p": 0.005},
        {"p": 0.01},
        {"fraction": 0.01},
        {"p": 0.05},
        {"fraction": 0.05},
    )

    def see(self, encoder: Encoder) -> EdgeSums:
        """Return the family as it is for the columns of a fitted encoder."""
        if not isinstance(encoder, TablePreparer):
            return self
        return replace(self, edges=encoder.is_edge_, covariates=encoder.covariates_)

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Correlate edges with response once a kind of threshold, and fit every point."""
        scores = np.empty((len(rows.held_out), len(self.grid)))
        for select, places, thresholds in self._by_kind():
            coef, intercept = fit_path(
                rows.train,
                y,
                thresholds,
                select=select,
                edges=self.edges,
                covariates=self.covariates,
            )
            scores[:, places] = rows.held_out @ coef.T + intercept
        return scores

    def score_labellings(
        self, rows: EncodedRows, Y: np.ndarray, chosen: np.ndarray | None = None
    ) -> np.ndarray:
        """Fit many labellings at once, every point or the chosen ones.

        Parameters
        ----------
        rows : EncodedRows
        Y : array of 0 and 1, shape (n_train, n_labellings)
        chosen : array of int, shape (n_labellings,), optional

        Returns
        -------
        scores : array, shape (n_held_out, n_grid, n_labellings), or (n_held_out, n_labellings)
        """
        if chosen is None:
            every = [self._score(rows, Y, point) for point in self.grid]
            return np.stack(every, axis=1)
        scores = np.empty((len(rows.held_out), Y.shape[1]))
        for k in np.unique(chosen):
            own = chosen == k
            scores[:, own] = self._score(rows, Y[:, own], self.grid[k])
        return scores

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Any) -> ConnectomePredictiveModel:
        """Fit one threshold."""
        select, threshold = read_point(parameters)
        return ConnectomePredictiveModel(
            threshold=threshold, select=select, edges=self.edges, covariates=self.covariates
        ).fit(X, y)

    def _score(self, rows: EncodedRows, Y: np.ndarray, point: Point) -> np.ndarray:
        """Fit one point to many labellings; return scores of the held-out rows."""
        select, threshold = read_point(point)
        n = len(rows.train)
        X = np.vstack([rows.train, rows.held_out])
        # Rows that are held out have no part in training, whatever they are labelled.
        labels = np.vstack([Y, np.zeros((len(rows.held_out), Y.shape[1]))])
        everybody = np.arange(len(X))
        fitted = fit_cpm_permutations(
            X,
            labels,
            [(everybody[:n], everybody[n:])],
            threshold=threshold,
            select=select,
            edges=self.edges,
            covariates=self.covariates,
        )
        return fitted.log_odds["both"][n:]

    def _by_kind(self) -> list[tuple[Selection, list[int], list[float]]]:
        """Part the grid by what its thresholds are, with their places in it."""
        kinds: dict[Selection, list[tuple[int, float]]] = {}
        for k, point in enumerate(self.grid):
            select, threshold = read_point(point)
            kinds.setdefault(select, []).append((k, threshold))
        return [(s, [k for k, _ in found], [t for _, t in found]) for s, found in kinds.items()]


def read_point(point: Any) -> tuple[Selection, float]:
    """Return how a grid point selects edges, and its threshold.

    Examples
    --------
    >>> read_point({"fraction": 0.05})
    ('fraction', 0.05)
    """
    if "p" in point:
        return "p", point["p"]
    return "fraction", point["fraction"]
