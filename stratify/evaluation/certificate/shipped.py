"""Whether what is shipped beside the folds keeps patients apart as the folds do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.errors import count_of
from stratify.evaluation.certificate.preparation import EncodersChecked, check_encoders
from stratify.evaluation.certificate.values import Check
from stratify.folds import Fold
from stratify.model import FittedModel, FoldClassifier, ResponderClassifier, parts_of
from stratify.task import Table

SETS = "which outcomes remain is told by patients held out of the models that scored them"
BACKGROUND = "explanations start from the patients the model was fitted on, and from no others"


def check_shipped(
    table: Table,
    model: FittedModel,
    folds: Sequence[Fold],
    fitted: Sequence[FoldClassifier],
    *,
    checked: EncodersChecked | None = None,
) -> tuple[Check, ...]:
    """Check a model that was fitted on every patient against the folds it was evaluated in.

    Parameters
    ----------
    table : Table
        What it was fitted on.
    model : FittedModel
    folds : sequence of Fold
    fitted : sequence of classifier
        That of each fold, as it was evaluated.
    checked : dict, optional
        Encoders that were checked already; those of this model are added.
    """
    return (
        *_check_sets(table, model, folds, fitted),
        _check_background(table, model, {} if checked is None else checked),
    )


def _check_sets(
    table: Table, model: FittedModel, folds: Sequence[Fold], fitted: Sequence[FoldClassifier]
) -> tuple[Check, ...]:
    """Score the held-out patients of the first repeat again, and compare with what sets rest on."""
    sets = model.limits.outcome_sets
    if sets is None or table.y is None:
        return ()
    log_odds = np.full(len(table), np.nan)
    straddling = 0
    first = [pair for pair in zip(folds, fitted, strict=True) if pair[0].repeat == folds[0].repeat]
    for fold, classifier in first:
        log_odds[fold.test] = classifier.decision_function(table.X.iloc[fold.test])
        straddling += bool(set(table.groups[fold.train]) & set(table.groups[fold.test]))
    known = ~table.missing & ~np.isnan(log_odds)
    same = all(
        np.allclose(np.sort(log_odds[known & (table.y == label)]), kept[0], rtol=0, atol=1e-9)
        if kept.shape[1] == (known & (table.y == label)).sum()
        else False
        for label, kept in ((1, sets.responders), (0, sets.nonresponders))
    )
    detail = f"{int(known.sum())} patients scored again by {count_of(len(first), 'model')}"
    if straddling:
        detail += f", {straddling} of which saw some of those they scored"
    if not same:
        detail += "; what the sets rest on is something else"
    return (Check(SETS, same and not straddling, detail),)


def _check_background(table: Table, model: FittedModel, checked: EncodersChecked) -> Check:
    """Look whether the model is of these patients: its encoders' centre, its trees' counts.

    A background of linear models is the centre of the encoder, which is fitted again; that of trees
    are the counts in their nodes, of the rows whose inner folds tuned them.
    """
    everybody = Fold(-1, -1, np.arange(len(table)), np.arange(0), "no seed", table.scheme)
    parts = [(everybody, part) for part, _ in parts_of(model.classifier)]
    found = check_encoders(table, parts, checked)
    others = sum(not _tuned_on(part, len(table)) for _, part in parts)
    detail = f"{found.detail}; {others} tuned on other patients than these {len(table)}"
    return Check(BACKGROUND, found.passed and not others, detail)


def _tuned_on(part: ResponderClassifier, rows: int) -> bool:
    """Whether inner folds hold out each of so many rows once; a model without any needs none."""
    held = [held for _, held in part.inner_folds_]
    return not held or np.array_equal(np.sort(np.concatenate(held)), np.arange(rows))
