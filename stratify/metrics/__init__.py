"""Discrimination, calibration and usefulness, each with an interval."""

from stratify.metrics.calibration import CalibrationCurve, compute_calibration_curve
from stratify.metrics.compute import (
    compute_auc,
    compute_balanced_accuracy,
    compute_brier,
    compute_brier_skill,
    compute_calibration,
    compute_log_loss,
)
from stratify.metrics.discrimination import (
    compute_auc_difference,
    compute_auc_interval,
    compute_average_precision,
)
from stratify.metrics.estimates import METRICS, Estimate
from stratify.metrics.intervals import (
    compute_bootstrap_interval,
    compute_corrected_difference,
    compute_corrected_interval,
    compute_corrected_p_value,
)
from stratify.metrics.null_distribution import compute_null_histogram, plot_null_distribution
from stratify.metrics.recalibration import Recalibration, fit_recalibration
from stratify.metrics.thresholds import compute_at_thresholds
from stratify.metrics.usefulness import (
    compute_decision_curve,
    compute_net_benefit,
    plot_decision_curve,
)

__all__ = [
    "METRICS",
    "CalibrationCurve",
    "Estimate",
    "Recalibration",
    "compute_at_thresholds",
    "compute_auc",
    "compute_auc_difference",
    "compute_auc_interval",
    "compute_average_precision",
    "compute_balanced_accuracy",
    "compute_bootstrap_interval",
    "compute_brier",
    "compute_brier_skill",
    "compute_calibration",
    "compute_calibration_curve",
    "compute_corrected_difference",
    "compute_corrected_interval",
    "compute_corrected_p_value",
    "compute_decision_curve",
    "compute_log_loss",
    "compute_net_benefit",
    "compute_null_histogram",
    "fit_recalibration",
    "plot_decision_curve",
    "plot_null_distribution",
]
