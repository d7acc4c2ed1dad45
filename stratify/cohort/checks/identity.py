"""Columns that identify people: running numbers, names, addresses, birth dates, great ages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.checks.copies import FEWEST_ROWS
from stratify.cohort.checks.findings import find_patients
from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of
from stratify.schema import Column

OLDEST_AGE = 89
"""Higher ages are rare enough to identify a patient, and are top-coded in shared data."""

_AGE = re.compile(r"(^|[_\s])age([_\s]|$)", re.IGNORECASE)
BIRTH = re.compile(r"(^|[_\s])(dob|birth|birth_?da(te|y)|born|date_of_birth)([_\s]|$)", re.I)
_NAMED = re.compile(
    r"(^|[_\s])((first|last|sur|family|given|full|middle|patient)_?names?|surname|initials|e?mail|"
    r"phone|telephone|mobile|address|street|postcode|zip(_?code)?|ssn|nhs_?(number|no)|mrn)"
    r"([_\s]|$)",
    re.I,
)
_EMAIL = r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$"
_PHONE = r"^\s*\+?(?:[\s().\-/]*\d){9,15}\s*$"
_DATE = r"\b(?:19|20)\d{2}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./](?:19|20)?\d{2}\b"
_NAME = (
    r"^\s*(?:Dr\.?|Mrs?\.?|Ms\.?)?\s*[A-ZÀ-Þ][a-zß-ÿ'’\-]+,?\s+(?:[A-ZÀ-Þ][.a-zß-ÿA-Z'’\-]*)\s*$"
)
_LONG = 40


def find_identifiers(cohort: Cohort) -> Iterator[Fault]:
    """Find features that name each patient, and any column whose values look personal."""
    for column in cohort.columns:
        named = list(_names_each(cohort, column)) if column.is_feature else []
        yield from named
        if not named and column.role not in ("site", "treatment", "condition"):
            yield from _looks_personal(cohort, column)
        yield from _old_ages(cohort, column)


def _names_each(cohort: Cohort, column: Column) -> Iterator[Fault]:
    if column.kind not in ("category", "number"):
        return
    known = cohort.frame[column.name].dropna()
    if len(known) < FEWEST_ROWS:
        return
    if column.kind == "category":
        distinct = known.nunique()
        if distinct >= 0.9 * len(known):
            yield Fault(
                where=f"{cohort.name}: {column.name}",
                met=f"{distinct} levels for {len(known)} patients",
                wanted="a feature is shared by several patients; this one names each of them",
                way_out='Give it the role "ignore", or "patient" if it is their identifier.',
            )
        return
    values = np.sort(known.to_numpy(float))
    steps = np.diff(values)
    if not np.array_equal(values, np.round(values)) or (steps == 0).any():
        return
    low, high, step = values[0], values[-1], steps[0]
    by = "" if step == 1 else f" by {step:g}"
    running = bool((steps == step).all())
    yield Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"each whole number from {low:g} to {high:g}{by}, once"
        if running
        else f"a whole number of their own for each of {len(known):,} patients",
        wanted="a feature is measured; this one looks like "
        + ("a running number" if running else "an identifier"),
        way_out='Give it the role "ignore", unless it is a measurement.',
        severity="warning",
    )


def _looks_personal(cohort: Cohort, column: Column) -> Iterator[Fault]:
    where = f"{cohort.name}: {column.name}"
    values = cohort.frame[column.name]
    if column.kind == "date" and BIRTH.search(column.name):
        met = f"{count_of(int(values.notna().sum()), 'date')} of birth"
    elif column.kind in ("category", "text"):
        met = _personal(values, column)
    elif _NAMED.search(column.name) and values.notna().any() and column.kind == "number":
        met = "a name of a column that holds personal details"
    else:
        met = ""
    if met:
        yield Fault(
            where=where,
            met=met,
            wanted="a study's files hold nothing by which a stranger could name a patient",
            way_out="Take the column out of the file; keep the age instead of a date of birth.",
            severity="warning",
        )


def _personal(values: pd.Series, column: Column) -> str:
    """Return what the values of a column of words look like; empty where nothing personal."""
    words = pd.Series(
        values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values.unique()
    ).dropna()
    words = words.astype("str").iloc[:5000]
    if not len(words):
        return ""
    for pattern, what in (
        (_EMAIL, "e-mail addresses"),
        (_PHONE, "telephone numbers"),
        (_DATE, "dates inside words"),
    ):
        share = words.str.contains(pattern, regex=True).mean()
        if share >= (0.5 if what != "e-mail addresses" else 0.02):
            return f"values that look like {what}"
    many = len(words) >= min(10, 0.3 * len(values.dropna()))
    if many and words.str.match(_NAME).mean() >= 0.5:
        return "values that look like names of people"
    if many and (words.str.len() > _LONG).mean() >= 0.3 and words.str.contains(" ").mean() > 0.5:
        return "free text, in which anything may be written about a patient"
    if _NAMED.search(column.name) and len(words) > 2:
        return "a name of a column that holds personal details"
    return ""


def _old_ages(cohort: Cohort, column: Column) -> Iterator[Fault]:
    if column.kind != "number" or not (_AGE.search(column.name) or _AGE.search(column.label)):
        return
    ages = cohort.frame[column.name].to_numpy()
    old = ages > OLDEST_AGE
    # A column that allows one age above 89 stands for all of them: the top code itself.
    if column.high is not None and column.high <= OLDEST_AGE + 1:
        old = ages > OLDEST_AGE + 1
    if old.any():
        yield find_patients(
            cohort,
            column.name,
            old,
            what=f"over {OLDEST_AGE}",
            wanted=f"ages over {OLDEST_AGE} are rare enough to identify a patient",
            way_out=f"Write {OLDEST_AGE + 1} for every age over {OLDEST_AGE}, before the file is "
            "shared.",
        )
