import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.check import check
from pipelines.cli import cli
from pipelines.simulate import simulate

STUDY = """
[study]
name = "a small study"
[cohort]
file = "cohort.csv"
columns = "columns.toml"
[connectivity]
file = "connectivity.csv"
kind = "pearson r"
[question]
kind = "response under treatment"
treatment = "tms+ketamine"
[response]
name = "response"
followup = "madrs_week6"
baseline = "madrs_baseline"
drop = 0.5
[validation]
folds = 3
inner_folds = 2
"""

COLUMNS = """
[columns.patient]
role = "patient"
[columns.age]
low = 18
high = 90
unit = "years"
[columns.madrs_baseline]
low = 0
high = 60
[columns.madrs_week6]
low = 0
high = 60
measured = "followup"
role = "outcome"
[columns.treatment]
role = "treatment"
"""


@pytest.fixture
def study(tmp_path):
    """Write 40 patients: 30 under both treatments, 12 of them responders; 28 have been scanned."""
    rng = np.random.default_rng(0)
    patients = [f"P{k:02}" for k in range(40)]
    baseline = rng.integers(24, 40, 40)
    responds = np.arange(40) % 5 < 2
    pd.DataFrame(
        {
            "patient": patients,
            "age": rng.integers(20, 70, 40),
            "madrs_baseline": baseline,
            "madrs_week6": np.where(responds, baseline // 3, baseline - 2),
            "treatment": np.where(np.arange(40) < 30, "tms+ketamine", "tms"),
        }
    ).to_csv(tmp_path / "cohort.csv", index=False)
    edges = pd.DataFrame(
        rng.uniform(-0.5, 0.5, (38, 3)), columns=["ACC~PCC", "ACC~DLPFC", "PCC~DLPFC"]
    )
    edges.insert(0, "patient", patients[2:])
    edges.to_csv(tmp_path / "connectivity.csv", index=False)
    (tmp_path / "columns.toml").write_text(COLUMNS)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def wheres(result):
    return [fault.where for fault in result.errors]


def test_a_sound_study_says_what_it_will_do(study):
    result = check(study)
    assert result.ok, result.words()
    plan = result.plan
    # Of P00..P29, P00 and P01 (both responders) were not scanned: 28 are left, 12 - 2 respond.
    assert (plan.patients, plan.responders) == (28, 10)
    assert plan.features == {
        "clinical": 2,
        "connectivity": 3,
        "both": 5,
        "late fusion": 5,
    }
    assert plan.runs == 17  # four families on four feature sets, and the prevalence once
    assert [count for _, count in plan.flow][-1] == 28
    for said in ["a small study: no errors", "28 patients, 10 of them responders", "17 runs"]:
        assert said in result.words()


def test_connectivity_that_no_feature_set_needs_leaves_patients_in(study):
    plan = check(study, overrides=["features.sets=clinical"]).plan
    assert (plan.patients, plan.responders) == (30, 12)
    assert plan.features == {"clinical": 2}


def test_every_file_is_examined_although_others_are_faulty(study):
    change(study, "drop = 0.5", "drop = 50")
    change(study, "folds = 3", "fold = 3")
    folder = study.parent
    cohort = (folder / "cohort.csv").read_text().splitlines()
    cohort[3] = cohort[3].replace(cohort[3].split(",")[1], "530", 1)
    (folder / "cohort.csv").write_text("\n".join(cohort) + "\n")
    change(folder / "connectivity.csv", "P05,", "P05,9")
    result = check(study)
    said = "\n".join(map(str, result.errors))
    for phrase in ["response.drop", "validation.fold", "cohort.csv: age", "connectivity.csv"]:
        assert phrase in said
    assert result.plan is None
    assert "Not examined: the study as a whole" in result.words()


def test_a_faulty_dictionary_is_told_and_what_it_hides(study):
    change(study.parent / "columns.toml", "unit =", "unti =")
    result = check(study)
    assert any(where.startswith("columns.toml") for where in wheres(result))
    assert any("cohort.csv" in what for what in result.not_examined)


def test_files_that_are_absent_are_all_told(study):
    for name in ("cohort.csv", "columns.toml", "connectivity.csv"):
        (study.parent / name).unlink()
    said = "\n".join(map(str, check(study).errors))
    for name in ("cohort.csv", "columns.toml", "connectivity.csv"):
        assert name in said


def test_too_few_patients_for_the_folds_are_told_before_training(study):
    [fault] = check(study, overrides=["validation.folds=11"]).errors
    assert "validation.folds" in fault.where
    [fault] = check(study, overrides=["validation.inner_folds=8"]).errors
    assert "validation.inner_folds" in fault.where
    assert "3 folds and 8 inner folds" in fault.met


def test_a_treatment_nobody_had_is_told(study):
    [fault] = check(study, overrides=["question.treatment=ketamine"]).errors
    assert "ketamine" in fault.wanted


def test_nothing_is_written_by_checking(study):
    before = {path: path.read_bytes() for path in study.parent.iterdir()}
    check(study)
    assert {path: path.read_bytes() for path in study.parent.iterdir()} == before


def test_the_command_exits_0_on_a_sound_study_and_1_on_a_faulty_one(study):
    done = CliRunner().invoke(cli, ["check", str(study)])
    assert (done.exit_code, done.stderr) == (0, "")
    change(study, "drop = 0.5", "drop = 50")
    done = CliRunner().invoke(cli, ["check", str(study)])
    assert done.exit_code == 1
    assert done.stderr.startswith("study.toml: response.drop: 50")
    assert "1 error" in done.stdout


def test_the_command_s_json_is_one_object_either_way(study):
    done = CliRunner().invoke(cli, ["check", str(study), "--json"])
    found = json.loads(done.stdout)
    assert (found["ok"], found["plan"]["responders"]) == (True, 10)
    change(study, "drop = 0.5", "drop = 50")
    done = CliRunner().invoke(cli, ["check", str(study), "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["plan"]) == (1, False, None)
    assert found["errors"][0]["where"] == "study.toml: response.drop"


def test_the_plan_says_that_inner_folds_hold_out_sites_where_outer_ones_do(tmp_path):
    simulate("null", patients=200, seed=3, regions=20, out=tmp_path)
    study = tmp_path / "study.toml"
    whole = check(study, overrides=["validation.scheme=leave one site out"]).words()
    assert "inner folds of whole sites, or 5 of patients where few are left, for tuning" in whole
    assert "5 inner folds for tuning" in check(study).words()
