"""Where patients come from: one table, a BIDS folder or a REDCap export, as one sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from stratify.sheet import Sheet

Format = Literal["table", "bids", "redcap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a file itself says of a column, in a sidecar or a data dictionary.

    Parameters
    ----------
    by : str
        Who says it: ``"participants.json"``.
    values : mapping of str to object
        Fields of a `stratify.schema.Column`: label, unit, low, high, kind, role, measured.
    levels : mapping of str to str
        Each code with its meaning, in order.
    identifies : str
        Why the column identifies a patient, where it does; it is never a feature then.
    """

    by: str
    values: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    identifies: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """Patients, one row each, before a dictionary says what their columns mean.

    Parameters
    ----------
    sheet : Sheet
    format : {"table", "bids", "redcap"}
    patient : str
        The column with the patients' identifiers, where the format fixes it.
    said : mapping of str to Said
        What the files say of each column.
    left_out : mapping of str to arrow array
        Columns that say nothing and were left out, but that a dictionary may name: of a field and
        event that no patient has a value of (REDCap does not say in its export which fields an
        event has), or of the arm where all patients are in one.
    name, licence, citation : str
    """

    sheet: Sheet
    format: Format = "table"
    patient: str = ""
    said: Mapping[str, Said] = field(default_factory=dict)
    left_out: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    licence: str = ""
    citation: str = ""

    def __len__(self) -> int:
        return len(self.sheet)

    def sheet_with(self, names: Iterable[str]) -> Sheet:
        """Return the sheet, and in it those of some columns that were left out."""
        wanted = {name: self.left_out[name] for name in names if name in self.left_out}
        return replace(self.sheet, columns={**self.sheet.columns, **wanted})

    def __repr__(self) -> str:
        kind = {"bids": "a BIDS folder", "redcap": "a REDCap export"}.get(self.format, "a table")
        size = f"{len(self)} rows, {len(self.sheet.headers)} columns"
        return f"Source({self.sheet.name}: {kind}, {size})"
