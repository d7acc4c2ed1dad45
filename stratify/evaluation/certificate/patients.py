"""Whether who a patient is, where, or in which row, stands for the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from stratify.cohort.checks.duplicates import SURPLUS
from stratify.cohort.checks.levels import compute_level_strength
from stratify.errors import count_of, name_some
from stratify.evaluation.certificate.values import Check
from stratify.folds import Fold
from stratify.metrics import compute_auc
from stratify.task import Table

SITE_AUC = 0.93
"""A site that tells the outcome this well cannot be told apart from it."""

ORDER_AUC = 0.9
FOLLOWS = 0.9
"""The rank correlation with the order of the rows above which a column follows it."""


def check_sites(table: Table) -> tuple[Check, ...]:
    """Look whether the site is the outcome under another name."""
    if table.site is None or len(set(table.site)) < 2:
        return ()
    assert table.y is not None
    strength = compute_level_strength(table.site, table.y.astype(float))
    return (
        Check(
            "the site is not the outcome by another name",
            not strength > SITE_AUC,
            f"AUC of the site alone {strength:.3f}, of patients held out",
        ),
    )


def check_order(table: Table) -> Check:
    """Look for columns that follow the order of rows, where that order tells the outcome.

    Nothing here uses the order. A file that lists one class first does no harm, unless a number of
    the row, a date or a batch is among the features.
    """
    assert table.y is not None
    place = np.arange(len(table), dtype=float)
    auc = compute_auc(table.y, place)
    auc = max(auc, 1 - auc)
    following = _find_following(table.X, place) if auc > ORDER_AUC else []
    shown = f": {name_some(following)}" if following else ""
    return Check(
        "no column follows an order of rows that tells the outcome",
        not following,
        f"AUC of the order alone {auc:.3f}"
        + (f", {count_of(len(following), 'column')} follow it{shown}" if auc > ORDER_AUC else ""),
    )


def _find_following(X: pd.DataFrame, place: np.ndarray) -> list[str]:
    numbers = X.select_dtypes("number")
    found = []
    for name in numbers:
        values = numbers[name].to_numpy(dtype=float)
        known = ~np.isnan(values)
        if known.sum() < 20 or np.ptp(values[known]) == 0:
            continue
        ranks = [rankdata(part[known]) for part in (values, place)]
        if abs(np.corrcoef(*ranks)[0, 1]) > FOLLOWS:
            found.append(str(name))
    return found


def check_duplicates(table: Table, folds: Sequence[Fold]) -> Check:
    """Look for the very same values under two names, in training and test of one fold.

    Two people may agree in a few columns by chance. They are taken for one where what agrees is
    rarer than chance makes it among all pairs. Clinical columns and connectivity are looked at by
    themselves too: one scan under two names is one, whatever else was written down with it.
    """
    doubtful_rows = np.zeros(len(table), dtype=bool)
    straddling = np.zeros(len(folds), dtype=bool)
    together = pd.Series(table.groups)
    for X in _parts_of(table):
        name_of = _name_by_values(X)
        # Who belongs together is never parted; that is another check.
        several = together.groupby(name_of).nunique()
        doubtful = set(several.index[several > 1])
        doubtful_rows |= np.isin(name_of, list(doubtful))
        straddling |= [
            bool(doubtful & set(name_of[fold.train]) & set(name_of[fold.test])) for fold in folds
        ]
    rows, parted = int(doubtful_rows.sum()), int(straddling.sum())
    return Check(
        "nobody is in training and test under two names",
        parted == 0,
        f"{count_of(rows, 'row')} of {table.X.shape[1]} columns occur under two names, in "
        f"{parted} of {len(folds)} folds on both sides",
    )


def _parts_of(table: Table) -> list[pd.DataFrame]:
    """Return all columns and, where they are of several sources, those of each."""
    sources: dict[str, list[str]] = {}
    for column in table.columns:
        if column.name in table.X.columns:
            sources.setdefault(column.source, []).append(column.name)
    parts = [table.X]
    return parts if len(sources) < 2 else parts + [table.X[names] for names in sources.values()]


def _name_by_values(X: pd.DataFrame) -> np.ndarray:
    """Return a number for each row: equal for rows that agree more than chance allows."""
    codes = np.empty(X.shape, dtype=np.int32)
    bits = np.zeros(len(X))
    for k in range(X.shape[1]):
        code, distinct = pd.factorize(X.iloc[:, k], use_na_sentinel=True)
        counts = np.bincount(code[code >= 0], minlength=max(len(distinct), 1))
        share = np.maximum(counts, 1) / max(counts.sum(), 1)
        bits += np.where(code >= 0, -np.log2(share)[code], 0.0)
        codes[:, k] = code
    _, name_of = np.unique(codes, axis=0, return_inverse=True)
    name_of = name_of.reshape(-1)
    # An agreement that says little is none: such rows keep names of their own.
    needed = 2 * np.log2(max(len(X), 2)) + SURPLUS
    return np.where(bits >= needed, name_of, len(X) + np.arange(len(X)))
