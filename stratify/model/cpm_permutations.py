"""Connectome-based predictive models of many label vectors at once, cross-validated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from stratify.errors import DataError, Fault
from stratify.model.cpm import Network, Selection, check_columns, find_limits, signs_of
from stratify.model.edge_correlations import critical_r, find_sizes, make_basis
from stratify.model.many_logistic import fit_many_logistic

BLOCK = 500_000
"""Label vectors times edges held at once: 4 MB, about a processor's cache."""


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

    ``removed``, shape (n_held_out + rank, n_edges), is what cross-products with the labels of
    held-out rows, and with labels projected on the basis, take away from those of all patients.
    """

    rows: np.ndarray
    held_out: np.ndarray
    basis: np.ndarray
    removed: np.ndarray
    sizes: np.ndarray


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
    _check_folds(Y, folds)
    # Around their means, sums of squares lose no digits; correlations do not notice.
    centred = X[:, is_edge] - X[:, is_edge].mean(axis=0)
    whole = (X[:, is_edge] ** 2).sum(axis=0)
    others = np.ascontiguousarray(X[:, ~is_edge].T)
    held = X[:, positions]
    trainings = [_prepare(centred, whole, held, train, test) for train, test in folds]
    log_odds = {network: np.full(Y.shape, np.nan) for network in networks}
    counts = np.zeros((2, len(folds), Y.shape[1]), dtype=int)
    by_edge = np.ascontiguousarray(X[:, is_edge].T)
    for block in _make_blocks(Y.shape[1], centred.shape[1]):
        labels = np.ascontiguousarray(Y[:, block].T)
        products = labels @ centred
        sums = np.zeros((len(labels), 2, len(X)))
        count = np.zeros((len(labels), 2), dtype=int)
        previous = np.zeros(products.shape, dtype=np.int8)
        for k, training in enumerate(trainings):
            signs = _select(products, labels, training, threshold, select)
            # Most edges that one fold selects the others do too: sum what changes.
            change, number = _sum_changes(signs, previous, by_edge)
            sums += change
            count += number
            # What is left of a sum of no edges is rounding error, which must not count.
            sums[count == 0] = 0.0
            counts[:, k, block] = count.T
            previous = signs
            for network in networks:
                design = _make_design(sums, others, network)
                rows = training.rows
                coef, intercept = fit_many_logistic(design[:, :, rows], labels[:, rows], C)
                scores = np.matmul(coef[:, None, :], design[:, :, training.held_out])[:, 0]
                log_odds[network][training.held_out, block] = (scores + intercept[:, None]).T
    return CpmPermutations(log_odds, counts[0], counts[1])


def _make_blocks(n_labels: int, n_edges: int) -> Iterator[slice]:
    size = max(1, BLOCK // max(n_edges, 1))
    yield from (slice(start, min(start + size, n_labels)) for start in range(0, n_labels, size))


def _prepare(
    edges: np.ndarray,
    whole: np.ndarray,
    covariates: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
) -> _Training:
    in_training = make_basis(covariates[train], len(train))
    basis = np.zeros((len(edges), in_training.shape[1]))
    basis[train] = in_training
    projected = basis.T @ edges
    held_out = edges[test]
    squares = (edges**2).sum(axis=0) - (held_out**2).sum(axis=0) - (projected**2).sum(axis=0)
    return _Training(
        train, test, basis, np.vstack([held_out, projected]), find_sizes(squares, whole)
    )


def _select(
    products: np.ndarray,
    labels: np.ndarray,
    training: _Training,
    threshold: float,
    select: Selection,
) -> np.ndarray:
    """Return the sign with which each label vector selects each edge, 0 where it does not.

    Parameters
    ----------
    products : array, shape (n_labels, n_edges)
        Cross-products of labels and edges over all patients.
    labels : array, shape (n_labels, n_patients)

    Returns
    -------
    signs : array of int, shape (n_labels, n_edges)
    """
    on_basis = labels @ training.basis
    taken = np.hstack([labels[:, training.held_out], on_basis])
    cross = taken @ training.removed
    np.subtract(products, cross, out=cross)
    # Where an edge does not vary its size is infinite, and its share of the labels' size is 0.
    cross *= 1 / training.sizes
    if select == "p":
        squares = labels[:, training.rows].sum(axis=1)
        sizes = find_sizes(squares - (on_basis**2).sum(axis=1), squares)
        limits = critical_r(threshold, len(training.rows), training.basis.shape[1]) * sizes
    else:
        limits = find_limits(np.abs(cross), [threshold])[0]
    positive, negative = cross > limits[:, None], cross < -limits[:, None]
    return positive.view(np.int8) - negative.view(np.int8)


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
    rows, columns = np.divmod(found, n_edges)
    new, old = signs.ravel()[found], previous.ravel()[found]
    changes = [(new == sign).view(np.int8) - (old == sign).view(np.int8) for sign in (1, -1)]
    to = [2 * rows[change != 0] + which for which, change in enumerate(changes)]
    values = np.concatenate([change[change != 0] for change in changes]).astype(np.float64)
    edges = np.concatenate([columns[change != 0] for change in changes])
    change = csc_array((values, (np.concatenate(to), edges)), shape=(2 * n_labels, n_edges))
    sums = (change @ by_edge).reshape(n_labels, 2, -1)
    return sums, np.asarray(change.sum(axis=1)).reshape(n_labels, 2).astype(int)


def _make_design(sums: np.ndarray, others: np.ndarray, network: Network) -> np.ndarray:
    """Return a network's sums and the columns that are no edges, (n_labels, n, n_patients)."""
    parts = [{1: 0, -1: 1}[sign] for sign in signs_of(network)]
    shared = np.broadcast_to(others, (len(sums), *others.shape))
    return np.concatenate([sums[:, parts], shared], axis=1)


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
