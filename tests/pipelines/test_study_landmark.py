"""A landmark study with planted early signs, from a CSV file to a patient's report."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli

PATIENTS, UNSEEN = 260, 12

COLUMNS = """
[cohort]
name = "early change"
simulated = true

[columns.patient]
role = "patient"

[columns.age]
unit = "years"

[columns.madrs_baseline]
low = 0
high = 60

[columns.madrs_week2]
measured = "during"
visit = "week 2"
day = 14
low = 0
high = 60

[columns.sleep_week2]
measured = "during"
visit = "week 2"
day = 14

[columns.madrs_week4]
measured = "during"
visit = "week 4"
day = 28
low = 0
high = 60

[columns.madrs_week6]
measured = "followup"
role = "outcome"
visit = "week 6"
day = 42
low = 0
high = 60
"""

STUDY = """
[study]
name = "early-change"

[cohort]
file = "cohort.csv"
columns = "columns.toml"

[question]
kind = "prognosis"
landmark = "week 2"

[response]
rule = "madrs_response_50"
visit = "week 6"

[validation]
folds = 5
repeats = 1
inner_folds = 3

[models]
families = ["prevalence", "logistic"]
"""


def make_patients(seed=1, sleep_says=0.22, noise=0.25):
    """Baseline says nothing; week 2 says much, by change and by sleep; week 4 says nearly all."""
    rng = np.random.default_rng(seed)
    before = rng.normal(32, 4, PATIENTS).round()
    early = rng.normal(0.25, 0.15, PATIENTS)
    sleep = rng.normal(0, 1, PATIENTS)
    final = 0.18 + 1.2 * early + sleep_says * sleep + rng.normal(0, noise, PATIENTS)
    after = {"week2": early, "week4": final + rng.normal(0, 0.02, PATIENTS), "week6": final}
    frame = pd.DataFrame({"patient": [f"P{k:03d}" for k in range(PATIENTS)]})
    frame["age"] = rng.integers(20, 70, PATIENTS)
    frame["madrs_baseline"] = before
    for visit, fall in after.items():
        frame[f"madrs_{visit}"] = (before * (1 - fall)).clip(0, 60).round()
    frame["sleep_week2"] = sleep.round(2)
    # Dropped out before the landmark; their outcome was asked by telephone.
    frame.loc[: UNSEEN - 1, ["madrs_week2", "sleep_week2", "madrs_week4"]] = np.nan
    return frame


def write_study(folder, patients):
    patients.to_csv(folder / "cohort.csv", index=False)
    (folder / "columns.toml").write_text(COLUMNS, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("landmark"), make_patients())


@pytest.fixture(scope="module")
def trained(folder):
    result = run("train", folder / "study.toml", "--store", folder / "store", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_what_tells_more_than_early_change_is_found_and_nothing_later_is_used(trained):
    assert trained["certificate"] == "passed"
    assert trained["finding"] == "responder model", trained["verdict"]
    assert "patients seen at week 2" in trained["verdict"]
    logistic = next(one for one in trained["runs"] if one["family"] == "logistic")
    assert 0.7 < logistic["auc"] < 0.95
    assert "better than each of severity alone" in trained["verdict"]
    assert "early change alone" in trained["verdict"]


def test_a_model_of_early_change_is_no_responder_model_beyond_it(tmp_path):
    """All signal is the early change: better than severity by far, and not than that change."""
    folder = write_study(tmp_path, make_patients(2, sleep_says=0.0, noise=0.18))
    result = run("train", folder / "study.toml", "--store", folder / "store", "--json")
    told = json.loads(result.stdout)
    assert told["finding"] == "cannot tell"
    assert "has not beaten early change alone (AUC" in told["verdict"]
    gains = {one["reference"]: one for one in told["gains_over_baselines"]}
    assert gains["severity alone"]["beats"]
    assert not gains["early change alone"]["beats"]


def test_those_not_seen_at_the_landmark_are_counted_and_left_out(trained):
    assert ["seen at week 2", PATIENTS - UNSEEN] in trained["flow"]


def test_those_who_have_responded_by_the_landmark_are_counted(trained):
    frame = make_patients()
    seen = frame["madrs_week2"].notna()
    met = int((frame["madrs_week2"] <= frame["madrs_baseline"] / 2).sum())
    said = f"{met} of {int(seen.sum())} patients meet the rule at week 2 already"
    assert any(said in warning for warning in trained["warnings"]), trained["warnings"]


def test_a_later_visit_is_refused_and_so_is_an_early_one_undeclared(folder):
    later = run("check", folder / "study.toml", "--set", "features.clinical=age,madrs_week4")
    assert later.exit_code == 1
    assert "known by week 2" in later.output
    undeclared = run(
        "check", folder / "study.toml", "--set", "question.landmark=", "--set",
        "features.clinical=age,madrs_week2",
    )  # fmt: skip
    assert undeclared.exit_code == 1
    assert "declare it with question.landmark" in undeclared.output


def test_without_the_early_visit_nothing_is_found(folder):
    result = run(
        "train", folder / "study.toml", "--store", folder / "store", "--json",
        "--set", "question.landmark=", "--set", "study.name=at-baseline",
    )  # fmt: skip
    assert json.loads(result.stdout)["finding"] == "cannot tell"


def test_a_patients_report_says_that_it_is_of_week_2(folder, trained):
    new = (
        make_patients(seed=2).iloc[UNSEEN : UNSEEN + 1].drop(columns=["madrs_week4", "madrs_week6"])
    )
    new.assign(patient="N1").to_csv(folder / "new.csv", index=False)
    result = run(
        "report", "early-change", "--patients", folder / "new.csv", "--out", folder / "out",
        "--store", folder / "store",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    page = next((folder / "out").rglob("*.html")).read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "landmark model at week 2" in text
    assert "says nothing of a patient at baseline" in text


def test_a_patient_not_seen_at_week_2_gets_no_report(folder, trained):
    new = make_patients().iloc[:1].drop(columns=["madrs_week4", "madrs_week6"])
    new.assign(patient="N2").to_csv(folder / "unseen.csv", index=False)
    result = run(
        "report", "early-change", "--patients", folder / "unseen.csv", "--out", folder / "none",
        "--store", folder / "store",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "nothing measured at week 2" in result.output
