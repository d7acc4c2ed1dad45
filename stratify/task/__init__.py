"""The question of a study, and the table that answers it."""

from stratify.task.assemble import assemble
from stratify.task.values import (
    FEATURE_SETS,
    QUESTIONS,
    SCHEMES,
    FeatureSet,
    Question,
    Scheme,
    Table,
    Task,
    Together,
)

__all__ = [
    "FEATURE_SETS",
    "QUESTIONS",
    "SCHEMES",
    "FeatureSet",
    "Question",
    "Scheme",
    "Table",
    "Task",
    "Together",
    "assemble",
]
