"""One figure of several completions of what is missing, by Rubin's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from stratify.metrics.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean of a figure over completions, and how well it is known.

    Parameters
    ----------
    value : float
    within, between : float
        The mean variance of a completion's own figure, and the variance of the figures.
    completions : int
    degrees : float
        Degrees of freedom of ``total``.
    """

    value: float
    within: float
    between: float
    completions: int
    degrees: float

    @property
    def total(self) -> float:
        """The variance of the mean: ``within + (1 + 1 / completions) * between``."""
        return self.within + self._added

    @property
    def missing_information(self) -> float:
        """The share of the variance that comes from what is missing; 0 where nothing is."""
        return self._added / self.total if self.total > 0 else 0.0

    @property
    def p_value(self) -> float:
        """Of the one-sided t test that the figure is above 0."""
        if not self.total > 0:
            return 1.0
        return float(stats.t.sf(self.value / np.sqrt(self.total), self.degrees))

    def to_estimate(self, level: float = 0.95) -> Estimate:
        """Return the value with its t interval."""
        half = float(stats.t.ppf((1 + level) / 2, self.degrees) * np.sqrt(self.total))
        return Estimate(self.value, self.value - half, self.value + half, level)

    @property
    def _added(self) -> float:
        return (1 + 1 / self.completions) * self.between


def pool(
    values: Sequence[float] | np.ndarray,
    variances: Sequence[float] | np.ndarray,
    *,
    degrees: float = np.inf,
) -> Pooled:
    """Pool figures of several completions of missing values, by Rubin's rules.

    The degrees of freedom are Satterthwaite's for the sum of the two variances, and never more
    than those of a completion by itself: with nothing missing they are just these, and with many
    patients they are Rubin's.

    Parameters
    ----------
    values, variances : array, shape (n_completions,)
        Each completion's figure, and its variance as if all of it had been observed.
    degrees : float
        Of ``variances``; small where they are estimated from a few folds.

    Source
    ------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 3.1; Satterthwaite 1946,
    Biometrics Bulletin 2, 110-114; Barnard and Rubin 1999, Biometrika 86, 948-955 (why no more
    degrees than without missing values).

    Examples
    --------
    >>> pooled = pool([0.60, 0.64, 0.62], [0.01, 0.01, 0.01])
    >>> round(pooled.value, 3), round(pooled.total, 6), round(pooled.missing_information, 3)
    (0.62, 0.010533, 0.051)
    """
    values, variances = np.asarray(values, dtype=float), np.asarray(variances, dtype=float)
    count, within = len(values), float(variances.mean())
    between = float(values.var(ddof=1)) if count > 1 else 0.0
    added = (1 + 1 / count) * between
    if added > 0:
        scatter = within**2 / degrees + added**2 / (count - 1)
        degrees = min(degrees, (within + added) ** 2 / scatter)
    return Pooled(float(values.mean()), within, between, count, degrees)


def pool_on_scale(
    values: Sequence[float] | np.ndarray,
    variances: Sequence[float] | np.ndarray,
    *,
    scale: Literal["plain", "logit"] = "plain",
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> tuple[Estimate, float]:
    """Pool a figure over completions, on the scale where its interval is symmetric.

    Parameters
    ----------
    values, variances : array, shape (n_completions,)
        As for `pool`; NaN where a completion has no figure.
    scale : {"plain", "logit"}
        With figures of 0 or 1 it is the plain one.
    bounds : (float, float)
        Where the figure must lie; an interval that reaches beyond is cut there.
    level : float

    Returns
    -------
    estimate : Estimate
        NaN where a completion has no figure, and without bounds where one has no variance.
    missing_information : float
        As in `Pooled`.

    Source
    ------
    Rubin 1987, section 3.1; Marshall et al. 2009, BMC Medical Research Methodology 9, 57 (the
    scale of the AUC).

    Examples
    --------
    >>> estimate, share = pool_on_scale([0.61, 0.62, 0.63, 0.64], [0.0025] * 4, scale="logit")
    >>> print(estimate, round(share, 2))
    0.625 (95 % interval 0.519 to 0.721) 0.08
    """
    values, variances = np.asarray(values, dtype=float), np.asarray(variances, dtype=float)
    if np.isnan(values).any():
        return Estimate(np.nan, np.nan, np.nan, level), 0.0
    on_logit = scale == "logit" and bool(((values > 0) & (values < 1)).all())
    if on_logit:
        variances = variances / (values * (1 - values)) ** 2
        values = logit(values)
    pooled = pool(values, variances)
    found = pooled.to_estimate(level)
    ends = np.array([found.value, found.low, found.high])
    value, low, high = map(float, np.clip(expit(ends) if on_logit else ends, *bounds))
    return Estimate(value, low, high, level), pooled.missing_information
