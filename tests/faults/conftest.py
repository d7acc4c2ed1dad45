"""A good simulated study, every part of which the damages may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Dictionary, write_cohort, write_columns
from stratify.cohort.values import Cohort
from stratify.datasets import make_cohort
from stratify.schema import Column

STUDY = """
[study]
name = "a study to damage"
[cohort]
file = "cohort.csv"
columns = "columns.toml"
[connectivity]
file = "connectivity.csv"
kind = "pearson r"
[question]
kind = "response under treatment"
treatment = "tms+ketamine"
condition = "depression"
[response]
name = "response"
followup = "madrs_week6"
baseline = "madrs_baseline"
drop = 0.5
missing = "excluded"
[features]
sets = ["clinical", "connectivity", "both"]
[validation]
folds = 2
repeats = 1
inner_folds = 2
seed = 0
together = "patient"
[models]
families = ["prevalence", "logistic"]
"""


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 40 simulated patients, 12 regions, with dates and weights added; nothing is missing."""
    folder = tmp_path_factory.mktemp("good")
    simulation = make_cohort("realistic", patients=40, regions=12, seed=3, missing=False)
    cohort = _with_more_columns(simulation.cohort)
    write_cohort(cohort, folder / "cohort.csv")
    write_columns(Dictionary.of(cohort), folder / "columns.toml")
    edges = simulation.connectomes.edges
    edges.to_csv(folder / "connectivity.csv", lineterminator="\n")
    matrices = folder / "matrices"
    matrices.mkdir()
    regions = list(simulation.connectomes.regions)
    for patient, matrix in zip(
        simulation.connectomes.patients, simulation.connectomes.matrices, strict=True
    ):
        frame = pd.DataFrame(matrix, index=regions, columns=regions)
        frame.to_csv(matrices / f"{patient}.csv", index_label="region")
    (folder / "study.toml").write_text(STUDY)
    return folder


def _with_more_columns(cohort: Cohort) -> Cohort:
    rng = np.random.default_rng(11)
    n = len(cohort)
    frame = cohort.frame.copy()
    scanned = pd.Timestamp(2023, 1, 2) + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    frame["weight"] = np.round(rng.normal(78, 12, n), 1)
    frame["height"] = np.round(rng.normal(170, 9, n))
    frame["scanned_on"] = pd.Series(scanned, index=frame.index).astype("datetime64[us]")
    frame["first_session"] = frame["scanned_on"] + pd.to_timedelta(rng.integers(1, 20, n), unit="D")
    frame["first_session"] = frame["first_session"].astype("datetime64[us]")
    frame["coil"] = pd.Series(rng.choice(["figure of eight", "H1"], n), index=frame.index)
    columns = (
        *cohort.columns,
        Column(name="weight", unit="kg", low=0, high=300),
        Column(name="height", unit="cm", low=0, high=250),
        Column(name="scanned_on", kind="date"),
        Column(name="first_session", kind="date", measured="during"),
        Column(name="coil", kind="text", role="ignore"),
    )
    return Cohort(frame, columns, "cohort.csv", simulated=True)


@pytest.fixture
def copied(good: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copy the good study to a folder of its own."""

    def copy(*, matrices: bool = True) -> Path:
        kept = None if matrices else shutil.ignore_patterns("matrices")
        return Path(shutil.copytree(good, tmp_path / "study", ignore=kept))

    return copy
