"""What a study file can say: its sections, their settings, defaults, ranges and rules."""

from __future__ import annotations

import hashlib
import json
import os
import re
import types
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticUndefined

if TYPE_CHECKING:
    from stratify.outcome import ResponseRule
    from stratify.preprocess import Preparation
    from stratify.schema import Column
    from stratify.task import Task

# The words of stratify.task, stratify.outcome and stratify.connectome, said again here so that a
# study file is read without importing pandas. A test holds the two equal.
Question = Literal["response under treatment", "prognosis", "diagnosis"]
FeatureSet = Literal["clinical", "connectivity", "both", "late fusion"]
Representation = Literal[
    "edges", "network blocks", "seeds", "partial correlation", "tangent", "graph"
]
Harmonisation = Literal["none", "combat"]
UnseenSite = Literal["refuse", "reference"]
Together = Literal["patient", "family", "site"]
MissingOutcome = Literal["excluded", "nonresponse", "response"]
ConnectivityKind = Literal[
    "pearson r",
    "fisher z",
    "partial correlation",
    "covariance",
    "coherence",
    "imaginary coherence",
    "plv",
    "ciplv",
    "ppc",
    "pli",
    "wpli",
    "debiased wpli",
    "envelope correlation",
]
ConnectivityFormat = Literal[
    "edges",
    "stack",
    "matrices",
    "timeseries",
    "xcpd",
    "cpac",
    "conn",
    "mne",
    "dpabi",
    "regional",
]
VisitsFormat = Literal["long", "wide"]
VisitsRow = Literal["patient", "period"]
OnFirstDay = Literal["during", "before"]
CohortFormat = Literal["table", "bids", "redcap"]
PermutedFamily = Literal["logistic", "svm", "ridge", "forest", "xgboost", "cpm"]
Within = Literal["cohort", "site", "treatment"]
Engine = Literal["fast", "reference"]
Backend = Literal["processes", "dask"]
Family = Literal["prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"]

GAIN = "gain over comparator"


def _refuse(met: str, wanted: str, way_out: str) -> PydanticCustomError:
    """Make the error of a rule that joins several settings, in the parts of a Fault."""
    return PydanticCustomError("rule", "{met}", {"met": met, "wanted": wanted, "way_out": way_out})


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        named = ", ".join(map(quoted, twice))
        raise _refuse(f"{named} more than once", "each is named once", "Take the others out.")
    return values


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
"""One line that is not empty and neither begins nor ends with a space."""


def _not_empty(value: object) -> object:
    if value == "":
        raise _refuse("empty text", "it takes a path", "Name a file, or take the setting out.")
    return value


FilePath = Annotated[Path, Field(strict=False), BeforeValidator(_not_empty)]


class Section(BaseModel):
    """A section of the study file: frozen, typed strictly, closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )


class StudySection(Section):
    """What the study is called."""

    name: Text = Field(
        description="What the study is called in runs, reports and `stratify explain NAME`."
    )
    description: str = Field(default="", description="What it is for, in a sentence or two.")

    @field_validator("name")
    @classmethod
    def _tells_apart_from_a_run(cls, name: str) -> str:
        if "@" in name or re.fullmatch(r"[0-9a-f]{32}", name):
            raise _refuse(
                quoted(name),
                "a name that cannot be mistaken for a run id (32 hexadecimal digits) or for an "
                'alias ("model@alias")',
                "Choose a name in words.",
            )
        return name


class CohortSection(Section):
    """Who the patients are: a table of your own, or a public data set."""

    file: FilePath | None = Field(
        default=None,
        description="The table of patients (CSV, TSV, Parquet or XLSX), a BIDS folder, or a REDCap "
        "export.",
    )
    format: CohortFormat | None = Field(
        default=None, description="What `file` is; guessed from the path, if not given."
    )
    dataset: Text | None = Field(
        default=None,
        description="Instead of `file`: the name of a data set that `stratify.datasets` has.",
    )
    columns: FilePath | None = Field(
        default=None,
        description="The dictionary of the table's columns (TOML); needed with `file`. "
        "`stratify describe` drafts one.",
    )

    @field_validator("dataset")
    @classmethod
    def _one_source(cls, dataset: str | None, info: ValidationInfo) -> str | None:
        if "file" in info.data and (dataset is None) == (info.data["file"] is None):
            raise _refuse(
                "neither file nor dataset" if dataset is None else "both file and dataset",
                "patients come from exactly one of them",
                "Give cohort.file (with cohort.columns) for a table of your own, or "
                "cohort.dataset for a public one.",
            )
        return dataset

    @field_validator("columns")
    @classmethod
    def _table_has_its_dictionary(cls, columns: Path | None, info: ValidationInfo) -> Path | None:
        if columns is None and info.data.get("file") is not None:
            raise _refuse(
                "cohort.file without cohort.columns",
                "a table comes with the dictionary that says what its columns mean",
                'Add columns = "columns.toml" under [cohort].',
            )
        if columns is not None and info.data.get("dataset") is not None:
            raise _refuse(
                "a dictionary beside a data set",
                "a dictionary describes a table of your own; a data set brings its own",
                "Take cohort.columns out, or give cohort.file instead of cohort.dataset.",
            )
        return columns


class ConnectivitySection(Section):
    """Where the connectivity is, if there is any (a data set brings its own)."""

    file: FilePath = Field(
        description="Edge table (Parquet, CSV, TSV), stack of matrices (.npz, .npy, .mat), a "
        "folder with one file of a matrix or of signals a patient, or what XCP-D, C-PAC, CONN, "
        "DPABI, MNE-Connectivity or `stratify extract` wrote.",
    )
    format: ConnectivityFormat | None = Field(
        default=None,
        description="What `file` is; guessed from the names, if not given. `regional` values (one "
        "a region, of SPECT, PET or fluctuations) are never guessed.",
    )
    kind: ConnectivityKind | None = Field(
        default=None,
        description="What a cell of a matrix is; needed where the file does not say it itself, "
        "and for signals, of which it is computed.",
    )
    separator: str = Field(
        default="~", min_length=1, description="What stands between two regions in an edge's name."
    )
    regions: FilePath | None = Field(
        default=None,
        description="The regions in the order of the matrices, and their networks, where the "
        "connectivity file does not name them.",
    )
    patients: FilePath | None = Field(
        default=None,
        description="A file with one patient a line, in the order of a stack that does not name "
        "them (CONN's neither); or a table with the columns `file` and `patient`, for files that "
        "call patients otherwise.",
    )
    patient_column: Text | None = Field(
        default=None,
        description="The column of an edge table that names the patients; `patient` and "
        "`participant_id` are found without it.",
    )
    atlas: str = Field(
        default="",
        description="The atlas and its version, for reports; of a folder with several, the one to "
        "read.",
    )
    session: Text | None = Field(
        default=None,
        description="Which session of a patient to read, or `average` for the average of all in "
        "Fisher z; patients with several are refused without.",
    )
    run: Text | None = Field(default=None, description="The same of runs.")
    entities: dict[Text, Text] = Field(
        default={}, description="What else the names of the files to read say."
    )
    measure: Text | None = Field(
        default=None, description="What regional values are: `perfusion`, `alff`."
    )
    unit: Text | None = Field(
        default=None,
        description="Their unit, where the table does not say it: `ratio to cerebellum`.",
    )
    tracer: Text | None = Field(
        default=None, description="The tracer to read of a table that holds several."
    )
    band: Text | None = Field(
        default=None,
        description="The band of an EEG, where files hold several: `alpha`, or `8-12 Hz`.",
    )
    repetition_time: float | None = Field(
        default=None,
        gt=0,
        description="Seconds between two volumes, where no file says it; minutes follow from it.",
    )
    fd_threshold: float | None = Field(
        default=None,
        gt=0,
        description="Volumes of signals that moved further, in mm, are left out.",
    )
    motion: FilePath | None = Field(
        default=None,
        description="The files of framewise displacement, with `{patient}` where the name stands; "
        "found beside the signals without it.",
    )
    networks: dict[Text, Text] = Field(
        default={}, description="The network of a region, where the file's own is absent or wrong."
    )

    @field_validator("measure")
    @classmethod
    def _regional_values_have_their_measure(
        cls, measure: str | None, info: ValidationInfo
    ) -> str | None:
        regional = info.data.get("format") == "regional"
        if "format" in info.data and (measure is not None) != regional:
            raise _refuse(
                "no measure of regional values" if regional else "a measure of connectivity",
                "regional values, and they alone, are of a measure",
                'Add measure, such as "perfusion".'
                if regional
                else 'Take measure out, or write format = "regional".',
            )
        return measure

    @property
    def is_regional(self) -> bool:
        """Whether the file holds one value a region, and no connectivity."""
        return self.format == "regional"

    @property
    def reading(self) -> dict[str, Any]:
        """The settings as the library's reader takes them, beside the file.

        The reader is `stratify.connectome.read_connectomes`, or, of regional values,
        `read_regional_values`.
        """
        shared = {
            "regions": self.regions,
            "networks": self.networks or None,
            "atlas": self.atlas,
            "session": self.session,
            "run": self.run,
            "entities": self.entities or None,
            "patient_column": self.patient_column,
        }
        if self.is_regional:
            return shared | {
                "measure": self.measure,
                "unit": self.unit or "",
                "tracer": self.tracer or "",
            }
        return shared | {
            "format": self.format,
            "kind": self.kind,
            "separator": self.separator,
            "patients": self.patients,
            "band": self.band,
            "repetition_time": self.repetition_time,
            "fd_threshold": self.fd_threshold,
            "motion": self.motion,
        }


class QualitySection(Section):
    """Which scans are good enough; patients whose scan is not are left out and counted."""

    most_mean_fd: float | None = Field(
        default=None, gt=0, description="The most mean framewise displacement, in mm."
    )
    least_coverage: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The least share of the regions that a scan covers.",
    )
    least_volumes: int | None = Field(
        default=None, ge=1, description="The least volumes left after censoring."
    )
    least_minutes: float | None = Field(
        default=None, gt=0, description="The least minutes of scan left after censoring."
    )

    @property
    def gates(self) -> dict[str, float]:
        """The limits as `stratify.connectome.apply_quality_gates` takes them."""
        return {key: value for key, value in self.model_dump().items() if value is not None}


class VisitsSection(Section):
    """Where values measured over time are, if they are in a file of their own."""

    file: FilePath = Field(
        description="The values: one a row (long), or one row a patient or period (wide). See "
        "[the guide](guides/outcomes-and-visits.md).",
    )
    format: VisitsFormat = Field(
        default="long",
        description="`long`: the columns patient, instrument, value, and visit, date or day; "
        "`wide`: a column is an instrument at a visit, `madrs_week2`.",
    )
    row: VisitsRow = Field(
        default="patient",
        description="What a row of the study is: a patient, or a patient's treatment period "
        "(crossover), which no fold ever splits.",
    )
    sessions: FilePath | None = Field(
        default=None,
        description="A file of the sessions: the columns patient, first_session and, where they "
        "are known, last_session, period and arm.",
    )
    first_session: Text | None = Field(
        default=None,
        description="Instead of `sessions`: the cohort's column with the date of the first "
        "session, from which baseline is told.",
    )
    last_session: Text | None = Field(
        default=None,
        description="The cohort's column with the date of the last session, from which during and "
        "followup are told.",
    )
    days: dict[Text, float] = Field(
        default={},
        description="The day each visit is planned for, after the first session and below 0 "
        "before it; needed for visits without a date, and for a wide file.",
    )
    last_day: float | None = Field(
        default=None,
        description="The day the last session is planned for, where its date is not known. Without "
        "either, whatever comes after the first session counts as followup.",
    )
    on_first_day: OnFirstDay = Field(
        default="during",
        description="What a value on the day of the first session is, where no time of day tells; "
        "`before` makes it baseline.",
    )

    @field_validator("first_session", "last_session")
    @classmethod
    def _sessions_come_from_one_place(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("sessions") is not None:
            raise _refuse(
                f"both sessions and {info.field_name}",
                "the sessions come from one file",
                f"Take visits.sessions or visits.{info.field_name} out.",
            )
        if (
            info.field_name == "last_session"
            and value is not None
            and info.data.get("first_session", "") is None
        ):
            raise _refuse(
                "last_session without first_session",
                "the last session is counted from the first",
                "Name the column of the first session too.",
            )
        return value


class QuestionSection(Section):
    """What is asked, and of whom."""

    kind: Question = Field(
        description="What a report may say: likely to improve under a treatment, the likely "
        "course whatever is given, or the group a patient belongs to."
    )
    treatment: Text | None = Field(
        default=None, description="The arm studied; needed for `response under treatment`."
    )
    condition: Text | None = Field(
        default=None, description="The condition studied; all, if not given."
    )
    landmark: Text | None = Field(
        default=None,
        description="A visit during treatment, `week 2`: a landmark model then, which may use what "
        "was measured up to it and predicts a later outcome. Runs and reports say so.",
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _no_gain_without_a_comparator(cls, kind: object) -> object:
        if isinstance(kind, str) and kind.strip().lower() == GAIN:
            raise _refuse(
                quoted(kind),
                "a gain over a comparator needs a comparator arm and an estimate of effect, and "
                "this version of stratify does not estimate effects",
                'Ask for "response under treatment", which says who is likely to improve under '
                "a treatment, not because of it.",
            )
        return kind

    @field_validator("treatment")
    @classmethod
    def _response_names_its_treatment(
        cls, treatment: str | None, info: ValidationInfo
    ) -> str | None:
        if treatment is None and info.data.get("kind") == "response under treatment":
            raise _refuse(
                "no treatment",
                "response under treatment names the treatment",
                'Name the arm as the cohort spells it, or ask for kind = "prognosis", which '
                "covers every arm.",
            )
        return treatment


class ResponseSection(Section):
    """What counts as response: a rule with a name, or one of your own with exactly one form."""

    rule: Text | None = Field(
        default=None,
        description="A rule with a name, such as `madrs_response_50`; its threshold is the "
        "scale's own (see [the guide](guides/outcomes-and-visits.md)).",
    )
    all_of: Annotated[tuple[Text, ...], AfterValidator(_each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=2,
        description="Rules with a name that must all be met at `visit`. Of several conditions, the "
        "combination is unvalidated, and runs and reports say so.",
    )
    name: Text | None = Field(
        default=None,
        description='What reports call it: `"response (MADRS fell by half)"`. Needed for a rule of '
        "your own.",
    )
    visit: Text | None = Field(
        default=None,
        description="The visit of the outcome, `week 6`, by which the columns of `rule` or "
        "`all_of` are found.",
    )
    followup: Text | None = Field(default=None, description="The column that holds the outcome.")
    baseline: Text | None = Field(
        default=None, description="The last value before the first session; needed for a fall."
    )
    later: Text | None = Field(
        default=None,
        description="A later column of the same scale: the response must still be there "
        "(durable response).",
    )
    drop: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The proportion of the baseline value that must be lost.",
    )
    points: float | None = Field(
        default=None,
        gt=0,
        description="Instead of `drop`: how far the value must fall, in its own units.",
    )
    levels_fallen: int | None = Field(
        default=None,
        ge=1,
        description="Instead of `drop`: how many of `levels` it must fall.",
    )
    levels: Annotated[tuple[Text, ...], AfterValidator(_each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=2,
        description="The levels of an ordinal from the best to the worst; needed with "
        "`levels_fallen`.",
    )
    at_most: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is this or lower."
    )
    below: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is lower than this."
    )
    at_least: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is this or higher."
    )
    responder: Text | None = Field(
        default=None,
        description="Instead of `drop`: the level of `followup` that counts as response.",
    )
    weeks: int | None = Field(
        default=None,
        ge=1,
        description="How many weeks of negative screens `sud_urine_negative_weeks` wants.",
    )
    screens_per_week: int = Field(
        default=1, ge=1, description="How often urine was screened, for the same rule."
    )
    lowest_baseline: float = Field(
        default=1.0,
        gt=0,
        description="Below it a proportional fall means nothing; refused by name.",
    )
    missing: MissingOutcome = Field(
        default="excluded",
        description="What a missing outcome means: left out, the worst or the best. `multiple` "
        "(imputation) is refused, by name.",
    )

    @field_validator("rule", "all_of")
    @classmethod
    def _rule_is_known(
        cls, rule: str | tuple[str, ...] | None, info: ValidationInfo
    ) -> str | tuple[str, ...] | None:
        if rule is None:
            return None
        from stratify.errors import SettingsError
        from stratify.outcome.named import DURABLE, URINE, find_rule

        for name in (rule,) if isinstance(rule, str) else rule:
            if name == DURABLE:
                raise _refuse(
                    quoted(name),
                    "the rule that must last, with the later column beside it",
                    'Write, for instance, rule = "madrs_response_50" and later = "madrs_month6".',
                )
            if name == URINE:
                continue
            try:
                find_rule(name)
            except SettingsError as error:
                fault = error.faults[0]
                raise _refuse(fault.met, fault.wanted, fault.way_out) from None
        if info.field_name == "all_of" and info.data.get("rule") is not None:
            raise _refuse(
                "both rule and all_of",
                "one rule, or several that are met together",
                "Put the rule into the list.",
            )
        return rule

    @field_validator("name", "followup")
    @classmethod
    def _own_rule_is_complete(cls, value: str | None, info: ValidationInfo) -> str | None:
        named = info.data.get("rule", "") is not None or info.data.get("all_of", "") is not None
        if value is None and not named:
            raise PydanticCustomError("missing", "missing")
        if value is None and info.field_name == "followup" and info.data.get("visit", "") is None:
            raise _refuse(
                "neither followup nor visit",
                "a rule with a name is told where the outcome is",
                "Give response.visit, and its columns are found, or response.followup.",
            )
        return value

    @field_validator("drop", "points", "levels_fallen")
    @classmethod
    def _fall_has_its_baseline(cls, fall: float | None, info: ValidationInfo) -> float | None:
        if fall is not None and info.data.get("baseline", "") is None:
            raise _refuse(
                f"response.{info.field_name} without response.baseline",
                "a proportional fall is measured from a baseline value"
                if info.field_name == "drop"
                else "a fall is measured from a baseline value",
                "Name the column that holds the last value before the first session.",
            )
        return fall

    @field_validator("levels")
    @classmethod
    def _levels_belong_to_their_fall(
        cls, levels: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if "levels_fallen" in info.data and (levels is None) != (
            info.data["levels_fallen"] is None
        ):
            raise _refuse(
                "response.levels_fallen without response.levels"
                if levels is None
                else "response.levels without response.levels_fallen",
                "levels can be counted when their order is known",
                "Give both, the levels from the best to the worst, or neither.",
            )
        return levels

    @field_validator("responder")
    @classmethod
    def _one_rule(cls, responder: str | None, info: ValidationInfo) -> str | None:
        if not {"rule", "all_of", *_FORMS} - {"responder"} <= set(info.data):
            return responder
        values = {**info.data, "responder": responder}
        named = [name for name in ("rule", "all_of") if values[name] is not None]
        given = [form for form in _FORMS if values[form] is not None]
        if named and given:
            raise _refuse(
                f"both {named[0]} and {given[0]}",
                "a rule with a name brings its own threshold",
                f"Take response.{given[0]} out, or response.{named[0]} with a rule of your own.",
            )
        unread = {
            "rule": (),
            "all_of": ("followup", "baseline", "later"),
            "": ("visit",),
        }[named[0] if named else ""]
        for name in unread:
            if values.get(name) is not None:
                raise _refuse(
                    f"response.{name} with " + (named[0] if named else "a rule of your own"),
                    "all_of finds its columns by visit"
                    if named
                    else "a rule of your own names its columns",
                    f"Take response.{name} out.",
                )
        if not named and len(given) != 1:
            raise _refuse(
                f"both {' and '.join(given)}" if given else "neither drop nor responder",
                "a rule has exactly one of them",
                "Give response.drop with response.baseline for a scale, or response.responder "
                f"for a category; or one of {', '.join(_FORMS[1:-1])}; or response.rule, a rule "
                "with a name.",
            )
        return responder

    @field_validator("weeks")
    @classmethod
    def _weeks_belong_to_urine(cls, weeks: int | None, info: ValidationInfo) -> int | None:
        if "rule" in info.data and (weeks is not None) != (
            info.data["rule"] == "sud_urine_negative_weeks"
        ):
            raise _refuse(
                "no weeks" if weeks is None else f"{weeks} weeks for another rule",
                "sud_urine_negative_weeks, and no other rule, says for how many weeks",
                "Give response.weeks." if weeks is None else "Take response.weeks out.",
            )
        return weeks

    @field_validator("missing", mode="before")
    @classmethod
    def _no_multiple_imputation(cls, missing: object) -> object:
        if missing == "multiple":
            from stratify.outcome.rules import NO_MULTIPLE

            raise _refuse(NO_MULTIPLE.met, NO_MULTIPLE.wanted, NO_MULTIPLE.way_out)
        return missing

    def make_rule(self, columns: Sequence[Column] = ()) -> ResponseRule:
        """Return the rule, as the library knows it.

        Parameters
        ----------
        columns : sequence of Column
            The cohort's, in which a rule with a name finds those that are not named.
        """
        from stratify.outcome import ResponseRule, make_durable, make_rule

        if self.all_of is not None:
            parts = [
                make_rule(
                    name,
                    columns=columns,
                    visit=self.visit,
                    missing=self.missing,
                    lowest_baseline=self.lowest_baseline,
                )
                for name in self.all_of
            ]
            return ResponseRule(
                name=self.name or " and ".join(part.name for part in parts),
                followup=parts[-1].followup,
                all_of=tuple(parts),
                missing=self.missing,
            )
        if self.rule is not None:
            rule = make_rule(
                self.rule,
                columns=columns,
                **self.model_dump(
                    include={
                        "followup",
                        "baseline",
                        "later",
                        "visit",
                        "weeks",
                        "screens_per_week",
                        "missing",
                        "lowest_baseline",
                    }
                ),
            )
            return rule if self.name is None else replace(rule, name=self.name)
        assert self.name is not None
        assert self.followup is not None
        own = ResponseRule(
            name=self.name,
            followup=self.followup,
            levels=self.levels or (),
            **self.model_dump(include={"baseline", "lowest_baseline", "missing", *_FORMS}),
        )
        return own if self.later is None else make_durable(own, later=self.later)


_FORMS = ("drop", "points", "levels_fallen", "at_most", "below", "at_least", "responder")


class FeaturesSection(Section):
    """What a model may learn from."""

    sets: Annotated[tuple[FeatureSet, ...], AfterValidator(_each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="The feature sets compared; whatever the data allow, if not given.",
    )
    clinical: Annotated[tuple[Text, ...], AfterValidator(_each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="The clinical columns used; every baseline feature, if not given.",
    )


class PreparationSection(Section):
    """What is done to connectivity in each training fold, before a model sees it."""

    represent: Representation = Field(
        default="edges",
        description="What stands for a matrix: its edges, means within and between networks, "
        "edges of named seeds, partial correlations, tangent vectors, or graph measures.",
    )
    remove: Annotated[tuple[Text, ...], AfterValidator(_each_once)] = Field(
        default=(),
        strict=False,
        description="Confounds whose linear effect is taken out: columns of the patients, or what "
        "is known of their scans (`mean_fd`, `volumes`, ...).",
    )
    harmonise: Harmonisation = Field(
        default="none", description="ComBat between the sites, or nothing."
    )
    preserve: Annotated[tuple[Text, ...], AfterValidator(_each_once)] = Field(
        default=(),
        strict=False,
        description="Columns whose effect ComBat must not take for a site's; never the outcome.",
    )
    unseen_site: UnseenSite = Field(
        default="refuse",
        description="A new patient from a site that training did not see gets no likelihood, or is "
        "treated as one from `reference_site`.",
    )
    reference_site: Text | None = Field(
        default=None, description="The site that new ones are taken for."
    )
    hold_constant: Annotated[tuple[Text, ...], AfterValidator(_each_once)] = Field(
        default=(),
        strict=False,
        description="Clinical features that `cpm` holds constant as it selects edges, where it "
        "sees them: in the set `both`.",
    )

    @field_validator("preserve")
    @classmethod
    def _not_removed_too(cls, preserve: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        both = sorted(set(preserve) & set(info.data.get("remove", ())))
        if both:
            raise _refuse(
                f"{', '.join(both)} under remove as well",
                "an effect is either taken out of connectivity or kept in it",
                "Leave it in one of remove and preserve.",
            )
        return preserve

    @field_validator("reference_site")
    @classmethod
    def _reference_is_named(cls, site: str | None, info: ValidationInfo) -> str | None:
        if site is None and info.data.get("unseen_site") == "reference":
            raise _refuse(
                'unseen_site = "reference" and no reference_site',
                "the site that new ones are taken for is named",
                "Add reference_site, one of the study's sites.",
            )
        return site

    def make(self) -> Preparation:
        """Return the section as the library knows it."""
        from stratify.preprocess import Preparation

        return Preparation(**self.model_dump())


class ValidationSection(Section):
    """How performance is estimated."""

    folds: int = Field(
        default=5, ge=2, description="Outer folds: each patient is tested once a repeat."
    )
    repeats: int = Field(default=4, ge=1, description="How often the outer folds are drawn again.")
    inner_folds: int = Field(
        default=5, ge=2, description="Folds for tuning and calibration, inside."
    )
    seed: int = Field(default=0, ge=0, description="Equal seeds give equal results on any machine.")
    together: Together = Field(default="patient", description="What no fold ever splits.")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="The coverage of the intervals.")
    permutations: int = Field(
        default=1000,
        ge=0,
        description="Shuffles of the outcome, the whole pipeline fitted anew on each, to tell "
        "whether its AUC could be chance; 0 for none. It takes three folds or more.",
    )
    permuted: Annotated[tuple[PermutedFamily, ...], AfterValidator(_each_once)] = Field(
        default=("ridge",),
        strict=False,
        min_length=1,
        description="Families that are tested so, on every feature set; `ridge` takes seconds, "
        "`svm` and `cpm` some more, and the others as many trainings as there are shuffles.",
    )
    within: Within | None = Field(
        default=None,
        description="Inside what outcomes change places; the site, where it is known, and else "
        "the cohort.",
    )


class ModelsSection(Section):
    """Which model families are compared."""

    families: Annotated[tuple[Family, ...], AfterValidator(_each_once)] = Field(
        default=("prevalence", "logistic", "svm", "forest", "xgboost"),
        strict=False,
        min_length=1,
        description="One run for each family and feature set; `prevalence` is the reference. `cpm` "
        "sums edges, and is fitted on the sets `connectivity` and `both`.",
    )


class TrackingSection(Section):
    """Where runs are kept."""

    experiment: Text | None = Field(
        default=None, description="The experiment; `study.name`, if not given."
    )
    store: Text = Field(
        default="mlruns",
        description="A folder, found from where the command is run, or a tracking server's "
        "address.",
    )


class ComputeSection(Section):
    """How much of the machine is used; it never changes a result."""

    workers: int = Field(default=0, ge=0, description="Processes at once; 0 for one a core.")
    engine: Engine = Field(
        default="fast",
        description="The reference fits each model and grid point by itself, with plain "
        "scikit-learn and XGBoost: the same numbers, slowly.",
    )
    backend: Backend = Field(
        default="processes",
        description="Processes on this machine, or the workers of a Dask cluster.",
    )
    scheduler: Text | None = Field(
        default=None, description="The address of the Dask scheduler, tcp://HOST:PORT."
    )
    checkpoints: bool = Field(
        default=True,
        description="Keep finished fits beside the runs, so that a study that was stopped or "
        "changed does not fit again what it had.",
    )

    @field_validator("scheduler")
    @classmethod
    def _cluster_has_an_address(cls, address: str | None, info: ValidationInfo) -> str | None:
        if address is None and info.data.get("backend") == "dask":
            raise _refuse(
                'backend = "dask" and no scheduler',
                "a cluster is reached by its scheduler's address",
                "Add scheduler, such as tcp://10.0.0.5:8786, or --scheduler on the command line.",
            )
        return address


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
    visits: VisitsSection | None = Field(default=None, description="")
    question: QuestionSection
    response: ResponseSection
    features: FeaturesSection = FeaturesSection()
    preparation: PreparationSection = PreparationSection()
    validation: ValidationSection = ValidationSection()
    models: ModelsSection = ModelsSection()
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
            raise _refuse(
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
            raise _refuse(
                f"gates on {', '.join(quality.gates)}, and there is no [connectivity]",
                "gates are on scans",
                "Add [connectivity] with its file, or take [quality] out.",
            )
        return quality

    @field_validator("visits")
    @classmethod
    def _visits_have_their_patients(
        cls, visits: VisitsSection | None, info: ValidationInfo
    ) -> VisitsSection | None:
        if visits is None:
            return None
        cohort = info.data.get("cohort")
        if cohort is not None and cohort.dataset is not None:
            raise _refuse(
                f"a file of visits beside the data set {cohort.dataset!r}",
                "a data set brings its own visits",
                "Take [visits] out, or give the patients as cohort.file.",
            )
        if visits.row == "period" and info.data.get("connectivity") is not None:
            raise _refuse(
                'row = "period" with [connectivity]',
                "a matrix is of a patient, and this version does not say of which period",
                "Take [connectivity] out, or study one period of each patient.",
            )
        return visits

    @field_validator("features")
    @classmethod
    def _sets_have_their_data(
        cls, features: FeaturesSection, info: ValidationInfo
    ) -> FeaturesSection:
        cohort = info.data.get("cohort")
        no_file = info.data.get("connectivity", ...) is None
        wanting = [one for one in features.sets or () if one != "clinical"]
        if wanting and no_file and cohort is not None and cohort.dataset is None:
            raise _refuse(
                f"features.sets names {', '.join(map(quoted, wanting))}, and there is no "
                "[connectivity]",
                "these sets are made of connectivity",
                'Add [connectivity] with its file, or write sets = ["clinical"].',
            )
        if features.clinical is not None and features.sets == ("connectivity",):
            raise _refuse(
                'features.clinical with features.sets = ["connectivity"]',
                "clinical columns are used by the sets clinical and both",
                "Take features.clinical out, or add a set that uses it.",
            )
        return features

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
            The cohort's; needed where the response rule finds its columns by their visit.
        """
        from stratify.task import Task

        return Task(
            rule=self.response.make_rule(columns),
            question=self.question.kind,
            treatment=self.question.treatment,
            condition=self.question.condition,
            clinical=self.features.clinical,
            together=self.validation.together,
            landmark=self.question.landmark,
        )

    def to_toml(self) -> str:
        """Return the study as a file, every default written out and paths relative as before.

        Reading it from the folder of the original file gives equal settings.
        """
        import tomlkit

        return tomlkit.dumps(_as_toml(self.model_dump(), self._folder))

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked and how: question, response, features, preparation, ...

        Of whom it is asked has a digest of its own (`Table.digest`). The study's name, where runs
        are kept, and the number of workers change no result, so they are not in it.
        """
        asked = self.model_dump(
            mode="json",
            include={"question", "response", "features", "preparation", "validation", "models"},
        )
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def bare_type(annotation: Any) -> Any:
    """Return a type without its ``| None`` and its ``Annotated``."""
    if get_origin(annotation) in (Union, types.UnionType):
        chosen = [part for part in get_args(annotation) if part is not types.NoneType]
        return bare_type(chosen[0])
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    return annotation


SECTIONS: dict[str, type[Section]] = {
    name: bare_type(field.annotation) for name, field in StudySettings.model_fields.items()
}
"""Every section, in the order a study file has them."""

SETTINGS: dict[str, FieldInfo] = {
    f"{section}.{name}": field
    for section, kind in SECTIONS.items()
    for name, field in kind.model_fields.items()
}
"""Every setting by its path, ``"validation.repeats"``."""


def type_of(key: str) -> Any:
    """Return a setting's type: str, int, float, Path, or a Literal, tuple or dict of such."""
    return bare_type(SETTINGS[key].annotation)


def item_type_of(key: str) -> Any:
    """Return the type of one value of a setting that takes a list."""
    return bare_type(get_args(type_of(key))[0])


def describe_type(key: str) -> str:
    """Say what a setting takes: its type, choices and range.

    Examples
    --------
    >>> describe_type("validation.level")
    'a number, above 0.5 and below 1'
    """
    kind = type_of(key)
    if get_origin(kind) is tuple:
        choices = ", ".join(map(quoted, get_args(item_type_of(key))))
        return f"a list of any of {choices}" if choices else "a list of names"
    if get_origin(kind) is dict:
        if get_args(kind)[1] is float:
            return 'a table like {"week 2" = 14}'
        return 'a table like {REGION = "NETWORK"}'
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(quoted, get_args(kind)))}"
    if kind in (str, Path):
        return "text" if kind is str else "a path"
    number = "a whole number" if kind is int else "a number"
    return f"{number}{_describe_range(SETTINGS[key])}"


def _describe_range(field: FieldInfo) -> str:
    phrases = {"ge": "{} or more", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
    words = [
        phrase.format(getattr(bound, name))
        for bound in field.metadata
        for name, phrase in phrases.items()
        if getattr(bound, name, None) is not None
    ]
    return ", " + " and ".join(words) if words else ""


def describe_default(key: str) -> str:
    """Write a setting's default as TOML; empty where it has none.

    Examples
    --------
    >>> describe_default("models.families")
    '["prevalence", "logistic", "svm", "forest", "xgboost"]'
    """
    default = SETTINGS[key].default
    if default in (PydanticUndefined, None, "", {}):
        return ""
    if isinstance(default, tuple):
        return f"[{', '.join(map(quoted, default))}]"
    return quoted(default) if isinstance(default, str) else str(default)


def describe_settings() -> str:
    """Return every setting with its default and meaning, as markdown.

    Examples
    --------
    >>> print(describe_settings().splitlines()[0])
    ## [study] (required)
    """
    return "\n\n".join(map(_describe_section, SECTIONS)) + "\n"


def _describe_section(section: str) -> str:
    required = StudySettings.model_fields[section].is_required()
    lines = [
        f"## [{section}] ({'required' if required else 'optional'})",
        "",
        f"{SECTIONS[section].__doc__}",
        "",
        "| setting | takes | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in SECTIONS[section].model_fields.items():
        key = f"{section}.{name}"
        default = f"`{describe_default(key)}`" if describe_default(key) else ""
        if field.is_required():
            default = "required"
        lines.append(f"| `{key}` | {describe_type(key)} | {default} | {field.description} |")
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Write text as TOML does, in double quotation marks."""
    return json.dumps(text, ensure_ascii=False)


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
