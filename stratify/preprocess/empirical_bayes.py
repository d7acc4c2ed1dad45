"""Shrink what each site does to each column towards what it does to columns in general."""

from __future__ import annotations

import numpy as np

TOLERANCE = 1e-4
"""The published rule: stop once no estimate moves by more than this share of itself."""

MOST_STEPS = 1_000

NONE = 1e-12
"""A variance below this share of the pooled one is rounding error."""


def shrink_site(
    shift: np.ndarray,
    residual: np.ndarray,
    count: float,
    *,
    tolerance: float = TOLERANCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Return one site's shifts and variances after parametric empirical Bayes.

    Shifts have a normal prior and variances an inverse gamma prior, whose parameters are matched to
    the moments over columns; the posterior modes are found by turns.

    Parameters
    ----------
    shift : array, shape (n_columns,)
        The site's mean in units of the pooled spread.
    residual : array, shape (n_columns,)
        Its sum of squared deviations from that mean, in units of the pooled variance.
    count : float
        Its patients. One alone tells nothing of spread, so that its variances are 1.
    tolerance : float

    Returns
    -------
    shift, variance : array, shape (n_columns,)
        As they were met, where there are fewer than two columns to learn a prior from.

    Source
    ------
    Johnson, Li and Rabinovic 2007, Biostatistics 8(1), 118-127, section 3.1, steps 2 and 3.

    Examples
    --------
    Shifts move towards their mean over columns, and more so where patients are few:

    >>> few, _ = shrink_site(np.array([0.0, 1.0]), np.array([3.0, 5.0]), 4)
    >>> many, _ = shrink_site(np.array([0.0, 1.0]), np.array([300.0, 500.0]), 400)
    >>> bool(0 < many[0] < few[0] < 0.5 < few[1] < many[1] < 1)
    True
    """
    variance = residual / (count - 1) if count > 1 else np.ones_like(shift)
    # A column without spread at this site says nothing of its stretch.
    variance = np.where(variance > NONE, variance, 1.0)
    if len(shift) < 2:
        return shift.copy(), variance
    prior_mean, prior_variance = shift.mean(), shift.var(ddof=1)
    if count <= 1:
        return _shift_given(variance, shift, count, prior_mean, prior_variance), variance
    shape, scale = _match_inverse_gamma(variance)
    met, old_shift, old_variance = shift, shift, variance
    half, divisor = residual / 2 + scale, count / 2 + shape - 1
    for _ in range(MOST_STEPS):
        new_shift = _shift_given(old_variance, met, count, prior_mean, prior_variance)
        if np.isinf(shape):
            new_variance = np.full_like(variance, scale)
        else:
            new_variance = met - new_shift
            new_variance *= new_variance
            new_variance *= count / 2
            new_variance += half
            new_variance /= divisor
        still = _is_still(old_shift, new_shift, tolerance) and _is_still(
            old_variance, new_variance, tolerance
        )
        old_shift, old_variance = new_shift, new_variance
        if still:
            break
    return old_shift, old_variance


def _shift_given(
    variance: np.ndarray, met: np.ndarray, count: float, mean: float, spread: float
) -> np.ndarray:
    # The prior's mean, and of what the site adds to it the share that its patients vouch for.
    return mean + (met - mean) * (count * spread / (count * spread + variance))


def _match_inverse_gamma(variance: np.ndarray) -> tuple[float, float]:
    """Match shape and scale to mean and variance; equal variances are a point, shape infinite."""
    mean, spread = float(variance.mean()), float(variance.var(ddof=1))
    if spread <= (1e-12 * mean) ** 2:
        return np.inf, mean
    return (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread


def _is_still(old: np.ndarray, new: np.ndarray, tolerance: float) -> bool:
    # The published programs divide by the old value with its sign, so that negative shifts are not
    # waited for. To wait for them too would move results in the sixth digit, away from theirs.
    return bool(((np.abs(new - old) <= tolerance * old) | (old < 0)).all())
