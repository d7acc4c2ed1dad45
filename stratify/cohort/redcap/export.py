"""REDCap exports: raw or labelled, one row a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stratify.cohort.redcap.events import ARM, Events, read_arms, read_events
from stratify.cohort.redcap.fields import Field, read_dictionary
from stratify.cohort.redcap.files import find_redcap
from stratify.cohort.redcap.headers import CHECKBOX, EVENT, INSTANCE, INSTRUMENT, name_columns
from stratify.cohort.redcap.meaning import find_meaning, levels_of, points_of
from stratify.cohort.source import Said, Source
from stratify.cohort.spelling import match_numbers
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import Sheet, as_text, read_sheet


def read_redcap(data: str | Path, dictionary: str | Path | None = None) -> Source:
    """Read a REDCap export, one row a patient.

    Raw and labelled exports give the same source. In a project with events each field becomes
    ``FIELD@EVENT``, and the arm of each patient the column ``redcap_arm``; boxes that can be ticked
    become a boolean each, ``FIELD___CODE``. Fields that the data dictionary marks as identifiers
    are kept apart: they are never features.

    Parameters
    ----------
    data : str or Path
        The exported CSV, or a folder that holds it and its data dictionary.
    dictionary : str or Path, optional
        The data dictionary CSV; one beside the data is found without it. A file of the project's
        arms (``arm_num``, ``name``) beside them gives the arms of a raw export their names.

    Returns
    -------
    source : Source

    Raises
    ------
    DataError
        If the export repeats an instrument (a patient then has no one value), has labels that may
        be several fields, or a patient has two rows of one event.

    Source
    ------
    REDCap's own export (Data Exports, "CSV / Microsoft Excel") and Data Dictionary file.
    """
    files = find_redcap(data, dictionary)
    sheet = read_sheet(files.data, repeated="numbered")
    fields: dict[str, Field] = {}
    faults: list[Fault] = []
    if files.dictionary is None:
        faults.append(_no_dictionary(files.data))
    else:
        fields, faults = read_dictionary(files.dictionary)
    by = "" if files.dictionary is None else files.dictionary.name
    export = _Export(sheet, fields, by, [*faults, *sheet.faults], read_arms(files.arms))
    export.name_fields()
    export.refuse_repeats()
    columns, said = export.join()
    rows = np.arange(2, len(columns[export.record]) + 2) if export.wide else sheet.rows
    return Source(
        sheet=Sheet(sheet.name, columns, rows, sheet.ragged, None, tuple(export.faults)),
        format="redcap",
        patient=export.record,
        said=said,
        left_out=export.left_out,
    )


def _no_dictionary(data: Path) -> Fault:
    return Fault(
        where=data.name,
        met="an export of REDCap and no data dictionary beside it",
        wanted="both, since only the dictionary says what codes mean, which ranges hold and what "
        "identifies a patient",
        way_out="Download it under Project Setup, Data Dictionary, and put it into the same folder "
        "under any name; every kind and level is guessed until then.",
        severity="warning",
    )


@dataclass(eq=False)
class _Export:
    """One exported table on its way to one row a patient."""

    sheet: Sheet
    fields: Mapping[str, Field]
    by: str
    faults: list[Fault]
    arms: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    left_out: dict[str, Any] = field(default_factory=dict)

    @property
    def id_header(self) -> str:
        """The column of the records: of the dictionary's first field, or else the first one."""
        first = next(iter(self.fields), "")
        named = (header for header, name in self.names.items() if name == first)
        return next(named, self.sheet.headers[0])

    @property
    def record(self) -> str:
        return self.names[self.id_header]

    @property
    def wide(self) -> bool:
        return self._own(EVENT) is not None

    def name_fields(self) -> None:
        """Find the field of each column, by its name or, in a labelled export, by its label."""
        titles = {header: self.sheet.title(header) for header in self.sheet.headers}
        found = name_columns(titles, self.fields)
        self.names = found.fields
        repeated = [title for title, count in Counter(titles.values()).items() if count > 1]
        unclear = [titles[header] for header in found.unclear]
        unnamed = {titles[header] for header in (found.unknown if self.fields else titles)}
        unclear += [t for t in repeated if t in unnamed and find_meaning(t, {}, "") is None]
        same = [name for name, count in Counter(self.names.values()).items() if count > 1]
        if unclear:
            raise DataError(self._unclear(list(dict.fromkeys(unclear))))
        if same:
            raise DataError(_same_field(self.sheet.name, same))
        first = next(iter(self.fields), "")
        if first and first not in self.names.values():
            raise DataError(self._no_record(self.fields[first]))
        if found.unknown:
            self.faults.append(self._unknown([titles[header] for header in found.unknown]))

    def _unclear(self, labels: Sequence[str]) -> Fault:
        way_out = "Export again with raw headers (CSV raw data)."
        if not self.fields:
            way_out += " Or put the data dictionary beside it, in whose order the columns stand."
        return Fault(
            where=self.sheet.name,
            met=f"labels that several columns or fields share: {name_some(labels)}",
            wanted="columns that can be told apart, by their name or their place among the others",
            way_out=way_out,
        )

    def _no_record(self, one: Field) -> Fault:
        return Fault(
            where=self.sheet.name,
            met=f"no column {one.name} ({one.label})",
            wanted=f"the field that names the records, the first in {self.by}",
            way_out="Export it too, or name its column so.",
        )

    def _unknown(self, columns: Sequence[str]) -> Fault:
        return Fault(
            where=self.sheet.name,
            met=f"{count_of(len(columns), 'column')} that {self.by} does not name: "
            f"{name_some(columns)}",
            wanted="fields of the data dictionary",
            way_out="They are read without their meaning; download both on the same day.",
            severity="warning",
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
        people = self.sheet.text(self.id_header)[rows]
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

    def join(self) -> tuple[dict[str, Any], dict[str, Said]]:
        """Return the columns, a patient's row each, and what is said of each column."""
        import pyarrow as pa

        who = self._patients()
        people = list(dict.fromkeys(who))
        events = self._events(who)
        rows_of = {event: np.flatnonzero(events.of_row == event) for event in events.of_row}
        columns: dict[str, Any] = {self.record: pa.array(people, pa.string())}
        said: dict[str, Said] = {}
        place = {one: k for k, one in enumerate(people)}
        at = np.array([place[one] for one in who], dtype=int)
        own = (*EVENT, *INSTRUMENT, *INSTANCE, self.id_header)
        for header in self.sheet.headers:
            if header in own:
                continue
            cells = self._cells(header)
            meaning = find_meaning(self.names[header], self.fields, self.by)
            for event, rows in rows_of.items():
                name = self.names[header] + (f"@{event}" if event else "")
                column = np.full(len(people), None, dtype=object)
                column[at[rows]] = cells[rows]
                values = pa.array(column, pa.string())
                if event and values.null_count == len(values):
                    self.left_out[name] = values  # a field is designated to some events only
                    continue
                columns[name] = values
                if meaning is not None:
                    said[name] = meaning
        if events.levels:
            self._add_arms(events, people, columns, said)
        return columns, said

    def _patients(self) -> list[str]:
        header = self.id_header
        who = self.sheet.text(header)
        nobody = [row for row, cell in zip(self.sheet.rows, who, strict=True) if cell is None]
        if nobody:
            raise DataError(
                Fault(
                    where=f"{self.sheet.name}: {header}",
                    met=f"no identifier in row {name_some(nobody)}",
                    wanted="each row names its record",
                    way_out="Export again, or delete the row.",
                )
            )
        return list(map(str, who))

    def _own(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.sheet.headers), None)

    def _events(self, who: Sequence[str]) -> Events:
        header = self._own(EVENT)
        if header is None:
            self._require_one_row(zip(who, strict=True))
            return Events(np.full(len(who), "", dtype=object), {}, ())
        cells = self.sheet.text(header).tolist()
        nameless = [k for k, cell in enumerate(cells) if cell is None]
        if nameless:
            raise DataError(self._no_event(header, nameless, who))
        self._require_one_row((one, cell) for one, cell in zip(who, cells, strict=True))
        events = read_events(self.sheet.name, cells, who, self.arms)
        self._require_one_row(zip(who, events.of_row, strict=True))
        self.faults += events.faults
        return events

    def _no_event(self, header: str, rows: Sequence[int], who: Sequence[str]) -> Fault:
        people = tuple(dict.fromkeys(who[k] for k in rows))
        return Fault(
            where=f"{self.sheet.name}: {header}",
            met=f"no event in row {name_some(self.sheet.rows[k] for k in rows)}, of patient "
            f"{name_some(people)}",
            wanted="each row names its event",
            way_out="Name the event, or delete the row.",
            patients=people,
        )

    def _require_one_row(self, keys: Iterable[tuple[str, ...]]) -> None:
        twice = [(key, count) for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise DataError(
                Fault(
                    where=f"{self.sheet.name}: {self.id_header}",
                    met=name_some(f"{' in '.join(key)} in {count} rows" for key, count in twice),
                    wanted="one row a patient" + (" and event" if self.wide else ""),
                    way_out="Export again with the column redcap_event_name, or keep one row.",
                    patients=tuple(dict.fromkeys(str(key[0]) for key, _ in twice)),
                )
            )

    def _cells(self, header: str) -> np.ndarray:
        """Return a column's cells; codes of choices as their labels, boxes as 0 and 1."""
        text = as_text(self.sheet.columns[header]).to_pylist()
        name = self.names[header]
        if CHECKBOX.match(name):
            means: Mapping[str, str] = {"Checked": "1", "Unchecked": "0"}
        elif name in self.fields:
            means = _read_as(self.fields[name], {cell for cell in text if cell})
        else:
            means = {}
        return np.array([means.get(cell, cell) or None for cell in text], dtype=object)

    def _add_arms(
        self, events: Events, people: Sequence[str], columns: dict[str, Any], said: dict[str, Said]
    ) -> None:
        """Add the arm of each patient; where all are in one, only for a dictionary that asks."""
        import pyarrow as pa

        values = pa.array([events.arms.get(one) for one in people], pa.string())
        if len(events.levels) == 1:
            self.left_out[ARM] = values
            return
        columns[ARM] = values
        said[ARM] = Said(
            by="the events' names",
            values={"kind": "category", "label": "arm of the project"},
            levels={level: level for level in events.levels},
        )


def _read_as(one: Field, seen: set[str]) -> Mapping[str, str]:
    """Return what each cell of a field is read as: choices as labels, points of scales as codes."""
    points = points_of(one)
    if points:
        return points
    means = levels_of(one)
    if seen <= set(means.values()) and not seen <= set(means):
        return {}  # labels already
    # A table that went through a spreadsheet has 1.0 for the code 1.
    codes = match_numbers(seen, means)
    return {**means, **{cell: means[code] for cell, code in codes.items()}}


def _same_field(file: str, names: Sequence[str]) -> Fault:
    return Fault(
        where=file,
        met=f"several columns of one field: {name_some(names)}",
        wanted="each field once",
        way_out="Delete all columns of it but one, or export again.",
    )
