"""The leakage certificate: what was kept apart, read off what was really used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from stratify.evaluation.certificate.apart import (
    check_levels,
    check_outer_groups,
    check_scheme,
    check_tested_once,
)
from stratify.evaluation.certificate.columns import check_columns, check_gaps, check_near_copies
from stratify.evaluation.certificate.patients import check_duplicates, check_order, check_sites
from stratify.evaluation.certificate.preparation import EncodersChecked, check_encoders, check_given
from stratify.evaluation.certificate.values import Certificate, Check
from stratify.folds import Fold
from stratify.model import FoldClassifier, parts_of
from stratify.task import Table


def make_certificate(
    table: Table,
    folds: Sequence[Fold],
    fitted: Sequence[FoldClassifier],
    *,
    checked: EncodersChecked | None = None,
    of_table: Sequence[Check] | None = None,
    more: Sequence[Check] = (),
) -> Certificate:
    """Check the indices and the fitted objects of an evaluation.

    Parameters
    ----------
    table : Table
    folds : sequence of Fold
    fitted : sequence of ResponderClassifier, StackedClassifier or AveragedClassifier
        The classifier of each fold, as it was used.
    checked : dict, optional
        Encoders that were checked already; those of this evaluation are added.
    of_table : sequence of Check, optional
        What `check_table` found of this table; looked at anew without it.
    more : sequence of Check
        Of what the fitted objects do not show, such as where imputed outcomes come from.
    """
    parts = [(fold, part) for fold, c in zip(folds, fitted, strict=True) for part, _ in parts_of(c)]
    digest = hashlib.sha256()
    for fold, part in parts:
        splits = part.inner_folds_
        for rows in (fold.train, fold.test, *(rows for split in splits for rows in split)):
            digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    return Certificate(
        (
            check_outer_groups(table, folds),
            check_tested_once(table, folds),
            *check_scheme(table, folds),
            *check_levels(table, parts),
            check_given(table, parts, folds),
            check_encoders(table, parts, {} if checked is None else checked),
            *(check_table(table, folds) if of_table is None else of_table),
            *more,
        ),
        digest.hexdigest(),
    )


def check_table(table: Table, folds: Sequence[Fold]) -> tuple[Check, ...]:
    """Check what no model changes: the columns, and who the patients are.

    Parameters
    ----------
    table : Table
    folds : sequence of Fold
    """
    known = table.take_known()
    return (
        check_columns(table),
        check_near_copies(known),
        check_gaps(known),
        # A simple model may be of the site, which is told wherever it is not.
        *(check_sites(known) if table.reference is None else ()),
        check_order(known),
        check_duplicates(table, folds),
    )
