"""Connectome-based predictive modelling as a family of a study."""

from dataclasses import replace

import numpy as np
import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.errors import DataError
from stratify.evaluation import compute_permutation_test, cross_validate_many, refit_many
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.model import ResponderClassifier, read_model, write_model
from stratify.preprocess import Preparation
from stratify.task import Task, assemble

TASK = Task(rule=RULE, question="prognosis")


def make_study(n=80, *, shift=0.0, preparation=None, regions=8, missing=0.05):
    """Patients whose first edge is higher, and second lower, where they responded."""
    cohort = make_small_cohort(n, effect=1.0, missing=missing)
    connectomes = make_small_connectomes(cohort, regions)
    responded = cohort.frame["responded"].to_numpy()
    matrices = connectomes.matrices.copy()
    for k, sign in ((1, 1), (2, -1)):
        matrices[:, 0, k] += sign * shift * responded
        matrices[:, k, 0] = matrices[:, 0, k]
    return assemble(TASK, cohort, replace(connectomes, matrices=matrices), preparation=preparation)


def test_only_edges_are_summed_and_planted_ones_are_found():
    table = make_study(120, shift=0.6)
    model = ResponderClassifier("cpm", preparer=table.preparer).fit(table.X, table.y)
    names = model.encoder_.get_feature_names_out()
    assert names[model.model_.positive_].tolist() == ["R0~R1"]
    assert names[model.model_.negative_].tolist() == ["R0~R2"]
    assert set(np.flatnonzero(model.encoder_.is_edge_)) >= set(model.model_.positive_)
    clinical = model.model_.coef_[0][~model.encoder_.is_edge_]
    assert (clinical != 0).any()


def test_edge_that_says_what_age_says_is_not_selected_where_age_is_held_constant():
    cohort = make_small_cohort(200, effect=0.0, missing=0.0)
    frame = cohort.frame.copy()
    age = frame["age"].to_numpy()
    rng = np.random.default_rng(1)
    frame["responded"] = (age + rng.normal(scale=15, size=len(age)) > np.median(age)).astype(float)
    cohort = replace(cohort, frame=frame)
    connectomes = make_small_connectomes(cohort, 6)
    matrices = connectomes.matrices.copy()
    matrices[:, 0, 1] = matrices[:, 1, 0] = (age - age.mean()) / 40 + rng.normal(
        scale=0.02, size=len(age)
    )
    connectomes = replace(connectomes, matrices=matrices)
    picked = {}
    for held in ((), ("age",)):
        table = assemble(TASK, cohort, connectomes, preparation=Preparation(hold_constant=held))
        model = ResponderClassifier("cpm", preparer=table.preparer).fit(table.X, table.y)
        names = model.encoder_.get_feature_names_out()
        picked[held] = "R0~R1" in names[model.model_.positive_]
        assert [names[k] for k in model.encoder_.covariates_] == list(held)
    assert picked == {(): True, ("age",): False}


@pytest.mark.parametrize("features", ["connectivity", "both"])
@pytest.mark.parametrize("represent", ["edges", "network blocks", "partial correlation"])
def test_contributions_add_up_to_the_calibrated_log_odds(features, represent):
    table = make_study(60, shift=0.5, preparation=Preparation(represent=represent))
    table = table.select(features)
    folds = make_folds(table.y, folds=3, seed=1)
    model = refit_many(
        cross_validate_many([("cpm", table)], folds, inner_folds=3), [table], inner_folds=3
    )[0]
    explanation = explain(model, table.X)
    np.testing.assert_allclose(
        explanation.base + explanation.contributions.sum(axis=1), explanation.log_odds, atol=1e-9
    )


def test_model_read_from_disk_predicts_the_same(tmp_path):
    table = make_study(60, shift=0.5, preparation=Preparation(hold_constant=("sex",)))
    folds = make_folds(table.y, folds=3, seed=1)
    model = refit_many(
        cross_validate_many([("cpm", table)], folds, inner_folds=3), [table], inner_folds=3
    )[0]
    again = read_model(write_model(model, tmp_path))
    np.testing.assert_array_equal(
        again.predict(table.X).table.to_numpy(), model.predict(table.X).table.to_numpy()
    )


@pytest.mark.parametrize("features", ["clinical", "late fusion"])
def test_family_is_refused_where_a_model_would_see_no_edges(features):
    table = make_study(60).select(features)
    folds = make_folds(table.y, folds=3, seed=1)
    with pytest.raises(DataError, match="connectivity region by region"):
        cross_validate_many([("cpm", table)], folds)
    with pytest.raises(DataError, match="connectivity region by region"):
        compute_permutation_test(table, folds, "cpm", permutations=9)


def test_column_that_is_no_feature_cannot_be_held_constant():
    with pytest.raises(DataError, match="which no model sees"):
        make_study(60, preparation=Preparation(hold_constant=("site",)))


def test_noise_gives_chance():
    table = make_study(150).select("connectivity")
    folds = make_folds(table.y, folds=5, repeats=2, seed=1)
    found = cross_validate_many([("cpm", table)], folds, inner_folds=4)[0]
    assert abs(found.metrics["auc"].value - 0.5) < 0.12
