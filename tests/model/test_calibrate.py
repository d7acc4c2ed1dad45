import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from stratify.model.calibrate import fit_sigmoid, fit_sigmoids


def test_sigmoid_agrees_with_logistic_regression_on_platts_targets():
    rng = np.random.default_rng(1)
    scores = rng.normal(3, 10, size=200)
    y = (rng.random(200) < expit(0.1 * scores)).astype(int)
    up, n = y.sum(), len(y)
    target = np.where(y == 1, (up + 1) / (up + 2), 1 / (n - up + 2))
    peer = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(
        np.r_[scores, scores][:, None],
        np.r_[np.ones(n), np.zeros(n)],
        sample_weight=np.r_[target, 1 - target],
    )
    intercept, slope = fit_sigmoid(scores, y)
    assert slope == pytest.approx(peer.coef_[0, 0], rel=1e-4)
    assert intercept == pytest.approx(peer.intercept_[0], abs=1e-4)


def test_scores_that_rank_the_wrong_way_give_the_base_rate():
    y = np.array([0, 0, 0, 1, 1])
    intercept, slope = fit_sigmoid(-np.arange(5.0), y)
    assert slope == 0
    # Platt's targets: 2 responders count as 3/4 each, 3 others as 1/5 each.
    assert expit(intercept) == pytest.approx((2 * 0.75 + 3 * 0.2) / 5)


def test_equal_scores_give_the_base_rate():
    assert fit_sigmoid(np.full(10, 7.0), np.arange(10) % 2)[1] == 0


def test_separated_classes_give_a_finite_slope():
    _, slope = fit_sigmoid(np.arange(20.0), (np.arange(20) >= 10).astype(int))
    assert 0 < slope < np.inf


def test_scale_of_the_scores_does_not_matter():
    rng = np.random.default_rng(2)
    scores, y = rng.normal(size=100), rng.integers(0, 2, 100)
    y[:30] = scores[:30] > 0
    a, b = fit_sigmoid(scores, y)
    c, d = fit_sigmoid(1e6 * scores + 5, y)
    np.testing.assert_allclose(a + b * scores, c + d * (1e6 * scores + 5), atol=1e-7)


def test_many_sigmoids_at_once_equal_each_alone():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, size=(80, 40))
    scores = rng.normal(size=(80, 40)) * 10.0 ** rng.uniform(-6, 6, 40) + rng.normal(size=40)
    scores[:, :20] += y[:, :20] * scores[:, :20].std(axis=0)
    scores[:, 5] = 3.0
    scores[:, 6] = y[:, 6]
    intercepts, slopes = fit_sigmoids(scores, y)
    assert slopes[5] == 0
    assert 0 < (slopes == 0).sum() < 40
    for k in range(40):
        intercept, slope = fit_sigmoid(scores[:, k], y[:, k])
        assert slopes[k] == pytest.approx(slope, rel=1e-12)
        assert intercepts[k] == pytest.approx(intercept, rel=1e-12, abs=1e-12)
