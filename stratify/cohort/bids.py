"""BIDS folders: participants, sessions and phenotypes with their sidecars, one row a patient."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stratify.cohort.source import Said, Source
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import TABLE_SUFFIXES, Sheet, as_text, read_sheet

PARTICIPANT = "participant_id"
SESSION = "session_id"


_NO_WORDS = ("no", "false", "absent")
_YES_WORDS = ("yes", "true", "present")
_LABEL_LENGTH = 120


def read_bids(folder: str | Path) -> Source:
    r"""Read the clinical tables of a BIDS folder and join them, one row a patient.

    ``participants.tsv``, ``phenotype/*.tsv`` and the sessions files are read with their sidecars.
    A column that two tables share is put under ``TOOL_COLUMN``; a value of a session becomes the
    column ``COLUMN@SESSION``. ``n/a`` is a missing value.

    Parameters
    ----------
    folder : str or Path
        Holds ``participants.tsv``, a ``phenotype`` folder, or both.

    Returns
    -------
    source : Source
        What was mended or is odd (a sidecar that cannot be read, people missing from
        ``participants.tsv``) is in the faults of its sheet, as warnings.

    Raises
    ------
    DataError
        If there is no table, or one without ``participant_id``, or a person has several rows
        where one is allowed.

    Source
    ------
    Brain Imaging Data Structure 1.11.1, "Data summary files" and "Phenotypic and assessment data".

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "participants.tsv"
    ...     _ = file.write_text("participant_id\tage\nsub-01\t31\n")
    ...     read_bids(folder).sheet.headers
    ('participant_id', 'age')
    """
    folder = Path(folder)
    tables, faults = _read_tables(folder)
    people = _people(folder, tables, faults)
    clashing = _clashing(tables)
    columns: dict[str, Any] = {PARTICIPANT: people}
    said: dict[str, Said] = {}
    for table in tables:
        _join(table, people, clashing, columns, said, faults)
    about = _read_json(folder / "dataset_description.json", faults, needed=False)
    sheet = _make_sheet(folder.resolve().name, columns, faults)
    return Source(
        sheet=sheet,
        format="bids",
        patient=PARTICIPANT,
        said=said,
        name=_text(about.get("Name")),
        licence=_text(about.get("License")),
        citation=_cite(about, tables),
    )


@dataclass(eq=False)
class _Table:
    """One file: its cells, who each row is, and what its sidecar says."""

    tool: str
    sheet: Sheet
    sidecar: Mapping[str, Any]
    by: str
    who: np.ndarray
    sessions: np.ndarray | None
    registers: bool = False
    headers: tuple[str, ...] = field(default=())


def _read_tables(folder: Path) -> tuple[list[_Table], list[Fault]]:
    faults: list[Fault] = []
    files = [folder / "participants.tsv"] if (folder / "participants.tsv").is_file() else []
    files += sorted((folder / "phenotype").glob("*.tsv"))
    files += sorted(folder.glob("sessions.tsv")) + sorted(folder.glob("sub-*/sub-*_sessions.tsv"))
    if not files:
        raise DataError(_no_tables(folder))
    tables: list[_Table] = []
    wrong: list[Fault] = []
    for file in files:
        try:
            tables.append(_read_table(folder, file, faults))
        except DataError as error:
            wrong += error.faults
    if wrong:
        raise DataError(wrong)
    return tables, faults


def _no_tables(folder: Path) -> Fault:
    met, way_out = "no such folder", "Correct the path."
    if folder.is_dir():
        met = "no participants.tsv, and no .tsv in phenotype"
        way_out = "Name the folder that holds participants.tsv."
        tables = [f for f in sorted(folder.iterdir()) if f.name.lower().endswith(TABLE_SUFFIXES)]
        if tables:
            met += f", but {count_of(len(tables), 'table')}: {name_some(f.name for f in tables)}"
            way_out = (
                "Name the table itself. If it is an export of REDCap, put the data dictionary "
                "(Project Setup, Data Dictionary) beside it."
            )
    return Fault(
        where=str(folder),
        met=met,
        wanted="a BIDS folder with the tables of its participants, or an export of REDCap with its "
        "data dictionary",
        way_out=way_out,
    )


def _read_table(folder: Path, file: Path, faults: list[Fault]) -> _Table:
    sheet = read_sheet(file)
    faults += sheet.faults
    faults += sheet.tell_ragged("Look for a tab inside a cell, or a cell left out.")
    tool = "sessions" if file.name.endswith("sessions.tsv") else file.stem
    own = file.name.removesuffix("_sessions.tsv") if file.name.endswith("_sessions.tsv") else ""
    if PARTICIPANT in sheet.headers:
        text = sheet.text(PARTICIPANT)
    elif own:
        text = np.full(len(sheet), own, dtype=object)
    else:
        raise DataError(
            Fault(
                where=file.name,
                met=f"no column {PARTICIPANT}",
                wanted="each table of a BIDS folder names its participants",
                way_out=f"Name the column with the identifiers {PARTICIPANT}.",
            )
        )
    nobody = np.flatnonzero([cell is None for cell in text])
    if len(nobody):
        raise DataError(
            Fault(
                where=f"{file.name}: {PARTICIPANT}",
                met=f"no identifier in row {name_some(sheet.rows[nobody])}",
                wanted="each row names its participant",
                way_out="Name the participant, or delete the row.",
            )
        )
    sidecar = file.with_suffix(".json")
    if not sidecar.is_file() and tool == "sessions":
        sidecar = folder / "sessions.json"
    return _Table(
        tool=tool,
        sheet=sheet,
        sidecar=_read_json(sidecar, faults, needed=False),
        by=sidecar.name,
        who=text,
        sessions=sheet.text(SESSION) if SESSION in sheet.headers else None,
        registers=file.name == "participants.tsv",
        headers=tuple(h for h in sheet.headers if h not in (PARTICIPANT, SESSION)),
    )


def _read_json(path: Path, faults: list[Fault], *, needed: bool) -> dict[str, Any]:
    """Read a sidecar; one that cannot be read is told, and says nothing."""
    if not path.is_file() and not needed:
        return {}
    try:
        values = json.loads(path.read_bytes().decode("utf-8-sig"))
        if isinstance(values, dict):
            return values
        met = "it holds no object of columns"
    except (OSError, ValueError, RecursionError) as error:
        met = f"it cannot be read ({error})"
    faults.append(
        Fault(
            where=path.name,
            met=met,
            wanted="a sidecar in JSON that describes the columns",
            way_out="Correct it; its columns are read without their meaning now.",
            severity="warning",
        )
    )
    return {}


def _people(folder: Path, tables: list[_Table], faults: list[Fault]) -> list[str]:
    """Return everybody, in the order of the register, and give each row its person's name there."""
    register = next((table for table in tables if table.registers), None)
    people = dict.fromkeys([] if register is None else map(str, register.who))
    for table in tables:
        bare = [
            f"sub-{who}" if who not in people and f"sub-{who}" in people else who
            for who in table.who
        ]
        if bare != list(table.who):
            faults.append(
                _odd(
                    table,
                    "identifiers without sub-",
                    "the ones of participants.tsv",
                    "They were read as with it.",
                )
            )
            table.who = np.array(bare, dtype=object)
        new = [str(who) for who in dict.fromkeys(table.who) if who not in people]
        if new and register is not None:
            faults.append(
                _odd(
                    table,
                    f"{count_of(len(new), 'person') if len(new) == 1 else f'{len(new)} people'} "
                    "whom participants.tsv does not name",
                    "participants.tsv names everybody",
                    "They are kept, with nothing known from there.",
                    tuple(new),
                )
            )
        people.update(dict.fromkeys(new))
        _require_one_row(table)
    return list(people)


def _odd(table: _Table, met: str, wanted: str, way_out: str, who: tuple[str, ...] = ()) -> Fault:
    return Fault(
        where=table.sheet.name,
        met=met,
        wanted=wanted,
        way_out=way_out,
        patients=who,
        severity="warning",
    )


def _require_one_row(table: _Table) -> None:
    sessions = [""] * len(table.who) if table.sessions is None else table.sessions
    counts = Counter(zip(table.who, sessions, strict=True))
    twice = [
        f"{who}{f' in {session}' if session else ''} in {count} rows"
        for (who, session), count in counts.items()
        if count > 1
    ]
    if twice:
        raise DataError(
            Fault(
                where=f"{table.sheet.name}: {PARTICIPANT}",
                met=name_some(twice),
                wanted="one row a participant" + ("" if table.sessions is None else " and session"),
                way_out="Keep one row of each, or tell them apart by a column session_id.",
                patients=tuple({str(who) for (who, _), count in counts.items() if count > 1}),
            )
        )


def _clashing(tables: list[_Table]) -> set[str]:
    """Return the names that several tables have; per-person sessions files are one table."""
    owners: dict[str, set[str]] = {}
    for table in tables:
        for header in table.headers:
            owners.setdefault(header, set()).add(table.tool)
    return {header for header, tools in owners.items() if len(tools) > 1}


def _join(
    table: _Table,
    people: list[str],
    clashing: set[str],
    columns: dict[str, Any],
    said: dict[str, Said],
    faults: list[Fault],
) -> None:
    """Add a table's columns, a person's row each, and what its sidecar says of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = {who: k for k, who in enumerate(people)}
    sessions = [None] if table.sessions is None else list(dict.fromkeys(table.sessions))
    pointed: list[str] = []
    for header in table.headers:
        meaning = _read_meaning(table, header, faults)
        text = _without_points(as_text(table.sheet.columns[header]), meaning, header, pointed)
        stem = f"{table.tool}_{header}" if header in clashing and not table.registers else header
        for session in sessions:
            name = stem if session is None else f"{stem}@{session}"
            rows = np.full(len(people), -1)
            for k, who in enumerate(table.who):
                if session is None or table.sessions is None or table.sessions[k] == session:
                    rows[place[who]] = k
            column = text.take(pa.array(rows, mask=rows < 0))
            # The sessions files of several people are parts of one column.
            columns[name] = pc.coalesce(columns[name], column) if name in columns else column
            if meaning is not None:
                said[name] = meaning
    if pointed:
        faults.append(
            _odd(
                table,
                f"whole numbers written with a point (2.0) in {count_of(len(pointed), 'column')}: "
                f"{name_some(pointed)}",
                f"the levels as {table.by} writes them (2)",
                "They were read as those levels.",
            )
        )


def _without_points(text: Any, said: Said | None, header: str, pointed: list[str]) -> Any:
    """Turn 2.0 into the level 2 where the sidecar has that level and not the other."""
    import pyarrow as pa

    if said is None or not said.levels:
        return text
    cells = text.to_pylist()
    mended = [
        cell[:-2]
        if cell and cell.endswith(".0") and cell not in said.levels and cell[:-2] in said.levels
        else cell
        for cell in cells
    ]
    if mended == cells:
        return text
    pointed.append(header)
    return pa.array(mended, pa.string())


def _read_meaning(table: _Table, header: str, faults: list[Fault]) -> Said | None:
    entry = table.sidecar.get(header)
    if entry is None:
        return None
    if not isinstance(entry, dict):
        faults.append(_malformed(table, header, "it is no object", "a description of the column"))
        return None
    values: dict[str, Any] = {}
    label = _text(entry.get("LongName")) or _text(entry.get("Description"))
    if label:
        values["label"] = label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
    if _text(entry.get("Units")) and _text(entry.get("Units")).lower() not in ("n/a", "none"):
        values["unit"] = _text(entry["Units"])
    for key, names in (("low", ("MinValue", "Minimum")), ("high", ("MaxValue", "Maximum"))):
        given = next((entry[name] for name in names if name in entry), None)
        bound = _number(given)
        if given is not None and bound is None:
            faults.append(_malformed(table, header, f"{names[0]} is no number", "a number"))
        elif bound is not None:
            values[key] = bound
    levels = _read_levels(table, header, entry.get("Levels"), faults)
    if len(levels) == 2:
        words = {meaning.strip().lower(): code for code, meaning in levels.items()}
        no = next((words[word] for word in _NO_WORDS if word in words), None)
        yes = next((words[word] for word in _YES_WORDS if word in words), None)
        if no is not None and yes is not None:
            values["kind"] = "boolean"
            levels = {no: levels[no], yes: levels[yes]}
    return Said(by=table.by, values=values, levels=levels)


def _read_levels(table: _Table, header: str, given: object, faults: list[Fault]) -> dict[str, str]:
    if given is None:
        return {}
    if isinstance(given, list):
        given = {str(code): str(code) for code in given}
    if not isinstance(given, dict):
        faults.append(_malformed(table, header, "Levels is no object", "each level's meaning"))
        return {}
    levels = {}
    for code, meaning in given.items():
        if isinstance(meaning, dict):
            meaning = meaning.get("Description", meaning.get("LongName", code))
        if str(code).strip() and str(code).strip().lower() != "n/a":
            levels[str(code).strip()] = _text(meaning) or str(code)
    return levels


def _malformed(table: _Table, header: str, met: str, wanted: str) -> Fault:
    return Fault(
        where=f"{table.by}: {header}",
        met=met,
        wanted=wanted,
        way_out="Correct the sidecar; the column is read without this now.",
        severity="warning",
    )


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _cite(about: Mapping[str, Any], tables: Iterable[_Table]) -> str:
    """Name the data set's own source, and that of each measurement tool."""
    authors = about.get("Authors")
    parts = [
        ", ".join(map(str, authors)) if isinstance(authors, list) else "",
        _text(about.get("Name")),
        _text(about.get("DatasetDOI")),
    ]
    cited = [". ".join(filter(None, parts))]
    for table in tables:
        tool = table.sidecar.get("MeasurementToolMetadata")
        if isinstance(tool, dict) and (
            _text(tool.get("Description")) or _text(tool.get("TermURL"))
        ):
            address = _text(tool.get("TermURL"))
            cited.append(
                f"{table.tool}: {_text(tool.get('Description')) or table.tool}"
                + (f" ({address})" if address else "")
            )
    return "; ".join(filter(None, cited))


def _make_sheet(name: str, columns: dict[str, Any], faults: list[Fault]) -> Sheet:
    import pyarrow as pa

    people = columns[PARTICIPANT]
    arrays = {**columns, PARTICIPANT: pa.array(people, pa.string())}
    return Sheet(name, arrays, np.arange(2, len(people) + 2), faults=tuple(faults))
