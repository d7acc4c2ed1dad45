"""Read instruments from their data files: the library's own by name, others by path."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault, SettingsError, did_you_mean

if TYPE_CHECKING:
    from stratify.instruments.values import Instrument


def list_instruments() -> tuple[str, ...]:
    """Return the names of the instruments that come with the library.

    Examples
    --------
    >>> "madrs" in list_instruments()
    True
    """
    return _own_names()


@cache
def _own_names() -> tuple[str, ...]:
    folder = files("stratify.instruments").joinpath("data")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_instrument(name: str | Path) -> Instrument:
    """Read a rating scale.

    Parameters
    ----------
    name : str or Path
        One of `list_instruments`, or the path of a TOML file of your own, which must end in
        ``.toml``.

    Returns
    -------
    instrument : Instrument
        Checked: its ranges agree with its items, its bands cover its totals.

    Raises
    ------
    SettingsError
        If there is no instrument of that name.
    DataError
        With every fault of the file.

    Examples
    --------
    >>> phq9 = read_instrument("phq9")
    >>> phq9.short_name, len(phq9.items), phq9.total().high
    ('PHQ-9', 9, 27.0)
    """
    if isinstance(name, Path) or name.endswith(".toml"):
        return _read_file(Path(name))
    if name not in _own_names():
        raise SettingsError(
            Fault(
                where="instrument",
                met=f"no instrument {name!r}{did_you_mean(name, _own_names())}",
                wanted=f"one of {', '.join(_own_names())}",
                way_out="Correct the name, or give the path of a file of your own.",
            )
        )
    return _read_own(name)


@cache
def _read_own(name: str) -> Instrument:
    file = f"{name}.toml"
    return _parse(files("stratify.instruments").joinpath("data", file).read_bytes(), file)


def _read_file(path: Path) -> Instrument:
    try:
        return _parse(path.read_bytes(), path.name)
    except OSError as error:
        fault = Fault(
            where=path.name,
            met=f"it cannot be read ({error.strerror})",
            wanted="an instrument in TOML",
            way_out="Correct the path.",
        )
        raise DataError(fault) from None


def _parse(data: bytes, where: str) -> Instrument:
    from stratify.instruments.check import check_instrument
    from stratify.instruments.file import parse_file
    from stratify.instruments.make import make_instrument

    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        met = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(
            Fault(where=where, met=met, wanted="an instrument in TOML", way_out="Correct the file.")
        ) from None
    file, faults = parse_file(values, where)
    if file is None:
        raise DataError(faults)
    instrument = make_instrument(file)
    faults = check_instrument(instrument, file, where)
    if faults:
        raise DataError(faults)
    return instrument
