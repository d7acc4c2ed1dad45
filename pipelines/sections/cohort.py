"""The sections that say where the patients and their visits are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from pipelines.sections.base import FilePath, Section, Text, refuse

CohortFormat = Literal["table", "bids", "redcap"]
VisitsFormat = Literal["long", "wide"]
VisitsRow = Literal["patient", "period"]
OnFirstDay = Literal["during", "before"]


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
            raise refuse(
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
            raise refuse(
                "cohort.file without cohort.columns",
                "a table comes with the dictionary that says what its columns mean",
                'Add columns = "columns.toml" under [cohort].',
            )
        if columns is not None and info.data.get("dataset") is not None:
            raise refuse(
                "a dictionary beside a data set",
                "a dictionary describes a table of your own; a data set brings its own",
                "Take cohort.columns out, or give cohort.file instead of cohort.dataset.",
            )
        return columns


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
            raise refuse(
                f"both sessions and {info.field_name}",
                "the sessions come from one file",
                f"Take visits.sessions or visits.{info.field_name} out.",
            )
        if (
            info.field_name == "last_session"
            and value is not None
            and info.data.get("first_session", "") is None
        ):
            raise refuse(
                "last_session without first_session",
                "the last session is counted from the first",
                "Name the column of the first session too.",
            )
        return value
