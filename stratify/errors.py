"""What stratify says when something is wrong: what, where, met, wanted, and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a user's data or settings.

    Parameters
    ----------
    where : str
        File, and column or key path: ``"cohort.csv: madrs_baseline"``.
    met : str
        What was found there.
    wanted : str
        What should be there.
    way_out : str
        What the user can do about it, in the imperative.
    patients : tuple of str
        The patients concerned, when the fault is in their rows.
    severity : {"error", "warning"}
        An error stops the study; a warning is carried into its runs and reports.

    Examples
    --------
    >>> print(Fault(where="cohort.csv: madrs_baseline", met="74 for patient P017",
    ...             wanted="the MADRS total runs from 0 to 60",
    ...             way_out="Correct the row, or leave it empty to mark it missing."))
    cohort.csv: madrs_baseline: 74 for patient P017; the MADRS total runs from 0 to 60. \
Correct the row, or leave it empty to mark it missing.
    """

    where: str
    met: str
    wanted: str
    way_out: str
    patients: tuple[str, ...] = ()
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.met}; {self.wanted}. {self.way_out}"

    def to_dict(self) -> dict[str, object]:
        """Return the fault as plain values, for JSON."""
        return {
            "severity": self.severity,
            "where": self.where,
            "met": self.met,
            "wanted": self.wanted,
            "way_out": self.way_out,
            "patients": list(self.patients),
        }


class StratifyError(Exception):
    """Something the user can mend. The command line prints it without a traceback and exits 1."""


class DataError(StratifyError):
    """A study's data are wrong. Carries every fault found, not only the first.

    Parameters
    ----------
    faults : iterable of Fault, or one Fault

    Examples
    --------
    >>> fault = Fault(where="cohort.csv", met="no patient column", wanted="one is needed",
    ...               way_out="Give one column the role patient.")
    >>> raise DataError(fault)
    Traceback (most recent call last):
    stratify.errors.DataError: cohort.csv: no patient column; one is needed. \
Give one column the role patient.
    """

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SettingsError(DataError):
    """A study file, or a value given on the command line, is wrong."""


def name_some(things: Iterable[object], most: int = 3, *, total: int | None = None) -> str:
    """Name the first few of many, and count the others.

    Parameters
    ----------
    things : iterable
    most : int
        How many to name.
    total : int, optional
        How many there are, where ``things`` holds only the first of them.

    Examples
    --------
    >>> name_some(["P01", "P02", "P03", "P04", "P05"])
    'P01, P02, P03 and 2 more'
    """
    names = [str(thing) for thing in things]
    more = (len(names) if total is None else total) - min(most, len(names))
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def count_of(count: int, noun: str) -> str:
    """Return a count with its noun in the right number.

    Examples
    --------
    >>> count_of(1, "row"), count_of(2400, "row")
    ('1 row', '2,400 rows')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known word, or nothing where none is near.

    Examples
    --------
    >>> did_you_mean("mesured", ["kind", "measured"])
    " (did you mean 'measured'?)"
    >>> did_you_mean("colour", ["kind", "measured"])
    ''
    """
    by_lower = {other.lower(): other for other in known}
    near = get_close_matches(word.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""
