"""What a missing outcome may be imputed from: more than a model may ever see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from stratify.errors import DataError, Fault, did_you_mean, name_some
from stratify.outcome.rules import ResponseRule, list_single_rules
from stratify.schema import Column

KINDS = ("number", "category", "boolean")
ROLES = ("feature", "confound", "site", "treatment", "condition", "outcome")


def choose_auxiliary(rule: ResponseRule, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Choose the columns that missing outcomes are imputed from.

    They may have been measured during treatment or after it: they complete outcomes, and are no
    features.

    Parameters
    ----------
    rule : ResponseRule
    columns : sequence of Column
        The cohort's.

    Returns
    -------
    auxiliary : tuple of Column
        Those the rule names. Where it names none: the baseline of the outcome, the site, the arm,
        and earlier values of the same scale during treatment.

    Raises
    ------
    DataError
        If a named column is not there, or is nothing that an outcome can be imputed from; or if
        none is named and there is none.

    Examples
    --------
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5, missing="multiple")
    >>> columns = (Column(name="madrs_baseline"), Column(name="age"),
    ...            Column(name="madrs_week2", measured="during", day=14),
    ...            Column(name="madrs_week6", measured="followup", day=42))
    >>> [column.name for column in choose_auxiliary(rule, columns)]
    ['madrs_baseline', 'madrs_week2']
    """
    by_name = {column.name: column for column in columns}
    if rule.auxiliary:
        faults = [
            fault for name in rule.auxiliary for fault in _faults_of(name, by_name, rule.outcomes)
        ]
        if faults:
            raise DataError(faults)
        return tuple(by_name[name] for name in rule.auxiliary)
    chosen = {name: by_name[name] for name in rule.baselines if name in by_name}
    chosen |= {c.name: c for c in columns if c.role in ("site", "treatment")}
    for part in list_single_rules(rule):
        chosen |= {c.name: c for c in _find_earlier(part, by_name)}
    if not chosen:
        raise DataError(
            Fault(
                where="response.auxiliary",
                met="none named, and no baseline of the outcome, site, arm or earlier value",
                wanted="columns that missing outcomes are imputed from",
                way_out='Name them, or write missing = "excluded".',
            )
        )
    return tuple(chosen.values())


def _find_earlier(rule: ResponseRule, by_name: dict[str, Column]) -> list[Column]:
    """Find values during treatment of the scale that the outcome is on, before the outcome."""
    outcome = by_name.get(rule.followup)
    words, others = (name.split("_") for name in (rule.followup, rule.baseline or rule.followup))
    # Of one column, all but the last word is taken for the scale.
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(words[:-1], others, strict=False))
    beginning = "_".join(word for word, _ in shared)
    if not beginning or outcome is None:
        return []
    return [
        column
        for column in by_name.values()
        if column.name.startswith(f"{beginning}_")
        and column.name != rule.followup
        and column.measured == "during"
        and column.kind in KINDS
        and column.role in ROLES
        and (column.day is None or outcome.day is None or column.day < outcome.day)
    ]


def _faults_of(name: str, by_name: dict[str, Column], outcomes: Sequence[str]) -> Iterator[Fault]:
    column = by_name.get(name)
    if column is None:
        yield Fault(
            where="response.auxiliary",
            met=f"no column {name!r}{did_you_mean(name, tuple(by_name))}",
            wanted=f"one of {name_some(by_name, most=12)}",
            way_out="Correct the name in the study file.",
        )
    elif column.kind not in KINDS or column.role not in ROLES or name in outcomes:
        yield Fault(
            where=f"response.auxiliary: {name}",
            met=f"a column of the kind {column.kind}, role {column.role}",
            wanted="outcomes are imputed from numbers, categories and booleans that say something "
            "of the patient",
            way_out="Take it out.",
        )
