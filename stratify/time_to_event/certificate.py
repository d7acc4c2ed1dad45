"""The leakage certificate of a time-to-event model, read off what was really used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from scipy.stats import rankdata

from stratify.errors import name_some
from stratify.evaluation.certificate import Certificate, Check
from stratify.evaluation.certificate.apart import (
    check_levels,
    check_outer_groups,
    check_scheme,
    check_tested_once,
)
from stratify.evaluation.certificate.make import check_table
from stratify.evaluation.certificate.preparation import check_encoders, check_given
from stratify.folds import Fold
from stratify.time_to_event.concordance import compute_harrell_c
from stratify.time_to_event.model import FittedCox
from stratify.time_to_event.outcome import FollowedTable

NEAR_COPY_C = 0.98
"""A single column that orders events this well is a copy of their times until shown not."""

_FEWEST = 20
_SUSPECT = 0.7


def make_certificate(
    followed: FollowedTable,
    folds: Sequence[Fold],
    fitted: Sequence[FittedCox],
) -> Certificate:
    """Check the indices and the fitted objects of an evaluation.

    Parameters
    ----------
    followed : FollowedTable
    folds : sequence of Fold
    fitted : sequence of FittedCox
        The model of each fold, as it was used.
    """
    table = followed.table
    # They show what the checks read of a classifier: inner folds, levels, encoder, columns.
    parts = cast("list[tuple[Fold, Any]]", list(zip(folds, fitted, strict=True)))
    digest = hashlib.sha256()
    for fold, model in zip(folds, fitted, strict=True):
        for rows in (
            fold.train,
            fold.test,
            *(rows for pair in model.inner_folds_ for rows in pair),
        ):
            digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    return Certificate(
        (
            check_outer_groups(table, folds),
            check_tested_once(table, folds),
            *check_scheme(table, folds),
            *check_levels(table, parts),
            check_given(table, parts, folds),
            check_encoders(table, parts, {}),
            *check_table(table, folds),
            _check_follow_up(followed),
            _check_copies_of_time(followed),
        ),
        digest.hexdigest(),
    )


def _check_follow_up(followed: FollowedTable) -> Check:
    told = followed.outcome
    seen = sorted({told.time, told.event, told.by_horizon} & set(map(str, followed.table.X)))
    return Check(
        "neither the time nor the event is a feature",
        not seen,
        name_some(seen) if seen else f"{told.time} and {told.event} are not among the columns",
    )


def _check_copies_of_time(followed: FollowedTable) -> Check:
    numbers = followed.table.X.select_dtypes("number")
    values = numbers.to_numpy(dtype=float)
    copies = []
    for k in map(int, np.flatnonzero(_find_suspects(values, followed.time, followed.event))):
        known = ~np.isnan(values[:, k])
        c = compute_harrell_c(followed.time[known], followed.event[known], values[known, k])
        if max(c, 1 - c) > NEAR_COPY_C:
            copies.append(str(numbers.columns[k]))
    shown = f": {name_some(copies)}" if copies else ""
    return Check(
        "no single column orders the events as their times do",
        not copies,
        f"{len(copies)} columns alone reach a concordance above {NEAR_COPY_C}{shown}",
    )


def _find_suspects(values: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Tell which columns are worth counting pairs for: those in order among the events alone.

    A column that orders nearly all pairs orders nearly all pairs of events; ranks tell these at
    once, of thousands of columns.
    """
    known = ~np.isnan(values)
    enough = known.sum(axis=0) >= _FEWEST
    happened = event == 1
    if happened.sum() < _FEWEST:
        return enough
    part, filled = values[happened], known[happened]
    ranks = rankdata(np.where(filled, part, np.inf), axis=0)
    # Missing ranks stand in the middle, where they neither help nor harm.
    middle = np.divide(
        (ranks * filled).sum(axis=0), filled.sum(axis=0), where=filled.any(axis=0),
        out=np.zeros(part.shape[1]),
    )  # fmt: skip
    centred = np.where(filled, ranks - middle, 0.0)
    times = rankdata(time[happened])[:, None] - (happened.sum() + 1) / 2
    times = np.where(filled, times, 0.0)
    length = np.sqrt((centred**2).sum(axis=0) * (times**2).sum(axis=0))
    agreement = np.divide(
        (centred * times).sum(axis=0), length, out=np.zeros(part.shape[1]), where=length > 0
    )
    return enough & (np.abs(agreement) > _SUSPECT)
