"""Censored outcomes, such as relapse: Cox models, and the figures that fit them."""

from stratify.time_to_event.accuracy import (
    HorizonCalibration,
    compute_brier_parts,
    compute_horizon_calibration,
    weigh_for_horizon,
)
from stratify.time_to_event.canary import check_shuffled_times
from stratify.time_to_event.comparison import compare_followed
from stratify.time_to_event.concordance import compute_auc_at, compute_harrell_c, compute_uno_c
from stratify.time_to_event.cox import (
    BaselineHazard,
    compute_baseline_hazard,
    compute_partial_likelihood,
    fit_cox,
)
from stratify.time_to_event.curves import (
    SurvivalCurve,
    compute_censoring_curve,
    compute_kaplan_meier,
)
from stratify.time_to_event.evaluate import (
    BASES,
    TimeToEventEvaluation,
    compute_brier_gain,
    compute_strictly,
    cross_validate_cox,
    evaluate_baselines,
)
from stratify.time_to_event.explanation import explain_followed
from stratify.time_to_event.external import FollowedValidation, validate_followed
from stratify.time_to_event.followed_model import (
    FollowedModel,
    fit_followed_model,
    read_followed_model,
    write_followed_model,
)
from stratify.time_to_event.lasting import add_lost_response
from stratify.time_to_event.model import FittedCox, fit_cox_model
from stratify.time_to_event.outcome import CensoredOutcome, FollowedTable, assemble_followed
from stratify.time_to_event.plots import plot_horizon_calibration, plot_risk_groups
from stratify.time_to_event.recalibration import FollowedRecalibration, recalibrate_followed
from stratify.time_to_event.verdict import TimeToEventVerdict, make_time_to_event_verdict

__all__ = [
    "BASES",
    "BaselineHazard",
    "CensoredOutcome",
    "FittedCox",
    "FollowedModel",
    "FollowedRecalibration",
    "FollowedTable",
    "FollowedValidation",
    "HorizonCalibration",
    "SurvivalCurve",
    "TimeToEventEvaluation",
    "TimeToEventVerdict",
    "add_lost_response",
    "assemble_followed",
    "check_shuffled_times",
    "compare_followed",
    "compute_auc_at",
    "compute_baseline_hazard",
    "compute_brier_gain",
    "compute_brier_parts",
    "compute_censoring_curve",
    "compute_harrell_c",
    "compute_horizon_calibration",
    "compute_kaplan_meier",
    "compute_partial_likelihood",
    "compute_strictly",
    "compute_uno_c",
    "cross_validate_cox",
    "evaluate_baselines",
    "explain_followed",
    "fit_cox",
    "fit_cox_model",
    "fit_followed_model",
    "make_time_to_event_verdict",
    "plot_horizon_calibration",
    "plot_risk_groups",
    "read_followed_model",
    "recalibrate_followed",
    "validate_followed",
    "weigh_for_horizon",
    "write_followed_model",
]
