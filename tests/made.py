"""Small made cohorts with a planted signal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import Connectomes
from stratify.outcome import ResponseRule
from stratify.schema import Column

RULE = ResponseRule(name="response", followup="responded", responder="yes")


def make_small_cohort(
    n: int = 90, *, effect: float = 1.5, seed: int = 0, missing: float = 0.05
) -> Cohort:
    """Make patients whose response depends on ``severity`` and ``sex``, and on nothing else."""
    rng = np.random.default_rng(seed)
    severity, age = rng.normal(size=n), rng.normal(45, 12, size=n)
    sex = rng.choice(["F", "M"], n)
    log_odds = effect * severity + 0.5 * effect * (sex == "F") - 0.25 * effect
    response = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    frame = pd.DataFrame(
        {
            "severity": severity,
            "age": age,
            "sex": pd.Categorical(sex, categories=["F", "M"]),
            "site": pd.Categorical(rng.choice(["A", "B", "C"], n), categories=["A", "B", "C"]),
            "responded": response,
        },
        index=pd.Index([f"S{k:04d}" for k in range(n)], name="patient"),
    )
    frame.loc[rng.random(n) < missing, "age"] = np.nan
    columns = (
        Column(name="severity", unit="points"),
        Column(name="age", unit="years"),
        Column(name="sex", kind="category", levels=("F", "M")),
        Column(name="site", kind="category", role="site", levels=("A", "B", "C")),
        Column(
            name="responded",
            kind="boolean",
            levels=("no", "yes"),
            role="outcome",
            measured="followup",
        ),
    )
    return Cohort(frame, columns, name="made", simulated=True)


def make_small_connectomes(cohort: Cohort, regions: int = 8, seed: int = 0) -> Connectomes:
    """Make matrices of noise, for regions shared out over three networks."""
    rng = np.random.default_rng(seed)
    half = rng.normal(scale=0.3, size=(len(cohort), regions, regions))
    return Connectomes(
        (half + half.transpose(0, 2, 1)) / 2,
        cohort.patients,
        tuple(f"R{k}" for k in range(regions)),
        tuple(("SN", "DMN", "CEN")[k % 3] for k in range(regions)),
        "fisher z",
    )
