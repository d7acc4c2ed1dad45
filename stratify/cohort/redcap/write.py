"""REDCap exports: from patients to the table and data dictionary that read back as the same."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd

from stratify.cohort.booleans import read_boolean_words
from stratify.cohort.redcap.fields import ANNOTATION, DICTIONARY_HEADERS, make_plain
from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault, name_some
from stratify.files import replacing
from stratify.schema import Column

RECORD = "record_id"
_RECORD_LABEL = "Record ID"
_FORM = "cohort"
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


def write_redcap(
    cohort: Cohort,
    folder: str | Path,
    *,
    labelled: bool = False,
    labelled_headers: bool = False,
) -> tuple[Path, Path]:
    """Write a cohort as a REDCap export and its data dictionary.

    What REDCap has no place for (role, unit, when it was measured) stands in the fields'
    annotations, so that `read_redcap` gives it back.

    Parameters
    ----------
    cohort : Cohort
    folder : str or Path
        Made if need be.
    labelled : bool
        Whether choices are written as their labels rather than their codes.
    labelled_headers : bool
        Whether columns are named by their fields' labels, several of which may be alike.

    Returns
    -------
    data, dictionary : Path
        ``export.csv`` and ``export_DataDictionary.csv``.

    Raises
    ------
    DataError
        If a column's name is none that REDCap allows.
    """
    _require_names(cohort)
    folder = Path(folder)
    frame = pd.DataFrame(index=cohort.frame.index)
    for column in cohort.columns:
        frame[column.name] = _cells(column, cohort.frame[column.name], labelled)
    head = {"Form Name": _FORM, "Field Type": "text", "Field Label": _RECORD_LABEL}
    fields = [_line({"Variable / Field Name": RECORD, **head})]
    fields += [_line(_describe(column, cohort.frame[column.name])) for column in cohort.columns]
    data, dictionary = folder / "export.csv", folder / "export_DataDictionary.csv"
    with replacing(data) as part:
        header = [make_plain(c.words) for c in cohort.columns] if labelled_headers else True
        record = _RECORD_LABEL if labelled_headers else RECORD
        frame.to_csv(part, header=header, index_label=record, lineterminator="\n")
    with replacing(dictionary) as part:
        page = io.StringIO(newline="")
        csv.writer(page, lineterminator="\n").writerows([DICTIONARY_HEADERS, *fields])
        part.write_text(page.getvalue(), encoding="utf-8", newline="")
    return data, dictionary


def _require_names(cohort: Cohort) -> None:
    wrong = [
        c.name
        for c in cohort.columns
        if not _FIELD.fullmatch(c.name)
        or "___" in c.name
        or c.name == RECORD
        or c.name.endswith(("_complete", "_timestamp"))
    ]
    piped = [c.name for c in cohort.columns if any("|" in level for level in c.levels)]
    if piped:
        raise DataError(
            Fault(
                where=f"{cohort.name}: {name_some(piped)}",
                met="a level with a vertical bar",
                wanted="levels without one: in REDCap it stands between choices",
                way_out="Rename the level before the cohort is written.",
            )
        )
    if wrong:
        raise DataError(
            Fault(
                where=cohort.name,
                met=f"columns named {name_some(wrong)}",
                wanted="names of small letters, digits and single underscores, as REDCap has them",
                way_out="Rename the columns before the cohort is written.",
            )
        )


def _codes(column: Column) -> dict[str, str]:
    return {level: str(k) for k, level in enumerate(column.levels, start=1)}


def _cells(column: Column, values: pd.Series, labelled: bool) -> pd.Series:
    if column.kind == "boolean":
        words = ("No", "Yes") if labelled else ("0", "1")
        known = read_boolean_words(column.levels)
        if [known.get(word.lower()) for word in words] != [0.0, 1.0]:
            words = (column.levels[0], column.levels[1])
        return values.map(dict(enumerate(words)))
    if column.kind == "category":
        text = values.astype("str")
        return text if labelled else text.map(_codes(column))
    return values


def _describe(column: Column, values: pd.Series) -> dict[str, str]:
    row = {
        "Variable / Field Name": column.name,
        "Form Name": _FORM,
        "Field Type": "text",
        "Field Label": column.words,
        "Field Annotation": _annotate(column),
    }
    if column.kind == "boolean":
        row["Field Type"] = "yesno"
    elif column.kind == "category":
        row["Field Type"] = "radio"
        choices = [f"{code}, {level}" for level, code in _codes(column).items()]
        row["Choices, Calculations, OR Slider Labels"] = " | ".join(choices)
    elif column.kind == "number":
        row["Text Validation Type OR Show Slider Number"] = "number"
        row["Text Validation Min"] = "" if column.low is None else f"{column.low!r}"
        row["Text Validation Max"] = "" if column.high is None else f"{column.high!r}"
    elif column.kind == "date":
        timed = (values.dropna() != values.dropna().dt.normalize()).any()
        row["Text Validation Type OR Show Slider Number"] = (
            "datetime_seconds_ymd" if timed else "date_ymd"
        )
    return row


def _annotate(column: Column) -> str:
    said: dict[str, str] = {
        "role": column.role,
        "measured": column.measured,
        "source": column.source,
    }
    if column.unit:
        said["unit"] = column.unit
    if column.visit:
        said["visit"] = column.visit
    if column.day is not None:
        said["day"] = f"{column.day!r}"
    if column.kind in ("text", "category"):
        said["kind"] = column.kind
    if column.kind == "boolean" and column.levels:
        said["levels"] = "|".join(column.levels)
    return " ".join([ANNOTATION, *(f'{key}="{value}"' for key, value in said.items())])


def _line(row: dict[str, str]) -> list[str]:
    return [row.get(header, "") for header in DICTIONARY_HEADERS]
