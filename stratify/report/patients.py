"""The reports of many patients at once."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from stratify.errors import name_some
from stratify.evaluation import Grouping
from stratify.explanation import explain
from stratify.explanation.values import Reason
from stratify.metrics.subgroups import MISSING
from stratify.model import FittedModel, Predictions
from stratify.report.content import build_report
from stratify.report.values import PatientReport, Possible, StudySummary
from stratify.task import Table

MOST_REASONS = 8


def build_reports(
    study: StudySummary,
    model: FittedModel,
    table: Table,
    *,
    groupings: Sequence[Grouping] = (),
    day: datetime.date | None = None,
) -> tuple[PatientReport, ...]:
    """Predict, explain and say it in words, for each patient of a table.

    Parameters
    ----------
    study : StudySummary
        From `summarise_study`.
    model : FittedModel
    table : Table
        From ``assemble(task, cohort, labelled=False)``. A patient whose planned treatment is not
        the one the model was trained on gets a report that says so, and no likelihood.
    groupings : sequence of Grouping
        How the study parted its patients, as from `find_groupings`; each report shows how well the
        model did in the groups of its patient.
    day : date, optional
        The day of the reports; the day of the model, where none is given.

    Returns
    -------
    reports : tuple of PatientReport
        In the order of the table.

    Raises
    ------
    DataError
        If the study has no responder model, or columns of the model are missing.
    """
    X = model.align(table.X)
    predictions = model.predict(X, site=None if table.site is None else list(table.site))
    silent = [
        (*_other_arm(table, model, k), *said) for k, said in enumerate(predictions.cannot_say)
    ]
    explained = _explain(model, X, [k for k, why in enumerate(silent) if not why])
    study = replace(study, simulated=study.simulated or table.simulated)
    likelihoods = predictions.table[["probability", "low", "high"]].to_numpy(dtype=float).tolist()
    unknown = X.isna().to_numpy()
    groups = _label(groupings, table)
    return tuple(
        build_report(
            study if silent[k] else _beware(study, table, model, k),
            patient=patient,
            probability=probability,
            low=low,
            high=high,
            level=predictions.level,
            cannot_say=silent[k],
            possible=_find_possible(predictions, k),
            groups=groups[k],
            reasons=explained[k].reasons,
            base_log_odds=explained[k].base,
            log_odds=explained[k].log_odds,
            missing=[model.columns[j].words for j in np.flatnonzero(unknown[k])],
            day=day,
        )
        for k, (patient, (probability, low, high)) in enumerate(
            zip(table.patients, likelihoods, strict=True)
        )
    )


class _Explained(NamedTuple):
    """What one patient's log-odds are made of; nothing, of whom nothing is said."""

    reasons: tuple[Reason, ...] = ()
    base: float = math.nan
    log_odds: float = math.nan


def _explain(model: FittedModel, X: pd.DataFrame, spoken: Sequence[int]) -> list[_Explained]:
    explained = [_Explained()] * len(X)
    if spoken:
        found = explain(model, X.iloc[list(spoken)])
        for position, k in enumerate(spoken):
            explained[k] = _Explained(
                found.reasons(position, most=MOST_REASONS),
                found.base,
                float(found.log_odds[position]),
            )
    return explained


def _label(groupings: Sequence[Grouping], table: Table) -> list[dict[str, str]]:
    """Return the groups of each patient, as far as the table tells them."""
    groups: list[dict[str, str]] = [{} for _ in range(len(table))]
    for grouping in groupings:
        labels = grouping.label_table(table)
        for k, label in enumerate([] if labels is None else labels.tolist()):
            groups[k][grouping.name] = str(label) if isinstance(label, str) else MISSING
    return groups


def _find_possible(predictions: Predictions, k: int) -> Possible | None:
    if "remain" not in predictions.outcomes:
        return None
    row = predictions.outcomes.iloc[k]
    return Possible(
        remain=str(row["remain"]),
        as_high=float(row["p_nonresponder"]),
        as_low=float(row["p_responder"]),
        confidence=predictions.confidence,
    )


def _beware(study: StudySummary, table: Table, model: FittedModel, k: int) -> StudySummary:
    """Say of a patient what decides whether the model may speak, and is not recorded."""
    told = []
    sites, planned = model.limits.sites, model.task.treatment
    if sites and table.site is not None and not table.site[k]:
        told.append(
            f"The site is not recorded. The model knows {name_some(sites)}, and would say nothing "
            "of anybody from elsewhere."
        )
    if planned is not None and table.treatment is not None and not table.treatment[k]:
        told.append(
            f"The planned treatment is not recorded. The likelihood holds under {planned} alone."
        )
    return replace(study, cautions=(*told, *study.cautions)) if told else study


def _other_arm(table: Table, model: FittedModel, k: int) -> tuple[str, ...]:
    """Name a planned treatment that is not the one the model was trained on."""
    planned = "" if table.treatment is None else str(table.treatment[k])
    if not planned or model.task.treatment in (None, planned):
        return ()
    return (f"treatment: {planned} (training saw {model.task.treatment} alone)",)
