"""A study whose missing outcomes are imputed, from its file to a report and to another site."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from stratify.datasets import make_cohort, write_simulation
from stratify.tracking import COMPLETED, find_identifiers, load_run, open_store

SETTINGS = (
    "response.missing=multiple",
    "response.imputations=3",
    "features.sets=clinical",
    "models.families=prevalence,ridge",
    "validation.folds=5",
    "validation.repeats=2",
    "validation.permutations=19",
)


def run(*words):
    done = CliRunner().invoke(cli, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("missing")
    write_simulation(make_cohort("optimistic", patients=900, seed=2, regions=12), folder)
    write_simulation(make_cohort("optimistic", patients=250, seed=4, regions=12), folder / "new")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    store = ("--workers", 1, "--store", folder / "mlruns")
    return folder, run("train", folder / "study.toml", *settings, *store), settings


@pytest.fixture(scope="module")
def loaded(study):
    folder, result, _ = study
    store = open_store(folder / "mlruns")
    return load_run(store, result["study_run"]), load_run(store, result["runs"][1]["run_id"])


def test_check_counts_whose_outcome_will_be_imputed(study):
    folder, _, settings = study
    plan = run("check", folder / "study.toml", *settings)["plan"]
    cohort = pd.read_csv(folder / "cohort.csv")
    gone = cohort.query("treatment == 'tms+ketamine'")["madrs_week6"].isna().sum()
    assert plan["imputed"] == gone > 0
    assert plan["outlook"]["support"]["patients"] == plan["patients"] - gone
    assert "imputed 3 times from madrs_baseline, site" in plan["question"]


def test_what_was_imputed_and_what_it_assumes_is_recorded(study, loaded):
    _, result, _ = study
    for one in loaded:
        assert one.params["imputations"] == "3"
        assert one.params["imputed_from"].endswith("madrs_week1, madrs_week3")
        assert "imputed 3 times" in one.params["rule"]
    told = loaded[0].tags["mlflow.note.content"]
    assert "missing at random" in told
    assert 'missing = "nonresponse" and "response"' in told
    assert any("missing at random" in warning for warning in result["warnings"])
    missing = int(loaded[0].params["imputed_outcomes"])
    assert f"Outcomes of {missing} patients were imputed 3 times" in result["verdict"]


def test_the_share_that_gaps_add_is_a_metric_and_the_certificate_passes(study, loaded):
    _, result, _ = study
    assert 0 <= loaded[1].metrics["auc_missing_information"] < 1
    assert result["certificate"] == "passed"
    certificate = json.loads((loaded[1].folder / "certificate.json").read_text())
    names = [check["name"] for check in certificate["checks"]]
    assert any("imputed from training patients alone" in name for name in names)


def test_tables_keep_known_outcomes_apart_from_completed_ones(loaded):
    study, model = loaded
    patients, missing = (int(study.params[name]) for name in ("patients", "imputed_outcomes"))
    tables = model.folder / "tables"
    known, completed = (pd.read_csv(tables / f"{n}.csv") for n in ("out_of_fold", COMPLETED))
    assert len(known) == 2 * (patients - missing)
    assert len(completed) == 3 * 2 * patients
    assert completed.groupby("patient")["y"].nunique().gt(1).sum() <= missing
    assert set(known["patient"]) < set(completed["patient"])


def test_no_patient_is_named_anywhere(study, loaded):
    folder, _, _ = study
    cohort = pd.read_csv(folder / "cohort.csv")
    assert find_identifiers(folder / "mlruns", map(str, cohort["patient"])) == ()


def test_what_is_looked_at_beside_the_models_is_of_known_outcomes_and_says_so(study, loaded):
    _, result, _ = study
    missing = int(loaded[0].params["imputed_outcomes"])
    known = int(loaded[0].params["patients"]) - missing
    note = loaded[0].tags["mlflow.note.content"]
    assert f"is of the {known} patients whose outcome is known" in note
    assert result["permutation_tests"][0]["permutations"] == 19


def test_a_report_says_how_many_outcomes_were_imputed(study, loaded):
    folder, result, _ = study
    assert result["responder_model"] == result["runs"][1]["run_id"]
    store = ("--store", folder / "mlruns")
    out = folder / "reports"
    name = result["study"]
    patients = ("--patients", folder / "new" / "cohort.csv", "--out", out)
    made = run("report", name, *patients, *store)
    html = next(out.glob("*.html")).read_text(encoding="utf-8")
    missing = loaded[0].params["imputed_outcomes"]
    assert f"{missing} outcomes were missing and imputed" in html
    assert "imputed 3 times from madrs_baseline" in html
    assert made["reports"]


def test_patients_with_an_imputed_outcome_are_known_to_have_trained_the_model(study):
    folder, result, _ = study
    cohort = pd.read_csv(folder / "cohort.csv")
    mine = cohort[cohort["treatment"] == "tms+ketamine"]
    new = pd.read_csv(folder / "new" / "cohort.csv").assign(patient=lambda t: "N" + t["patient"])
    # Of those lost in training the outcome is found later: they are still no new patients.
    lost = mine[mine["madrs_week6"].isna()].assign(madrs_week6=10.0)
    file = folder / "mixed.csv"
    pd.concat([new, lost]).to_csv(file, index=False)
    found = run("validate", result["study"], "--cohort", file, "--store", folder / "mlruns")
    assert ["the values or the name of a patient of training", len(lost)] in found["left_out"]
    seen = new[(new["treatment"] == "tms+ketamine") & new["madrs_week6"].notna()]
    assert found["patients"] == len(seen)
    assert np.isfinite(found["auc"])
