"""The model families: how each fits its grid, and what its own score is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from sklearn.dummy import DummyClassifier

from stratify.model.cpm_family import EdgeSums
from stratify.model.elastic_net import ElasticNetLogistic, fit_path
from stratify.model.encoded import EncodedRows, Encoder
from stratify.model.forest import RandomTrees
from stratify.model.machines import LinearMachine, LossName, score_strengths, solve_strengths
from stratify.model.trees import ScreenedTrees
from stratify.solvers import compute_gram

FamilyName = Literal["prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"]
FAMILIES: tuple[str, ...] = get_args(FamilyName)

Parameters = Mapping[str, float]

PATH_TOLERANCE = 1e-7
"""Enough to compare grid points; the chosen one is fitted to the last digit."""


class Family(Protocol):
    """What a family must be able to do; everything else is the same for all of them."""

    @property
    def standardise(self) -> bool:
        """Whether its encoder centres, scales and fills in missing values."""

    @property
    def grid(self) -> tuple[Parameters, ...]:
        """Hyperparameters to choose from, the simplest first: ties go to the first."""

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Fit each grid point; return scores of the held-out rows, shape (n_rows, n_grid)."""

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one grid point; the result has ``decision_function``."""


@dataclass(frozen=True)
class Prevalence:
    """The share of responders in training, for everybody: what a model must beat."""

    standardise: bool = True
    grid: tuple[Parameters, ...] = ({},)

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Return 0 for every row: nothing is known of anybody."""
        return np.zeros((len(rows.held_out), 1))

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit scikit-learn's dummy, which counts the classes."""
        return DummyClassifier(strategy="prior").fit(X, y)


@dataclass(frozen=True)
class Logistic:
    """Logistic regression with an elastic-net penalty, its strength and mix tuned."""

    standardise: bool = True
    # Dense before sparse: where many columns each say little, as symptoms and edges do, a strong
    # ridge ranks patients best, and a sparse model has to show that it is better.
    grid: tuple[Parameters, ...] = tuple(
        [{"l1_ratio": 0.0, "strength": s} for s in (1e-1, 3e-2, 1e-2, 1e-3, 1e-4)]
        + [{"l1_ratio": l1, "strength": s} for l1 in (0.5, 0.95) for s in (0.5, 0.25, 0.12)]
    )

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Fit the whole path once and score every point of it."""
        coef, intercept, _ = fit_path(
            rows.train, y, [(g["strength"], g["l1_ratio"]) for g in self.grid], tol=PATH_TOLERANCE
        )
        return rows.held_out @ coef.T + intercept

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one point of the path."""
        return ElasticNetLogistic(
            strength=parameters["strength"], l1_ratio=parameters["l1_ratio"]
        ).fit(X, y)


@dataclass(frozen=True)
class Machine:
    """A linear score with a ridge penalty, its strength tuned."""

    loss: LossName = "squared hinge"
    standardise: bool = True
    strengths: tuple[float, ...] = (30.0, 10.0, 3.0, 1.0, 0.1)

    @property
    def grid(self) -> tuple[Parameters, ...]:
        """Every strength, the strongest penalty first."""
        return tuple({"strength": strength} for strength in self.strengths)

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Solve every strength at once, in the span of the rows."""
        _, solution = solve_strengths(rows.reduced, y, self.strengths, self.loss)
        return solution.score(rows.reduced.held_out)

    def score_labellings(self, rows: EncodedRows, Y: np.ndarray) -> np.ndarray:
        """Solve every strength for many labellings; return (n_held_out, n_grid, n_labellings)."""
        if self.loss == "squared" and len(rows.train) <= rows.train.shape[1]:
            centre = rows.train.mean(axis=0)
            gram = compute_gram(rows.train - centre, rows.held_out - centre)
            return score_strengths(gram, Y, self.strengths)
        _, solution = solve_strengths(rows.reduced, Y, self.strengths, self.loss)
        scores = solution.score(rows.reduced.held_out)
        return scores.reshape(len(scores), Y.shape[1], len(self.strengths)).swapaxes(1, 2)

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one strength."""
        return LinearMachine(loss=self.loss, strength=parameters["strength"]).fit(X, y)


@dataclass(frozen=True)
class Forest:
    """Extremely randomised trees, the size of their leaves tuned."""

    random_state: int = 0
    standardise: bool = False
    grid: tuple[Parameters, ...] = ({"leaf_share": 0.05}, {"leaf_share": 0.02})

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Grow a forest for each size of leaves."""
        return np.column_stack(
            [self.fit(rows.train, y, point).decision_function(rows.held_out) for point in self.grid]
        )

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Grow one forest."""
        return RandomTrees(leaf_share=parameters["leaf_share"], random_state=self.random_state).fit(
            X, y
        )


@dataclass(frozen=True)
class XGBoost:
    """Boosted trees, their depth and number tuned."""

    random_state: int = 0
    standardise: bool = False
    depths: tuple[int, ...] = (1, 2, 3)
    stages: tuple[int, ...] = (25, 50, 100)

    @property
    def grid(self) -> tuple[Parameters, ...]:
        """Every depth with every number of trees, shallow and few first."""
        return tuple({"max_depth": d, "n_trees": s} for d in self.depths for s in self.stages)

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Fit the longest ensemble of each depth; shorter ones are its first trees."""
        scores = []
        for depth in self.depths:
            trees = ScreenedTrees(
                max_depth=depth, n_trees=max(self.stages), random_state=self.random_state
            ).fit(rows.train, y)
            scores.append(trees.staged_decision_function(rows.held_out, self.stages))
        return np.hstack(scores)

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one depth with one number of trees."""
        return ScreenedTrees(
            max_depth=int(parameters["max_depth"]),
            n_trees=int(parameters["n_trees"]),
            random_state=self.random_state,
        ).fit(X, y)


def make_family(name: FamilyName, random_state: int = 0) -> Family:
    """Return a family by name.

    Examples
    --------
    >>> make_family("prevalence").grid
    ({},)
    """
    made: dict[str, Family] = {
        "prevalence": Prevalence(),
        "logistic": Logistic(),
        "svm": Machine("squared hinge"),
        "ridge": Machine("squared"),
        "forest": Forest(random_state=random_state),
        "xgboost": XGBoost(random_state=random_state),
        "cpm": EdgeSums(),
    }
    if name not in made:
        raise ValueError(f"family is {name!r}; it must be one of {', '.join(FAMILIES)}")
    return made[name]


def see_columns(family: Family, encoder: Encoder) -> Family:
    """Return a family as it is for the columns of a fitted encoder.

    Most families take all columns alike; sums of edges must know which columns are edges.
    """
    see = getattr(family, "see", None)
    return family if see is None else see(encoder)


def score_labellings(
    family: Family, rows: EncodedRows, Y: np.ndarray, chosen: np.ndarray | None = None
) -> np.ndarray:
    """Fit a family anew for each of many labellings; return scores of the held-out rows.

    Parameters
    ----------
    family : Family
    rows : EncodedRows
    Y : array of 0 and 1, shape (n_train, n_labellings)
    chosen : array of int, shape (n_labellings,), optional
        The grid point to fit for each; all of them, where none are given.

    Returns
    -------
    scores : array, shape (n_held_out, n_grid, n_labellings), or (n_held_out, n_labellings)
    """
    if isinstance(family, EdgeSums):
        return family.score_labellings(rows, Y, chosen)
    if isinstance(family, Machine):
        scores = family.score_labellings(rows, Y)
        return scores if chosen is None else scores[:, chosen, np.arange(Y.shape[1])]
    if chosen is None:
        return np.stack([family.score_path(rows, y) for y in Y.T], axis=2)
    return np.column_stack(
        [
            family.fit(rows.train, y, family.grid[k]).decision_function(rows.held_out)
            for y, k in zip(Y.T, chosen, strict=True)
        ]
    )
