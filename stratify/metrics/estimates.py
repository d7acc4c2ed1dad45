"""A number with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

METRICS = (
    "auc",
    "balanced_accuracy",
    "brier",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
)
"""Every metric a run reports, by the name it has everywhere: in JSON, in MLflow, in tables."""


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
        bounds = f"{self.low:.3f} to {self.high:.3f}" if isfinite(self.low) else "not known"
        return f"{self.value:.3f} ({100 * self.level:g} % interval {bounds})"

    def to_dict(self, name: str) -> dict[str, float]:
        """Return ``{name, name_low, name_high}``, the keys used in JSON and in MLflow."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}
