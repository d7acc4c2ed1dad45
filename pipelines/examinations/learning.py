"""Whether more patients would help."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipelines.examinations.values import Attachments, Trained
from stratify.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame

    from stratify.folds import Fold
    from stratify.model import FamilyName
    from stratify.task import Table

FAMILY: FamilyName = "ridge"
"""Fitted in closed form, so that a curve takes seconds."""

LEAST_OF_EACH_CLASS = 10


def examine_learning(trained: Trained) -> Attachments:
    """Train a cheap model on fewer and fewer patients of the feature set that did best."""
    asked = trained.study.settings
    sizes = _choose_sizes(trained, asked.planning.learning_curve)
    table = _choose_table(trained)
    if len(sizes) < 2 or table is None:
        return Attachments()
    from stratify.evaluation import compute_learning_curve, make_fit_predict
    from stratify.metrics import plot_learning_curve

    folds = _first_repeat(trained)
    with trained.progress("Training on fewer patients", total=len(sizes) * len(folds)) as step:
        try:
            curve = compute_learning_curve(
                table.y,  # type: ignore[arg-type]
                make_fit_predict(
                    table,
                    FAMILY,
                    inner_folds=asked.validation.inner_folds,
                    seed=asked.validation.seed,
                    on_fit=step,
                    compute=trained.compute,
                ),
                sizes,
                folds,
                groups=None if len(set(table.groups)) == len(table) else table.groups,
                seed=asked.validation.seed,
                level=asked.validation.level,
            )
        except DataError as error:
            return Attachments(sentences=[f"Learning curve: none. {error.faults[0]}"])
    name = f"{table.features} {FAMILY}"
    return Attachments(
        tables={"learning_curve": curve},
        figures={"learning_curve": plot_learning_curve(curve, title=name)},
        values={"learning_curve": {"model": name, "curve": curve.to_dict("records")}},
        sentences=[f"Learning curve: {_describe(name, curve)}"],
    )


def _choose_table(trained: Trained) -> Table | None:
    """Return the table of the best model that speaks, or of the first set that ridge can take."""
    from stratify.evaluation import is_possible

    best = trained.best
    tables = [*([] if best is None else [trained.candidates[best][1]]), *trained.study.sets]
    possible = (one for one in tables if one.features != "late fusion" and is_possible(FAMILY, one))
    return next(possible, None)


def _first_repeat(trained: Trained) -> list[Fold]:
    return [fold for fold in trained.study.folds if fold.repeat == 0]


def _choose_sizes(trained: Trained, count: int) -> list[int]:
    """Spread sizes evenly up to the smallest training set, as small as inner folds allow."""
    settings, table = trained.study.settings, trained.study.table
    assert table.y is not None
    folds = _first_repeat(trained)
    tested = sum(len(fold.test) for fold in folds)
    if not count or tested < len(table):
        return []
    most = min(len(fold.train) for fold in folds)
    rarer = min(table.y.mean(), 1 - table.y.mean())
    each = max(2 * settings.validation.inner_folds, LEAST_OF_EACH_CLASS)
    least = int(np.ceil(each / rarer))
    sizes = {round(most * (k + 1) / count) for k in range(count)}
    return sorted(size for size in sizes if least <= size <= most)


def _describe(name: str, curve: DataFrame) -> str:
    rows = curve.to_dict("records")
    told = ", ".join(f"{row['auc']:.3f} trained on {row['patients']:.0f}" for row in rows)
    return f"AUC of {name} {told} patients; {describe_end(rows[-1])}."


def describe_end(last: Mapping[Hashable, float]) -> str:
    """Say whether the curve still rises, if its last step tells."""
    change, low, high = (last[f"auc_change{bound}"] for bound in ("", "_low", "_high"))
    bounds = f"{low:+.3f} to {high:+.3f}" if low == low else "its interval not known"
    step = f"the last step is {change:+.3f}, {bounds}"
    if low > 0:
        return f"still rising at its end, so that more patients would help ({step})"
    if high < 0:
        return f"falling at its end, which more patients do not explain ({step})"
    return f"whether it still rises cannot be told ({step})"
