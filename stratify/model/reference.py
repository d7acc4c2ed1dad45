"""The same families by the plain path: one grid point at a time, with scikit-learn and XGBoost.

Slow, and the reference that the engine is held to: same grids, same objectives, other code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from stratify.model.cpm_family import read_point
from stratify.model.elastic_net import compute_penalties
from stratify.model.encoded import EncodedRows, Encoder
from stratify.model.families import Family, FamilyName, Parameters, make_family, see_columns
from stratify.model.forest import RandomTrees, count_smallest_leaf
from stratify.model.trees import ScreenedTrees, screen_columns

Line = tuple[np.ndarray, float]
"""Weights, shape (n_columns,), and intercept."""
Scorer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Reference:
    """A family whose grid points are fitted one by one by other packages' plain estimators."""

    family: Family

    @property
    def standardise(self) -> bool:
        """As the family's."""
        return self.family.standardise

    @property
    def grid(self) -> tuple[Parameters, ...]:
        """As the family's."""
        return self.family.grid

    def score_path(self, rows: EncodedRows, y: np.ndarray) -> np.ndarray:
        """Fit and score every grid point from scratch."""
        return np.column_stack([self.score(rows, y, point) for point in self.grid])

    def score(self, rows: EncodedRows, y: np.ndarray, point: Parameters) -> np.ndarray:
        """Fit one grid point; return scores of the held-out rows."""
        raise NotImplementedError

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one grid point as the family keeps it."""
        return self.family.fit(X, y, parameters)


@dataclass(frozen=True)
class LinearReference(Reference):
    """A linear family; the model it keeps has the plain estimator's weights."""

    fit_line: Callable[[np.ndarray, np.ndarray, Parameters], Line]

    def score(self, rows: EncodedRows, y: np.ndarray, point: Parameters) -> np.ndarray:
        """Fit one grid point; return scores of the held-out rows."""
        coef, intercept = self.fit_line(rows.train, y, point)
        return rows.held_out @ coef + intercept

    def fit(self, X: np.ndarray, y: np.ndarray, parameters: Parameters) -> Any:
        """Fit one grid point as the family keeps it, with the plain estimator's weights."""
        model = self.family.fit(X, y, parameters)
        coef, intercept = self.fit_line(X, y, parameters)
        model.coef_, model.intercept_ = coef[None], np.array([intercept])
        return model


@dataclass(frozen=True)
class EdgeSumsReference(LinearReference):
    """Sums of edges, which must know which columns are edges."""

    def see(self, encoder: Encoder) -> EdgeSumsReference:
        """Return the family as it is for the columns of a fitted encoder."""
        return _make_edge_sums(see_columns(self.family, encoder))


@dataclass(frozen=True)
class TreeReference(Reference):
    """A family of trees, scored by the package that grew them."""

    fit_trees: Callable[[np.ndarray, np.ndarray, Parameters], Scorer]

    def score(self, rows: EncodedRows, y: np.ndarray, point: Parameters) -> np.ndarray:
        """Fit one grid point; return scores of the held-out rows."""
        return self.fit_trees(rows.train, y, point)(rows.held_out)


def make_reference_family(name: FamilyName, random_state: int = 0) -> Family:
    """Return a family by name, fitted by the plain path.

    Examples
    --------
    >>> make_reference_family("svm").grid == make_family("svm").grid
    True
    """
    family = make_family(name, random_state)
    lines = {"logistic": _fit_logistic, "svm": _fit_machine, "ridge": _fit_ridge}
    trees = {"forest": _fit_forest, "xgboost": _fit_xgboost}
    if name in lines:
        return LinearReference(family, lines[name])
    if name in trees:
        return TreeReference(family, partial(trees[name], random_state))
    if name == "cpm":
        return _make_edge_sums(family)
    return family


def _make_edge_sums(family: Family) -> EdgeSumsReference:
    return EdgeSumsReference(family, partial(_fit_edge_sums, family))


def _fit_edge_sums(family: Any, X: np.ndarray, y: np.ndarray, point: Parameters) -> Line:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    is_edge = np.ones(X.shape[1], dtype=bool) if family.edges is None else family.edges
    signs = np.zeros(X.shape[1])
    signs[is_edge] = _select_plainly(X[:, is_edge], X[:, list(family.covariates)], y, point)
    design = np.column_stack([X @ (signs > 0), X @ (signs < 0), X[:, ~is_edge]])
    # A sum of no edges is 0, whatever rounding makes of it.
    design[:, :2] *= [np.any(signs > 0), np.any(signs < 0)]
    scaler = StandardScaler().fit(design)
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    model.fit(scaler.transform(design), y)
    weights = model.coef_[0] / scaler.scale_
    coef = weights[0] * (signs > 0) + weights[1] * (signs < 0)
    coef[~is_edge] = weights[2:]
    return coef, float(model.intercept_[0] - weights @ scaler.mean_)


def _select_plainly(
    edges: np.ndarray, covariates: np.ndarray, y: np.ndarray, point: Parameters
) -> np.ndarray:
    """Return the sign of each selected edge, 0 of the others: one regression an edge."""
    from scipy import stats

    held = np.column_stack([np.ones(len(y)), covariates])
    left_of_y = y - held @ np.linalg.lstsq(held, y)[0]
    r = np.zeros(edges.shape[1])
    for k, edge in enumerate(edges.T):
        left = edge - held @ np.linalg.lstsq(held, edge)[0]
        size = np.sqrt(left @ left * (left_of_y @ left_of_y))
        r[k] = left @ left_of_y / size if left @ left > 1e-14 * (edge @ edge) else 0.0
    select, threshold = read_point(point)
    if select == "p":
        freedom = len(y) - 1 - np.linalg.matrix_rank(held)
        t = r * np.sqrt(freedom / np.maximum(1 - r**2, 1e-300))
        return np.sign(r) * (2 * stats.t.sf(np.abs(t), freedom) < threshold)
    kept = min(max(1, round(threshold * len(r))), len(r))
    return np.sign(r) * (np.abs(r) > np.sort(np.abs(r))[-kept] * (1 - 1e-9))


def _fit_logistic(X: np.ndarray, y: np.ndarray, point: Parameters) -> Line:
    from sklearn.linear_model import LogisticRegression

    penalty = compute_penalties(X, y, [(point["strength"], point["l1_ratio"])])[0]
    model = LogisticRegression(
        C=1 / (len(y) * penalty),
        l1_ratio=point["l1_ratio"],
        solver="saga" if point["l1_ratio"] else "newton-cholesky",
        tol=1e-10,
        max_iter=200_000,
        random_state=0,
    ).fit(X, y)
    return model.coef_[0], float(model.intercept_[0])


def _fit_ridge(X: np.ndarray, y: np.ndarray, point: Parameters) -> Line:
    from sklearn.linear_model import RidgeClassifier

    model = RidgeClassifier(alpha=_penalty(X, point), solver="cholesky").fit(X, y)
    return np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])


def _fit_machine(X: np.ndarray, y: np.ndarray, point: Parameters) -> Line:
    # scikit-learn's LinearSVC penalises its intercept, which is another model; a general
    # optimiser is given the objective as it is written.
    from scipy.optimize import minimize

    signs, penalty = 2.0 * y - 1, _penalty(X, point)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        short = np.maximum(1 - signs * (X @ w[1:] + w[0]), 0.0)
        slope = -signs * short
        gradient = np.concatenate([[slope.sum()], X.T @ slope + penalty * w[1:]])
        return float(short @ short / 2 + penalty / 2 * w[1:] @ w[1:]), gradient

    found = minimize(
        objective,
        np.zeros(X.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 0.0, "gtol": 1e-9, "maxiter": 100_000, "maxfun": 200_000, "maxcor": 50},
    )
    return found.x[1:], float(found.x[0])


def _penalty(X: np.ndarray, point: Parameters) -> float:
    unit = float(X.var(axis=0).sum())
    return point["strength"] * (unit if unit > 0 else 1.0)


def _fit_forest(random_state: int, X: np.ndarray, y: np.ndarray, point: Parameters) -> Scorer:
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(
        RandomTrees().n_trees,
        min_samples_leaf=count_smallest_leaf(point["leaf_share"], len(X)),
        random_state=random_state,
    ).fit(X, y)
    return lambda rows: forest.predict_proba(rows)[:, 1] - 0.5


def _fit_xgboost(random_state: int, X: np.ndarray, y: np.ndarray, point: Parameters) -> Scorer:
    import xgboost

    trees = ScreenedTrees(max_depth=int(point["max_depth"]), random_state=random_state)
    kept = screen_columns(X, y, trees.screen)

    def as_matrix(rows: np.ndarray, y: np.ndarray | None = None) -> Any:
        return xgboost.DMatrix(rows[:, kept].astype(np.float32), label=y, nthread=1)

    booster = xgboost.train(trees.settings, as_matrix(X, y), num_boost_round=int(point["n_trees"]))
    return lambda rows: booster.predict(as_matrix(rows), output_margin=True).astype(float)
