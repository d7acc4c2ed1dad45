"""The simple models any other must beat: severity, covariates, site, motion, early change alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import QUALITY
from stratify.errors import DataError
from stratify.outcome import ResponseRule, compute_changes, find_early_rule
from stratify.schema import Column

ReferenceName = Literal["severity", "covariates", "site", "motion", "early change"]
REFERENCES: tuple[str, ...] = get_args(ReferenceName)

_ABOUT_A_PERSON = re.compile(r"(patient_|participant_)?(age|sex|gender)(_(years|yrs|baseline))?")
_OF_MOTION = re.compile(r"(^|_)(fd|framewise|motion|censored|scrubbed|dvars)(_|$)")


@dataclass(frozen=True, eq=False)
class Reference:
    """Columns that make a simple model of their own.

    Parameters
    ----------
    name : {"severity", "covariates", "site", "motion", "early change"}
    columns : tuple of Column
    X : DataFrame, shape (n_patients, n_columns)
    """

    name: ReferenceName
    columns: tuple[Column, ...]
    X: pd.DataFrame

    @property
    def words(self) -> str:
        """What it is made of, in words."""
        labels = ", ".join(column.words for column in self.columns)
        return f"{self.name} alone ({labels})"


def find_references(
    rule: ResponseRule,
    cohort: Cohort,
    *,
    quality: pd.DataFrame | None = None,
    confounds: Sequence[str] = (),
    site: bool = True,
    landmark: str | None = None,
) -> tuple[Reference, ...]:
    """Find what simple models these patients allow.

    Severity is what a fall is measured from; covariates are age, sex and what is declared a
    confound, in the dictionary or to be removed from connectivity; motion is in the cohort, or
    known of the scans. A landmark model is held against the early change too: the outcome's scale
    at its visit, where it was seen then, with its baseline and the percentage change from that. A
    column that is the same for everybody makes no model.

    Parameters
    ----------
    rule : ResponseRule
    cohort : Cohort
        The patients of the study.
    quality : DataFrame, optional
        What is known of their scans, in the same order.
    confounds : sequence of str
        Columns removed from connectivity.
    site : bool
        Whether a site is tested that training has seen; else knowing it says nothing.
    landmark : str, optional
        The visit at which a landmark model predicts.

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> found = find_references(rule, make_cohort("null", patients=60, regions=12).cohort)
    >>> [reference.words for reference in found][:2]
    ['severity alone (MADRS before treatment)', 'covariates alone (age, sex)']
    """
    known = {
        column.name: column
        for column in cohort.columns
        if column.measured == "baseline"
        and column.kind in ("number", "category", "boolean")
        and column.name not in rule.outcomes
    }
    values = {name: cohort.frame[name] for name in known}
    if quality is not None:
        for name in set(quality.columns) - set(known):
            label, unit = QUALITY.get(name, (name, ""))
            known[name] = Column(name=name, label=label, unit=unit, role="confound")
            values[name] = quality[name].set_axis(cohort.frame.index).astype(float)
    severity = [name for name in rule.baselines if name in known]
    motion = [name for name in sorted(known) if _OF_MOTION.search(name.lower())]
    about = [name for name, column in known.items() if _is_covariate(column, confounds)]
    where = [name for name, column in known.items() if column.role == "site"] if site else []
    covariates = [name for name in about if name not in {*severity, *motion, *where}]
    sets: dict[ReferenceName, list[str]] = {
        "severity": severity,
        "covariates": covariates,
        "site": where,
        "motion": motion,
    }
    if landmark is not None:
        early, changes = _find_early_change(rule, cohort, landmark)
        known |= {column.name: column for column in early}
        values |= changes
        sets["early change"] = [column.name for column in early]
    found = []
    for reference, names in sets.items():
        differing = [name for name in names if len(values[name].dropna().unique()) > 1]
        if differing:
            frame = pd.concat([values[name].rename(name) for name in differing], axis=1)
            columns = tuple(replace(known[name], source="clinical") for name in differing)
            found.append(Reference(reference, columns, frame))
    return tuple(found)


def _find_early_change(
    rule: ResponseRule, cohort: Cohort, visit: str
) -> tuple[tuple[Column, ...], dict[str, pd.Series]]:
    """Return the outcome's scale at a visit and how far it has fallen; nothing, if not seen."""
    early = find_early_rule(rule, cohort.columns, visit)
    if early is None or cohort[early.followup].kind not in ("number", "category", "boolean"):
        return (), {}
    seen = cohort[early.followup]
    names = [name for name in early.baselines if cohort[name].measured == "baseline"]
    columns = [replace(cohort[name], role="feature") for name in (*names, seen.name)]
    values = {column.name: cohort.frame[column.name] for column in columns}
    change = None
    with contextlib.suppress(DataError):
        # A value outside the scale has no change; the value itself is still known.
        change = compute_changes(early, cohort).get(f"the percentage change in {seen.name}")
    if change is not None:
        name = f"{seen.name}_percentage_change"
        label = f"percentage change of {seen.words}"
        columns.append(replace(columns[-1], name=name, label=label, unit="%", low=None, high=None))
        values[name] = 100 * change
    return tuple(columns), values


def _is_covariate(column: Column, confounds: Sequence[str]) -> bool:
    if column.role not in ("feature", "confound"):
        return column.name in confounds
    named = _ABOUT_A_PERSON.fullmatch(column.name.lower()) is not None
    return named or column.role == "confound" or column.name in confounds
