"""The reports of many patients at once."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np

from stratify.explanation import explain
from stratify.model import FittedModel
from stratify.report.content import build_report
from stratify.report.values import PatientReport, StudySummary
from stratify.task import Table

MOST_REASONS = 8


def build_reports(
    study: StudySummary,
    model: FittedModel,
    table: Table,
    *,
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
    explanation = explain(model, X)
    study = replace(study, simulated=study.simulated or table.simulated)
    likelihoods = predictions.table[["probability", "low", "high"]].to_numpy(dtype=float).tolist()
    unknown = X.isna().to_numpy()
    return tuple(
        build_report(
            study,
            patient=patient,
            probability=probability,
            low=low,
            high=high,
            level=predictions.level,
            outside=(*_other_arm(table, model, k), *predictions.cannot_say[k]),
            reasons=explanation.reasons(k, most=MOST_REASONS),
            base_log_odds=explanation.base,
            log_odds=float(explanation.log_odds[k]),
            missing=[model.columns[j].words for j in np.flatnonzero(unknown[k])],
            day=day,
        )
        for k, (patient, (probability, low, high)) in enumerate(
            zip(table.patients, likelihoods, strict=True)
        )
    )


def _other_arm(table: Table, model: FittedModel, k: int) -> tuple[str, ...]:
    """Name a planned treatment that is not the one the model was trained on."""
    planned = "" if table.treatment is None else str(table.treatment[k])
    if not planned or model.task.treatment in (None, planned):
        return ()
    return (f"treatment: {planned}; the model knows {model.task.treatment} alone",)
