"""The leakage certificate: what was kept apart, read off what was really used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sklearn.base import clone

from stratify.errors import count_of
from stratify.folds import Fold
from stratify.metrics import compute_auc, compute_aucs
from stratify.model import Encoder, FoldClassifier, ResponderClassifier, names_of, parts_of
from stratify.task import Table

EncodersChecked = dict[tuple[int, int, int], tuple[Encoder, bool]]
"""By address, repeat and fold; the encoder itself is kept, so that its address stays its own."""

NEAR_COPY_AUC = 0.98
"""A single baseline column that separates the outcome this well is a copy of it until shown not."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What must hold, as a sentence.
    passed : bool
    detail : str
        What was counted.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whether an evaluation can be free of leakage, check by check.

    Parameters
    ----------
    checks : tuple of Check
    digest : str
        SHA-256 of every outer and inner index array, in order.
    """

    checks: tuple[Check, ...]
    digest: str

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "passed": self.passed,
            "digest": self.digest,
            "checks": [asdict(check) for check in self.checks],
        }

    def __str__(self) -> str:
        lines = [
            f"{'passed' if check.passed else 'FAILED'}  {check.name} ({check.detail})"
            for check in self.checks
        ]
        return "\n".join(lines)


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
    fitted : sequence of classifier
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
            _check_outer(table, folds),
            _check_tested_once(table, folds),
            _check_inner(table, folds_of_parts, inner),
            _check_encoders(table, parts, {} if checked is None else checked),
            _check_columns(table),
            _check_near_copies(table.take_known()),
            *more,
        ),
        digest.hexdigest(),
    )


def _check_outer(table: Table, folds: Sequence[Fold]) -> Check:
    straddling = sum(
        bool(set(table.groups[fold.train]) & set(table.groups[fold.test])) for fold in folds
    )
    return Check(
        f"no {table.task.together} is in training and test of the same fold",
        straddling == 0,
        f"{len(folds)} folds, {straddling} with an overlap",
    )


def _check_tested_once(table: Table, folds: Sequence[Fold]) -> Check:
    repeats = {fold.repeat for fold in folds}
    wrong = 0
    for repeat in repeats:
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        wrong += not np.array_equal(np.sort(tested), np.arange(len(table)))
    return Check(
        "each patient is tested exactly once in each repeat",
        wrong == 0,
        f"{count_of(len(repeats), 'repeat')} of {len(table)} patients, {wrong} uneven",
    )


def _check_inner(
    table: Table,
    folds: Sequence[Fold],
    inner: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]],
) -> Check:
    straddling = count = 0
    for fold, splits in zip(folds, inner, strict=True):
        groups = table.groups[fold.train]
        for train, test in splits:
            count += 1
            # Inner folds are positions among the training rows; one beyond them is a leak too.
            beyond = max(train.max(), test.max()) >= len(groups)
            straddling += beyond or bool(set(groups[train]) & set(groups[test]))
    return Check(
        f"no {table.task.together} is in training and test of the same inner fold, where tuning "
        "and calibration happen",
        straddling == 0,
        f"{count} inner folds, {straddling} with an overlap",
    )


def _check_encoders(
    table: Table,
    parts: Sequence[tuple[Fold, ResponderClassifier]],
    checked: EncodersChecked,
) -> Check:
    wrong = 0
    for fold, classifier in parts:
        used = classifier.encoder_
        # Families of a fold share an encoder, which needs no second look.
        key = (id(used), fold.repeat, fold.number)
        if key not in checked:
            train = table.X.iloc[fold.train][names_of(classifier)]
            again = clone(used).fit(train)
            rows = train.iloc[: min(len(train), 20)]
            same = np.array_equal(again.transform(rows), used.transform(rows), equal_nan=True)
            checked[key] = used, same
        wrong += not checked[key][1]
    return Check(
        "whatever is learned of columns (means, scales, levels, confounds, sites, reference "
        "matrices) is learned of the training rows alone",
        wrong == 0,
        f"{count_of(len(parts), 'chain')} of preparation fitted again on their training rows, "
        f"{wrong} differ",
    )


def _check_columns(table: Table) -> Check:
    task = table.task
    late = [
        column.name
        for column in table.columns
        if not (
            # What only serves to adjust, such as the site, is no feature, but must be known then.
            column.measured == "baseline"
            if column.name in table.unused
            else task.allows(column, table.columns)
        )
    ]
    by = "before treatment" if task.landmark is None else f"by the landmark visit, {task.landmark}"
    return Check(
        f"every feature was known {by}",
        not late and not set(task.rule.outcomes) & set(table.X.columns),
        f"{len(table.columns)} columns, {len(late)} measured later",
    )


def _check_near_copies(table: Table) -> Check:
    assert table.y is not None
    numbers = table.X.select_dtypes("number")
    values = numbers.to_numpy(dtype=float)
    known = ~np.isnan(values)
    auc = np.full(values.shape[1], 0.5)
    whole = known.all(axis=0)
    auc[whole] = compute_aucs(table.y, values[:, whole])
    for k in np.flatnonzero(~whole):
        rows = known[:, k]
        auc[k] = compute_auc(table.y[rows], values[rows, k])
    tells = (np.maximum(auc, 1 - auc) > NEAR_COPY_AUC) & (known.sum(axis=0) >= 20)
    copies = [str(name) for name in numbers.columns[tells]]
    shown = f": {', '.join(copies[:3])}" if copies else ""
    return Check(
        "no single column is a near-copy of the outcome",
        not copies,
        f"{len(copies)} columns alone reach an AUC above {NEAR_COPY_AUC}{shown}",
    )
