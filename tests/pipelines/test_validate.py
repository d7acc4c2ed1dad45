"""A model judged on patients of another site, and brought into line with them."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.special import expit

from pipelines.cli import cli
from stratify.metrics import compute_auc
from stratify.tracking import find_identifiers, find_run, load_run, open_store


def invoke(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def run(*words):
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def elsewhere(studies):
    return pd.read_csv(studies.cohorts["elsewhere"] / "cohort.csv", dtype=str)


@pytest.fixture(scope="module")
def validated(studies):
    file = studies.cohorts["elsewhere"] / "cohort.csv"
    words = ("validate", "first", "--cohort", file, "--store", studies.store)
    return run(*words, "--recalibrate", "intercept")


def write(table, folder):
    path = folder / "cohort.csv"
    table.to_csv(path, index=False)
    return path


def test_figures_are_those_of_the_model_on_these_patients(studies, validated):
    store = open_store(studies.store)
    kept = load_run(store, validated["validation_run"])
    table = pd.read_csv(kept.folder / "tables" / "predictions.csv")
    assert len(table) == validated["patients"]
    assert validated["auc"] == pytest.approx(compute_auc(table["y"], table["log_odds"]))
    assert validated["internal_auc"] == pytest.approx(studies.trained["first"]["runs"][1]["auc"])
    drop = validated["internal_auc"] - validated["auc"]
    assert validated["auc_drop"] == pytest.approx(drop)
    assert validated["finding"] == "better than chance"
    assert validated["unseen_sites"] == []
    assert kept.reference.kind == "validation"
    assert kept.tags["validated_run"] == validated["run_id"]
    assert "the AUC goes from" in kept.tags["mlflow.note.content"]


def test_the_drop_is_the_first_thing_said(studies):
    file = studies.cohorts["elsewhere"] / "cohort.csv"
    words = invoke("validate", "first", "--cohort", file, "--store", studies.store).stdout
    assert words.startswith("AUC 0.")
    assert " within the study, 0." in words.splitlines()[0]
    assert "SIMULATED PATIENTS" in words


def test_a_validation_is_no_model_of_the_study(studies, validated):
    store = open_store(studies.store)
    assert find_run(store, validated["validation_run"]).kind == "validation"
    told = run("compare", "first", validated["run_id"], "--store", studies.store)
    assert told["run_a"] == validated["run_id"]


def test_recalibration_makes_a_new_version_and_leaves_the_old_model_as_it_was(studies, validated):
    store = open_store(studies.store)
    old = load_run(store, validated["run_id"])
    new = load_run(store, find_run(store, "first@recalibrated").run_id)
    assert new.reference.run_id == validated["recalibrated_run"]
    assert new.tags["recalibrated_from"] == validated["run_id"]
    assert find_run(store, "first@champion").run_id == validated["run_id"]
    assert validated["version"] == "2"
    shift = validated["recalibration"]["intercept"]["value"]
    kept = load_run(store, validated["validation_run"])
    before = pd.read_csv(kept.folder / "tables" / "predictions.csv")["log_odds"]
    assert new.model.classifier.intercept_ == pytest.approx(old.model.classifier.intercept_ + shift)
    # By definition of the intercept, likelihoods now average the share of responders.
    share = validated["responders"] / validated["patients"]
    assert expit(before + shift).mean() == pytest.approx(share, abs=1e-6)
    assert old.model.calibration is None
    assert new.model.calibration.n_patients == validated["patients"]


def test_reports_are_written_by_the_recalibrated_model_and_say_so(studies, validated, tmp_path):
    new = write(pd.read_csv(studies.cohorts["elsewhere"] / "cohort.csv").head(3), tmp_path)
    done = run("report", "first@recalibrated", "--patients", new, "--out", tmp_path / "out",
               "--store", studies.store)  # fmt: skip
    assert len(done["reports"]) == 6
    for page in (tmp_path / "out").glob("*.html"):
        told = page.read_text()
        assert "brought into line with" in told
        assert f"External validation, in {validated['patients']} patients of " in told
        assert "External validation: none" not in told
        assert "tells, too, how far it would move" in told
        assert f"“{validated['cohort']}”" in told
        assert told.count("in the training data") == (1 if "What the model’s number" in told else 0)


def test_reports_of_a_model_tell_what_its_validation_elsewhere_found(studies, validated, tmp_path):
    new = write(pd.read_csv(studies.cohorts["elsewhere"] / "cohort.csv").head(1), tmp_path)
    run("report", "first", "--patients", new, "--out", tmp_path / "out", "--store", studies.store)
    (page,) = (tmp_path / "out").glob("*.html")
    told = page.read_text()
    assert f"patients of {validated['cohort']}, who took no part in training: AUC" in told
    assert f"{validated['auc']:.2f} (" in told
    assert "External validation: none" not in told


def test_explanations_of_the_recalibrated_model_are_told(studies, validated):
    told = run("explain", "first@recalibrated", "--store", studies.store)
    assert told["run_id"] == validated["recalibrated_run"]


def test_patients_of_training_are_refused(studies):
    file = studies.cohorts["here"] / "cohort.csv"
    refused = invoke("validate", "first", "--cohort", file, "--store", studies.store)
    assert refused.exit_code == 1
    assert "the values or the name of a patient of training" in refused.stderr
    assert "patients who took no part in making the model" in refused.stderr


def test_patients_of_training_under_other_names_are_left_out_and_counted(
    studies, elsewhere, tmp_path
):
    arm = pd.read_csv(studies.cohorts["here"] / "cohort.csv", dtype=str)
    arm = arm[(arm["treatment"] == "tms+ketamine") & arm["madrs_week6"].notna()].head(20)
    arm["patient"] = [f"renamed-{k}" for k in range(len(arm))]
    file = write(pd.concat([elsewhere, arm]), tmp_path)
    told = run("validate", "first", "--cohort", file, "--store", studies.store, "--other-people")
    assert told["left_out"] == [["the values of a patient of training", 20]]


def test_other_people_of_the_same_names_are_left_out_unless_said_to_be_others(
    studies, elsewhere, validated, tmp_path
):
    same = elsewhere.assign(patient=elsewhere["patient"].str.removeprefix("other-"))
    words = ("validate", "first", "--cohort", write(same, tmp_path), "--store", studies.store)
    told = run(*words)
    assert told["left_out"][0][1] > 0
    others = run(*words, "--other-people")
    assert others["left_out"] == []
    assert others["patients"] == validated["patients"]
    assert others["auc"] == pytest.approx(validated["auc"])


def test_a_cohort_without_outcomes_is_refused(studies, elsewhere, tmp_path):
    file = write(elsewhere.drop(columns="madrs_week6"), tmp_path)
    refused = invoke("validate", "first", "--cohort", file, "--store", studies.store)
    assert refused.exit_code == 1
    assert "madrs_week6" in refused.stderr


def test_patients_of_a_site_that_training_did_not_know_are_read(studies, elsewhere, tmp_path):
    far = elsewhere.assign(site="far away")
    told = run("validate", "first", "--cohort", write(far, tmp_path), "--store", studies.store)
    assert told["patients"] > 100


@pytest.fixture(scope="module")
def far_away(studies, elsewhere, tmp_path_factory):
    """Patients of a site that training did not know."""
    return write(elsewhere.assign(site="far away"), tmp_path_factory.mktemp("far"))


def test_a_new_site_is_told_to_be_one_that_reports_do_not_speak_of(studies, far_away, tmp_path):
    words = ("validate", "first", "--cohort", far_away, "--store", studies.store)
    told = run(*words)
    assert told["unseen_sites"] == [["far away", told["patients"]]]
    assert told["outside"] < told["patients"] / 2
    kept = load_run(open_store(studies.store), told["validation_run"])
    note = kept.tags["mlflow.note.content"]
    assert f"no likelihood to patients of “far away” ({told['patients']} here)" in note
    assert "recalibration to these patients" in note
    shown = invoke(*words).stdout
    assert "no likelihood to patients of “far away”" in shown
    assert "validate again with --recalibrate" in shown
    # It is so: no report gives a likelihood.
    new = write(pd.read_csv(far_away).head(4), tmp_path)
    done = run("report", "first", "--patients", new, "--out", tmp_path / "out", "--store",
               studies.store)  # fmt: skip
    assert done["said"] == {"cannot say": 4}


def test_recalibrated_to_the_new_site_a_model_speaks_of_it(studies, far_away, tmp_path):
    words = ("validate", "first", "--cohort", far_away, "--store", studies.store)
    shown = invoke(*words, "--recalibrate", "intercept").stdout
    assert "speaks of patients of the sites it was recalibrated to, far away among them" in shown
    assert "validate again with" not in shown
    new = write(pd.read_csv(far_away).head(4), tmp_path)
    done = run("report", "first@recalibrated", "--patients", new, "--out", tmp_path / "out",
               "--store", studies.store)  # fmt: skip
    assert sum(done["said"].values()) == 4
    assert done["said"].get("cannot say", 0) < 4


def test_a_model_with_connectivity_is_validated_with_theirs(studies):
    folder = studies.cohorts["elsewhere"]
    words = ("validate", "second:both logistic", "--cohort", folder / "cohort.csv",
             "--store", studies.store)  # fmt: skip
    refused = invoke(*words)
    assert refused.exit_code == 1
    assert "--connectivity" in refused.stderr
    told = run(*words, "--connectivity", folder / "connectivity.parquet")
    assert 0.4 < told["auc"] < 1
    assert np.isfinite(told["auc_drop_low"])


def test_no_patient_is_named_in_the_store(studies, elsewhere, validated):
    assert not find_identifiers(studies.store, elsewhere["patient"])
