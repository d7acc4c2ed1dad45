"""Model families, calibration, and models ready for new patients."""

from stratify.model.classifier import ResponderClassifier
from stratify.model.families import FAMILIES, FamilyName
from stratify.model.fitted import FittedModel, Predictions, fit_model
from stratify.model.stack import FoldClassifier, StackedClassifier, names_of, parts_of
from stratify.model.store import read_model, write_model

__all__ = [
    "FAMILIES",
    "FamilyName",
    "FittedModel",
    "FoldClassifier",
    "Predictions",
    "ResponderClassifier",
    "StackedClassifier",
    "fit_model",
    "names_of",
    "parts_of",
    "read_model",
    "write_model",
]
