"""Who has responded by an early visit already, where a model predicts from that visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stratify.cohort import Cohort
from stratify.cohort.names import part_visit
from stratify.errors import DataError, Fault
from stratify.outcome.named import plain
from stratify.outcome.rules import ResponseRule, compute_response, list_single_rules
from stratify.schema import Column


def find_early_rule(
    rule: ResponseRule, columns: Sequence[Column], visit: str
) -> ResponseRule | None:
    """Return the same rule asked of an earlier visit, or None where its scale was not seen then.

    Parameters
    ----------
    rule : ResponseRule
        Of several rules met together, the first is taken: a durable response begins with it.
    columns : sequence of Column
        The cohort's. The scale is known by its column's name without the visit.
    visit : str

    Examples
    --------
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_before",
    ...                     drop=0.5)
    >>> columns = (Column(name="madrs_week2", measured="during", visit="week 2"),)
    >>> find_early_rule(rule, columns, "week 2").followup
    'madrs_week2'
    """
    first = next(list_single_rules(rule))
    scale = _scale_of(first.followup)
    for column in columns:
        if plain(column.visit) == plain(visit) and scale and _scale_of(column.name) == scale:
            return replace(first, followup=column.name)
    return None


def tell_early_response(rule: ResponseRule, cohort: Cohort, visit: str) -> tuple[Fault, ...]:
    """Count who meets a rule at an early visit already: a warning, where its scale was seen then.

    A model that predicts from that visit is right about most of these without knowing anything
    else.

    Parameters
    ----------
    rule : ResponseRule
    cohort : Cohort
        The patients studied.
    visit : str
    """
    early = find_early_rule(rule, cohort.columns, visit)
    if early is None:
        return ()
    try:
        met = compute_response(replace(early, missing="excluded", auxiliary=()), cohort)
    except DataError:
        return ()
    known = int(met.notna().sum())
    if not known:
        return ()
    text = f"{int(met.sum())} of {known} patients meet the rule at {visit} already"
    return (
        Fault(
            where=f"{cohort.name}: {early.followup}",
            met=text,
            wanted="a landmark model is of use where it tells more than that alone",
            way_out="Its figures stand beside those of the early change alone, which it must beat.",
            severity="warning",
            summary=text,
        ),
    )


def _scale_of(name: str) -> str:
    return part_visit(name)[0]
