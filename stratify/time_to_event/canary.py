"""A study of times that belong to others, run beside the real one: it must find nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stratify.errors import DataError
from stratify.evaluation.canaries import Canary, find_cells
from stratify.evaluation.certificate import Check
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.shuffles import make_shuffles, make_units
from stratify.folds import Fold, draw_inner_folds
from stratify.time_to_event.checkpoints import KeptNumbers
from stratify.time_to_event.concordance import compute_weighted_concordance, weigh_pairs
from stratify.time_to_event.model import fit_cox_model
from stratify.time_to_event.outcome import FollowedTable

SHUFFLES = 10

SHUFFLED = "the same pipeline on times and events shuffled within sites finds nothing"


def check_shuffled_times(
    followed: FollowedTable,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    compute: Compute = HERE,
) -> Check:
    """Fit the same models to times and events of others; look whether held-out ranks tell anything.

    Times and events change places together, within cells of fold and site, and patients are ranked
    inside these: there they are exchangeable, given all that a model has learned of the others, so
    that the concordance is one half on average whatever sites differ in.

    Parameters
    ----------
    followed : FollowedTable
    folds : sequence of Fold
        The first repeat is used.
    inner_folds, seed
        As for `cross_validate_cox`.
    shuffles : int
    compute : Compute
        Only its checkpoints are read: what each shuffle came to is kept there.
    """
    kept = KeptNumbers.of(compute, followed, size=1)
    table = followed.table
    first = [fold for fold in folds if fold.repeat == folds[0].repeat]
    parts = [part for fold in first for part in (fold.train, fold.test)]
    cells = find_cells(table, first)
    found = []
    try:
        drawn = make_shuffles(
            np.arange(len(table)), count=shuffles, seed=seed, blocks=cells, units=make_units(table)
        )
        for rows in drawn.T:
            made_from = (rows, cells, inner_folds, seed, table.y, list(table.groups), *parts)
            known = None if kept is None else kept.read(*made_from)
            if known is None:
                known = (_rank_shuffled(followed, rows, first, cells, inner_folds, seed),)
                if kept is not None:
                    kept.write(known, *made_from)
            found += [known[0]] if np.isfinite(known[0]) else []
    except DataError as error:
        return Check(SHUFFLED, passed=True, detail=f"not run: {error.faults[0].met}")
    if len(found) < 2:
        return Check(SHUFFLED, passed=True, detail="not run: no fold can be judged")
    canary = Canary(np.array(found))
    low, high = canary.band
    detail = (
        f"mean concordance {np.mean(found):.3f} of {len(found)}, where {low:.3f} to {high:.3f} is "
        "chance"
    )
    return Check(SHUFFLED, canary.is_silent, detail)


def _rank_shuffled(
    followed: FollowedTable,
    rows: np.ndarray,
    folds: Sequence[Fold],
    cells: np.ndarray,
    inner_folds: int,
    seed: int,
) -> float:
    assert followed.table.y is not None
    shuffled = replace(
        followed,
        time=followed.time[rows],
        event=followed.event[rows],
        table=replace(followed.table, y=followed.table.y[rows]),
    )
    return _rank_within(shuffled, folds, cells, inner_folds, seed)


def _rank_within(
    followed: FollowedTable, folds: Sequence[Fold], cells: np.ndarray, inner_folds: int, seed: int
) -> float:
    """Return the concordance inside each cell, of the pairs of all cells together."""
    table = followed.table
    in_order = every = 0.0
    for fold in folds:
        model = fit_cox_model(
            table.X.iloc[fold.train],
            followed.time[fold.train],
            followed.event[fold.train],
            draw_inner_folds(table, fold, folds=inner_folds, seed=seed),
            preparer=table.preparer,
        )
        score = model.score(table.X.iloc[fold.test])
        for number in np.unique(cells[fold.test]):
            mine = cells[fold.test] == number
            if number < 0 or mine.sum() < 2:
                continue
            rows = fold.test[mine]
            weight = weigh_pairs("harrell", followed.time[rows], followed.event[rows])
            right, pairs = compute_weighted_concordance(
                weight, score[mine], np.ones((1, len(rows)))
            )
            in_order, every = in_order + float(right[0]), every + float(pairs[0])
    return in_order / every if every else float("nan")
