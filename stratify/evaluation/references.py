"""Evaluate the simple models, and say which of them a model beats."""

from __future__ import annotations

from collections.abc import Sequence

from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.cross_validate import cross_validate_many
from stratify.evaluation.values import Evaluation
from stratify.folds import Fold
from stratify.model import FamilyName
from stratify.task import Table


def list_references(table: Table) -> list[tuple[FamilyName, Table]]:
    """List the simple models as candidates: a logistic regression on each of a table's references.

    Where outcomes are imputed they are to be evaluated in one call of `cross_validate_many` with
    the models that must beat them, so that all are judged against the same outcomes.

    Parameters
    ----------
    table : Table
    """
    return [("logistic", table.narrow_to(reference)) for reference in table.references]


def evaluate_references(
    table: Table,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    compute: Compute = HERE,
) -> tuple[Evaluation, ...]:
    """Evaluate a logistic regression on each of a table's references, on the models' own folds.

    Parameters
    ----------
    table : Table
    folds, inner_folds, seed, level, compute
        As for `cross_validate_many`.

    Returns
    -------
    evaluations : tuple of Evaluation
        In the order of ``table.references``; none where there is none.

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> from stratify import Task, ResponseRule, assemble, make_folds
    >>> made = make_cohort("null", patients=150, seed=1, regions=12)
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> table = assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort)
    >>> folds = make_folds(table.y, table.groups, folds=3)
    >>> [one.name for one in evaluate_references(table, folds, inner_folds=3)]
    ['severity alone', 'covariates alone', 'site alone', 'motion alone']
    """
    candidates = list_references(table)
    if not candidates:
        return ()
    return cross_validate_many(
        candidates, folds, inner_folds=inner_folds, seed=seed, level=level, compute=compute
    )
