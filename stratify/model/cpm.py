"""Connectome-based predictive modelling: sums of the edges that go with response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.errors import DataError, Fault, did_you_mean
from stratify.model.edge_correlations import compute_edge_correlations, critical_r, make_basis
from stratify.model.many_logistic import fit_many_logistic
from stratify.model.two_classes import TwoClassClassifier, encode_classes

Selection = Literal["p", "fraction"]
Network = Literal["both", "positive", "negative"]

P_THRESHOLDS: tuple[float, ...] = (0.001, 0.005, 0.01, 0.05)
"""The p-values at which edges are usually selected, the fewest edges first."""


class ConnectomePredictiveModel(TwoClassClassifier):
    """Logistic regression on two sums of edges: those that go with response, and those against.

    Each edge is correlated with response in training. Edges that pass the threshold are summed,
    the positive and the negative ones apart, and a logistic regression is fitted on the two sums
    and on the columns that are not edges. Given the selection, the model is linear in its columns,
    so ``coef_`` and ``intercept_`` say all of it.

    Parameters
    ----------
    threshold : float
        A two-sided p-value, or the share of edges to keep.
    select : {"p", "fraction"}
        Whether edges whose correlation has a p-value below the threshold are selected, or that
        share of all edges, those with the largest correlations of either sign.
    network : {"both", "positive", "negative"}
        Which sums the model sees.
    edges : array of bool, shape (n_columns,), optional
        Which columns are edges; all, where none are given.
    covariates : sequence of int
        Positions of columns that are held constant as edges are selected: the correlations are
        then partial ones.
    C : float
        The ridge penalty on the standardised sums and columns: large is little.

    Attributes
    ----------
    coef_ : array, shape (1, n_columns)
    intercept_ : array, shape (1,)
    correlations_ : array, shape (n_edges,)
        Of each edge with response in training.
    positive_, negative_ : array of int
        Positions of the columns that were selected.

    Source
    ------
    Shen et al. 2017, Nature Protocols 12(3), 506-518.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 50))
    >>> y = (X[:, 3] - X[:, 8] + rng.normal(size=100) > 0).astype(int)
    >>> model = ConnectomePredictiveModel(threshold=1e-4).fit(X, y)
    >>> model.positive_, model.negative_
    (array([3]), array([8]))
    """

    coef_: np.ndarray
    intercept_: np.ndarray
    correlations_: np.ndarray
    positive_: np.ndarray
    negative_: np.ndarray

    def __init__(
        self,
        *,
        threshold: float = 0.01,
        select: Selection = "p",
        network: Network = "both",
        edges: np.ndarray | Sequence[bool] | None = None,
        covariates: Sequence[int] = (),
        C: float = 1.0,
    ) -> None:
        self.threshold = threshold
        self.select = select
        self.network = network
        self.edges = edges
        self.covariates = covariates
        self.C = C

    def fit(self, X: Any, y: Any) -> ConnectomePredictiveModel:
        """Select edges, sum them, and fit on columns without missing values."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        self.classes_, encoded = encode_classes(y)
        _require_one_of("select", self.select, get_args(Selection))
        _require_one_of("network", self.network, get_args(Network))
        is_edge, covariates = check_columns(self.edges, self.covariates, X.shape[1])
        self.correlations_ = _correlate(X, encoded, is_edge, covariates)
        signs = select_edges(
            self.correlations_,
            [self.threshold],
            self.select,
            n_rows=len(X),
            rank=make_basis(X[:, covariates], len(X)).shape[1],
        )
        self.coef_, intercept = _fit_sums(X, encoded, is_edge, signs, self.network, self.C)
        self.intercept_ = intercept
        positions = np.flatnonzero(is_edge)
        self.positive_, self.negative_ = positions[signs[0] > 0], positions[signs[0] < 0]
        self.n_iter_ = 1
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds, shape (n_rows,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        # Row by row sums do not depend on which other rows are there; a matrix product does.
        return np.einsum("ij,j->i", X, self.coef_[0]) + self.intercept_[0]

    def score_path(
        self, X: np.ndarray, y: np.ndarray, held_out: np.ndarray, grid: Sequence[float]
    ) -> np.ndarray:
        """Fit at every threshold of a grid in one pass, and score rows held out.

        The edges are correlated with response once, and summed for all thresholds in one product.

        Parameters
        ----------
        X : array, shape (n_rows, n_columns)
        y : array of 0 and 1, shape (n_rows,)
        held_out : array, shape (n_held_out, n_columns)
        grid : sequence of float
            Thresholds, in any order.

        Returns
        -------
        scores : array, shape (n_held_out, n_grid)
            The log-odds that a model fitted with each threshold gives.
        """
        coef, intercept = fit_path(
            X,
            y,
            grid,
            select=self.select,
            network=self.network,
            edges=self.edges,
            covariates=self.covariates,
            C=self.C,
        )
        return held_out @ coef.T + intercept

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Where all that tells the classes apart has the other sign, one network sees nothing.
        tags.classifier_tags.poor_score = self.network != "both"
        return tags


def check_columns(
    edges: np.ndarray | Sequence[bool] | None,
    covariates: Sequence[int] | np.ndarray,
    n_columns: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which columns are edges, and the positions of the covariates.

    Raises
    ------
    DataError
        If marks and columns are not as many, or a covariate is an edge or not there.
    """
    is_edge = np.ones(n_columns, dtype=bool) if edges is None else np.asarray(edges, dtype=bool)
    positions = np.asarray(covariates, dtype=int).reshape(-1)
    inside = (positions >= 0) & (positions < n_columns)
    if is_edge.shape != (n_columns,) or not inside.all() or is_edge[positions].any():
        raise DataError(
            Fault(
                where="connectome-based predictive model: edges, covariates",
                met=f"{is_edge.size} marks of which columns are edges, and covariates at "
                f"{positions.tolist()}, for {n_columns} columns",
                wanted="one mark a column, and covariates among the columns that are no edges",
                way_out="Mark every column, and give the positions of clinical columns.",
            )
        )
    return is_edge, positions


def fit_path(
    X: np.ndarray,
    y: np.ndarray,
    grid: Sequence[float],
    *,
    select: Selection = "p",
    network: Network = "both",
    edges: np.ndarray | Sequence[bool] | None = None,
    covariates: Sequence[int] | np.ndarray = (),
    C: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit at every threshold of a grid, from one correlation of each edge with response.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
    y : array of 0 and 1, shape (n_rows,)
    grid : sequence of float
    select, network, edges, covariates, C
        As in `ConnectomePredictiveModel`.

    Returns
    -------
    coef : array, shape (n_grid, n_columns)
    intercept : array, shape (n_grid,)
    """
    is_edge, covariates = check_columns(edges, covariates, X.shape[1])
    rank = make_basis(X[:, covariates], len(X)).shape[1]
    r = _correlate(X, y, is_edge, covariates)
    signs = select_edges(r, grid, select, n_rows=len(X), rank=rank)
    return _fit_sums(X, y, is_edge, signs, network, C)


def _correlate(
    X: np.ndarray, y: np.ndarray, is_edge: np.ndarray, covariates: np.ndarray
) -> np.ndarray:
    """Return the correlation of each edge with y, covariates held constant, shape (n_edges,)."""
    return compute_edge_correlations(X[:, is_edge], y[:, None], X[:, covariates])[:, 0]


def select_edges(
    r: np.ndarray, grid: Sequence[float], select: Selection, *, n_rows: int, rank: int
) -> np.ndarray:
    """Tell which edges each threshold selects, and their signs.

    Parameters
    ----------
    r : array, shape (n_edges,)
    grid : sequence of float
    select : {"p", "fraction"}
    n_rows, rank : int
        Rows of training, and columns of the basis held constant.

    Returns
    -------
    signs : array of int, shape (n_grid, n_edges)
        1, -1, or 0 for an edge that is not selected.

    Examples
    --------
    >>> select_edges(np.array([0.5, -0.9, 0.1]), [0.05, 0.9], "p", n_rows=20, rank=1)
    array([[ 1, -1,  0],
           [ 1, -1,  1]], dtype=int8)
    >>> select_edges(np.array([0.5, -0.9, 0.1]), [0.3], "fraction", n_rows=20, rank=1)
    array([[ 0, -1,  0]], dtype=int8)
    """
    require_shares(grid)
    size = np.abs(r)
    if select == "p":
        limits = np.array([critical_r(p, n_rows, rank) for p in grid])
    else:
        limits = find_limits(size[None], grid)[:, 0]
    chosen = size > limits[:, None]
    return (np.sign(r) * chosen).astype(np.int8)


def find_limits(size: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """Return the size of correlation that so large a share of the edges is above.

    Parameters
    ----------
    size : array, shape (n_labels, n_edges)
    fractions : sequence of float
        At least one edge is meant, and at most all of them; edges of one size go together.

    Returns
    -------
    limits : array, shape (n_fractions, n_labels)
        Just below the smallest correlation that is kept; never below 0.

    Examples
    --------
    >>> find_limits(np.array([[0.1, 0.2, 0.3, 0.4]]), [0.5, 0.01]).round(3)
    array([[0.3],
           [0.4]])
    """
    n_edges = size.shape[1]
    ranks = [n_edges - min(max(1, round(share * n_edges)), n_edges) for share in fractions]
    ordered = np.partition(size, sorted(set(ranks)), axis=1)[:, ranks].T
    # Edges of one size, but for the last digit, go together.
    return np.maximum(ordered * (1 - 1e-9), 0.0)


def _fit_sums(
    X: np.ndarray,
    y: np.ndarray,
    is_edge: np.ndarray,
    signs: np.ndarray,
    network: Network,
    C: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit on the sums of each selection and the other columns; return weights of all columns."""
    parts = [signs == sign for sign in signs_of(network)]
    sums = [part @ X[:, is_edge].T for part in parts]
    others = np.broadcast_to(X[:, ~is_edge].T, (len(signs), (~is_edge).sum(), len(X)))
    design = np.concatenate([np.stack(sums, axis=1), others], axis=1)
    labels = np.broadcast_to(y, (len(signs), len(y)))
    weights, intercept = fit_many_logistic(design, labels, C)
    coef = np.zeros((len(signs), X.shape[1]))
    coef[:, is_edge] = sum(weights[:, [k]] * part for k, part in enumerate(parts))
    coef[:, ~is_edge] = weights[:, len(parts) :]
    return coef, intercept


def signs_of(network: Network) -> tuple[int, ...]:
    """Return the signs of the edges that a network is made of."""
    return {"both": (1, -1), "positive": (1,), "negative": (-1,)}[network]


def require_shares(grid: Sequence[float]) -> None:
    """Refuse thresholds that are no p-value and no share."""
    wrong = [threshold for threshold in grid if not 0 < threshold <= 1]
    if wrong:
        raise DataError(
            Fault(
                where="connectome-based predictive model: threshold",
                met=f"{wrong[0]}",
                wanted="a p-value or a share of the edges lies above 0 and is at most 1",
                way_out="Write one per cent as 0.01.",
            )
        )


def _require_one_of(name: str, met: str, known: tuple[str, ...]) -> None:
    if met not in known:
        raise DataError(
            Fault(
                where=f"ConnectomePredictiveModel: {name}",
                met=f"{met!r}{did_you_mean(str(met), known)}",
                wanted=f"it is {' or '.join(map(repr, known))}",
                way_out="Choose one of these.",
            )
        )
