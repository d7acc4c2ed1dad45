"""Patients, visits, instruments and arms that a file names in two ways, read as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from stratify.cohort.spelling import find_spellings, match_patients, merge_numbers
from stratify.errors import Fault, name_some


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
