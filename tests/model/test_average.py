import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.explanation import explain
from stratify.model import (
    AveragedClassifier,
    ResponderClassifier,
    SiteCalibration,
    StackedClassifier,
    make_fitted_model,
    parts_of,
    read_model,
    recalibrate,
    write_model,
)

SITE = SiteCalibration("elsewhere", intercept=-0.4, slope=0.8, n_patients=50, n_responders=20)


@parametrize_with_checks([AveragedClassifier(ResponderClassifier("ridge"))])
def test_averaged_classifier_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture(params=["ridge", "forest", "late fusion"])
def averaged(request, make_table):
    table = make_table(80, regions=8)
    rng = np.random.default_rng(0)
    # Three labellings that differ in some patients, as completions of an outcome do.
    Y = np.column_stack([np.where(rng.random(80) < 0.1, 1 - table.y, table.y) for _ in range(3)])
    if request.param == "late fusion":
        table = table.select("late fusion")
        halves = [table.select(name) for name in ("clinical", "connectivity")]
        one = StackedClassifier(
            tuple((ResponderClassifier("ridge"), tuple(half.X.columns)) for half in halves)
        )
    else:
        one = ResponderClassifier(request.param)
    return table, Y, AveragedClassifier(one).fit(table.X, Y)


def test_log_odds_are_the_mean_of_models_fitted_one_by_one(averaged):
    table, Y, classifier = averaged
    each = [clone(classifier.classifier).fit(table.X, y).decision_function(table.X) for y in Y.T]
    np.testing.assert_array_equal(classifier.decision_function(table.X), np.mean(each, axis=0))


def test_contributions_add_up_and_survive_the_disk(averaged, tmp_path):
    table, Y, classifier = averaged
    model = make_fitted_model(table, classifier, replicas=(classifier,), labels=Y)
    explanation = explain(model, table.X)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, classifier.decision_function(table.X), atol=1e-9)
    assert len(set(explanation.contributions)) == explanation.contributions.shape[1]
    assert "3 models" in explanation.method
    again = read_model(write_model(model, tmp_path / "model"))
    np.testing.assert_array_equal(
        again.predict(table.X).table["log_odds"], model.predict(table.X).table["log_odds"]
    )
    assert again.n_responders == round(Y.sum(axis=0).mean())


def test_one_patient_alone_gets_the_same_log_odds_as_in_the_cohort(averaged):
    table, _, classifier = averaged
    together = classifier.decision_function(table.X)
    for k in range(0, 80, 9):
        alone = classifier.decision_function(table.X.iloc[k : k + 1])
        np.testing.assert_allclose(alone, together[k : k + 1], atol=1e-9)


def test_weights_of_its_parts_sum_to_those_of_one(averaged):
    _, _, classifier = averaged
    whole = sum(weight for _, weight in parts_of(classifier))
    alone = np.mean([sum(w for _, w in parts_of(part)) for part in classifier.parts_])
    assert whole == pytest.approx(alone)
    assert classifier.slope_ == pytest.approx(np.mean([p.slope_ for p in classifier.parts_]))


def test_bringing_it_to_another_site_shifts_the_average_and_leaves_the_old_one(averaged):
    table, Y, classifier = averaged
    model = make_fitted_model(table, classifier, replicas=(classifier,), labels=Y)
    before = classifier.decision_function(table.X)
    moved = recalibrate(model, SITE)
    after = moved.classifier.decision_function(table.X)
    np.testing.assert_allclose(after, SITE.intercept + SITE.slope * before, atol=1e-9)
    np.testing.assert_array_equal(classifier.decision_function(table.X), before)
    explanation = explain(moved, table.X)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, after, atol=1e-9)
