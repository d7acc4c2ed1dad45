"""What is looked at in every study, before its models are fitted and after.

One module a thing. What it finds is kept in the study's own run: tables, figures, texts, sentences.
"""

from collections.abc import Callable

from pipelines.examinations.added_value import examine_added_value
from pipelines.examinations.patients import describe_patients
from pipelines.examinations.permutations import examine_permutations
from pipelines.examinations.regions import describe_regions
from pipelines.examinations.values import (
    Assembled,
    Attachments,
    Examination,
    Trained,
    describe_known_outcomes,
    take_known_outcomes,
)

DESCRIPTIONS: tuple[Callable[[Assembled], Attachments], ...] = (
    describe_patients,
    describe_regions,
)
"""Made before the long work, so that what cannot be described stops a study at once."""

EXAMINATIONS: tuple[Examination, ...] = (
    examine_added_value,
    examine_permutations,
)
"""Made of the cross-validated models, in this order."""

__all__ = [
    "DESCRIPTIONS",
    "EXAMINATIONS",
    "Assembled",
    "Attachments",
    "Examination",
    "Trained",
    "describe_known_outcomes",
    "take_known_outcomes",
]
