"""Where in the brain a model looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.examinations.values import Attachments, Trained

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

    from stratify.evaluation import Evaluation
    from stratify.model import FittedModel
    from stratify.task import Table


def examine_where_a_model_looks(trained: Trained) -> Attachments:
    """Draw pairs of networks and the strongest edges of one model that sees connectivity.

    That is the responder model if it does, and else the one with the highest AUC among those that
    do.
    """
    chosen = _choose(trained)
    if chosen is None:
        return Attachments()
    from stratify.connectome import order_networks
    from stratify.explanation import (
        compute_network_blocks,
        compute_strongest_edges,
        explain,
        plot_network_blocks,
    )

    evaluation, model, table = chosen
    explanation = explain(model, table.X)
    blocks = compute_network_blocks(explanation)
    if not len(blocks):
        return Attachments()
    title = f"{evaluation.name}, AUC {evaluation.metrics['auc'].value:.2f}"
    if trained.verdict.model != (evaluation.family, evaluation.features):
        title += "; no responder model: what it uses, not a finding"
    networks = order_networks((*blocks["first"], *blocks["second"]))
    found = Attachments(
        tables={"network_blocks": blocks},
        figures={"network_blocks": plot_network_blocks(blocks, networks=networks, title=title)},
    )
    if not blocks["mean_absolute"].any():
        found.sentences.append(
            f"Where a model looks: no likelihood of {evaluation.name} depends on connectivity."
        )
    edges = compute_strongest_edges(explanation, places=_find_places(trained))
    if len(edges):
        found.tables["strongest_edges"] = edges
        _draw_brain(found, edges, title)
    return found


def _choose(trained: Trained) -> tuple[Evaluation, FittedModel, Table] | None:
    seeing = [
        (evaluation, model, table)
        for evaluation, model, (family, table) in zip(
            trained.evaluations, trained.models, trained.candidates, strict=True
        )
        if family != "prevalence" and any(column.networks for column in table.columns)
    ]
    if not seeing:
        return None
    verdict = trained.verdict.model
    return max(seeing, key=lambda one: ((one[0].family, one[0].features) == verdict, _auc(one[0])))


def _auc(evaluation: Evaluation) -> float:
    return evaluation.metrics["auc"].value


def _find_places(trained: Trained) -> dict[str, np.ndarray]:
    scans = trained.study.scans
    if scans is None or scans.coordinates is None:
        return {}
    return dict(zip(scans.regions, scans.coordinates, strict=True))


def _draw_brain(found: Attachments, edges: DataFrame, title: str) -> None:
    """Draw the edges whose regions have a place; say of how many that is not known."""
    from stratify.explanation import plot_glass_brain

    placed = edges.dropna(subset=["first_x", "second_x"])
    unknown = len(edges) - len(placed)
    if len(placed):
        found.figures["glass_brain"] = plot_glass_brain(edges, title=title)
    if unknown:
        found.sentences.append(
            f"Glass brain: the place of {'a region' if len(placed) else 'the regions'} of "
            f"{unknown} of the {len(placed) + unknown} strongest edges is not known, so "
            f"{'they are' if unknown > 1 else 'it is'} not drawn; connectivity.regions takes a "
            "table with the columns region, x, y and z, or the image of the atlas."
        )
