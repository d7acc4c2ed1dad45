"""Checks that look at a whole cohort: columns that say nothing, or too much, and odd patients."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from stratify.cohort.checks.copies import find_copies, find_copies_of_response
from stratify.cohort.checks.dates import find_impossible_dates
from stratify.cohort.checks.duplicates import find_duplicates
from stratify.cohort.checks.encoded import find_encoded_outcomes
from stratify.cohort.checks.identity import find_identifiers
from stratify.cohort.checks.missingness import find_telling_gaps
from stratify.cohort.checks.protocol import check_protocol, find_open_screens
from stratify.cohort.checks.sentinels import find_sentinels
from stratify.cohort.checks.sites import (
    find_arms_of_one_site,
    find_telling_order,
    find_telling_sites,
)
from stratify.cohort.checks.spelling import (
    find_double_spellings,
    find_summary_rows,
    find_twin_names,
)
from stratify.cohort.checks.units import find_mixed_units
from stratify.cohort.checks.variation import find_constant, find_empty_rows
from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault


def check_cohort(cohort: Cohort, *, today: datetime.date | None = None) -> tuple[Fault, ...]:
    """Look for columns that a model should not be given, and for values that cannot be right.

    Parameters
    ----------
    cohort : Cohort
    today : date, optional
        The day no date can be later than; today, where none is given.

    Returns
    -------
    faults : tuple of Fault
        Errors: a feature that nearly copies an outcome column; a category with almost a level for
        each patient; patients with the very same baseline values; impossible dates; a row that sums
        up the others. Warnings: a feature that nearly copies another later column; features that
        never or hardly vary, or only count the rows; patients that nearly agree, or whose numbers
        lie closer together than two people's; values that look personal, stand for a missing one,
        or are in another unit; treatments outside published protocols; safety screens positive or
        missing; ages over 89; gaps that tell the site; an arm of one site; a level in two
        spellings.

    Examples
    --------
    >>> from stratify.schema import Column
    >>> frame = pd.DataFrame({"age": [34.0, 91.0]}, index=["a", "b"])
    >>> [fault.met for fault in check_cohort(Cohort(frame, (Column(name="age"),)))]
    ['1 patient over 89: 91 for patient b']
    """
    features = [column.name for column in cohort.columns if column.is_feature]
    found = [
        *find_open_screens(cohort),
        *find_copies(cohort),
        *find_duplicates(cohort),
        *find_impossible_dates(cohort, today),
        *find_identifiers(cohort),
        *find_mixed_units(cohort),
        *find_sentinels(cohort),
        *find_constant(cohort),
        *find_empty_rows(cohort),
        *find_double_spellings(cohort),
        *find_summary_rows(cohort),
        *find_twin_names(cohort),
        *find_arms_of_one_site(cohort),
        *check_protocol(cohort),
    ]
    site, arm = cohort.values_of("site"), cohort.values_of("treatment")
    if site is not None:
        found += find_telling_gaps(cohort, site, of="site", columns=features)
    outcomes = [column.name for column in cohort.columns if column.role == "outcome"]
    if arm is not None:
        found += find_telling_gaps(
            cohort,
            arm,
            of="arm",
            columns=outcomes,
            level=0.01,
            wanted="outcomes that are lost as often under each arm",
            way_out="Tell how many were lost under each arm wherever the arms are compared.",
        )
    return tuple(found)


def check_response(
    cohort: Cohort,
    response: pd.Series,
    *,
    features: Sequence[str] | None = None,
    derived: Mapping[str, pd.Series] | None = None,
    baselines: Sequence[str] = (),
) -> tuple[Fault, ...]:
    """Look for what tells the outcome and should not: copies, sites, gaps, the order of the rows.

    Parameters
    ----------
    cohort : Cohort
        The patients a study is about.
    response : Series of float, indexed by patient
        1 for a responder, 0 for others, NaN where not known; as
        `stratify.outcome.compute_response` returns it.
    features : sequence of str, optional
        The columns a model is given; every baseline feature, without them.
    derived : mapping of str to Series of float, indexed by patient
        What the response was computed from, as `stratify.outcome.compute_changes` returns it.
    baselines : sequence of str
        The columns a change is measured from.

    Returns
    -------
    faults : tuple of Fault
        Errors: a feature that equals, turns round or orders the response, the outcome's value or
        its change, or whose every value is their mean among those who have it. Warnings: all else.

    Examples
    --------
    >>> from stratify.schema import Column
    >>> answer = np.tile([0.0, 1.0], 20)
    >>> cohort = Cohort(pd.DataFrame({"flag": 1 - answer}), (Column(name="flag", kind="boolean"),))
    >>> [fault.met for fault in check_response(cohort, pd.Series(answer))]
    ['almost a copy of the response (AUC 1.000)']
    """
    index = cohort.frame.index
    values = response.reindex(index).to_numpy(float)
    groups = np.select([values == 1, values == 0], ["responder", "other"], "")
    if features is None:
        features = [column.name for column in cohort.columns if column.is_feature]
    columns = [cohort[name] for name in features]
    made_from = {k: v.reindex(index).to_numpy(float) for k, v in (derived or {}).items()}
    return (
        *find_copies_of_response(
            cohort, values, columns=columns, derived=made_from, baselines=baselines
        ),
        *find_encoded_outcomes(cohort, values, columns=columns, derived=made_from),
        *find_telling_sites(cohort, values),
        *find_telling_gaps(cohort, groups, of="the outcome", columns=features),
        *find_telling_order(cohort, values),
    )


def examine_cohort(cohort: Cohort) -> Cohort:
    """Check a cohort, and return it with what was found among its warnings.

    Raises
    ------
    DataError
        With the errors found, if there are any.
    """
    faults = check_cohort(cohort)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    return replace(cohort, warnings=tuple(dict.fromkeys((*cohort.warnings, *faults))))
