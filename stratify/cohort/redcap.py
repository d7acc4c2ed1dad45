"""REDCap exports: raw or labelled, with events, checkboxes and the data dictionary."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from stratify.cohort.source import Said, Source
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.schema import MEASURED, ROLES, SOURCES
from stratify.sheet import Sheet, as_text, read_sheet

EVENT = ("redcap_event_name", "Event Name")
INSTRUMENT = ("redcap_repeat_instrument", "Repeat Instrument")
INSTANCE = ("redcap_repeat_instance", "Repeat Instance")
OF_REDCAP = (
    "redcap_data_access_group",
    "Data Access Group",
    "redcap_survey_identifier",
    "Survey Identifier",
)

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
ANNOTATION = "@STRATIFY"
"""Marks, in a field's annotation, what REDCap has no place for: ``@STRATIFY role=outcome``."""

_NUMBERS = ("number", "integer", "number_1dp", "number_2dp", "number_3dp", "number_4dp")
_IDENTIFYING = (
    "email",
    "phone",
    "ssn",
    "zipcode",
    "postalcode",
    "mrn_10d",
    "mrn_generic",
    "vmrn",
    "signature",
)
_CHECKBOX = re.compile(r"^(?P<field>.+?)___(?P<code>.+)$")
_CHECKBOX_LABEL = re.compile(r"^(?P<label>.*) \(choice=(?P<choice>.*)\)$", re.DOTALL)
_ARM = re.compile(r"_arm_\d+$| \(Arm \d+: .*\)$")
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


def read_redcap(data: str | Path, dictionary: str | Path | None = None) -> Source:
    """Read a REDCap export, one row a patient.

    Raw and labelled exports give the same source. In a project with events each field becomes
    ``FIELD@EVENT``; boxes that can be ticked become a boolean each, ``FIELD___CODE``. Fields that
    the data dictionary marks as identifiers are kept apart: they are never features.

    Parameters
    ----------
    data : str or Path
        The exported CSV, or a folder that holds it and its data dictionary.
    dictionary : str or Path, optional
        The data dictionary CSV; one beside the data is found without it.

    Returns
    -------
    source : Source

    Raises
    ------
    DataError
        If the export repeats an instrument (a patient then has no one value), names fields that
        the dictionary does not, or a patient has two rows of one event.

    Source
    ------
    REDCap's own export (Data Exports, "CSV / Microsoft Excel") and Data Dictionary file.
    """
    path, described = find_redcap(data, dictionary)
    fields, faults = ({}, []) if described is None else _read_dictionary(described)
    sheet = read_sheet(path)
    faults = [*faults, *sheet.faults]
    export = _Export(sheet, fields, "" if described is None else described.name, faults)
    export.name_fields()
    export.refuse_repeats()
    columns, people, said = export.join()
    return Source(
        sheet=_make_sheet(sheet, columns, people, faults, export.wide),
        format="redcap",
        patient=export.record,
        said=said,
        empty=frozenset(export.empty),
    )


def find_redcap(data: str | Path, dictionary: str | Path | None) -> tuple[Path, Path | None]:
    """Return the exported table and its data dictionary, found beside it where it is not given."""
    data = Path(data)
    folder = data if data.is_dir() else data.parent
    found = [file for file in sorted(folder.glob("*.csv")) if is_dictionary(file)]
    if dictionary is not None:
        described: Path | None = Path(dictionary)
    elif len(found) > 1:
        raise DataError(
            Fault(
                where=str(folder),
                met=f"{len(found)} data dictionaries: {name_some(f.name for f in found)}",
                wanted="one beside the export",
                way_out="Move the others away, or name the one that is meant.",
            )
        )
    else:
        described = found[0] if found else None
    if not data.is_dir():
        return data, described
    tables = [file for file in sorted(folder.glob("*.csv")) if file not in found]
    tables = [file for file in tables if file != described]
    if len(tables) != 1:
        raise DataError(
            Fault(
                where=str(folder),
                met=f"{count_of(len(tables), 'table')} beside the data dictionary",
                wanted="one exported table",
                way_out="Name the exported CSV itself.",
            )
        )
    return tables[0], described


def is_dictionary(path: Path) -> bool:
    """Tell whether a CSV file is a REDCap data dictionary, by its first names."""
    try:
        with path.open("rb") as file:
            start = file.read(2000).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    first = next(csv.reader(start.splitlines()[:1]), [])
    return first[:2] == list(DICTIONARY_HEADERS[:2]) or first[:2] == ["field_name", "form_name"]


def is_redcap(path: Path) -> bool:
    """Tell whether a path is a REDCap export: by its own columns, or a dictionary beside it."""
    if path.is_dir():
        return any(is_dictionary(file) for file in sorted(path.glob("*.csv")))
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(100_000).decode("utf-8-sig", errors="replace")
    header = next(csv.reader(start.splitlines()[:1]), [])
    own = {*EVENT, *INSTRUMENT, *INSTANCE} & set(header)
    marked = [name for name in header if _CHECKBOX.match(name)]
    if (own and header[1:2] and header[1] in own) or len(marked) > 1:
        return True
    return not is_dictionary(path) and any(
        is_dictionary(file) and bool(_names_in(file) & set(header[:1]))
        for file in sorted(path.parent.glob("*.csv"))
    )


def _names_in(dictionary: Path) -> set[str]:
    try:
        fields, _ = _read_dictionary(dictionary)
    except DataError:
        return set()
    return set(fields) | {one.label for one in fields.values()}


# The data dictionary ------------------------------------------------------------------------------


def _read_dictionary(path: Path) -> tuple[dict[str, Field], list[Fault]]:
    sheet = read_sheet(path)
    renamed = dict(zip(_API_HEADERS, DICTIONARY_HEADERS, strict=True))
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
    fields, faults = {}, list(sheet.faults)
    for k in range(len(sheet)):
        row = {header: cells.get(header, blank)[k] for header in DICTIONARY_HEADERS}
        one = _make_field(path.name, row, faults)
        fields[one.name] = one
    return fields, faults


_API_HEADERS = (
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
        label=_plain(row["Field Label"]),
        choices=choices,
        note=_plain(row["Field Note"]),
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
        choices[code.strip()] = _plain(label)
    return choices


def _plain(text: str) -> str:
    return " ".join(_HTML.sub(" ", text).split())


# The export ---------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Export:
    """One exported table on its way to one row a patient."""

    sheet: Sheet
    fields: Mapping[str, Field]
    by: str
    faults: list[Fault]
    names: dict[str, str] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)

    @property
    def record(self) -> str:
        return self.names[self.sheet.headers[0]]

    @property
    def wide(self) -> bool:
        return self._own(EVENT) is not None

    def name_fields(self) -> None:
        """Find the field of each column, by its name or, in a labelled export, by its label."""
        by_label: dict[str, list[str]] = {}
        for one in self.fields.values():
            by_label.setdefault(one.label, []).append(one.name)
            if one.kind == "checkbox":
                for code, choice in one.choices.items():
                    name = f"{one.name}___{code.lower().replace('-', '_')}"
                    by_label.setdefault(f"{one.label} (choice={choice})", []).append(name)
        unclear, unknown = [], []
        for header in self.sheet.headers:
            stem = _CHECKBOX.match(header)
            if header in self.fields or (stem and stem["field"] in self.fields):
                self.names[header] = header
            elif len(by_label.get(header, ())) == 1:
                self.names[header] = by_label[header][0]
            else:
                self.names[header] = header
                if len(by_label.get(header, ())) > 1:
                    unclear.append(header)
                elif self.fields and header not in (*EVENT, *INSTRUMENT, *INSTANCE, *OF_REDCAP):
                    unknown.append(header)
        unknown = [h for h in unknown if not h.endswith(("_complete", "_timestamp", "Complete?"))]
        if unclear:
            raise DataError(
                Fault(
                    where=self.sheet.name,
                    met=f"labels that several fields share: {name_some(unclear)}",
                    wanted="columns that can be told apart",
                    way_out="Export again with raw headers.",
                )
            )
        if unknown:
            self.faults.append(
                Fault(
                    where=self.sheet.name,
                    met=f"{count_of(len(unknown), 'column')} that {self.by} does not name: "
                    f"{name_some(unknown)}",
                    wanted="fields of the data dictionary",
                    way_out="They are read without their meaning; download both on the same day.",
                    severity="warning",
                )
            )

    def refuse_repeats(self) -> None:
        """Refuse rows of a repeating instrument: which of them is the patient's is not ours."""
        header = self._own(INSTANCE)
        if header is None:
            return
        cells = self.sheet.text(header)
        rows = [k for k, cell in enumerate(cells) if cell is not None]
        if not rows:
            return
        of = self._own(INSTRUMENT)
        forms = [] if of is None else [c for c in self.sheet.text(of)[rows] if c is not None]
        people = self.sheet.text(self.sheet.headers[0])[rows]
        raise DataError(
            Fault(
                where=self.sheet.name,
                met=f"{count_of(len(rows), 'row')} of repeating instruments"
                + (f" ({name_some(dict.fromkeys(forms))})" if forms else " or events"),
                wanted="one row a patient and event; which repetition counts is a decision of "
                "the study",
                way_out="Export a report without the repeating instrument, or with one value of "
                "it for each patient (the last, the worst) as a field of its own.",
                patients=tuple(str(who) for who in dict.fromkeys(people)),
            )
        )

    def join(self) -> tuple[dict[str, Any], list[str], dict[str, Said]]:
        """Return the columns, the patients, and what is said of each column."""
        import pyarrow as pa

        who = self.sheet.text(self.sheet.headers[0])
        nobody = [row for row, cell in zip(self.sheet.rows, who, strict=True) if cell is None]
        if nobody:
            raise DataError(
                Fault(
                    where=f"{self.sheet.name}: {self.sheet.headers[0]}",
                    met=f"no identifier in row {name_some(nobody)}",
                    wanted="each row names its record",
                    way_out="Export again, or delete the row.",
                )
            )
        people = list(dict.fromkeys(map(str, who)))
        events = self._events(who)
        columns: dict[str, Any] = {self.record: pa.array(people, pa.string())}
        said: dict[str, Said] = {}
        place = {one: k for k, one in enumerate(people)}
        at = np.array([place[str(one)] for one in who], dtype=int)
        own = (*EVENT, *INSTRUMENT, *INSTANCE)
        for header in self.sheet.headers[1:]:
            if header in own:
                continue
            cells = self._cells(header)
            meaning = self._meaning(header)
            for event, rows in events:
                name = self.names[header] + (f"@{event}" if event else "")
                column = np.full(len(people), None, dtype=object)
                column[at[rows]] = cells[rows]
                if event and all(cell is None for cell in column):
                    self.empty.add(name)  # a field is designated to some events only
                    continue
                columns[name] = pa.array(column, pa.string())
                if meaning is not None:
                    said[name] = meaning
        return columns, people, said

    def _own(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.sheet.headers), None)

    def _events(self, who: np.ndarray) -> list[tuple[str, np.ndarray]]:
        header = self._own(EVENT)
        if header is None:
            self._require_one_row(zip(who, strict=True))
            return [("", np.arange(len(who)))]
        events = np.array([cell or "" for cell in self.sheet.text(header)], dtype=object)
        bare = np.array([_ARM.sub("", event) for event in events], dtype=object)
        bare = np.array([re.sub(r"\W+", "_", event).strip("_").lower() for event in bare], object)
        arms = Counter(zip(who, bare, strict=True))
        if max(arms.values(), default=0) == 1:
            events = bare  # nobody is in two arms, so that the arm need not part the events
        self._require_one_row(zip(who, events, strict=True))
        return [(str(e), np.flatnonzero(events == e)) for e in dict.fromkeys(events)]

    def _require_one_row(self, keys: Any) -> None:
        twice = [(key, count) for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise DataError(
                Fault(
                    where=f"{self.sheet.name}: {self.sheet.headers[0]}",
                    met=name_some(f"{' in '.join(key)} in {count} rows" for key, count in twice),
                    wanted="one row a patient" + (" and event" if self.wide else ""),
                    way_out="Export again with the column redcap_event_name, or keep one row.",
                    patients=tuple(dict.fromkeys(str(key[0]) for key, _ in twice)),
                )
            )

    def _cells(self, header: str) -> np.ndarray:
        """Return a column's cells; codes of choices as their labels, boxes as 0 and 1."""
        text = as_text(self.sheet.columns[header]).to_pylist()
        cells = np.array([cell or None for cell in text], dtype=object)
        name = self.names[header]
        means: Mapping[str, str] = {"Checked": "1", "Unchecked": "0"}
        if not _CHECKBOX.match(name):
            means = _levels_of(self.fields[name]) if name in self.fields else {}
            seen = set(text) - {None, ""}
            if seen <= set(means.values()) and not seen <= set(means):
                means = {}  # labels already
        return np.array([means.get(cell, cell) for cell in cells], dtype=object)

    def _meaning(self, header: str) -> Said | None:
        name = self.names[header]
        box = _CHECKBOX.match(name)
        if name in self.fields:
            return _say(self.fields[name], self.by)
        if box and box["field"] in self.fields:
            one = self.fields[box["field"]]
            codes = {code.lower().replace("-", "_"): label for code, label in one.choices.items()}
            label = f"{one.label}: {codes.get(box['code'], box['code'])}"
            said = _say(one, self.by)
            return replace(said, values={**said.values, "label": label, "kind": "boolean"})
        if box:
            return Said(by="a checkbox column", values={"kind": "boolean"})
        if name.endswith(("_complete", "Complete?", "_timestamp")) or name in OF_REDCAP:
            return Said(by="REDCap's own column", values={"role": "ignore"})
        return None


def _levels_of(one: Field) -> dict[str, str]:
    """Return what a raw code is read as: its label, where that tells the choices apart."""
    if one.kind not in ("radio", "dropdown") or _is_scale(one):
        return {}
    labels = list(one.choices.values())
    return dict(one.choices) if all(labels) and len(set(labels)) == len(labels) else {}


def _is_scale(one: Field) -> bool:
    """Tell whether choices are points of a scale: rows of a matrix, or labels that are numbers."""
    codes = [_number(code) for code in one.choices]
    if _read_annotation(one.annotation).get("kind") == "category":
        return False
    if len(codes) < 3 or any(code is None for code in codes):
        return False
    same = all(
        code == label or label.startswith((f"{code} ", f"{code}-", f"{code}="))
        for code, label in one.choices.items()
    )
    return bool(one.matrix) or same


def _say(one: Field, by: str) -> Said:
    values: dict[str, Any] = {"label": one.label} if one.label else {}
    levels: dict[str, str] = {}
    if one.kind in ("yesno", "truefalse"):
        values["kind"] = "boolean"
    elif one.kind in ("calc", "slider") or one.validation.startswith(_NUMBERS):
        values["kind"] = "number"
        bounds = {"low": _number(one.low), "high": _number(one.high)}
        if one.kind == "slider" and bounds == {"low": None, "high": None}:
            bounds = {"low": 0.0, "high": 100.0}
        values |= {key: bound for key, bound in bounds.items() if bound is not None}
    elif one.validation.startswith(("date", "datetime")):
        values["kind"] = "date"
    elif one.kind == "notes" or one.kind in ("file", "descriptive", "sql"):
        values |= {"kind": "text", "role": "ignore"}
    elif one.kind in ("radio", "dropdown") and _is_scale(one):
        codes = [code for code in map(_number, one.choices) if code is not None]
        values |= {"kind": "number", "low": min(codes), "high": max(codes)}
    elif one.kind in ("radio", "dropdown"):
        named = _levels_of(one) or {code: code for code in one.choices}
        levels = {label: label for label in named.values()}
        values["kind"] = "category"
    identifies = ""
    if one.identifier:
        identifies = "marked as an identifier"
    elif one.validation in _IDENTIFYING:
        identifies = f"its validation is {one.validation}"
    own = _read_annotation(one.annotation)
    if "levels" in own:
        levels = dict.fromkeys(own.pop("levels").split("|"), "")
        levels = {level: level for level in levels}
    if "text" in own.get("kind", ""):
        levels = {}
    return Said(by=by, values={**values, **own}, levels=levels, identifies=identifies)


def _read_annotation(text: str) -> dict[str, Any]:
    """Read ``@STRATIFY role=outcome measured=followup unit="mg/kg"``; other words are others'."""
    known = {"role": ROLES, "measured": MEASURED, "source": SOURCES}
    kinds = ("number", "category", "boolean", "date", "text")
    mark = text.find(ANNOTATION)
    found: dict[str, Any] = {}
    if mark < 0:
        return found
    for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', text[mark:]):
        value = quoted or bare
        allowed = {**known, "kind": kinds}.get(key)
        if key in ("unit", "levels", "visit") or (allowed and value in allowed):
            found[key] = value
        elif key in ("low", "high", "day") and _number(value) is not None:
            found[key] = _number(value)
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _make_sheet(
    sheet: Sheet, columns: dict[str, Any], people: list[str], faults: list[Fault], wide: bool
) -> Sheet:
    rows = np.arange(2, len(people) + 2) if wide else sheet.rows
    return Sheet(sheet.name, columns, rows, sheet.ragged, None, tuple(faults))
