import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import LinearSVC

from stratify.solvers import LOGISTIC, SQUARED, SQUARED_HINGE, Solution, reduce_rows, solve

LOSSES = {"squared": SQUARED, "squared hinge": SQUARED_HINGE, "logistic": LOGISTIC}
SHAPES = [(40, 300), (200, 12)]


def make(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n + 25, p))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    signs = np.where(X[:n, 0] + X[:n, 1] + rng.normal(size=n) > 0.3, 1.0, -1.0)
    return X[:n], X[n:], signs[:, None]


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_squared_loss_is_scikit_learns_ridge_classifier(n, p):
    X, new, signs = make(n, p)
    penalties = np.array([0.1, 1.0, 100.0])
    reduced = reduce_rows(X, new)
    scores = solve(reduced, signs, penalties, SQUARED).score(reduced.held_out)
    for k, alpha in enumerate(penalties):
        peer = RidgeClassifier(alpha=alpha).fit(X, signs[:, 0])
        np.testing.assert_allclose(scores[:, k], peer.decision_function(new), atol=1e-8)


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_logistic_loss_is_scikit_learns_logistic_regression(n, p):
    X, new, signs = make(n, p)
    penalties = np.array([0.1, 1.0, 100.0])
    reduced = reduce_rows(X, new)
    scores = solve(reduced, signs, penalties, LOGISTIC).score(reduced.held_out)
    for k, penalty in enumerate(penalties):
        peer = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=100_000).fit(X, signs[:, 0])
        np.testing.assert_allclose(scores[:, k], peer.decision_function(new), atol=1e-3)


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_squared_hinge_is_scikit_learns_linear_machine(n, p):
    X, new, signs = make(n, p)
    penalties = np.array([0.5, 5.0, 100.0])
    reduced = reduce_rows(X, new)
    scores = solve(reduced, signs, penalties, SQUARED_HINGE).score(reduced.held_out)
    for k, penalty in enumerate(penalties):
        # Theirs penalises the intercept, unless it stands for a very long column.
        peer = LinearSVC(C=0.5 / penalty, intercept_scaling=1e3, tol=1e-10, max_iter=1_000_000)
        f = peer.fit(X, signs[:, 0]).decision_function(new)
        np.testing.assert_allclose(scores[:, k], f, atol=2e-4)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_no_general_optimiser_finds_a_lower_objective(name, n, p):
    X, new, signs = make(n, p, seed=3)
    loss, y, penalty = LOSSES[name], signs[:, 0], 2.0
    reduced = reduce_rows(X, new)
    solution = solve(reduced, signs, np.array([penalty]), loss)

    def objective(w):
        f = reduced.train @ w[1:] + w[0]
        slope = y * loss.slope(y * f)
        gradient = np.r_[slope.sum(), reduced.train.T @ slope + penalty * w[1:]]
        return loss.value(y * f).sum() + penalty / 2 * w[1:] @ w[1:], gradient

    ours, gradient = objective(np.r_[solution.intercepts, solution.weights[:, 0]])
    assert np.abs(gradient).max() < 1e-8
    found = minimize(objective, np.zeros(reduced.rank + 1), jac=True, options={"gtol": 1e-10})
    assert ours <= found.fun + 1e-10


@pytest.mark.parametrize("name", LOSSES)
def test_slope_and_curvature_are_those_of_the_loss(name):
    loss, margins, h = LOSSES[name], np.array([-3.0, -0.2, 0.7, 1.4, 5.0]), 1e-6
    slope = (loss.value(margins + h) - loss.value(margins - h)) / (2 * h)
    curvature = (loss.slope(margins + h) - loss.slope(margins - h)) / (2 * h)
    np.testing.assert_allclose(loss.slope(margins), slope, atol=1e-8)
    np.testing.assert_allclose(loss.curvature(margins), curvature, atol=1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_many_permutations_at_once_equal_each_fitted_from_scratch(name):
    X, new, signs = make(60, 400)
    rng = np.random.default_rng(1)
    permuted = np.column_stack([rng.permutation(signs[:, 0]) for _ in range(50)])
    penalties = rng.uniform(1, 1000, 50)
    reduced = reduce_rows(X, new)
    together = solve(reduced, permuted, penalties, LOSSES[name]).score(reduced.held_out)
    for k in range(50):
        own = reduce_rows(X, new)
        alone = solve(own, permuted[:, k : k + 1], penalties[k : k + 1], LOSSES[name])
        np.testing.assert_allclose(together[:, k], alone.score(own.held_out)[:, 0], atol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_start_changes_nothing_of_the_solution(name):
    X, new, signs = make(60, 400)
    reduced = reduce_rows(X, new)
    penalties = np.array([10.0, 100.0])
    cold = solve(reduced, signs, penalties, LOSSES[name])
    warm = solve(reduced, signs, penalties * 1.5, LOSSES[name], start=cold)
    peer = solve(reduced, signs, penalties * 1.5, LOSSES[name])
    np.testing.assert_allclose(
        warm.score(reduced.held_out), peer.score(reduced.held_out), atol=1e-8
    )


def test_start_far_away_is_led_back_by_steps_that_descend():
    X, new, signs = make(200, 12)
    reduced = reduce_rows(X, new)
    peer = solve(reduced, signs, np.ones(1), LOGISTIC)
    away = Solution(peer.weights + 30 * np.sign(peer.weights), peer.intercepts - 50)
    back = solve(reduced, signs, np.ones(1), LOGISTIC, start=away)
    np.testing.assert_allclose(back.weights, peer.weights, atol=1e-8)


@pytest.mark.parametrize("name", ["squared hinge", "logistic"])
def test_separated_classes_and_a_weak_penalty_are_still_solved(name):
    X, new, signs = make(40, 2000)
    loss, penalties = LOSSES[name], 2000 * np.array([1e-8, 1e-6, 1e-3])
    reduced = reduce_rows(X, new)
    solution = solve(reduced, signs, penalties, loss)
    slope = signs * loss.slope(signs * solution.score(reduced.train))
    gradient = reduced.train.T @ slope + penalties * solution.weights
    largest = np.abs(reduced.train.T @ signs).max()
    assert np.abs(gradient).max() < 1e-8 * largest
    assert np.abs(slope.sum(axis=0)).max() < 1e-8


@pytest.mark.parametrize("name", LOSSES)
def test_without_columns_only_the_base_rate_is_learned(name):
    signs = np.array([[1.0], [1.0], [1.0], [-1.0]])
    reduced = reduce_rows(np.ones((4, 2)), np.ones((1, 2)))
    expected = {"squared": 0.5, "squared hinge": 0.5, "logistic": np.log(3)}
    score = solve(reduced, signs, np.ones(1), LOSSES[name]).score(reduced.held_out)
    assert score[0, 0] == pytest.approx(expected[name], abs=1e-6)


def test_running_out_of_steps_is_told():
    X, new, signs = make(40, 300)
    with pytest.warns(ConvergenceWarning, match="in 1 rounds"):
        solve(reduce_rows(X, new), signs, np.ones(1), LOGISTIC, max_iter=1)
