"""Cox's model agrees with statsmodels and with its own formulas, and never depends on the batch."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from stratify.time_to_event import (
    compute_baseline_hazard,
    compute_kaplan_meier,
    compute_partial_likelihood,
    fit_cox,
)
from stratify.time_to_event.cox import RiskSets, _differentiate, _objective


def make(n=120, columns=4, *, ties, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    time = rng.exponential(np.exp(-0.7 * X[:, 0]))
    lost = rng.exponential(1.5, n)
    observed = np.minimum(time, lost)
    return X, np.ceil(observed * 6) / 6 if ties else observed, (time <= lost).astype(int)


@pytest.mark.parametrize("ties", [False, True])
def test_without_a_penalty_it_is_the_model_of_statsmodels(ties):
    duration = pytest.importorskip("statsmodels.duration.hazard_regression")
    X, time, event = make(ties=ties)
    weights = fit_cox(X, time, event, [0.0])[0]
    theirs = duration.PHReg(time, X, status=event, ties="efron").fit(tol=1e-12)
    np.testing.assert_allclose(weights, theirs.params, atol=1e-8)
    ours = compute_partial_likelihood(X @ weights, time, event)
    assert ours == pytest.approx(theirs.llf, abs=1e-9)


def test_the_partial_likelihood_of_a_few_patients_is_that_of_the_hand():
    # Events at 1 (of all three) and at 3 (of the last alone); the second is lost at 2.
    score, time, event = np.log([2.0, 1.0, 3.0]), np.array([1.0, 2, 3]), np.array([1, 0, 1])
    value = compute_partial_likelihood(score, time, event)
    assert value == pytest.approx(np.log(2 / 6) + np.log(3 / 3))


def test_of_two_events_at_one_time_the_second_counts_half_of_both_as_gone():
    score, time, event = np.log([2.0, 1.0, 3.0]), np.array([1.0, 1, 3]), np.array([1, 1, 0])
    value = compute_partial_likelihood(score, time, event)
    assert value == pytest.approx(np.log(2 / 6) + np.log(1 / (6 - 3 / 2)))


def test_the_gradient_is_that_of_the_objective():
    X, time, event = make(n=40, ties=True)
    sets = RiskSets.of(time, event)
    weights = np.array([0.3, -0.2, 0.1, 0.4])
    off = check_grad(
        lambda w: _objective(X, sets, 2.0, w),
        lambda w: _differentiate(X, sets, 2.0, w)[0],
        weights,
    )
    assert off < 1e-4
    _, curvature = _differentiate(X, sets, 2.0, weights)
    step = 1e-5
    for k, direction in enumerate(np.eye(4)):
        ends = [_differentiate(X, sets, 2.0, weights + s * step * direction)[0] for s in (1, -1)]
        np.testing.assert_allclose((ends[1] - ends[0]) / (2 * step), curvature[k], atol=1e-5)


def test_a_stronger_penalty_makes_weights_smaller_and_a_perfect_order_is_no_trouble():
    X, time, event = make(ties=True)
    weights = fit_cox(X, time, event, [0.1, 10, 1000])
    sizes = np.linalg.norm(weights, axis=1)
    assert (np.diff(sizes) < 0).all()
    perfect = fit_cox(-time[:, None], time, np.ones(len(time)), [0.01])
    assert np.isfinite(perfect).all()


def test_the_order_of_patients_and_the_unit_of_time_change_nothing():
    X, time, event = make(ties=True)
    weights = fit_cox(X, time, event, [3.0])
    order = np.random.default_rng(3).permutation(len(time))
    np.testing.assert_allclose(fit_cox(X[order], time[order], event[order], [3.0]), weights)
    np.testing.assert_allclose(fit_cox(X, 7 * time, event, [3.0]), weights)


def test_the_hazard_of_everybody_gives_nearly_the_kaplan_meier_curve():
    _, time, event = make(n=400, ties=False)
    hazard = compute_baseline_hazard(np.zeros(400), time, event)
    curve = compute_kaplan_meier(time, event)
    for when in (0.2, 0.6, 1.2):
        told = hazard.predict(np.zeros(1), when)[0]
        assert told == pytest.approx(1 - curve.at(when), abs=0.005)


def test_likelihoods_rise_with_the_score_and_with_time_and_lie_between_0_and_1():
    X, time, event = make(ties=True)
    hazard = compute_baseline_hazard(X[:, 0], time, event)
    score = np.linspace(-5, 5, 20)
    told = np.array([hazard.predict(score, when) for when in (0.0, 0.5, 1.0, 9.0)])
    assert (told[0] == 0).all()
    assert (np.diff(told[1:], axis=1) >= 0).all()
    assert (np.diff(told, axis=0) >= 0).all()
    assert (told <= 1).all()
