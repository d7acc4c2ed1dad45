"""One level spelt in two ways, and rows that sum up the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stratify.cohort.checks.findings import find_patients
from stratify.cohort.spelling import bare_patient
from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of, name_some

_SUMMARIES = frozenset(
    ["mean", "average", "avg", "median", "total", "totals", "sum", "count", "sd", "std", "min"]
) | frozenset(["max", "grand total", "standard deviation", "mean (sd)", "all patients"])


def find_double_spellings(cohort: Cohort) -> Iterator[Fault]:
    """Find categories two levels of which differ only in case, spaces or hyphens.

    Parameters
    ----------
    cohort : Cohort

    Yields
    ------
    warning : Fault
    """
    for column in cohort.columns:
        if column.kind != "category" or column.role == "ignore":
            continue
        values = cohort.frame[column.name]
        spellings: dict[str, list[str]] = {}
        for level in values.dropna().unique():
            spellings.setdefault(_bare(str(level)), []).append(str(level))
        double = [sorted(found) for found in spellings.values() if len(found) > 1]
        if not double:
            continue
        counts = values.astype(object).value_counts()
        rare = [min(found, key=lambda level: counts[level]) for found in double]
        yield find_patients(
            cohort,
            column.name,
            values.astype(object).isin(rare).to_numpy(),
            what=f"with one of {name_some(' and '.join(map(repr, found)) for found in double)}",
            wanted="one spelling for each level; two are two levels to a model",
            way_out="Write both the same, and take one out of the levels in the dictionary.",
        )


def find_summary_rows(cohort: Cohort) -> Iterator[Fault]:
    """Find rows named as a sum, a mean or a count of the others, as spreadsheets end with.

    Parameters
    ----------
    cohort : Cohort

    Yields
    ------
    error : Fault
    """
    rows = np.array([who.strip().lower().rstrip(":") in _SUMMARIES for who in cohort.patients])
    if rows.any():
        names = [who for who, is_summary in zip(cohort.patients, rows, strict=True) if is_summary]
        yield Fault(
            where=cohort.name,
            met=f"a row called {name_some(map(repr, names))}",
            wanted="one row a patient; this one seems to sum up the others",
            way_out="Delete the row from the table.",
            patients=tuple(names),
            summary="a row that seems to sum up the others",
        )


def find_twin_names(cohort: Cohort) -> Iterator[Fault]:
    """Find patients whose identifiers differ only in a prefix, zeros, spaces or capitals.

    Parameters
    ----------
    cohort : Cohort

    Yields
    ------
    warning : Fault
    """
    groups: dict[str, list[str]] = {}
    for patient in cohort.patients:
        groups.setdefault(bare_patient(patient), []).append(patient)
    twins = [names for names in groups.values() if len(names) > 1]
    if twins:
        count = count_of(len(twins), "pair or group")
        yield Fault(
            where=cohort.name,
            met=f"{count} of patients whose identifiers are nearly the same: "
            f"{name_some(' and '.join(names) for names in twins)}",
            wanted="identifiers that differ in more than the prefix sub-, zeros, spaces or "
            "capitals",
            way_out="If they are one person, keep one row; a file that names one of them may mean "
            "the other.",
            patients=tuple(name for names in twins for name in names),
            severity="warning",
            summary=f"{count} of patients whose identifiers are nearly the same",
        )


def _bare(level: str) -> str:
    return "".join(character for character in level.casefold() if character not in " \t_-\u00a0")
