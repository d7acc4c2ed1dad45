"""Read the protocol's columns and the safety screens from their data files."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from stratify.protocol.values import ProtocolColumn, Report, Screen


@cache
def read_protocol() -> tuple[ProtocolColumn, ...]:
    """Read the standard columns of a treatment protocol.

    Examples
    --------
    >>> dose = next(column for column in read_protocol() if column.name == "ketamine_dose")
    >>> dose.unit, dose.usual_high, dose.reported[0].value
    ('mg/kg', 1.0, '0.2 to 4.7 mg/kg')
    """
    return tuple(
        ProtocolColumn(
            name=name,
            reported=tuple(Report(**one) for one in entry.pop("reported", ())),
            **_with_tuples(entry),
        )
        for name, entry in _read("columns.toml").items()
    )


@cache
def read_screens() -> tuple[Screen, ...]:
    """Read the safety screens.

    Examples
    --------
    >>> "seizure or epilepsy" in [screen.label for screen in read_screens()]
    True
    """
    return tuple(
        Screen(name=name, **_with_tuples(entry)) for name, entry in _read("screens.toml").items()
    )


def _read(name: str) -> dict[str, Any]:
    file = files("stratify.protocol").joinpath("data", name)
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}
