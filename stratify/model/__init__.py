"""Model families, calibration, and models ready for new patients."""

from stratify.model.classifier import ResponderClassifier
from stratify.model.cpm import P_THRESHOLDS, ConnectomePredictiveModel
from stratify.model.cpm_permutations import CpmPermutations, fit_cpm_permutations
from stratify.model.edge_correlations import compute_edge_correlations
from stratify.model.families import FAMILIES, FamilyName
from stratify.model.fitted import FittedModel, Predictions, fit_model
from stratify.model.store import read_model, write_model

__all__ = [
    "FAMILIES",
    "P_THRESHOLDS",
    "ConnectomePredictiveModel",
    "CpmPermutations",
    "FamilyName",
    "FittedModel",
    "Predictions",
    "ResponderClassifier",
    "compute_edge_correlations",
    "fit_cpm_permutations",
    "fit_model",
    "read_model",
    "write_model",
]
