"""What is odd about a study's data goes with it, into its runs and its reports."""

from __future__ import annotations

import pandas as pd
import pytest

pytest.importorskip("tableone")

from pipelines.check import check
from pipelines.report import _summarise
from pipelines.train import train
from stratify.datasets import make_cohort, write_simulation
from stratify.report import NOT_TESTED_ON
from stratify.tracking import find_identifiers, load_run, open_store

SETTINGS = (
    "validation.folds=3",
    "validation.repeats=1",
    "validation.inner_folds=2",
    "models.families=logistic",
    "features.sets=clinical",
)


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """Train a study in which two patients are very old, and doses of a third are unusual."""
    folder = tmp_path_factory.mktemp("odd")
    write_simulation(make_cohort("optimistic", patients=120, seed=3, regions=12), folder)
    table = pd.read_csv(folder / "cohort.csv")
    table.loc[[2, 5], "age"] = 95
    given = table["ketamine_dose"] > 0
    table.loc[given & (table.index % 3 == 0), "ketamine_dose"] = 2.5
    table.to_csv(folder / "cohort.csv", index=False)
    path = folder / "columns.toml"
    path.write_text(path.read_text().replace("high = 90", "high = 120"))
    result = train(
        folder / "study.toml", overrides=SETTINGS, workers=1, store=str(folder / "mlruns")
    )
    return folder, table, result


def test_warnings_are_told_by_check_and_by_train_alike(studied):
    folder, _, result = studied
    told = check(folder / "study.toml", overrides=SETTINGS)
    assert told.ok
    assert {str(warning) for warning in told.warnings} >= set(result.warnings)
    said = "\n".join(result.warnings)
    assert "2 patients over 89" in said
    assert "outside the usual 0.1 to 1 mg/kg" in said
    assert "4.7 mg/kg" in said


def test_warnings_are_kept_in_the_study_s_and_the_models_runs(studied):
    folder, _, result = studied
    store = open_store(folder / "mlruns")
    for run_id in (result.study_run, *result.run_ids):
        kept = pd.read_csv(load_run(store, run_id).folder / "tables" / "warnings.csv")
        assert len(kept) == len(result.warnings)
        assert kept.loc[kept["where"].str.endswith(": age"), "n_patients"].tolist() == [2]


def test_no_patient_is_named_in_them(studied):
    folder, table, _ = studied
    assert not find_identifiers(folder / "mlruns", table["patient"])


def test_warnings_reach_the_report(studied):
    folder, _, result = studied
    store = open_store(folder / "mlruns")
    model, study = load_run(store, result.run_ids[0]), load_run(store, result.study_run)
    summary = _summarise(model, study, cautions=(), not_tested_on=NOT_TESTED_ON)
    assert any("2 patients over 89" in warning for warning in summary.warnings)


def test_the_study_s_run_describes_its_patients_by_arm_and_by_site(studied):
    folder, _, result = studied
    run = load_run(open_store(folder / "mlruns"), result.study_run).folder
    by_arm = pd.read_csv(run / "tables" / "table_one.csv", dtype=str)
    assert {"variable", "missing", "overall", "tms", "ketamine", "tms+ketamine"} <= set(by_arm)
    assert "site A" in pd.read_csv(run / "tables" / "table_one_by_site.csv", dtype=str)
    assert "SIMULATED" in (run / "table_one.html").read_text()
