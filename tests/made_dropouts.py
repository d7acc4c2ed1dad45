"""Made patients whose outcome is lost more often where an early value shows no fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.cohort import Cohort
from stratify.outcome import ResponseRule
from stratify.schema import Column
from stratify.task import Table, Task, assemble


def make_dropouts(
    n: int = 200, *, seed: int = 0, effect: float = 1.5, loss: float = 2.0, share: float = 0.4
) -> tuple[Cohort, np.ndarray]:
    """Make patients, and the outcomes of all of them, also where the cohort has none.

    The outcome depends on ``severity`` and ``age``; ``score_week2`` falls with it; whether
    ``score_week6`` is lost depends on ``score_week2`` alone (missing at random given it).
    """
    rng = np.random.default_rng(seed)
    severity, age = rng.normal(size=n), rng.normal(size=n)
    latent = effect * severity + 0.5 * effect * age + rng.logistic(size=n)
    response = (latent > 0).astype(int)
    early = latent + 0.8 * rng.normal(size=n)
    risk = expit(np.log(share / (1 - share)) - loss * (early - early.mean()) / early.std())
    lost = rng.random(n) < (risk if loss else share)
    frame = pd.DataFrame(
        {
            "severity": severity,
            "age": age,
            "score_week2": -early,
            "score_week6": np.where(lost, np.nan, np.where(response == 1, 0.0, 10.0)),
        },
        index=pd.Index([f"S{k:04d}" for k in range(n)], name="patient"),
    )
    columns = (
        Column(name="severity"),
        Column(name="age"),
        Column(name="score_week2", measured="during", visit="week 2", day=14, role="outcome"),
        Column(name="score_week6", measured="followup", visit="week 6", day=42, role="outcome"),
    )
    return Cohort(frame, columns, name="made", simulated=True), response


def make_dropout_table(cohort: Cohort, missing: str = "multiple", imputations: int = 5) -> Table:
    """Return the table that asks who has a score of 5 or less at week 6."""
    rule = ResponseRule(
        name="response",
        followup="score_week6",
        at_most=5,
        missing=missing,  # type: ignore[arg-type]
        imputations=imputations,
    )
    return assemble(Task(rule=rule, question="prognosis"), cohort)
