"""Connectome-based predictive models of many label vectors at once, cross-validated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dgemm
from scipy.sparse import csr_array

from stratify.errors import DataError, Fault
from stratify.model.cpm import (
    Network,
    Selection,
    check_columns,
    find_limits,
    require_shares,
    signs_of,
)
from stratify.model.edge_correlations import critical_r, find_sizes, make_basis
from stratify.model.many_logistic import fit_column_sets

BLOCK = 500_000
"""Label vectors times edges held at once: 4 MB, about a processor's cache."""

SIGNS = (1, -1)
"""Of the edges in the first sum and in the second."""


@dataclass(frozen=True, eq=False)
class CpmPermutations:
    """What cross-validated models of many label vectors say.

    Parameters
    ----------
    log_odds : dict of str to array, shape (n_patients, n_labels)
        For each network, each patient's held-out log-odds; NaN for patients never held out.
    n_positive, n_negative : array of int, shape (n_folds, n_labels)
        How many edges were selected.
    """

    log_odds: dict[Network, np.ndarray]
    n_positive: np.ndarray
    n_negative: np.ndarray


@dataclass(frozen=True)
class _Training:
    """What a fold's training rows are, apart from labels.

    ``share``, shape (n_edges,), is one over the size of each edge, 0 where an edge does not vary.
    ``removed``, shape (n_held_out + rank, n_edges), is what cross-products with the labels of
    held-out rows, and with labels projected on the basis, take away from those of all patients,
    times the share. ``limit`` is the correlation above which a p-value selects.
    """

    rows: np.ndarray
    held_out: np.ndarray
    basis: np.ndarray
    removed: np.ndarray
    share: np.ndarray
    limit: float


def fit_cpm_permutations(
    X: np.ndarray,
    Y: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    threshold: float = 0.01,
    select: Selection = "p",
    networks: Sequence[Network] = ("both",),
    edges: np.ndarray | Sequence[bool] | None = None,
    covariates: Sequence[int] = (),
    C: float = 1.0,
) -> CpmPermutations:
    """Cross-validate a connectome-based predictive model for many label vectors at once.

    Each column of ``Y`` gets what `ConnectomePredictiveModel` gives it fold by fold. Cross-products
    of edges and labels add over patients, so those of a training set are those of all patients
    less those held out: one matrix product over all patients and one over the held-out rows
    serve every fold, and selected edges are summed as sparse matrices.

    Parameters
    ----------
    X : array, shape (n_patients, n_columns)
        Without missing values, encoded without the labels.
    Y : array of 0 and 1, shape (n_patients, n_labels)
        The observed labels, permutations of them, or both.
    folds : sequence of (train, test) index arrays
        Each training set is all patients but those held out. Where a patient is held out more
        than once, the last fold is what is kept.
    threshold, select, edges, covariates, C
        As in `ConnectomePredictiveModel`.
    networks : sequence of {"both", "positive", "negative"}

    Returns
    -------
    permutations : CpmPermutations

    Raises
    ------
    DataError
        If a fold is not every patient once, or the labels of a training set are all of one class.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 100))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> Y = np.column_stack([y] + [rng.permutation(y) for _ in range(4)])
    >>> folds = [(np.delete(np.arange(60), rows), rows) for rows in np.arange(60).reshape(5, 12)]
    >>> fitted = fit_cpm_permutations(X, Y, folds)
    >>> fitted.log_odds["both"].shape
    (60, 5)
    >>> int(np.argmax([np.corrcoef(f, t)[0, 1] for f, t in zip(fitted.log_odds["both"].T, Y.T)]))
    0
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    is_edge, positions = check_columns(edges, covariates, X.shape[1])
    require_shares([threshold])
    _check_folds(Y, folds)
    # Around their means, sums of squares lose no digits; correlations do not notice.
    centred = X[:, is_edge] - X[:, is_edge].mean(axis=0)
    whole = (X[:, is_edge] ** 2).sum(axis=0)
    others = np.ascontiguousarray(X[:, ~is_edge].T)
    trainings = list(_prepare(centred, whole, X[:, positions], folds, threshold))
    everybody = trainings.pop()
    log_odds = {network: np.full(Y.shape, np.nan) for network in networks}
    counts = np.zeros((2, len(folds), Y.shape[1]), dtype=int)
    sets = [_choose_columns(network, len(others)) for network in networks]
    by_edge = np.ascontiguousarray(X[:, is_edge].T)
    for block in _make_blocks(Y.shape[1], centred.shape[1]):
        labels = np.ascontiguousarray(Y[:, block].T)
        products = labels @ centred
        room = np.empty_like(products)
        # Most edges that all patients select a fold selects too: sum what changes.
        usual = _select(products, labels, everybody, threshold, select, room)
        sums_of_all, count_of_all = _sum_changes(usual, np.zeros_like(usual), by_edge)
        for k, training in enumerate(trainings):
            signs = _select(products, labels, training, threshold, select, room)
            change, number = _sum_changes(signs, usual, by_edge)
            sums, count = sums_of_all + change, count_of_all + number
            # What is left of a sum of no edges is rounding error, which must not count.
            sums[count == 0] = 0.0
            counts[:, k, block] = count.T
            rows, held_out = training.rows, training.held_out
            shared = np.broadcast_to(others, (len(sums), *others.shape))
            design = np.concatenate([sums, shared], axis=1)
            fitted = fit_column_sets(design[:, :, rows], labels[:, rows], sets, C)
            design = design[:, :, held_out]
            for network, chosen, (coef, intercept) in zip(networks, sets, fitted, strict=True):
                scores = np.matmul(coef[:, None, :], design[:, chosen])[:, 0]
                log_odds[network][held_out, block] = (scores + intercept[:, None]).T
    return CpmPermutations(log_odds, counts[0], counts[1])


def _make_blocks(n_labels: int, n_edges: int) -> Iterator[slice]:
    size = max(1, BLOCK // max(n_edges, 1))
    yield from (slice(start, min(start + size, n_labels)) for start in range(0, n_labels, size))


def _prepare(
    edges: np.ndarray,
    whole: np.ndarray,
    covariates: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    threshold: float,
) -> Iterator[_Training]:
    """Yield what each fold's training rows are; last everybody, with the limit of a fold."""
    squares = (edges**2).sum(axis=0)
    everybody = np.arange(len(edges)), np.arange(0)
    for train, test in (*folds, everybody):
        in_training = make_basis(covariates[train], len(train))
        basis = np.zeros((len(edges), in_training.shape[1]))
        basis[train] = in_training
        projected, held_out = basis.T @ edges, edges[test]
        left = squares - (held_out**2).sum(axis=0) - (projected**2).sum(axis=0)
        share = 1 / find_sizes(left, whole)
        n_rows = min(len(train), len(folds[0][0]))
        yield _Training(
            train,
            test,
            basis,
            np.vstack([held_out, projected]) * share,
            share,
            critical_r(threshold, n_rows if test is everybody[1] else len(train), basis.shape[1]),
        )


def _select(
    products: np.ndarray,
    labels: np.ndarray,
    training: _Training,
    threshold: float,
    select: Selection,
    room: np.ndarray,
) -> np.ndarray:
    """Return the sign with which each label vector selects each edge, 0 where it does not.

    Parameters
    ----------
    products : array, shape (n_labels, n_edges)
        Cross-products of labels and edges over all patients.
    labels : array, shape (n_labels, n_patients)
    room : array, shape (n_labels, n_edges)
        Written over.

    Returns
    -------
    signs : array of int, shape (n_labels, n_edges)
    """
    on_basis = labels @ training.basis
    taken = np.hstack([labels[:, training.held_out], on_basis])
    cross = np.multiply(products, training.share, out=room)
    # Taken away in place; BLAS counts columns first, so all is transposed.
    dgemm(-1.0, training.removed.T, taken.T, 1.0, cross.T, overwrite_c=True)
    if select == "p":
        squares = labels[:, training.rows].sum(axis=1)
        sizes = find_sizes(squares - (on_basis**2).sum(axis=1), squares)
        limits = training.limit * sizes
    else:
        limits = find_limits(np.abs(cross), [threshold])[0]
    signs = (cross > limits[:, None]).view(np.int8)
    signs -= (cross < -limits[:, None]).view(np.int8)
    return signs


def _sum_changes(
    signs: np.ndarray, previous: np.ndarray, by_edge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much the sums of positive and negative edges change, and their numbers.

    Parameters
    ----------
    signs, previous : array of int, shape (n_labels, n_edges)
        Much alike.
    by_edge : array, shape (n_edges, n_patients)

    Returns
    -------
    sums : array, shape (n_labels, 2, n_patients)
    counts : array of int, shape (n_labels, 2)
    """
    n_labels, n_edges = signs.shape
    found = np.flatnonzero(signs != previous)
    label, edges = np.divmod(found, n_edges)
    new, old = signs.ravel()[found], previous.ravel()[found]
    changes = [(new == sign).view(np.int8) - (old == sign).view(np.int8) for sign in SIGNS]
    sums, counts = [], []
    for change in changes:
        at = np.flatnonzero(change)
        ends = np.searchsorted(label[at], np.arange(n_labels + 1))
        values = change[at].astype(np.float64)
        sparse = csr_array((values, edges[at], ends), shape=(n_labels, n_edges))
        # By columns, what an edge adds is read once for all labels.
        sums.append(sparse.tocsc() @ by_edge)
        counts.append(np.bincount(label[at], values, minlength=n_labels))
    return np.stack(sums, axis=1), np.stack(counts, axis=1).astype(int)


def _choose_columns(network: Network, n_others: int) -> list[int]:
    """Return which of the positive sums, the negative and the columns that are no edges it sees."""
    return [*map(SIGNS.index, signs_of(network)), *range(2, 2 + n_others)]


def _check_folds(Y: np.ndarray, folds: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
    everybody = np.arange(len(Y))
    for k, (train, test) in enumerate(folds):
        whole = np.array_equal(np.sort(np.concatenate([train, test])), everybody)
        positive = Y[train].sum(axis=0)
        one_class = np.flatnonzero((positive == 0) | (positive == len(train)))
        if not whole or len(one_class):
            raise DataError(
                Fault(
                    where=f"fit_cpm_permutations: fold {k}",
                    met=f"label vector {one_class[0]} has one class in training"
                    if whole
                    else f"{len(train)} training and {len(test)} held-out rows of {len(Y)}, not "
                    "each row once",
                    wanted="every patient is either in training or held out, and training has "
                    "patients of both classes",
                    way_out="Make stratified folds of all rows.",
                )
            )
