"""Sidecars of BIDS tables: what a JSON file beside a table says of its columns."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from stratify.cohort.source import Said
from stratify.cohort.spelling import match_numbers
from stratify.errors import Fault

_NO_WORDS = ("no", "false", "absent")
_YES_WORDS = ("yes", "true", "present")
_LABEL_LENGTH = 120


def read_json(path: Path, faults: list[Fault]) -> dict[str, Any]:
    """Read a sidecar; one that cannot be read is told, and says nothing."""
    if not path.is_file():
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


def read_meaning(by: str, header: str, entry: object, faults: list[Fault]) -> Said | None:
    """Return what a sidecar says of a column, as far as it can be read; the rest is told.

    Parameters
    ----------
    by : str
        The sidecar's name.
    header : str
    entry : object
        What stands under the column's name; None where nothing does.
    faults : list of Fault
        Grows by what is malformed.
    """
    if entry is None:
        return None
    if not isinstance(entry, dict):
        faults.append(_malformed(by, header, "it is no object", "a description of the column"))
        return None
    values: dict[str, Any] = {}
    label = read_text(entry.get("LongName")) or read_text(entry.get("Description"))
    if label:
        values["label"] = label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
    unit = read_text(entry.get("Units"))
    if unit and unit.lower() not in ("n/a", "none"):
        values["unit"] = unit
    for key, names in (("low", ("MinValue", "Minimum")), ("high", ("MaxValue", "Maximum"))):
        given = next((entry[name] for name in names if name in entry), None)
        bound = _number(given)
        if given is not None and bound is None:
            faults.append(_malformed(by, header, f"{names[0]} is no number", "a number"))
        elif bound is not None:
            values[key] = bound
    levels = _read_levels(by, header, entry.get("Levels"), faults)
    if len(levels) == 2:
        words = {meaning.strip().lower(): code for code, meaning in levels.items()}
        no = next((words[word] for word in _NO_WORDS if word in words), None)
        yes = next((words[word] for word in _YES_WORDS if word in words), None)
        if no is not None and yes is not None:
            values["kind"] = "boolean"
            levels = {no: levels[no], yes: levels[yes]}
    return Said(by=by, values=values, levels=levels)


def _read_levels(by: str, header: str, given: object, faults: list[Fault]) -> dict[str, str]:
    if given is None:
        return {}
    if isinstance(given, list):
        given = {str(code): str(code) for code in given}
    if not isinstance(given, dict):
        faults.append(_malformed(by, header, "Levels is no object", "each level's meaning"))
        return {}
    levels = {}
    for code, meaning in given.items():
        if isinstance(meaning, dict):
            meaning = meaning.get("Description", meaning.get("LongName", code))
        if str(code).strip() and str(code).strip().lower() != "n/a":
            levels[str(code).strip()] = read_text(meaning) or str(code)
    return levels


def _malformed(by: str, header: str, met: str, wanted: str) -> Fault:
    return Fault(
        where=f"{by}: {header}",
        met=met,
        wanted=wanted,
        way_out="Correct the sidecar; the column is read without this now.",
        severity="warning",
    )


def without_points(text: Any, said: Said | None, header: str, pointed: list[str]) -> Any:
    """Turn 2.0 into the level 2 where the sidecar has that level and not the other."""
    import pyarrow as pa

    if said is None or not said.levels:
        return text
    cells = text.to_pylist()
    read_as = match_numbers({cell for cell in cells if cell}, said.levels)
    if not read_as:
        return text
    pointed.append(header)
    return pa.array([read_as.get(cell, cell) for cell in cells], pa.string())


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def read_text(value: object) -> str:
    """Return a text of a sidecar on one line; nothing where it is no text."""
    return " ".join(value.split()) if isinstance(value, str) else ""
