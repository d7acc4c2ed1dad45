import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.support import count_parameters, plan_support
from stratify.metrics import compute_sample_size
from stratify.schema import Column
from stratify.tracking import load_run, open_store


def make_set(name, columns, patients=200, share=0.5):
    y = (np.arange(patients) < share * patients).astype(int)
    made = SimpleNamespace(y=y, features=name, feature_columns=tuple(columns))
    made.take_known = lambda: made
    return made


NUMBERS = [Column(name=f"n{k}") for k in range(9)]


def test_a_category_costs_one_parameter_less_than_it_has_levels():
    arm = Column(name="arm", kind="category", levels=("a", "b", "c", "d"))
    yes = Column(name="yes", kind="boolean", levels=("no", "yes"))
    assert count_parameters(make_set("clinical", [*NUMBERS, arm, yes])) == 13


def test_what_is_needed_is_what_the_formulas_say():
    outlook = plan_support([make_set("clinical", [*NUMBERS, Column(name="x")])], 0.65)
    needed = compute_sample_size(auc=0.65, prevalence=0.5, parameters=10).patients
    assert outlook.needs["clinical"].patients == needed
    assert f"clinical (10 parameters) would need {needed:,} patients" in outlook.words()
    assert "200 patients with 50 % responders do not support a single parameter" in outlook.words()


def test_more_patients_support_more():
    few, many = (plan_support([make_set("clinical", NUMBERS, n)], 0.7) for n in (450, 4500))
    assert few.support.parameters < many.support.parameters
    assert few.support.auc_half_width > many.support.auc_half_width


def test_check_says_what_the_patients_support(studies):
    study = str(studies.cohorts["here"] / "study.toml")
    words = CliRunner().invoke(cli, ["check", study]).stdout
    assert "If the AUC is 0.65, " in words
    assert "by Riley's four criteria" in words
    asked = ["check", study, "--set", "planning.expected_auc=0.75", "--json"]
    told = json.loads(CliRunner().invoke(cli, asked).stdout)["plan"]
    assert told["outlook"]["expected_auc"] == 0.75
    assert set(told["outlook"]["needs"]) == set(told["features"])
    assert told["outlook"]["support"]["patients"] == told["patients"]


def test_a_learning_curve_is_kept_with_the_study(studies):
    told = studies.trained["first"]["learning_curve"]
    assert told["model"] == "clinical ridge"
    sizes = [row["patients"] for row in told["curve"]]
    assert sizes == sorted(set(sizes))
    kept = load_run(open_store(studies.store), studies.trained["first"]["study_run"])
    table = pd.read_csv(kept.folder / "tables" / "learning_curve.csv")
    assert table["auc"].tolist() == pytest.approx([row["auc"] for row in told["curve"]])
    assert (kept.folder / "figures" / "learning_curve.png").exists()
    assert "Learning curve: AUC of clinical ridge" in kept.tags["mlflow.note.content"]


def test_no_curve_is_drawn_where_it_is_not_asked_for_or_patients_are_few(studies):
    none = studies.train("here", "none", "features.sets=clinical", "planning.learning_curve=0")
    assert "learning_curve" not in none
