"""BIDS folders: participants, sessions and phenotypes with their sidecars, one row a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stratify.cohort.sidecars import read_json, read_meaning, read_text, without_points
from stratify.cohort.source import Said, Source
from stratify.cohort.spelling import hint_at_patients, match_patients
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import TABLE_SUFFIXES, Sheet, as_text, read_sheet

PARTICIPANT = "participant_id"
SESSION = "session_id"


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
    people = _people(tables, faults)
    clashing = _clashing(tables)
    columns: dict[str, Any] = {PARTICIPANT: people}
    said: dict[str, Said] = {}
    for table in tables:
        _join(table, people, clashing, columns, said, faults)
    about = read_json(folder / "dataset_description.json", faults)
    sheet = _make_sheet(folder.resolve().name, columns, faults)
    return Source(
        sheet=sheet,
        format="bids",
        patient=PARTICIPANT,
        said=said,
        name=read_text(about.get("Name")),
        licence=read_text(about.get("License")),
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
    sessions = sheet.text(SESSION) if SESSION in sheet.headers else None
    _require_sessions(sheet, text, sessions)
    return _Table(
        tool=tool,
        sheet=sheet,
        sidecar=read_json(sidecar, faults),
        by=sidecar.name,
        who=text,
        sessions=sessions,
        registers=file.name == "participants.tsv",
        headers=tuple(h for h in sheet.headers if h not in (PARTICIPANT, SESSION)),
    )


def _require_sessions(sheet: Sheet, who: np.ndarray, sessions: np.ndarray | None) -> None:
    nameless = [] if sessions is None else [k for k, one in enumerate(sessions) if one is None]
    if nameless:
        raise DataError(
            Fault(
                where=f"{sheet.name}: {SESSION}",
                met=f"no session in row {name_some(sheet.rows[nameless])}",
                wanted="each row names its session",
                way_out="Name the session, or delete the row.",
                patients=tuple(dict.fromkeys(str(who[k]) for k in nameless)),
            )
        )


def _people(tables: list[_Table], faults: list[Fault]) -> list[str]:
    """Return everybody, in the order of the register, and give each row its person's name there."""
    register = next((table for table in tables if table.registers), None)
    people = dict.fromkeys([] if register is None else map(str, register.who))
    for table in tables:
        read_as = match_patients(map(str, table.who), people)
        if read_as:
            shown = name_some(f"{name!r} as {meant!r}" for name, meant in read_as.items())
            faults.append(
                _odd(
                    table,
                    "identifiers with and without sub-",
                    "the identifiers of participants.tsv",
                    "They were read as those.",
                    list(read_as.values()),
                    shown=shown,
                )
            )
            table.who = np.array([read_as.get(who, who) for who in table.who], dtype=object)
        new = [str(who) for who in dict.fromkeys(table.who) if who not in people]
        if new and register is not None:
            faults.append(
                _odd(
                    table,
                    f"{_count_people(new)} whom participants.tsv does not name",
                    "participants.tsv names everybody",
                    "They are kept, with nothing known from there.",
                    new,
                    shown=name_some(new) + hint_at_patients(new, people),
                )
            )
        people.update(dict.fromkeys(new))
        _require_one_row(table)
    if register is not None:
        faults += _find_absent(tables, people)
    return list(people)


def _count_people(people: Sequence[str]) -> str:
    return "1 person" if len(people) == 1 else f"{len(people)} people"


def _find_absent(tables: list[_Table], people: Mapping[str, Any]) -> Iterator[Fault]:
    """Tell who of the register has no row in another table, whose values are then missing."""
    tools = dict.fromkeys(table.tool for table in tables)
    for tool in tools:
        mine = [table for table in tables if table.tool == tool]
        there = {str(who) for table in mine for who in table.who}
        absent = [who for who in people if who not in there]
        if absent:
            yield _odd(
                mine[0],
                f"no row of {_count_people(absent)}",
                "a row of everybody in participants.tsv",
                "Their values count as missing; add the rows, with n/a where nothing is known.",
                absent,
                shown=name_some(absent),
            )


def _odd(
    table: _Table,
    met: str,
    wanted: str,
    way_out: str,
    who: Sequence[str] = (),
    *,
    shown: str = "",
) -> Fault:
    """Make a warning; who is concerned is shown behind what was met."""
    return Fault(
        where=table.sheet.name,
        met=f"{met}: {shown}" if shown else met,
        summary=met if shown else "",
        wanted=wanted,
        way_out=way_out,
        patients=tuple(who),
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
        meaning = read_meaning(table.by, header, table.sidecar.get(header), faults)
        text = without_points(as_text(table.sheet.columns[header]), meaning, header, pointed)
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


def _cite(about: Mapping[str, Any], tables: Iterable[_Table]) -> str:
    """Name the data set's own source, and that of each measurement tool."""
    authors = about.get("Authors")
    parts = [
        ", ".join(map(str, authors)) if isinstance(authors, list) else "",
        read_text(about.get("Name")),
        read_text(about.get("DatasetDOI")),
    ]
    cited = [". ".join(filter(None, parts))]
    for table in tables:
        tool = table.sidecar.get("MeasurementToolMetadata")
        if isinstance(tool, dict) and (
            read_text(tool.get("Description")) or read_text(tool.get("TermURL"))
        ):
            address = read_text(tool.get("TermURL"))
            cited.append(
                f"{table.tool}: {read_text(tool.get('Description')) or table.tool}"
                + (f" ({address})" if address else "")
            )
    return "; ".join(filter(None, cited))


def _make_sheet(name: str, columns: dict[str, Any], faults: list[Fault]) -> Sheet:
    import pyarrow as pa

    people = columns[PARTICIPANT]
    arrays = {**columns, PARTICIPANT: pa.array(people, pa.string())}
    return Sheet(name, arrays, np.arange(2, len(people) + 2), faults=tuple(faults))
