"""What likelihoods are worth: how near the truth they are, and whom acting on them helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.examinations.values import Attachments, Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from stratify.evaluation import Usefulness

MOST_DRAWN = 3
"""Decision curves of the models with the highest AUC, side by side; more cannot be told apart."""


def examine_usefulness(trained: Trained) -> Attachments:
    """Judge the likelihoods of each model, in its own run; the best ones side by side."""
    from stratify.evaluation import compute_usefulness

    settings = trained.study.settings
    with trained.progress("Weighing likelihoods", total=len(trained.candidates)) as step:
        found = []
        for evaluation, (_, table) in zip(trained.evaluations, trained.candidates, strict=True):
            found.append(
                compute_usefulness(
                    evaluation,
                    table,
                    thresholds=settings.usefulness.thresholds,
                    seed=settings.validation.seed,
                    level=settings.validation.level,
                )
            )
            step()
    return Attachments(
        tables={"net_benefit": _tabulate(trained, found)},
        figures=_draw_best(trained, found),
        of_models={k: [one] for k, one in enumerate(found)},
    )


def _tabulate(trained: Trained, found: list[Usefulness]) -> DataFrame:
    import pandas as pd

    return pd.concat(
        [
            one.at_thresholds.assign(model=evaluation.name)
            for one, evaluation in zip(found, trained.evaluations, strict=True)
        ],
        ignore_index=True,
    )


def _draw_best(trained: Trained, found: list[Usefulness]) -> dict[str, Figure]:
    from stratify.metrics import plot_decision_curve

    aucs = {k: trained.evaluations[k].metrics["auc"].value for k in trained.speaking}
    best = sorted(aucs, key=aucs.__getitem__, reverse=True)[:MOST_DRAWN]
    if not best:
        return {}
    curves = {trained.evaluations[k].name: found[k].decision_curve for k in best}
    return {"decision_curves": plot_decision_curve(curves)}
