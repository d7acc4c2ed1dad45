"""The leakage certificate: what was kept apart, read off what was really used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from stratify.evaluation.certificate.apart import (
    check_inner,
    check_outer_groups,
    check_scheme,
    check_tested_once,
)
from stratify.evaluation.certificate.columns import check_columns, check_near_copies
from stratify.evaluation.certificate.preparation import EncodersChecked, check_encoders
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
    more : sequence of Check
        Of what the fitted objects do not show, such as where imputed outcomes come from.
    """
    parts = [(fold, part) for fold, c in zip(folds, fitted, strict=True) for part, _ in parts_of(c)]
    folds_of_parts = [fold for fold, _ in parts]
    inner = [part.inner_folds_ for _, part in parts]
    digest = hashlib.sha256()
    for fold, splits in zip(folds_of_parts, inner, strict=True):
        for rows in (fold.train, fold.test, *(rows for split in splits for rows in split)):
            digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    return Certificate(
        (
            check_outer_groups(table, folds),
            check_tested_once(table, folds),
            *check_scheme(table, folds),
            check_inner(table, folds_of_parts, inner),
            check_encoders(table, parts, {} if checked is None else checked),
            check_columns(table),
            check_near_copies(table.take_known()),
            *more,
        ),
        digest.hexdigest(),
    )
