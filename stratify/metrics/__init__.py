"""Discrimination and calibration, each with an interval."""

from stratify.metrics.compute import (
    compute_auc,
    compute_balanced_accuracy,
    compute_brier,
    compute_calibration,
    compute_log_loss,
)
from stratify.metrics.estimates import METRICS, Estimate
from stratify.metrics.intervals import (
    compute_bootstrap_interval,
    compute_corrected_difference,
    compute_corrected_interval,
    compute_corrected_p_value,
)

__all__ = [
    "METRICS",
    "Estimate",
    "compute_auc",
    "compute_balanced_accuracy",
    "compute_bootstrap_interval",
    "compute_brier",
    "compute_calibration",
    "compute_corrected_difference",
    "compute_corrected_interval",
    "compute_corrected_p_value",
    "compute_log_loss",
]
