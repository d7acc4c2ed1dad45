"""Bring a model's likelihoods into line with a new site: one number, or two."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from scipy import stats

from stratify.errors import DataError, Fault, count_of
from stratify.metrics.arrays import check_scores
from stratify.metrics.estimates import Estimate
from stratify.metrics.logistic import fit_logistic

Method = Literal["intercept", "intercept and slope"]
METHODS: tuple[str, ...] = get_args(Method)

LEAST_OF_EACH_CLASS = {"intercept": 10, "intercept and slope": 20}
"""Ten patients of the rarer class for each number that is learned."""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What turns a model's log-odds into those of another site: ``intercept + slope * log_odds``.

    Ranks, and with them the AUC, are as before; only how high the likelihoods are changes.

    Parameters
    ----------
    method : {"intercept", "intercept and slope"}
    intercept, slope : Estimate
        The slope is exactly 1 where only the intercept was learned.
    patients, events : int
        Of the site it was learned from.
    covariance : float
        Of intercept and slope; 0 where only the intercept was learned.

    Examples
    --------
    >>> sure = Estimate(1.0, 1.0, 1.0)
    >>> Recalibration("intercept", Estimate(-0.5, -0.9, -0.1), sure, 80, 30).apply(np.array([0.0]))
    array([-0.5])
    """

    method: Method
    intercept: Estimate
    slope: Estimate
    patients: int
    events: int
    covariance: float = 0.0

    @property
    def variances(self) -> tuple[float, float]:
        """Of intercept and slope, from their normal intervals."""
        found = []
        for one in (self.intercept, self.slope):
            z = stats.norm.ppf((1 + one.level) / 2)
            found.append(float(((one.high - one.low) / 2 / z) ** 2))
        return found[0], found[1]

    def apply(self, log_odds: np.ndarray) -> np.ndarray:
        """Return log-odds for that site, each patient by itself."""
        return self.intercept.value + self.slope.value * np.asarray(log_odds, dtype=float)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, object]) -> Recalibration:
        """Read back what `to_dict` returned."""
        read = dict(values)
        for name in ("intercept", "slope"):
            read[name] = Estimate(**read[name])  # type: ignore[arg-type]
        return cls(**read)  # type: ignore[arg-type]

    def __str__(self) -> str:
        learned = f"intercept {self.intercept}"
        if self.method != "intercept":
            learned += f", slope {self.slope}"
        return f"{learned}, from {count_of(self.patients, 'patient')} ({self.events} responders)"


def fit_recalibration(
    y: np.ndarray, log_odds: np.ndarray, *, method: Method = "intercept", level: float = 0.95
) -> Recalibration:
    """Learn from patients of a new site how its likelihoods differ from a model's.

    The intercept alone mends another share of responders, the first cause of miscalibration; the
    slope as well mends likelihoods that are too extreme or too timid there, and needs more
    patients.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,)
        The model's, as it was brought to the site.
    method : {"intercept", "intercept and slope"}
    level : float
        Of the normal intervals of intercept and slope.

    Raises
    ------
    DataError
        If there are fewer than 10 (intercept) or 20 (both) patients of a class, if no slope can be
        fitted, or if it would turn the ranks round: such a model says the opposite there.

    Source
    ------
    Steyerberg et al. 2004, Statistics in Medicine 23, 2567-2586; Vergouwe et al. 2017, Statistics
    in Medicine 36, 4529-4539 (how much to update).

    Examples
    --------
    >>> y, log_odds = np.array([0] * 30 + [1] * 10), np.zeros(40)
    >>> round(float(fit_recalibration(y, log_odds).apply(np.zeros(1))[0]), 4)
    -1.0986
    """
    y, scores = check_scores(y, log_odds, "log_odds")
    require_method(method)
    f = scores[0]
    require_enough(y, f, method)
    z = stats.norm.ppf((1 + level) / 2)
    if method == "intercept":
        coefficients, covariance = fit_logistic(np.ones((len(y), 1)), y, f)
        slope, together = Estimate(1.0, 1.0, 1.0, level), 0.0
    else:
        coefficients, covariance = fit_logistic(np.column_stack([np.ones(len(y)), f]), y)
        slope = _estimate(coefficients[1], covariance[1, 1], z, level)
        require_slope(slope.value)
        together = float(covariance[0, 1])
    intercept = _estimate(coefficients[0], covariance[0, 0], z, level)
    return Recalibration(method, intercept, slope, len(y), int(y.sum()), together)


def _estimate(value: float, variance: float, z: float, level: float) -> Estimate:
    half = z * np.sqrt(variance)
    return Estimate(float(value), float(value - half), float(value + half), level)


def require_method(method: str) -> None:
    """Refuse a method that is none."""
    if method not in METHODS:
        raise DataError(
            Fault(
                where="method",
                met=repr(method),
                wanted=" or ".join(repr(known) for known in METHODS),
                way_out="Choose one of them.",
            )
        )


def require_enough(y: np.ndarray, f: np.ndarray, method: Method) -> None:
    """Refuse to learn from too few of either outcome, or a slope of likelihoods all the same.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    f : array, shape (n_patients,)
        The model's scores.
    method : {"intercept", "intercept and slope"}
    """
    least, rarer = LEAST_OF_EACH_CLASS[method], int(min(y.sum(), (1 - y).sum()))
    if rarer < least:
        raise DataError(
            Fault(
                where=f"recalibration of {method}",
                met=f"{count_of(rarer, 'patient')} of the rarer outcome",
                wanted=f"at least {least} of each, 10 for each number learned",
                way_out="Recalibrate the intercept only, or gather more patients."
                if rarer >= LEAST_OF_EACH_CLASS["intercept"]
                else "Gather more patients of this site.",
            )
        )
    if method != "intercept" and np.ptp(f) < 1e-9:
        raise DataError(
            Fault(
                where=f"recalibration of {method}",
                met="the same likelihood for every patient",
                wanted="likelihoods that differ",
                way_out="Recalibrate the intercept only.",
            )
        )


def require_slope(slope: float) -> None:
    """Refuse a slope that would turn ranks round."""
    if not slope > 0:
        met = "no slope can be fitted" if np.isnan(slope) else f"a slope of {slope:.2f}"
        raise DataError(
            Fault(
                where="recalibration of intercept and slope",
                met=met,
                wanted="a slope above 0, which keeps the order of patients",
                way_out="The model does not order this site's patients; do not use it there.",
            )
        )
