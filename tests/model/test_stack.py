import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from stratify.evaluation import compute_added_value, cross_validate_many, refit
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.metrics import Estimate
from stratify.model import ResponderClassifier, StackedClassifier, read_model, write_model
from stratify.model.stack import fit_weights


def test_weights_agree_with_scikit_learns_where_none_is_below_zero():
    rng = np.random.default_rng(0)
    f = rng.normal(size=(500, 2))
    y = (rng.random(500) < expit(0.3 + 0.8 * f[:, 0] + 0.5 * f[:, 1])).astype(int)
    intercept, weights = fit_weights(f, y)
    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(f, y)
    np.testing.assert_allclose(weights, peer.coef_[0], atol=1e-3)
    assert intercept == pytest.approx(peer.intercept_[0], abs=1e-3)


def test_a_part_that_points_the_wrong_way_gets_no_weight():
    rng = np.random.default_rng(1)
    f = rng.normal(size=(500, 2))
    y = (rng.random(500) < expit(f[:, 0] - f[:, 1])).astype(int)
    assert fit_weights(f, y)[1][1] == 0.0


@pytest.fixture
def fused(make_table):
    table = make_table(90, regions=8, effect=2.0)
    folds = make_folds(table.y, table.groups, folds=3)
    candidates = [("logistic", table.select(name)) for name in table.has]
    return table, folds, candidates, cross_validate_many(candidates, folds, inner_folds=3)


def test_joining_what_is_fitted_equals_fitting_the_stack_anew(fused):
    _, folds, candidates, evaluations = fused
    late = candidates[-1]
    assert late[1].features == "late fusion"
    alone = cross_validate_many([late], folds, inner_folds=3)[0]
    np.testing.assert_allclose(
        alone.predictions["log_odds"], evaluations[-1].predictions["log_odds"], atol=1e-9
    )
    assert alone.certificate.passed
    assert evaluations[-1].certificate.passed


def test_contributions_of_both_halves_add_up_and_survive_the_disk(fused, tmp_path):
    _, _, candidates, evaluations = fused
    table = candidates[-1][1]
    model = refit(evaluations[-1], table, inner_folds=3)
    explanation = explain(model, table.X)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.classifier.decision_function(table.X), atol=1e-9)
    assert set(explanation.contributions) == set(table.X)
    again = read_model(write_model(model, tmp_path / "model"))
    np.testing.assert_array_equal(
        again.predict(table.X).table["log_odds"], model.predict(table.X).table["log_odds"]
    )


def test_a_patient_alone_gets_the_same_log_odds_from_the_stack(fused):
    _, _, candidates, evaluations = fused
    X = candidates[-1][1].X
    stack = evaluations[-1].replicas[0]
    together = stack.decision_function(X)
    for k in range(5):
        np.testing.assert_allclose(
            stack.decision_function(X.iloc[k : k + 1]), together[k : k + 1], atol=1e-9
        )


def test_noise_edges_are_not_said_to_add_to_a_planted_clinical_effect(fused):
    _, _, _, evaluations = fused
    found = compute_added_value(evaluations)
    assert [value.features for value in found] == ["both", "late fusion"]
    for value in found:
        assert value.finding != "adds"
        difference = (
            next(e for e in evaluations if e.features == "clinical").by_fold["log_loss"]
            - next(e for e in evaluations if e.features == value.features).by_fold["log_loss"]
        )
        assert value.log_loss.value == pytest.approx(difference.mean())


def test_edges_that_carry_the_outcome_are_said_to_add(make_table):
    from dataclasses import replace

    table = make_table(200, regions=6, effect=0.3)
    X = table.X.copy()
    rng = np.random.default_rng(0)
    X["R0~R1"] = table.y + rng.normal(scale=0.5, size=len(table))
    table = replace(table, X=X)
    folds = make_folds(table.y, table.groups, folds=5)
    evaluations = cross_validate_many(
        [("logistic", table.select(name)) for name in ("clinical", "connectivity", "late fusion")],
        folds,
        inner_folds=3,
    )
    (value,) = compute_added_value(evaluations)
    assert value.finding == "adds"
    assert "connectivity adds" in str(value)
    assert "log loss lower by 0." in str(value)
    worse = replace(value, log_loss=Estimate(-0.047, -0.367, 0.273))
    assert "log loss higher by 0.047 (95 % interval -0.273 to 0.367)" in str(worse)


def test_the_stack_needs_no_part_to_be_useful():
    rng = np.random.default_rng(0)
    import pandas as pd

    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    y = np.arange(60) % 2
    stack = StackedClassifier(
        [(ResponderClassifier("prevalence"), ("a",)), (ResponderClassifier("prevalence"), ("b",))]
    ).fit(X, y)
    np.testing.assert_allclose(stack.predict_proba(X)[:, 1], 0.5)
