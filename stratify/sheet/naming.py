"""Columns with their names: header parted from rows, and what is odd about either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stratify.errors import Fault, count_of, name_some
from stratify.sheet.values import RaggedRow, Repeated, Sheet


def make_fault(path: Path, met: str, wanted: str, way_out: str) -> Fault:
    """Make the fault of a file."""
    return Fault(where=path.name, met=met, wanted=wanted, way_out=way_out)


def make_sheet(
    name: str,
    columns: Sequence[Any],
    rows: np.ndarray,
    header: bool,
    ragged: tuple[RaggedRow, ...],
    faults: tuple[Fault, ...],
    repeated: Repeated,
) -> Sheet:
    """Part header from rows, and leave out rows below it whose every cell is empty."""
    if header:
        names = [column[0].as_py() for column in columns]
        columns, rows = [column[1:] for column in columns], rows[1:]
    else:
        names = [str(k) for k in range(1, len(columns) + 1)]
    empty = np.full(len(rows), header)
    for column in columns:
        if not empty.any():
            break
        empty[empty] = column.filter(empty).to_numpy(zero_copy_only=False) == ""
    if empty.any():
        columns, rows = [column.filter(~empty) for column in columns], rows[~empty]
    return name_columns(name, names, columns, rows, ragged, faults, repeated)


def name_columns(
    name: str,
    headers: Sequence[str],
    columns: Sequence[Any],
    rows: np.ndarray,
    ragged: tuple[RaggedRow, ...],
    faults: tuple[Fault, ...],
    repeated: Repeated = "refused",
) -> Sheet:
    """Return columns under their names, and tell of those that are absent, empty or repeated."""
    found = list(faults)
    numbered: dict[str, str] = {}
    if repeated == "numbered":
        headers, numbered = _number(headers)
    twice = [header for header, count in Counter(headers).items() if header and count > 1]
    if twice:
        found.append(
            Fault(
                where=name,
                met=f"columns that share a name: {name_some(twice)}",
                wanted="each column has a name of its own",
                way_out="Rename or delete all but one of each.",
            )
        )
    nameless = [k for k, header in enumerate(headers) if not header]
    holding = [
        k
        for k in nameless
        if any(value not in ("", None) for value in columns[k].unique().to_pylist())
    ]
    if holding:
        found.append(
            Fault(
                where=name,
                met=f"no name above column {name_some(k + 1 for k in holding)}",
                wanted="each column has a name",
                way_out="Name the column, if the study needs it; it is ignored now.",
                severity="warning",
            )
        )
    spare = len(nameless) - len(holding)
    if spare:
        found.append(
            Fault(
                where=name,
                met=f"{count_of(spare, 'column')} without a name and without a value",
                wanted="no delimiters after the last name",
                way_out="Nothing stands there, and it was passed over.",
                severity="warning",
            )
        )
    kept: dict[str, Any] = {}
    for header, column in zip(headers, columns, strict=True):
        if header:
            kept.setdefault(header, column)
    return Sheet(name, kept, rows, ragged, None, tuple(found), numbered)


def _number(headers: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Give headers that come again a number, and return what each of these was."""
    made: dict[str, None] = {}
    named: list[str] = []
    numbered: dict[str, str] = {}
    for header in headers:
        name, count = header, 1
        while header and name in made:
            count += 1
            name = f"{header} ({count})"
        if name != header:
            numbered[name] = header
        made[name] = None
        named.append(name)
    return named, numbered
