"""A number with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

METRICS = (
    "auc",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "brier_skill",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
)
"""Every metric a run reports, by the name it has everywhere: in JSON, in MLflow, in tables."""

POOLED = "patients of all folds together, the mean of the repeats"

BASES: dict[str, str] = {
    "auc": "patients ranked within the fold that held them out, the mean of the folds",
    "average_precision": POOLED,
    "balanced_accuracy": "patients of a fold, each called a responder above the share of those "
    "trained on, the mean of the folds",
    "brier": "the mean of the patients",
    "brier_skill": "the mean of the patients, against the share of responders of each training "
    "fold",
    "log_loss": "the mean of the patients",
    "calibration_intercept": POOLED,
    "calibration_slope": POOLED,
}
"""Of what a cross-validated metric is taken: a figure of folds and one of patients never mix."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the interval that says how well it is known.

    Parameters
    ----------
    value, low, high : float
    level : float
        The interval's nominal coverage.

    Examples
    --------
    >>> print(Estimate(0.6512, 0.58, 0.72))
    0.651 (95 % interval 0.580 to 0.720)
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        if not isfinite(self.value):
            return "cannot be estimated"
        return f"{self.value:.3f} ({100 * self.level:g} % interval {self.bounds})"

    @property
    def bounds(self) -> str:
        """The interval in words.

        Examples
        --------
        >>> Estimate(0.6512, 0.58, 0.72).bounds
        '0.580 to 0.720'
        >>> Estimate(0.6512, float("nan"), float("nan")).bounds
        'not known'
        """
        return f"{self.low:.3f} to {self.high:.3f}" if isfinite(self.low) else "not known"

    def say_difference(self, way: Literal["higher", "lower"]) -> str:
        """Say by how much something is higher or lower, never lower by less than nothing.

        Parameters
        ----------
        way : {"higher", "lower"}
            What a value above 0 means.

        Examples
        --------
        >>> print(Estimate(-0.047, -0.367, 0.273).say_difference("lower"))
        higher by 0.047 (95 % interval -0.273 to 0.367)
        """
        if self.value < 0:
            way = "lower" if way == "higher" else "higher"
            return f"{way} by {Estimate(-self.value, -self.high, -self.low, self.level)}"
        return f"{way} by {self}"

    def to_dict(self, name: str) -> dict[str, float]:
        """Return ``{name, name_low, name_high}``, the keys used in JSON and in MLflow."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def flatten_estimates(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """Return the values and bounds of estimates under the keys used in JSON and in MLflow.

    Examples
    --------
    >>> flatten_estimates({"auc": Estimate(0.6, 0.5, 0.7)})
    {'auc': 0.6, 'auc_low': 0.5, 'auc_high': 0.7}
    """
    return {
        key: value
        for name, estimate in estimates.items()
        for key, value in estimate.to_dict(name).items()
    }
