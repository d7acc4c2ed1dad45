"""What stratify says when something is wrong: what, where, met, wanted, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    summary : str
        What was met, in words that name no patient; how many patients, where none is given.

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
    summary: str = ""

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

    def anonymous(self) -> Fault:
        """Return the fault in words that name no patient, for runs and reports.

        Examples
        --------
        >>> fault = Fault(where="age", met="93 for patient P07", wanted="at most 89",
        ...               way_out="Write 90.", patients=("P07",))
        >>> str(fault.anonymous())
        'age: 1 patient; at most 89. Write 90.'
        """
        met = self.summary or (count_of(len(self.patients), "patient") if self.patients else "")
        return replace(self, met=met or self.met, patients=(), summary="")


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


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Faults of one kind, told in one line.

    Parameters
    ----------
    faults : tuple of Fault
        At least one; they differ only in the column, the values and the patients.
    """

    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        first = self.faults[0]
        if len(self.faults) == 1:
            return str(first)
        file, _, column = first.where.partition(": ")
        columns = list(dict.fromkeys(fault.where.partition(": ")[2] for fault in self.faults))
        if not column:
            where = f"{file}: {count_of(len(self.faults), 'time')}"
        elif len(columns) == 1:
            where = f"{file}: {column}"
        else:
            many = count_of(len(columns), _name_kind(file, columns))
            where = f"{file}: {many}, {name_some(columns)}"
        return f"{where}: {self._met()}; {first.wanted}. {first.way_out}"

    def _met(self) -> str:
        """Return what was met, with the span of a number that differs; else what the first met."""
        met = [fault.met for fault in self.faults]
        parts = [_NUMBER.split(text) for text in met]
        numbers = [_NUMBER.findall(text) for text in met]
        if any(one != parts[0] for one in parts):
            return f"{met[0]}, and the like"
        spans = []
        for same_place in zip(*numbers, strict=True):
            ordered = sorted(same_place, key=lambda number: float(number.replace(",", "")))
            spans.append(ordered[0] if len(set(ordered)) == 1 else f"{ordered[0]} to {ordered[-1]}")
        return "".join(part + span for part, span in zip(parts[0], [*spans, ""], strict=True))


def _name_kind(file: str, columns: list[str]) -> str:
    """Say what faults are of: mostly columns, but also networks, and settings of a study file."""
    if file == "networks":
        return "network"
    of_settings = file.endswith(".toml") and all("." in column for column in columns)
    return "setting" if of_settings else "column"


_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_OF_ONE_COLUMN = r"'[^']*'|" + _NUMBER.pattern


def group_faults(faults: Iterable[Fault]) -> tuple[FaultGroup, ...]:
    """Gather faults of one kind: of one file, that want the same and have the same way out.

    Returns
    -------
    groups : tuple of FaultGroup
        Errors before warnings, each in the order of its first fault.

    Examples
    --------
    >>> faults = [Fault(where=f"cohort.csv: {name}", met=f"{count} empty cells", wanted="values",
    ...                 way_out="Fill them.", severity="warning")
    ...           for name, count in (("age", 3), ("bmi", 12), ("sex", 7))]
    >>> for group in group_faults(faults):
    ...     print(group)
    cohort.csv: 3 columns, age, bmi, sex: 3 to 12 empty cells; values. Fill them.
    """
    groups: dict[tuple[str, ...], list[Fault]] = {}
    for fault in faults:
        file, _, column = fault.where.partition(": ")
        words = [fault.wanted, fault.way_out]
        if column:
            own = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)|{_OF_ONE_COLUMN}")
            words = [own.sub("#", text) for text in words]
        else:
            words.append(fault.met)
        groups.setdefault((fault.severity, file, *words), []).append(fault)
    ordered = sorted(groups.values(), key=lambda group: group[0].severity != "error")
    return tuple(FaultGroup(tuple(group)) for group in ordered)


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
