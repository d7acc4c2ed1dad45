"""Two scans of one person under two names: they resemble each other as no two people's do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stratify.closest import find_standing_out
from stratify.errors import Fault, count_of

_FEWEST_PEOPLE = 20
_FEWEST_EDGES = 100
_SAME = 1 - 1e-6
"""A resemblance above this is of one matrix under two names, which is told elsewhere."""
_NEIGHBOURS = 5
_MOST_PRODUCTS = 2e11
"""Of edges of two people; of more people every second, or third, edge is compared."""
_ROWS_AT_ONCE = 500
_MOST_SHARED = 5
_PEOPLE_A_PATTERN = 15
"""Patterns that people share are taken off, as few as can hold no pair of scans in them."""


def find_twin_scans(matrices: np.ndarray, patients: Sequence[str], where: str) -> Iterator[Fault]:
    """Find pairs of scans that resemble each other as two scans of one person do.

    What sets a person's connectivity apart from everybody's mean, and from the few patterns that
    people share most, is correlated with the same of each other person. Two scans of one person,
    even of different days, correlate far above those of two people; pairs that stand out from
    everybody's closest others are told. Short scans of different days may be missed.

    Parameters
    ----------
    matrices : array, shape (n_patients, n_regions, n_regions)
        Checked and symmetric; NaN where a region was not covered.
    patients : sequence of str
    where : str
        The file, for messages.

    Source
    ------
    Finn et al. 2015, Nature Neuroscience 18, 1664-1671 (the fingerprint).
    """
    first, second = np.triu_indices(matrices.shape[1], k=1)
    people = len(matrices)
    if people < _FEWEST_PEOPLE or len(first) < _FEWEST_EDGES:
        return
    every = 1 + int(people**2 * len(first) // _MOST_PRODUCTS)
    own = _set_apart(matrices[:, first[::every], second[::every]])
    pairs, likeness, typical = _find_neighbours(own)
    different = likeness < _SAME
    pairs, likeness = pairs[different], likeness[different]
    found = find_standing_out(
        pairs,
        np.arctanh(likeness),
        people=people,
        # The closest of so many, were resemblances normal.
        least_spread=typical / np.sqrt(2 * np.log(people)),
    )
    if not found.any():
        return
    rows = pairs[found]
    count = count_of(len(rows), "pair")
    alike = f"{likeness[found].min():.2f}" if len(rows) == 1 else f"{likeness[found].min():.2f} up"
    met = (
        f"{count} of scans under different names as alike as two scans of one person (what sets "
        f"them apart from the mean correlates at {alike}; of all others at "
        f"{likeness[~found].max():.2f} at most)"
    )
    yield Fault(
        where=where,
        met=met,
        wanted="each person once; a person in two folds is learned and judged at once",
        way_out="Compare the patients of each pair, whom check --json lists under this warning. If "
        "they are one person, or twins, keep one, or give both one value in a column of the role "
        '"family" and validate with together = "family".',
        patients=tuple(dict.fromkeys(patients[k] for k in rows.ravel())),
        severity="warning",
        summary=met,
    )


def _set_apart(edges: np.ndarray) -> np.ndarray:
    """Return what sets each person apart, of length 1; 0 where it is not known."""
    known = np.isfinite(edges)
    mean = np.where(known, edges, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    own = np.where(known, edges - mean, 0.0).astype(np.float32)
    spread = np.sqrt(np.square(own).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    own /= np.where(spread > 0, spread, 1.0)
    # That connectivity is higher all over, as at one site or with motion, is what many share.
    own -= own.mean(axis=1, keepdims=True)
    shared = _find_shared(own, min(_MOST_SHARED, len(own) // _PEOPLE_A_PATTERN))
    own -= (own @ shared) @ shared.T
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    return own / np.where(lengths > 0, lengths, 1.0)


def _find_shared(own: np.ndarray, patterns: int) -> np.ndarray:
    """Return the patterns of edges that people share most, shape (n_edges, n_patterns)."""
    drawn = np.random.default_rng(0).normal(size=(own.shape[1], patterns + 3))
    basis = np.linalg.qr(drawn.astype(np.float32))[0]
    for _ in range(6):
        basis = np.linalg.qr(own.T @ (own @ basis))[0]
    # Of a few patterns too many, those with the most in them.
    turned = np.linalg.svd(own @ basis, full_matrices=False)[2]
    return basis @ turned[:patterns].T


def _find_neighbours(own: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return each person's closest others, how alike they are, and how far two people vary."""
    found, scores, squares = [], [], 0.0
    for start in range(0, len(own), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(own)))
        likeness = own[rows] @ own.T
        likeness[np.arange(len(rows)), rows] = 0.0
        squares += float(np.square(likeness, dtype=float).sum())
        likeness[np.arange(len(rows)), rows] = -np.inf
        for _ in range(_NEIGHBOURS):
            nearest = likeness.argmax(axis=1)
            scores.append(likeness[np.arange(len(rows)), nearest])
            found.append(np.column_stack([rows, nearest]))
            likeness[np.arange(len(rows)), nearest] = -np.inf
    pairs, once = np.unique(np.sort(np.concatenate(found), axis=1), axis=0, return_index=True)
    typical = float(np.sqrt(squares / (len(own) * (len(own) - 1))))
    return pairs, np.concatenate(scores)[once].astype(float), typical
