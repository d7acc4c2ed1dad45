"""Files of visits, long or wide, as long rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stratify.errors import Fault, count_of, did_you_mean, name_some
from stratify.sheet import Sheet

_LONG = ("patient", "period", "arm", "visit", "date", "day", "instrument", "value")
RAGGED = "Look for a delimiter inside a cell, or a cell left out."


def read_long(sheet: Sheet, faults: list[Fault]) -> pd.DataFrame:
    """Read a long table, a row a value."""
    wanting = [n for n in ("patient", "instrument", "value") if n not in sheet.columns]
    if not {"visit", "date", "day"} & set(sheet.headers):
        wanting.append("visit")
    spare = [header for header in sheet.headers if header not in _LONG]
    for name in wanting:
        also = ", date or day" if name == "visit" else ""
        faults.append(
            Fault(
                where=sheet.name,
                met=f"no column {name}{also}{did_you_mean(name, spare)}",
                wanted="patient, instrument, value, and one of visit, date and day",
                way_out="Rename the column, or say that the format is wide.",
            )
        )
    if spare:
        faults.append(_ignored(sheet, spare))
    long = pd.DataFrame(
        {
            name: sheet.text(name) if name in sheet.columns else np.full(len(sheet), None)
            for name in _LONG
        },
        dtype=object,
    )
    long["row"] = sheet.rows
    return long[long["value"].notna()].reset_index(drop=True)


def read_wide(sheet: Sheet, planned: Mapping[str, float], faults: list[Fault]) -> pd.DataFrame:
    """Turn a wide table into long rows, by the visit each header ends with."""
    if not planned:
        faults.append(
            Fault(
                where=sheet.name,
                met="no visits",
                wanted="a wide table says its visits, and the day each is planned for",
                way_out='Write days = {baseline = -1, "week 2" = 14} under [visits].',
            )
        )
    if "patient" not in sheet.columns:
        faults.append(
            Fault(
                where=sheet.name,
                met=f"no column patient{did_you_mean('patient', sheet.headers)}",
                wanted="one row a patient, or a patient's period",
                way_out="Rename the column of the patients' identifiers.",
            )
        )
        return pd.DataFrame(columns=[*_LONG, "row"])
    found, dates, spare = [], {}, []
    for header in sheet.headers:
        if header in ("patient", "period", "arm"):
            continue
        instrument, visit = _split(header, planned)
        if visit is None:
            spare.append(header)
        elif instrument == "date":
            dates[visit] = sheet.text(header)
        else:
            found.append((header, instrument, visit))
    if spare:
        faults.append(_ignored(sheet, spare))
    whose = {n: sheet.text(n) for n in ("patient", "period", "arm") if n in sheet.columns}
    pieces = [
        pd.DataFrame(
            {
                **whose,
                "visit": visit,
                "date": dates.get(visit, np.full(len(sheet), None)),
                "instrument": instrument,
                "value": sheet.text(header),
                "row": sheet.rows,
            }
        )
        for header, instrument, visit in found
    ]
    if not pieces:
        return pd.DataFrame(columns=[*_LONG, "row"])
    long = pd.concat(pieces).reindex(columns=[*_LONG, "row"]).astype(dict.fromkeys(_LONG, object))
    long = long.where(long.notna(), None)
    return long[long["value"].notna()].reset_index(drop=True)


def _split(header: str, planned: Mapping[str, float]) -> tuple[str, str | None]:
    """Return the instrument and the visit a header of a wide table names."""
    for visit in sorted(planned, key=len, reverse=True):
        for ending in dict.fromkeys((slug(visit), slug(visit).replace("_", ""))):
            if header.lower().endswith(f"_{ending}"):
                return header[: -len(ending) - 1], visit
    return header, None


def slug(visit: str) -> str:
    """Return a visit as it stands in a column's name."""
    return re.sub(r"\W+", "_", visit.strip().lower()).strip("_")


def _ignored(sheet: Sheet, headers: Sequence[str]) -> Fault:
    return Fault(
        where=sheet.name,
        met=f"{count_of(len(headers), 'column')} that is no value at a visit: {name_some(headers)}",
        wanted="columns of visits",
        way_out="They are ignored.",
        severity="warning",
    )
