"""Two models compared from what their runs keep, through the command."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.patients import load_model_run
from stratify.datasets import make_cohort
from stratify.tracking import find_identifiers


def invoke(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def run(*words):
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def place(studies):
    return studies.store


def test_a_model_is_compared_with_the_prevalence_of_its_study(place):
    told = run("compare", "first:clinical logistic", "first:prevalence", "--store", place)
    assert told["finding"] == "A is better"
    assert (told["a"], told["b"]) == ("clinical · logistic", "prevalence")
    assert told["paired"] is True
    assert told["simulated"] is True
    auc = next(each for each in told["differences"] if each["metric"] == "auc")
    assert auc["b"] == 0.5


def test_figures_are_those_of_the_kept_predictions(place):
    told = run("compare", "first:clinical logistic", "first:prevalence", "--store", place)
    kept = [
        pd.read_csv(next(place.glob(f"artifacts/*/{told[f'run_{letter}']}/**/by_fold.csv")))
        for letter in "ab"
    ]
    difference = kept[1]["log_loss"] - kept[0]["log_loss"]
    gain = next(each for each in told["differences"] if each["metric"] == "log_loss")["gain"]
    assert gain == pytest.approx(float(np.mean(difference)))


def test_it_is_said_in_words_that_patients_are_simulated(place):
    words = invoke("compare", "first:prevalence", "first:prevalence", "--store", place).stdout
    assert "SIMULATED PATIENTS" in words
    assert "Practically the same" in words


def test_the_best_of_several_is_said_to_be_chosen(place, monkeypatch):
    assert "chosen" not in run("compare", "first", "first:prevalence", "--store", place)["words"]

    def load(store, run, **how):
        loaded = load_model_run(store, run, **how)
        return replace(loaded, tags={**loaded.tags, "models_tried": "7"})

    monkeypatch.setattr("pipelines.compare.load_model_run", load)
    told = run("compare", "first", "first:prevalence", "--store", place)["words"]
    assert "A was chosen as the best of the 7 models of its study" in told
    assert "B was chosen" not in told


def test_other_folds_are_refused_and_said_if_allowed(place):
    words = (
        "compare",
        "first:clinical logistic",
        "second:clinical logistic",
        "--store",
        place,
    )
    refused = invoke(*words)
    assert refused.exit_code == 1
    assert "clinical · logistic of first and clinical · logistic of second" in refused.stderr
    assert "in different folds" in refused.stderr
    allowed = run(*words, "--unpaired")
    assert "Not paired" in allowed["words"]
    assert allowed["finding"] == "cannot tell"


def test_other_patients_are_refused(place):
    refused = invoke("compare", "first", "third", "--store", place)
    assert refused.exit_code == 1
    assert "0 of them in both" in refused.stderr


def test_another_outcome_of_other_patients_is_refused_even_unpaired(place, monkeypatch):
    told = run("compare", "first", "third", "--unpaired", "--store", place)
    assert told["paired"] is False
    assert told["patients"] == 0

    def load(store, run, **how):
        loaded = load_model_run(store, run, **how)
        return replace(loaded, params={**loaded.params, "rule": f"the rule of {run}"})

    monkeypatch.setattr("pipelines.compare.load_model_run", load)
    refused = invoke("compare", "first", "third", "--unpaired", "--store", place)
    assert refused.exit_code == 1
    assert "two outcomes: 'the rule of first' and 'the rule of third'" in refused.stderr


def test_regions_and_the_metric_that_decides_can_be_set(place):
    words = ("compare", "first:clinical logistic", "first:prevalence", "--store", place)
    told = run(*words, "--by", "auc", "--same-auc", "0.6")
    assert told["decided_by"] == "auc"
    assert told["finding"] == "practically the same"


def test_an_unknown_model_of_a_study_is_refused_by_name(place):
    refused = invoke("compare", "first", "first:forest", "--store", place)
    assert refused.exit_code == 1
    assert "no run is called 'first:forest'" in refused.stderr


def test_comparing_writes_no_patient_anywhere(place):
    patients = make_cohort("optimistic", patients=700, seed=3, regions=12).cohort.patients
    assert not find_identifiers(place, patients)
