"""A study, as its file says it: its sections, and the rules that join them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from pipelines.sections import (
    AbstentionSection,
    CohortSection,
    ComputeSection,
    ConnectivitySection,
    FeatureSet,
    FeaturesSection,
    InstabilitySection,
    ModelsSection,
    PlanningSection,
    PreparationSection,
    QualitySection,
    QuestionSection,
    ResponseSection,
    Section,
    StudySection,
    SubgroupsSection,
    TargetsSection,
    TimeToEventSection,
    TrackingSection,
    UsefulnessSection,
    ValidationSection,
    VisitsSection,
    quoted,
    refuse,
)

if TYPE_CHECKING:
    from stratify.schema import Column
    from stratify.task import Task


class StudySettings(Section):
    """Everything about a study, as its file says it.

    Make one with `read_settings`, which makes paths absolute. Values are checked alone and
    together.

    Examples
    --------
    >>> study = StudySettings.model_validate({
    ...     "study": {"name": "madrs-under-both"},
    ...     "cohort": {"file": "cohort.csv", "columns": "columns.toml"},
    ...     "question": {"kind": "response under treatment", "treatment": "tms+ketamine"},
    ...     "response": {"name": "response", "followup": "madrs_week6",
    ...                  "baseline": "madrs_baseline", "drop": 0.5},
    ... })
    >>> study.validation.folds, study.experiment
    (5, 'madrs-under-both')
    """

    study: StudySection
    cohort: CohortSection
    connectivity: ConnectivitySection | None = Field(default=None, description="")
    quality: QualitySection = QualitySection()
    targets: TargetsSection | None = Field(default=None, description="")
    visits: VisitsSection | None = Field(default=None, description="")
    question: QuestionSection
    time_to_event: TimeToEventSection | None = Field(default=None, description="")
    response: ResponseSection | None = Field(default=None, description="")
    features: FeaturesSection = FeaturesSection()
    preparation: PreparationSection = PreparationSection()
    planning: PlanningSection = PlanningSection()
    validation: ValidationSection = ValidationSection()
    models: ModelsSection = ModelsSection()
    usefulness: UsefulnessSection = UsefulnessSection()
    subgroups: SubgroupsSection = SubgroupsSection()
    instability: InstabilitySection = InstabilitySection()
    abstention: AbstentionSection = AbstentionSection()
    tracking: TrackingSection = TrackingSection()
    compute: ComputeSection = ComputeSection()

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("connectivity")
    @classmethod
    def _data_sets_bring_their_own(
        cls, connectivity: ConnectivitySection | None, info: ValidationInfo
    ) -> ConnectivitySection | None:
        cohort = info.data.get("cohort")
        if connectivity is not None and cohort is not None and cohort.dataset is not None:
            raise refuse(
                f"a file of connectivity beside the data set {cohort.dataset!r}",
                "a data set brings its own connectivity",
                "Take [connectivity] out, or give the patients as cohort.file.",
            )
        return connectivity

    @field_validator("quality")
    @classmethod
    def _gates_have_their_scans(
        cls, quality: QualitySection, info: ValidationInfo
    ) -> QualitySection:
        cohort = info.data.get("cohort")
        no_file = info.data.get("connectivity", ...) is None
        if quality.gates and no_file and cohort is not None and cohort.dataset is None:
            raise refuse(
                f"gates on {', '.join(quality.gates)}, and there is no [connectivity]",
                "gates are on scans",
                "Add [connectivity] with its file, or take [quality] out.",
            )
        return quality

    @field_validator("targets")
    @classmethod
    def _targets_have_their_patients(
        cls, targets: TargetsSection | None, info: ValidationInfo
    ) -> TargetsSection | None:
        cohort = info.data.get("cohort")
        if targets is not None and cohort is not None and cohort.dataset is not None:
            raise refuse(
                f"a file of targets beside the data set {cohort.dataset!r}",
                "a data set brings its own targets",
                "Take [targets] out, or give the patients as cohort.file.",
            )
        return targets

    @field_validator("visits")
    @classmethod
    def _visits_have_their_patients(
        cls, visits: VisitsSection | None, info: ValidationInfo
    ) -> VisitsSection | None:
        if visits is None:
            return None
        cohort = info.data.get("cohort")
        if cohort is not None and cohort.dataset is not None:
            raise refuse(
                f"a file of visits beside the data set {cohort.dataset!r}",
                "a data set brings its own visits",
                "Take [visits] out, or give the patients as cohort.file.",
            )
        if visits.row == "period" and info.data.get("connectivity") is not None:
            raise refuse(
                'row = "period" with [connectivity]',
                "a matrix is of a patient, and this version does not say of which period",
                "Take [connectivity] out, or study one period of each patient.",
            )
        return visits

    @field_validator("response")
    @classmethod
    def _one_outcome(
        cls, response: ResponseSection | None, info: ValidationInfo
    ) -> ResponseSection | None:
        if "time_to_event" not in info.data:
            return response
        if response is None and info.data["time_to_event"] is None:
            raise PydanticCustomError("missing", "missing")
        if response is not None and info.data["time_to_event"] is not None:
            raise refuse(
                "both [response] and [time_to_event]",
                "a study has one outcome",
                "Take one of them out, and ask the other in a study of its own.",
            )
        return response

    @field_validator("features")
    @classmethod
    def _sets_have_their_data(
        cls, features: FeaturesSection, info: ValidationInfo
    ) -> FeaturesSection:
        cohort = info.data.get("cohort")
        no_file = info.data.get("connectivity", ...) is None and not info.data.get("targets")
        wanting = [one for one in features.sets or () if one != "clinical"]
        if wanting and no_file and cohort is not None and cohort.dataset is None:
            raise refuse(
                f"features.sets names {', '.join(map(quoted, wanting))}, and there is no "
                "[connectivity]",
                "these sets are made of connectivity",
                'Add [connectivity] with its file, or write sets = ["clinical"].',
            )
        if features.clinical is not None and features.sets == ("connectivity",):
            raise refuse(
                'features.clinical with features.sets = ["connectivity"]',
                "clinical columns are used by the sets clinical and both",
                "Take features.clinical out, or add a set that uses it.",
            )
        return features

    @field_validator("validation")
    @classmethod
    def _held_out_sites_are_not_harmonised(
        cls, validation: ValidationSection, info: ValidationInfo
    ) -> ValidationSection:
        preparation = info.data.get("preparation")
        harmonises = preparation is not None and preparation.harmonise != "none"
        if harmonises and validation.scheme == "leave one site out":
            raise refuse(
                'scheme = "leave one site out" with preparation.harmonise',
                "nothing is known of a site that is held out, so it cannot be harmonised",
                'Take harmonise out, or use scheme = "stratified".',
            )
        return validation

    @property
    def experiment(self) -> str:
        """The experiment the study's runs are kept in."""
        return self.tracking.experiment or self.study.name

    def feature_sets(self, has: Sequence[FeatureSet]) -> tuple[FeatureSet, ...]:
        """Return the feature sets to compare, given those the data have (`Table.has`)."""
        return self.features.sets or tuple(has)

    @property
    def uses_connectivity(self) -> bool:
        """Whether any feature set asked for needs connectivity, or none is named."""
        return self.features.sets is None or self.features.sets != ("clinical",)

    def task(self, columns: Sequence[Column] = ()) -> Task:
        """Return the study's question, as the library knows it.

        Parameters
        ----------
        columns : sequence of Column
            The cohort's; needed where the response rule finds its columns by their visit. The
            treatment and the condition are spelt as they are there.
        """
        from stratify.cohort.spelling import respell
        from stratify.task import Task

        levels: dict[str, tuple[str, ...]] = {column.role: column.levels for column in columns}
        asked = {
            role: None if value is None else respell(value, levels.get(role, ()))
            for role, value in (
                ("treatment", self.question.treatment),
                ("condition", self.question.condition),
            )
        }
        if self.time_to_event is not None:
            rule = self.time_to_event.make().make_rule()
        else:
            assert self.response is not None
            rule = self.response.make_rule(columns)
        return Task(
            rule=rule,
            question=self.question.kind,
            treatment=asked["treatment"],
            condition=asked["condition"],
            clinical=self._features_named(),
            together=self.validation.together,
            landmark=self.question.landmark,
        )

    def _features_named(self) -> tuple[str, ...] | None:
        """Return the columns named as features; those made of targets are among them."""
        named = self.features.clinical
        if named is None or self.targets is None or not self.uses_connectivity:
            return named
        return tuple(dict.fromkeys((*named, *self.targets.features)))

    def to_toml(self, *, atlas: str = "") -> str:
        """Return the study as a file, every default written out and paths relative as before.

        Reading it from the folder of the original file gives equal settings.

        Parameters
        ----------
        atlas : str
            Of the scans that were read, written where the study does not name it, so that new
            patients' are read of the same.
        """
        import tomlkit

        values = self.model_dump()
        if atlas and self.connectivity is not None and not self.connectivity.atlas:
            values["connectivity"]["atlas"] = atlas
        return tomlkit.dumps(_as_toml(values, self._folder))

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked and how: question, response, features, preparation, ...

        Of whom it is asked has a digest of its own (`Table.digest`). The study's name, where runs
        are kept, and the number of workers change no result, so they are not in it.
        """
        asked = self.model_dump(
            mode="json",
            include={"question", "response", "features", "preparation", "validation", "models"}
            | ({"time_to_event"} if self.time_to_event is not None else set()),
        )
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _as_toml(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return values as TOML takes them: nothing for None, paths found from a folder."""
    written: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            table = _as_toml(value, folder)
            written |= {key: table} if table else {}
        elif isinstance(value, Path):
            written[key] = _relative(value, folder)
        elif value is not None:
            written[key] = list(value) if isinstance(value, tuple) else value
    return written


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # Another drive.
        return path.as_posix()
