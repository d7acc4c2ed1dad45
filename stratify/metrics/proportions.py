"""Shares of patients, with Wilson's interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def compute_wilson(
    share: np.ndarray, n: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the score interval of shares.

    Parameters
    ----------
    share : array
        NaN gives NaN.
    n : array
        Out of how many; need not be whole (patients counted once over several repeats).
    level : float

    Returns
    -------
    low, high : array

    Source
    ------
    Wilson 1927, JASA 22(158), 209-212.

    Examples
    --------
    None of ten is not never:

    >>> low, high = compute_wilson(np.array([0.0]), np.array([10]))
    >>> float(low[0]), round(float(high[0]), 3)
    (0.0, 0.278)
    """
    share = np.asarray(share, dtype=float)
    n = np.where(np.isnan(share), np.nan, np.asarray(n, dtype=float))
    z = stats.norm.ppf((1 + level) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def compute_balanced(
    shares: Sequence[np.ndarray], ns: Sequence[np.ndarray], level: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the mean of two independent shares, as of sensitivity and specificity.

    Parameters
    ----------
    shares, ns : two arrays each
        The shares, and out of how many each.
    level : float
        Of the interval, which combines Wilson's limits of the two.

    Returns
    -------
    value, low, high : array

    Source
    ------
    Zou and Donner 2008, Statistics in Medicine 27, 1693-1702 (combined limits).

    Examples
    --------
    >>> shares = (np.array([0.75]), np.array([0.75]))
    >>> [round(float(part[0]), 3) for part in compute_balanced(shares, (20, 20))]
    [0.75, 0.595, 0.848]
    """
    value = (np.asarray(shares[0], dtype=float) + np.asarray(shares[1], dtype=float)) / 2
    below, above = np.zeros_like(value), np.zeros_like(value)
    for share, n in zip(shares, ns, strict=True):
        low, high = compute_wilson(share, n, level)
        below += (share - low) ** 2
        above += (high - share) ** 2
    return value, value - np.sqrt(below) / 2, value + np.sqrt(above) / 2
