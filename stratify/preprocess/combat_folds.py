"""Fit ComBat on many training sets of the same patients at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.base import clone

from stratify.preprocess.columns import read_complete_numbers, read_sites, take_columns
from stratify.preprocess.combat import ComBat
from stratify.preprocess.encode import TableEncoder
from stratify.preprocess.site_moments import (
    SiteMoments,
    compute_site_moments,
    make_membership,
)


def fit_combat_folds(combat: ComBat, X: Any, training: Sequence[np.ndarray]) -> list[ComBat]:
    """Fit one ComBat for each training set, from sums that are made once.

    Each is what ``ComBat(...).fit`` on those rows alone gives, to rounding: the sums over the
    patients of each site add up, so that a training set's are those of all patients less those
    held out. Nothing of a patient who is held out stays in.

    Parameters
    ----------
    combat : ComBat
        What to fit; it is not changed.
    X : DataFrame or array, shape (n_rows, n_columns)
    training : sequence of array of int
        Positions of rows; a row that is named twice counts twice.

    Returns
    -------
    fitted : list of ComBat
        In the order of ``training``.

    Raises
    ------
    DataError
        As `ComBat.fit` does.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> X[:, 0] = np.arange(40) % 2
    >>> first, second = fit_combat_folds(ComBat(0), X, [np.arange(30), np.arange(10, 40)])
    >>> np.allclose(first.shift_, ComBat(0).fit(X[:30]).shift_)
    True
    """
    whole = clone(combat)
    table = whole._check(X, reset=True)
    whole._learn_columns(table)
    if whole._site is None:
        return [clone(combat).fit(X) for _ in training]
    levels, sites = np.unique(read_sites(table, whole._site, where="ComBat"), return_inverse=True)
    values = read_complete_numbers(table, whole.harmonised_, where="ComBat")
    offset = values.mean(axis=0)
    values = values - offset
    preserved = take_columns(whole, table, whole._preserved)
    whole._learn_preserved(preserved)
    missing = preserved.isna().to_numpy()
    # The means that fill gaps differ between training sets, so gaps are summed apart.
    gaps = np.flatnonzero(missing.any(axis=0))
    design = np.hstack([whole._make_design(table), missing[:, gaps].astype(float)])
    fitted = []
    sums = _sum_training(design, values, make_membership(sites, len(levels)), training)
    for rows, moments in zip(training, sums, strict=True):
        one = copy(whole)
        one._learn_preserved(preserved.iloc[rows])
        present = moments.gram[:, 0, 0] > 0.5
        moments = moments.select(present)
        if len(one._preserved):
            moments = moments.rewrite(_rewrite_design(whole.encoder_, one.encoder_, gaps))
        one._learn_sites(moments, offset, levels[present])
        fitted.append(one)
    return fitted


def _sum_training(
    design: np.ndarray,
    values: np.ndarray,
    membership: csr_matrix,
    training: Sequence[np.ndarray],
) -> Iterator[SiteMoments]:
    """Yield the sums of each training set, from those of everybody and of whoever is missing."""
    n_sites, n_rows = membership.shape
    parts = [membership]
    for rows in training:
        left_out = membership.multiply(1 - np.bincount(rows, minlength=n_rows)).tocsr()
        left_out.eliminate_zeros()
        parts.append(left_out)
    sums = compute_site_moments(design, values, vstack(parts, format="csr"))
    everybody = sums.select(np.arange(n_sites))
    for k in range(1, len(parts)):
        yield everybody - sums.select(k * n_sites + np.arange(n_sites))


def _rewrite_design(whole: TableEncoder, one: TableEncoder, gaps: np.ndarray) -> np.ndarray:
    """Return how one training set's design is made of everybody's, and of the gaps.

    Both encoders centre and scale; a gap is 0 in either, whatever the centre.
    """
    names = list(zip(whole.source_, whole.get_feature_names_out(), strict=True))
    change = np.zeros((1 + len(one.source_), 1 + len(names) + len(gaps)))
    change[0, 0] = 1
    for k, name in enumerate(zip(one.source_, one.get_feature_names_out(), strict=True)):
        same = names.index(name)
        step = (whole.center_[same] - one.center_[k]) / one.scale_[k]
        change[1 + k, 0] = step
        change[1 + k, 1 + same] = whole.scale_[same] / one.scale_[k]
        change[1 + k, 1 + len(names) + np.flatnonzero(gaps == name[0])] = -step
    return change
