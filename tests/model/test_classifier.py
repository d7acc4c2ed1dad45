import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.model import FAMILIES, ResponderClassifier
from stratify.model.classifier import fit_together


@parametrize_with_checks([ResponderClassifier(family) for family in FAMILIES])
def test_classifier_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_patient_alone_gets_the_same_probability_as_in_the_cohort(family, make_table):
    table = make_table(80, regions=8)
    model = ResponderClassifier(family).fit(table.X, table.y)
    together = model.predict_proba(table.X)
    for k in range(len(table)):
        alone = model.predict_proba(table.X.iloc[k : k + 1])
        assert alone.shape == (1, 2)
        np.testing.assert_allclose(alone, together[k : k + 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "prevalence"])
def test_planted_column_is_learned(family, make_table):
    table = make_table(200, effect=3.0)
    model = ResponderClassifier(family).fit(table.X, table.y)
    by_severity = np.argsort(table.X["severity"].to_numpy())
    p = model.predict_proba(table.X)[by_severity, 1]
    assert p[-20:].mean() - p[:20].mean() > 0.5


def test_shuffled_labels_give_likelihoods_near_the_base_rate(make_table):
    table = make_table(120)
    y = np.random.default_rng(0).permutation(table.y)
    p = ResponderClassifier("logistic").fit(table.X, y).predict_proba(table.X)[:, 1]
    assert np.abs(p - y.mean()).max() < 0.25


def test_inner_folds_keep_groups_together(make_table):
    table = make_table(60)
    groups = np.arange(60) // 3
    model = ResponderClassifier("prevalence").fit(table.X, table.y, groups=groups)
    for train, test in model.inner_folds_:
        assert not set(groups[train]) & set(groups[test])


def test_inner_folds_given_are_the_inner_folds_used(make_table):
    table = make_table(60)
    rows = np.arange(60)
    given = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    model = ResponderClassifier("prevalence", inner_folds=given).fit(table.X, table.y)
    for (train, test), (a, b) in zip(model.inner_folds_, given, strict=True):
        np.testing.assert_array_equal(train, a)
        np.testing.assert_array_equal(test, b)


def test_prevalence_gives_everybody_the_share_of_responders(make_table):
    table = make_table(90)
    p = ResponderClassifier("prevalence").fit(table.X, table.y).predict_proba(table.X)[:, 1]
    assert np.ptp(p) == 0
    assert p[0] == pytest.approx(table.y.mean(), abs=0.01)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "prevalence"])
def test_equal_seeds_give_equal_models(family, make_table):
    table = make_table(60)
    first, second = (
        ResponderClassifier(family, random_state=3).fit(table.X, table.y).decision_function(table.X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_tables_are_unchanged_by_training(make_table):
    table = make_table(60)
    before, y = table.X.copy(deep=True), table.y.copy()
    ResponderClassifier("logistic").fit(table.X, table.y)
    pd.testing.assert_frame_equal(table.X, before)
    np.testing.assert_array_equal(table.y, y)


def test_families_fitted_together_equal_each_fitted_alone_to_the_last_digit(make_table):
    table = make_table(60, regions=6)
    rows = np.arange(60)
    inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]

    def make():
        return [ResponderClassifier(name, inner_folds=inner, random_state=2) for name in FAMILIES]

    together = make()
    fit_together(together, table.X, table.y)
    for one, alone in zip(together, make(), strict=True):
        alone.fit(table.X, table.y)
        assert one.parameters_ == alone.parameters_
        np.testing.assert_array_equal(one.inner_scores_, alone.inner_scores_)
        np.testing.assert_array_equal(
            one.decision_function(table.X), alone.decision_function(table.X)
        )
