"""Discrimination, calibration and usefulness, each with an interval."""

from stratify.metrics.calibration import CalibrationCurve, compute_calibration_curve
from stratify.metrics.compute import (
    compute_auc,
    compute_aucs,
    compute_balanced_accuracy,
    compute_brier,
    compute_brier_skill,
    compute_calibration,
    compute_calibration_intercept,
    compute_calibration_slope,
    compute_log_loss,
)
from stratify.metrics.discrimination import (
    compute_auc_difference,
    compute_auc_interval,
    compute_average_precision,
)
from stratify.metrics.estimates import BASES, METRICS, Estimate, flatten_estimates
from stratify.metrics.held_out import compute_held_out_estimates
from stratify.metrics.intervals import (
    compute_bootstrap_interval,
    compute_corrected_difference,
    compute_corrected_interval,
    compute_corrected_p_value,
)
from stratify.metrics.learning import plot_learning_curve
from stratify.metrics.nested import compute_nested_interval
from stratify.metrics.null_distribution import compute_null_histogram, plot_null_distribution
from stratify.metrics.out_of_bag import (
    BestOf,
    compute_best_of,
    compute_out_of_bag_interval,
    compute_out_of_bag_variance,
)
from stratify.metrics.pooling import Pooled, pool, pool_on_scale
from stratify.metrics.recalibration import Recalibration, fit_recalibration
from stratify.metrics.riley import compute_auc_half_width
from stratify.metrics.sample_size import (
    SampleSize,
    Support,
    compute_sample_size,
    compute_sample_sizes,
    compute_support,
    plot_sample_sizes,
)
from stratify.metrics.subgroups import Subgroups, compute_subgroups, plot_subgroups
from stratify.metrics.thresholds import compute_at_thresholds
from stratify.metrics.usefulness import (
    compute_decision_curve,
    compute_net_benefit,
    plot_decision_curve,
)
from stratify.metrics.weighted import (
    compute_weighted_auc,
    compute_weighted_average_precision,
    compute_weighted_balanced_accuracy,
    compute_weighted_mean,
    compute_weighted_skill,
)

__all__ = [
    "BASES",
    "METRICS",
    "BestOf",
    "CalibrationCurve",
    "Estimate",
    "Pooled",
    "Recalibration",
    "SampleSize",
    "Subgroups",
    "Support",
    "compute_at_thresholds",
    "compute_auc",
    "compute_auc_difference",
    "compute_auc_half_width",
    "compute_auc_interval",
    "compute_aucs",
    "compute_average_precision",
    "compute_balanced_accuracy",
    "compute_best_of",
    "compute_bootstrap_interval",
    "compute_brier",
    "compute_brier_skill",
    "compute_calibration",
    "compute_calibration_curve",
    "compute_calibration_intercept",
    "compute_calibration_slope",
    "compute_corrected_difference",
    "compute_corrected_interval",
    "compute_corrected_p_value",
    "compute_decision_curve",
    "compute_held_out_estimates",
    "compute_log_loss",
    "compute_nested_interval",
    "compute_net_benefit",
    "compute_null_histogram",
    "compute_out_of_bag_interval",
    "compute_out_of_bag_variance",
    "compute_sample_size",
    "compute_sample_sizes",
    "compute_subgroups",
    "compute_support",
    "compute_weighted_auc",
    "compute_weighted_average_precision",
    "compute_weighted_balanced_accuracy",
    "compute_weighted_mean",
    "compute_weighted_skill",
    "fit_recalibration",
    "flatten_estimates",
    "plot_decision_curve",
    "plot_learning_curve",
    "plot_null_distribution",
    "plot_sample_sizes",
    "plot_subgroups",
    "pool",
    "pool_on_scale",
]
