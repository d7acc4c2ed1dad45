"""What is looked at in every study, before its models are fitted and after.

One module a thing. What it finds is kept in the study's own run, or in the run of the model it is
of: tables, figures, texts, sentences.
"""

from collections.abc import Callable

from pipelines.examinations.added_value import examine_added_value
from pipelines.examinations.baselines import examine_baselines
from pipelines.examinations.group_matrix import describe_group_matrix
from pipelines.examinations.instability import examine_instability
from pipelines.examinations.learning import examine_learning
from pipelines.examinations.motion import describe_motion
from pipelines.examinations.patients import describe_patients
from pipelines.examinations.permutations import examine_permutations
from pipelines.examinations.regions import describe_regions
from pipelines.examinations.site_decoding import describe_site_decoding
from pipelines.examinations.sites import examine_sites
from pipelines.examinations.subgroups import describe_groupings, examine_subgroups
from pipelines.examinations.tried import examine_tried
from pipelines.examinations.usefulness import examine_usefulness
from pipelines.examinations.values import (
    Assembled,
    Attachments,
    Examination,
    Trained,
    say_of_whom,
)
from pipelines.examinations.where import examine_where_a_model_looks

DESCRIPTIONS: tuple[Callable[[Assembled], Attachments], ...] = (
    describe_patients,
    describe_regions,
    describe_group_matrix,
    describe_motion,
    describe_site_decoding,
    describe_groupings,
)
"""Made before the long work, so that what cannot be described stops a study at once."""

EXAMINATIONS: tuple[Examination, ...] = (
    examine_baselines,
    examine_added_value,
    examine_permutations,
    examine_tried,
    examine_learning,
    examine_where_a_model_looks,
    examine_sites,
    examine_usefulness,
    examine_subgroups,
    examine_instability,
)
"""Made of the cross-validated models, in this order."""

__all__ = [
    "DESCRIPTIONS",
    "EXAMINATIONS",
    "Assembled",
    "Attachments",
    "Examination",
    "Trained",
    "say_of_whom",
]
