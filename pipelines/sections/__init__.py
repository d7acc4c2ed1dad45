"""The sections of a study file."""

from pipelines.sections.base import FilePath, Section, Text, quoted, refuse
from pipelines.sections.cohort import CohortSection, VisitsSection
from pipelines.sections.connectivity import ConnectivitySection, QualitySection, TargetsSection
from pipelines.sections.features import FeatureSet, FeaturesSection, PreparationSection
from pipelines.sections.means import ComputeSection, TrackingSection
from pipelines.sections.planning import PlanningSection
from pipelines.sections.question import QuestionSection
from pipelines.sections.response import ResponseSection
from pipelines.sections.study import StudySection
from pipelines.sections.time_to_event import TimeToEventSection
from pipelines.sections.validation import ModelsSection, ValidationSection
from pipelines.sections.worth import (
    AbstentionSection,
    InstabilitySection,
    SubgroupsSection,
    UsefulnessSection,
)

__all__ = [
    "AbstentionSection",
    "CohortSection",
    "ComputeSection",
    "ConnectivitySection",
    "FeatureSet",
    "FeaturesSection",
    "FilePath",
    "InstabilitySection",
    "ModelsSection",
    "PlanningSection",
    "PreparationSection",
    "QualitySection",
    "QuestionSection",
    "ResponseSection",
    "Section",
    "StudySection",
    "SubgroupsSection",
    "TargetsSection",
    "Text",
    "TimeToEventSection",
    "TrackingSection",
    "UsefulnessSection",
    "ValidationSection",
    "VisitsSection",
    "quoted",
    "refuse",
]
