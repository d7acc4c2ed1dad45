"""How much was tried, and how good the best is once that is allowed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.candidates import is_blind
from pipelines.examinations.values import Attachments, Trained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from stratify.evaluation import Evaluation
    from stratify.metrics import BestOf


def examine_tried(trained: Trained) -> Attachments:
    """Count the models tried on these patients, and correct the best for having been chosen."""
    mine = [e for e in trained.evaluations if not is_blind(e.family)]
    every = trained.tried.count(mine)
    best = _find_best(trained, mine)
    return Attachments(
        tables={"tried": _tabulate(trained, mine)},
        values={
            "tried": {
                "on_this_outcome": every,
                "in_this_study": len(mine),
                "on_other_outcomes": trained.tried.on_other_outcomes,
                "best": None if best is None else _to_dict(best),
            }
        },
        sentences=[
            f"Tried: {trained.tried.describe(mine)}",
            *([] if best is None else [f"Best of those here: {_describe(best)}"]),
        ],
        tags={
            "tried_on_outcome": every,
            "tried_on_other_outcomes": trained.tried.on_other_outcomes,
        },
    )


def _find_best(trained: Trained, mine: Sequence[Evaluation]) -> BestOf | None:
    from stratify.evaluation import compute_best_model

    if len(mine) < 2:
        return None
    table, validation = trained.study.table, trained.study.settings.validation
    groups = dict(zip(table.patients, map(str, table.groups), strict=True))
    return compute_best_model(mine, groups, seed=validation.seed, level=validation.level)


def _tabulate(trained: Trained, mine: Sequence[Evaluation]) -> DataFrame:
    """Return the earlier runs, and below them this study's models, which have no run as yet."""
    import pandas as pd

    earlier = trained.tried.runs
    now = [
        {
            "study": trained.study.settings.study.name,
            "family": e.family,
            "features": e.features,
            "auc": e.metrics["auc"].value,
            "log_loss": e.metrics["log_loss"].value,
            "same_outcome": True,
        }
        for e in mine
    ]
    rows = [*earlier.assign(started=earlier["started"].astype(str)).to_dict("records"), *now]
    return pd.DataFrame(rows, columns=list(earlier.columns))


def _to_dict(best: BestOf) -> dict[str, object]:
    return {
        "model": best.name,
        "apparent": best.apparent,
        **best.corrected.to_dict("corrected"),
        "chosen": dict(best.chosen),
    }


def _describe(best: BestOf) -> str:
    share = best.chosen[best.name]
    return (
        f"{best.name}, with an AUC of {best.corrected} once the choice among {len(best.chosen)} is "
        f"allowed for ({best.apparent:.3f} before); it was the best in {100 * share:.0f} % of "
        "bootstrap samples."
    )
