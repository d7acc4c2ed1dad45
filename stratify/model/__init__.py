"""Model families, calibration, and models ready for new patients."""

from stratify.model.classifier import (
    Engine,
    ResponderClassifier,
    Tuned,
    fit_labellings,
    fit_together,
)
from stratify.model.families import FAMILIES, FamilyName
from stratify.model.fitted import FittedModel, Predictions, fit_model
from stratify.model.stack import FoldClassifier, StackedClassifier, names_of, parts_of
from stratify.model.store import read_model, read_tuned, write_model, write_tuned

__all__ = [
    "FAMILIES",
    "Engine",
    "FamilyName",
    "FittedModel",
    "FoldClassifier",
    "Predictions",
    "ResponderClassifier",
    "StackedClassifier",
    "Tuned",
    "fit_labellings",
    "fit_model",
    "fit_together",
    "names_of",
    "parts_of",
    "read_model",
    "read_tuned",
    "write_model",
    "write_tuned",
]
