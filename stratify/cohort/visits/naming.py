"""Patients, visits, instruments and arms that a file names in two ways, read as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

import pandas as pd

from stratify.cohort.spelling import find_spellings, match_patients, merge_numbers
from stratify.errors import Fault, count_of, did_you_mean, name_some


def read_names(
    long: pd.DataFrame, planned: Mapping[str, float], known: Collection[str], where: str
) -> tuple[pd.DataFrame, list[Fault]]:
    """Give each patient, visit, instrument, arm and period of long rows one name.

    Parameters
    ----------
    long : DataFrame
    planned : mapping of str to float
        The visits the study names: spelt so.
    known : collection of str
        The patients of the study, where they are known.
    where : str
        The file.

    Returns
    -------
    long : DataFrame
    faults : list of Fault
        A warning for each column in which a name was read as another.
    """
    words = {name: long[name].dropna().astype(str) for name in long if name in _WANTED}
    read_as = {
        "patient": match_patients(words["patient"], known),
        "period": merge_numbers(words["period"].unique()),
        "visit": find_spellings(words["visit"], known=planned),
        "arm": find_spellings(words["arm"]),
        "instrument": find_instruments(words["instrument"]),
    }
    faults = [
        tell_names(f"{where}: {name}", names, _WANTED[name])
        for name, names in read_as.items()
        if names
    ]
    return long.assign(
        **{name: long[name].replace(to) for name, to in read_as.items() if to}
    ), faults


_WANTED = {
    "patient": "patients named as in the cohort",
    "period": "one spelling of each treatment period",
    "visit": "one spelling of each visit",
    "arm": "one spelling of each arm",
    "instrument": "one spelling of each instrument, a rating scale's its own",
}


def tell_names(where: str, read_as: Mapping[str, str], wanted: str) -> Fault:
    """Make the warning of names that were read as others; of patients, one that names them."""
    patients = tuple(read_as.values()) if where.endswith(": patient") else ()
    shown = name_some(f"{word!r} as {meant!r}" for word, meant in read_as.items())
    return Fault(
        where=where,
        met=f"names read as others: {shown}",
        wanted=wanted,
        way_out="Write them alike in all files, if that is right; else tell them apart by more "
        "than capitals, spaces or a prefix.",
        patients=patients,
        severity="warning",
    )


def find_instruments(words: Iterable[str]) -> dict[str, str]:
    """Find instruments in two spellings, and rating scales by another spelling of their name.

    Examples
    --------
    >>> find_instruments(["MADRS", "HAM-D17", "dose"])
    {'MADRS': 'madrs', 'HAM-D17': 'hamd17'}
    """
    from stratify.instruments import list_instruments, make_columns, read_instrument

    scales = tuple(list_instruments())
    totals = [column.name for name in scales for column in make_columns(read_instrument(name))]
    return find_spellings(words, known=(*scales, *totals), key=_plain)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


_RARE = 0.1
"""A name of so few values, beside a much more frequent one it resembles, may be misspelt."""

_MOST_NAMES = 200
"""Of more names than these, as where each value has a day of its own, none is held to another."""


def find_doubtful_names(long: pd.DataFrame, where: str) -> Iterator[Fault]:
    """Find instruments and visits of a few values only, whose name resembles a frequent one."""
    for column in ("instrument", "visit"):
        counts = long[column].value_counts()
        for rare in counts.index[::-1] if len(counts) <= _MOST_NAMES else ():
            often = [name for name in counts.index if counts[rare] < _RARE * counts[name]]
            meant = did_you_mean(str(rare), (n for n in often if not _differ_in_figures(rare, n)))
            if meant:
                rows = long[long[column] == rare]
                count = count_of(len(rows), "value")
                yield Fault(
                    where=f"{where}: {column}",
                    met=f"{count} of {rare!r}{meant}, of patient {name_some(_once(rows))}",
                    wanted=f"one name for each {column}",
                    way_out="Correct the name, if it is misspelt; it is read as one of its own.",
                    patients=_once(rows),
                    severity="warning",
                    summary=f"{count} of {rare!r}{meant}",
                )


def _differ_in_figures(one: str, other: str) -> bool:
    """Tell whether two names differ in their figures: week 2 and week 12 are two visits."""
    return re.findall(r"\d+", one) != re.findall(r"\d+", other)


def _once(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, rows["patient"])))
