"""A study of time to relapse, from a CSV file to its runs; and what is refused of one."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli

COLUMNS = """
[cohort]
name = "made relapses"
simulated = true

[columns.patient]
role = "patient"

[columns.severity]

[columns.age]
unit = "years"

[columns.sex]
kind = "category"
levels = ["F", "M"]

[columns.craving_week2]
measured = "during"
visit = "week 2"
day = 14

[columns.days]
measured = "followup"
role = "outcome"
unit = "days"

[columns.relapsed]
kind = "boolean"
measured = "followup"
role = "outcome"

[columns.drinks_month6]
measured = "followup"
"""

STUDY = """
[study]
name = "relapse"

[cohort]
file = "cohort.csv"
columns = "columns.toml"

[question]
kind = "prognosis"

[time_to_event]
name = "relapse"
time = "days"
event = "relapsed"
horizon = 180

[validation]
folds = 5
repeats = 2
inner_folds = 3
"""


def make_patients(effect, patients=240, seed=5):
    rng = np.random.default_rng(seed)
    severity, craving = rng.normal(size=(2, patients))
    time = rng.exponential(200 * np.exp(-effect * severity))
    lost = rng.uniform(20, 400, patients)
    return pd.DataFrame(
        {
            "patient": [f"P{k:03d}" for k in range(patients)],
            "severity": severity.round(3),
            "age": rng.integers(20, 70, patients),
            "sex": rng.choice(["F", "M"], patients),
            "craving_week2": craving.round(3),
            "days": np.ceil(np.minimum(time, lost)),
            "relapsed": np.where(time <= lost, "yes", "no"),
            "drinks_month6": rng.poisson(5, patients),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relapse")
    make_patients(effect=1.0).to_csv(folder / "cohort.csv", index=False)
    make_patients(effect=0.0).to_csv(folder / "null.csv", index=False)
    elsewhere = make_patients(effect=1.0, patients=300, seed=8)
    elsewhere = elsewhere.assign(patient="elsewhere-" + elsewhere["patient"])
    both = pd.concat([elsewhere, make_patients(effect=1.0).head(10)])
    both.to_csv(folder / "elsewhere.csv", index=False)
    elsewhere.assign(days=elsewhere["days"].clip(upper=90)).to_csv(
        folder / "short.csv", index=False
    )
    (folder / "columns.toml").write_text(COLUMNS, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    result = run("train", folder / "study.toml", "--store", folder / "store", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def check(folder, *settings):
    sets = [word for setting in settings for word in ("--set", setting)]
    return run("check", folder / "study.toml", *sets)


def test_a_planted_effect_is_found_and_the_certificate_passes(trained):
    assert trained["certificate"] == "passed"
    assert trained["finding"] == "time-to-event model", trained["verdict"]
    (model,) = trained["runs"]
    assert model["family"] == "cox"
    assert 0.65 < model["uno_c"] < 0.85
    assert model["brier_gain_low"] > 0
    assert "tells in whom relapse comes sooner" in trained["verdict"]
    assert [one["name"] for one in trained["baselines"]] == ["covariates alone"]
    assert "lower than that of covariates alone" in trained["verdict"]
    assert "simulated patients" in trained["verdict"]


def test_in_a_null_study_nobody_can_tell(folder):
    result = run(
        "train", folder / "study.toml", "--store", folder / "store", "--json",
        "--set", "cohort.file=null.csv", "--set", "study.name=null",
    )  # fmt: skip
    told = json.loads(result.stdout)
    assert told["finding"] == "cannot tell"
    assert "Cannot tell in whom relapse comes sooner" in told["verdict"]


def test_figures_tables_and_certificate_are_in_the_run_and_no_patient_is(folder, trained):
    run_id = trained["runs"][0]["run_id"]
    artifacts = next((folder / "store").rglob(f"{run_id}/artifacts"))
    there = {path.relative_to(artifacts).as_posix() for path in artifacts.rglob("*.*")}
    assert {
        "figures/risk_groups.png",
        "figures/calibration.png",
        "tables/risk_groups.csv",
        "tables/calibration.csv",
        "tables/predictions.csv",
        "certificate.json",
    } <= there
    predictions = (artifacts / "tables/predictions.csv").read_text(encoding="utf-8")
    assert "P017" not in predictions
    assert "p-" in predictions
    with sqlite3.connect(folder / "store/mlflow.db") as store:
        params = dict(store.execute("select key, value from params where run_uuid = ?", [run_id]))
    assert params["horizon"] == "180.0"
    assert "Patients whose follow-up ended first are censored then" in params["rule"]


def test_another_horizon_is_another_model_on_the_same_outcome_and_is_counted(folder, trained):
    result = run(
        "train", folder / "study.toml", "--store", folder / "store", "--json",
        "--set", "time_to_event.horizon=120",
    )  # fmt: skip
    told = json.loads(result.stdout)
    assert told["tried"].startswith("2 models have been tried on this outcome")
    again = run("train", folder / "study.toml", "--store", folder / "store", "--json")
    assert json.loads(again.stdout)["tried"].startswith("2 models have been tried")


def test_the_terminal_says_what_was_found_and_what_is_not_offered(folder):
    result = run("train", folder / "study.toml", "--store", folder / "store")
    said = " ".join(result.output.split())
    assert "clinical cox" in said
    assert "not offered for censored outcomes yet" in said


def test_reports_of_patients_are_refused_clearly(folder, trained):
    for word in ("relapse", trained["runs"][0]["run_id"]):
        result = run(
            "report", word, "--patients", folder / "cohort.csv", "--out", folder / "out",
            "--store", folder / "store",
        )  # fmt: skip
        assert result.exit_code == 1, result.output
        assert "not offered for censored outcomes yet" in " ".join(result.output.split())
    assert not (folder / "out").exists()


def explain(folder, *words):
    return run("explain", "relapse", "--store", folder / "store", *words)


def test_what_moves_a_model_is_told_the_planted_column_first(folder, trained):
    told = json.loads(explain(folder, "--json").stdout)
    assert told["importance"][0]["column"] == "severity"
    assert told["scale"] == "log hazard ratio"
    drawn = {path.rsplit("/", 1)[-1] for path in told["figures"]}
    assert {"importance.png", "beeswarm.png"} <= drawn
    said = explain(folder).stdout
    assert "mean |log hazard ratio|" in said
    assert "above 0 the event comes sooner" in said


def test_new_patients_are_explained_without_their_outcome(folder, trained):
    new = make_patients(effect=1.0, patients=12, seed=9)
    new.drop(columns=["days", "relapsed", "drinks_month6"]).to_csv(folder / "new.csv", index=False)
    result = explain(folder, "--patients", folder / "new.csv", "--out", folder / "why", "--json")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(folder / "why" / "contributions.csv", index_col="patient")
    parts = table[["severity", "age", "sex"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["log_hazard_ratio"], atol=1e-9)
    refused = explain(folder, "--patients", folder / "new.csv", "--site-patients", folder / "x.csv")
    assert refused.exit_code == 1
    assert "others learn no new sites" in " ".join(refused.output.split())


@pytest.fixture(scope="module")
def of_age(folder, trained):
    """A second study of the same patients in the same folds, which knows the age alone."""
    result = run(
        "train", folder / "study.toml", "--store", folder / "store", "--json",
        "--set", "study.name=of age", "--set", "features.clinical=age",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def compare(folder, *words):
    return run("compare", *words, "--store", folder / "store")


def test_two_models_of_one_outcome_are_compared_with_one_command(folder, trained, of_age):
    result = compare(folder, "relapse:clinical cox", "of age", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["finding"], told["decided_by"]) == ("A is better", "uno_c")
    assert told["paired"] is True
    assert told["simulated"] is True
    shown = {each["metric"]: each for each in told["differences"]}
    assert shown["uno_c"]["a"] == pytest.approx(trained["runs"][0]["uno_c"])
    assert shown["brier"]["b"] == pytest.approx(of_age["runs"][0]["brier"])
    said = " ".join(compare(folder, "of age", "relapse", "--by", "brier").output.split())
    assert "SIMULATED PATIENTS" in said
    assert "B is better" in said
    assert "The verdict is that of the Brier score at the horizon" in said


def test_another_horizon_and_another_kind_of_metric_are_refused(folder, trained):
    sooner = run(
        "train", folder / "study.toml", "--store", folder / "store", "--json",
        "--set", "study.name=sooner", "--set", "time_to_event.horizon=120",
    )  # fmt: skip
    assert sooner.exit_code == 0, sooner.output
    refused = compare(folder, "relapse", "sooner")
    assert refused.exit_code == 1
    assert "likelihoods by day 180 and by day 120" in " ".join(refused.output.split())
    refused = compare(folder, "relapse", "relapse", "--by", "auc")
    assert refused.exit_code == 1
    assert "uno_c or brier: these are models of time to an event" in " ".join(
        refused.output.split()
    )


def validate(folder, file, *words):
    return run(
        "validate", "relapse", "--cohort", folder / file, "--store", folder / "store", *words
    )


def test_a_model_is_judged_elsewhere_the_drop_first_and_nobody_of_training_counts(folder, trained):
    result = validate(folder, "elsewhere.csv", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["patients"] == 300
    assert told["left_out"] == [["the values or the name of a patient of training", 10]]
    assert told["finding"] == "better than chance"
    assert told["internal_uno_c"] == pytest.approx(trained["runs"][0]["uno_c"])
    assert told["uno_c_drop_low"] < 0 < told["uno_c_drop_high"]
    artifacts = next((folder / "store").rglob(f"{told['validation_run']}/artifacts"))
    there = {path.relative_to(artifacts).as_posix() for path in artifacts.rglob("*.*")}
    assert {"figures/calibration.png", "tables/internal_and_external.csv"} <= there
    assert "elsewhere-P" not in (artifacts / "tables/predictions.csv").read_text(encoding="utf-8")
    said = validate(folder, "elsewhere.csv").stdout
    assert said.startswith("Uno's concordance 0.")
    assert "SIMULATED PATIENTS" in said


def test_patients_of_training_alone_and_too_short_a_follow_up_are_refused(folder, trained):
    refused = validate(folder, "cohort.csv")
    assert refused.exit_code == 1
    assert "patients who took no part in making the model" in " ".join(refused.output.split())
    refused = validate(folder, "short.csv")
    assert refused.exit_code == 1
    assert "Wait until patients there were followed to the model's horizon" in " ".join(
        refused.output.split()
    )


def test_a_recalibrated_model_is_a_new_run_that_can_be_judged_and_explained(folder, trained):
    result = validate(folder, "elsewhere.csv", "--recalibrate", "intercept and slope", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    new = told["recalibrated_run"]
    assert told["recalibration"].startswith("the baseline hazard, slope ")
    explained = run("explain", new, "--store", folder / "store", "--json")
    assert json.loads(explained.stdout)["importance"][0]["column"] == "severity"
    refused = run(
        "validate", new, "--cohort", folder / "elsewhere.csv", "--store", folder / "store"
    )
    assert refused.exit_code == 1
    # Those it was recalibrated with, and those of the training before.
    assert "310 patients: the values or the name" in " ".join(refused.output.split())
    again = validate(folder, "elsewhere.csv", "--json")
    assert json.loads(again.stdout)["uno_c"] == told["uno_c"]


def test_check_says_what_the_study_will_do(folder):
    result = check(folder)
    said = " ".join(result.output.split())
    assert result.exit_code == 0, said
    assert "Time to relapse (days, relapsed), with likelihoods by day 180" in said
    assert "of them with relapse by day 180" in said
    assert "cox on clinical" in said


@pytest.mark.parametrize("column", ["days", "relapsed", "drinks_month6"])
def test_no_column_of_follow_up_is_a_feature(folder, column):
    result = check(folder, f"features.clinical=severity,{column}")
    assert result.exit_code == 1
    assert f"{column}: measured followup" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["time_to_event.horizon=4000"], "nobody was followed beyond day"),
        (["time_to_event.horizon=0"], "above 0"),
        (["time_to_event.event=sex"], "0 or 1, or a boolean"),
        (["time_to_event.time=age"], "measured baseline"),
        (["time_to_event.time=dayz"], "no column 'dayz'"),
        (["response.rule=madrs_response_50", "response.visit=week 6"], "a study has one outcome"),
        (["features.sets=late fusion"], "late fusion"),
        (["time_to_event.lost=madrs_response_50"], "both lost and"),
        (["time_to_event.event="], "time_to_event.event: missing"),
        (
            ["time_to_event.time=", "time_to_event.event=", "time_to_event.lost=madrs_respons_50"],
            "did you mean 'madrs_response_50'",
        ),
        (
            ["time_to_event.time=", "time_to_event.event=", "time_to_event.lost=madrs_response_50"],
            "two visits or more",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, settings, told):
    result = check(folder, *settings)
    assert result.exit_code == 1
    assert told in " ".join(result.output.split())


def test_a_study_without_an_outcome_is_told_so(folder):
    text = STUDY.replace("[time_to_event]", "[targets]")
    (folder / "without.toml").write_text(
        "\n".join(text.split("[targets]")[0].splitlines()), encoding="utf-8"
    )
    result = run("check", folder / "without.toml")
    assert result.exit_code == 1
    assert "response: missing" in " ".join(result.output.split())


def test_a_landmark_counts_time_from_its_visit_and_leaves_out_who_relapsed_before(folder):
    frame = make_patients(effect=1.0)
    beyond = int((frame["days"] > 14).sum())
    result = check(folder, "question.landmark=week 2")
    said = " ".join(result.output.split())
    assert result.exit_code == 0, said
    assert f"{beyond} free of relapse and followed beyond week 2" in said
    assert "by a landmark model at week 2" in said


def test_the_loss_of_a_response_is_studied_from_a_file_of_visits(tmp_path):
    rng = np.random.default_rng(3)
    n = 150
    severity = rng.normal(size=n)
    lasts = rng.exponential(120 * np.exp(-1.2 * severity))
    patients = [f"P{k:03d}" for k in range(n)]
    rows = [(patient, "baseline", -1, 30.0) for patient in patients]
    for day in (42, 84, 126, 168, 210):
        lost = lasts < day - 42
        values = np.where(lost, 25.0, 12.0)
        rows += [(p, f"day {day}", day, v) for p, v in zip(patients, values, strict=True)]
    visits = pd.DataFrame(rows, columns=["patient", "visit", "day", "value"])
    visits.assign(instrument="madrs").to_csv(tmp_path / "visits.csv", index=False)
    frame = pd.DataFrame({"patient": patients, "severity": severity.round(3)})
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    head = COLUMNS.split("[columns.age]")[0]
    (tmp_path / "columns.toml").write_text(head, encoding="utf-8")
    study = STUDY.replace('time = "days"\nevent = "relapsed"\n', 'lost = "madrs_response_50"\n')
    study = study.replace("horizon = 180", "horizon = 126").replace("relapse", "loss of response")
    study += '\n[visits]\nfile = "visits.csv"\nlast_day = 28\n'
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    result = run("train", tmp_path / "study.toml", "--store", tmp_path / "store", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert ["who responded", n] in told["flow"]
    assert told["finding"] == "time-to-event model", told["verdict"]
    assert "madrs_response_50 no longer met, from the first visit that met it" in told["question"]
