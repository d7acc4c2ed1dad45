"""What a study says of its own figures: whose they are, and what was not made."""

import numpy as np
import pytest

from pipelines.examinations.permutations import say_what_hinders
from pipelines.examinations.sites import say_whose_intervals
from pipelines.simulate import simulate
from pipelines.train import train

FEW = ['models.families=["prevalence", "ridge"]', 'features.sets=["clinical"]']
FEW += ["validation.repeats=1", "instability.refits=0", "planning.learning_curve=0"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate("null", patients=200, seed=3, regions=20, out=folder)
    return folder / "study.toml"


def train_with(study, *overrides):
    return train(study, overrides=[*FEW, *overrides], store=str(study.parent / "runs"))


def test_a_study_of_two_folds_says_that_outcomes_were_not_shuffled(study):
    words = train_with(study, "validation.folds=2", "validation.permutations=9").words()
    assert "Permutation test: not made: it tunes on the other folds, two at least" in words
    words = train_with(study, "validation.folds=2", "validation.permutations=0").words()
    assert "Permutation test" not in words


def test_a_study_that_holds_out_sites_says_whose_its_intervals_are(study):
    words = train_with(study, "validation.scheme=leave one site out", "validation.permutations=0")
    assert "Intervals: they are of patients of these 3 sites." in words.words()


def test_temporal_folds_hinder_shuffling_and_others_do_not():
    assert "always trained on" in say_what_hinders(5, "temporal")
    assert say_what_hinders(3, "stratified") == ""


def test_few_sites_are_said_to_be_few():
    sites = np.repeat([f"site {k}" for k in range(6)], 5)
    (many,) = say_whose_intervals(sites, "leave one site out")
    (few,) = say_whose_intervals(sites[:20], "leave one trial out")
    assert "these 6 sites" in many
    assert "too few" not in many
    assert "these 4 trials. A new trial may differ" in few
    assert "4 are too few" in few
    assert say_whose_intervals(None, "stratified") == []
