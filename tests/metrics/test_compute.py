import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

from stratify.metrics import (
    compute_auc,
    compute_aucs,
    compute_balanced_accuracy,
    compute_brier,
    compute_calibration,
    compute_log_loss,
)


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    f = np.round(rng.normal(size=400), 1)
    return (rng.random(400) < expit(0.3 + 0.8 * f)).astype(int), f


def test_figures_agree_with_scikit_learn(held_out):
    y, f = held_out
    p = expit(f)
    assert compute_auc(y, f) == pytest.approx(roc_auc_score(y, f), abs=1e-12)
    assert compute_brier(y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert compute_log_loss(y, f) == pytest.approx(log_loss(y, p), abs=1e-12)
    assert compute_balanced_accuracy(y, p, 0.5) == pytest.approx(
        balanced_accuracy_score(y, p > 0.5), abs=1e-12
    )


def test_auc_is_unchanged_by_any_increasing_function(held_out):
    y, f = held_out
    assert compute_auc(y, f) == compute_auc(y, expit(3 * f + 1))


def test_reversed_scores_reverse_the_auc(held_out):
    y, f = held_out
    assert compute_auc(y, -f) == pytest.approx(1 - compute_auc(y, f))


def test_equal_scores_have_an_auc_of_one_half():
    assert compute_auc(np.array([0, 1, 1]), np.zeros(3)) == 0.5


def test_one_class_has_no_auc():
    assert np.isnan(compute_auc(np.ones(3), np.arange(3)))
    assert np.isnan(compute_balanced_accuracy(np.ones(3), np.ones(3), 0.5))
    assert np.isnan(compute_calibration(np.ones(3), np.arange(3.0))).all()


def test_calibration_of_true_probabilities_is_the_diagonal():
    rng = np.random.default_rng(1)
    f = rng.normal(size=200_000)
    intercept, slope = compute_calibration(rng.random(200_000) < expit(f), f)
    assert intercept == pytest.approx(0, abs=0.02)
    assert slope == pytest.approx(1, abs=0.02)


def test_calibration_slope_agrees_with_plain_logistic_regression(held_out):
    y, f = held_out
    peer = LogisticRegression(C=np.inf, tol=1e-12).fit(f[:, None], y)
    assert compute_calibration(y, f)[1] == pytest.approx(peer.coef_[0, 0], abs=1e-5)


def test_calibration_intercept_makes_expected_equal_observed(held_out):
    y, f = held_out
    assert expit(f + compute_calibration(y, f)[0]).mean() == pytest.approx(y.mean())


def test_log_odds_too_extreme_by_two_have_slope_one_half(held_out):
    y, f = held_out
    assert compute_calibration(y, 2 * f)[1] == pytest.approx(compute_calibration(y, f)[1] / 2)


def test_separated_classes_have_no_calibration_slope():
    assert np.isnan(compute_calibration(np.array([0, 0, 1, 1]), np.arange(4.0))[1])


def test_aucs_of_many_are_those_of_each():
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 2, size=(30, 8)), rng.normal(size=(30, 8)).round(1)
    expected = [compute_auc(a, b) for a, b in zip(y.T, scores.T, strict=True)]
    np.testing.assert_allclose(compute_aucs(y, scores), expected, atol=1e-14)
