"""Model families, calibration, and models ready for new patients."""

from stratify.model.adapt import adapt_to_sites
from stratify.model.average import AveragedClassifier, OneFit
from stratify.model.classifier import (
    Engine,
    ResponderClassifier,
    Tuned,
    fit_labellings,
    fit_together,
)
from stratify.model.cpm import P_THRESHOLDS, ConnectomePredictiveModel
from stratify.model.cpm_permutations import CpmPermutations, fit_cpm_permutations
from stratify.model.edge_correlations import compute_edge_correlations
from stratify.model.encoded import Encoder
from stratify.model.families import FAMILIES, FamilyName
from stratify.model.fitted import (
    FittedModel,
    Predictions,
    SiteCalibration,
    fit_model,
    make_fitted_model,
)
from stratify.model.likeness import Familiar, Likeness, make_familiar
from stratify.model.limits import Limits, Silence, make_limits
from stratify.model.outcome_sets import CONFIDENCE, OutcomeSets, make_outcome_sets
from stratify.model.parts import FoldClassifier, parts_of
from stratify.model.recalibrate import recalibrate
from stratify.model.scope import Scope, scope_of
from stratify.model.stack import StackedClassifier, names_of
from stratify.model.store import read_model, read_tuned, write_model, write_tuned

__all__ = [
    "CONFIDENCE",
    "FAMILIES",
    "P_THRESHOLDS",
    "AveragedClassifier",
    "ConnectomePredictiveModel",
    "CpmPermutations",
    "Encoder",
    "Engine",
    "Familiar",
    "FamilyName",
    "FittedModel",
    "FoldClassifier",
    "Likeness",
    "Limits",
    "OneFit",
    "OutcomeSets",
    "Predictions",
    "ResponderClassifier",
    "Scope",
    "Silence",
    "SiteCalibration",
    "StackedClassifier",
    "Tuned",
    "adapt_to_sites",
    "compute_edge_correlations",
    "fit_cpm_permutations",
    "fit_labellings",
    "fit_model",
    "fit_together",
    "make_familiar",
    "make_fitted_model",
    "make_limits",
    "make_outcome_sets",
    "names_of",
    "parts_of",
    "read_model",
    "read_tuned",
    "recalibrate",
    "scope_of",
    "write_model",
    "write_tuned",
]
