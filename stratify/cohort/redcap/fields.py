"""The data dictionary of a REDCap project: its fields, as the file says them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stratify.errors import DataError, Fault, name_some
from stratify.sheet import read_sheet

NAME = "Variable / Field Name"
DICTIONARY_HEADERS = (
    NAME,
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
API_HEADERS = (
    "field_name",
    "form_name",
    "section_header",
    "field_type",
    "field_label",
    "select_choices_or_calculations",
    "field_note",
    "text_validation_type_or_show_slider_number",
    "text_validation_min",
    "text_validation_max",
    "identifier",
    "branching_logic",
    "required_field",
    "custom_alignment",
    "question_number",
    "matrix_group_name",
    "matrix_ranking",
    "field_annotation",
)
ANNOTATION = "@STRATIFY"
"""Marks, in a field's annotation, what REDCap has no place for: ``@STRATIFY role=outcome``."""

_HTML = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a REDCap project, as its data dictionary says it."""

    name: str
    form: str
    kind: str
    label: str
    choices: Mapping[str, str]
    note: str
    validation: str
    low: str
    high: str
    identifier: bool
    matrix: str
    annotation: str

    @property
    def boxes(self) -> dict[str, str]:
        """The columns of a checkbox field, each with the label of its choice."""
        if self.kind != "checkbox":
            return {}
        return {
            f"{self.name}___{code.lower().replace('-', '_')}": label
            for code, label in self.choices.items()
        }


def read_dictionary(path: Path) -> tuple[dict[str, Field], list[Fault]]:
    """Read a data dictionary, as downloaded or as the API gives it.

    Returns
    -------
    fields : dict of str to Field
        In the order of the project.
    faults : list of Fault

    Raises
    ------
    DataError
        If it has no names or types of fields.
    """
    sheet = read_sheet(path)
    renamed = dict(zip(API_HEADERS, DICTIONARY_HEADERS, strict=True))
    known = {renamed.get(header, header): header for header in sheet.headers}
    absent = [header for header in (NAME, "Field Type") if header not in known]
    if absent:
        raise DataError(
            Fault(
                where=path.name,
                met=f"no column {name_some(absent)}",
                wanted="a data dictionary as REDCap writes it",
                way_out="Download it again under Project Setup, Data Dictionary.",
            )
        )
    cells = {
        header: ["" if cell is None else str(cell) for cell in sheet.text(own, missing=("",))]
        for header, own in known.items()
    }
    blank = [""] * len(sheet)
    fields: dict[str, Field] = {}
    faults = [*sheet.faults, *sheet.tell_ragged("Download the data dictionary again.")]
    for k in range(len(sheet)):
        row = {header: cells.get(header, blank)[k] for header in DICTIONARY_HEADERS}
        one = _make_field(path.name, row, faults)
        if one.name in fields:
            faults.append(_twice(path.name, one.name))
        fields[one.name] = one
    return fields, faults


def _twice(file: str, name: str) -> Fault:
    return Fault(
        where=f"{file}: {name}",
        met="a field given twice",
        wanted="one row a field",
        way_out="Download the data dictionary again, or delete the row that is wrong.",
    )


def _make_field(file: str, row: Mapping[str, str], faults: list[Fault]) -> Field:
    kind = row["Field Type"].lower()
    text = row["Choices, Calculations, OR Slider Labels"]
    choices: dict[str, str] = {}
    if kind in ("radio", "dropdown", "checkbox"):
        choices = _read_choices(f"{file}: {row[NAME]}", text, faults)
    return Field(
        name=row[NAME],
        form=row["Form Name"],
        kind=kind,
        label=make_plain(row["Field Label"]),
        choices=choices,
        note=make_plain(row["Field Note"]),
        validation=row["Text Validation Type OR Show Slider Number"].lower(),
        low=row["Text Validation Min"],
        high=row["Text Validation Max"],
        identifier=row["Identifier?"].lower() in ("y", "1", "yes"),
        matrix=row["Matrix Group Name"],
        annotation=row["Field Annotation"],
    )


def _read_choices(where: str, text: str, faults: list[Fault]) -> dict[str, str]:
    """Read ``1, Yes | 2, No``; a label may hold commas, a code may not."""
    choices: dict[str, str] = {}
    for part in re.split(r"\s*\|\s*|\n", text.strip()):
        code, comma, label = part.partition(",")
        if not comma or not code.strip() or code.strip() in choices:
            faults.append(
                Fault(
                    where=where,
                    met=f"the choice {part!r}",
                    wanted="each choice is a code of its own, a comma and its label",
                    way_out="Correct the data dictionary; this choice is passed over now.",
                    severity="warning",
                )
            )
            continue
        choices[code.strip()] = make_plain(label)
    return choices


def make_plain(text: str) -> str:
    r"""Return a label without markup, on one line.

    Examples
    --------
    >>> make_plain("<b>Age</b> &amp; sex,\n as asked")
    'Age & sex, as asked'
    """
    return " ".join(html.unescape(_HTML.sub(" ", text)).split())
