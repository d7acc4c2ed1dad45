import numpy as np
import pytest
from sklearn.svm import SVC

from stratify.solvers import compute_gram, compute_rbf, solve_hinge


def make(n=50, p=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n + 20, p))
    signs = np.where(X[:n, :5].sum(axis=1) + rng.normal(size=n) > 0, 1.0, -1.0)
    return X[:n], X[n:], signs[:, None]


def test_linear_machine_is_scikit_learns():
    X, new, signs = make()
    gram, costs = compute_gram(X, new), np.array([1e-3, 1e-2, 1.0])
    solution = solve_hinge(gram.inner, signs, costs)
    for k, cost in enumerate(costs):
        peer = SVC(C=cost, kernel="linear", tol=1e-9).fit(X, signs[:, 0])
        np.testing.assert_allclose(
            solution.score(gram.cross)[:, k], peer.decision_function(new), atol=1e-5
        )
        np.testing.assert_allclose(solution.dual[:, k] @ X, peer.coef_[0], atol=1e-5)


@pytest.mark.parametrize("gamma", [1e-3, 1e-2])
def test_rbf_machine_is_scikit_learns(gamma):
    X, new, signs = make()
    kernel = compute_rbf(compute_gram(X, new), gamma)
    score = solve_hinge(kernel.inner, signs, np.array([3.0])).score(kernel.cross)[:, 0]
    peer = SVC(C=3.0, gamma=gamma, tol=1e-9).fit(X, signs[:, 0])
    np.testing.assert_allclose(score, peer.decision_function(new), atol=1e-5)


def test_optimality_conditions_hold():
    X, new, signs = make()
    gram, cost = compute_gram(X, new), 1e-3
    solution = solve_hinge(gram.inner, signs, np.array([cost]))
    alpha = signs[:, 0] * solution.dual[:, 0]
    margin = signs[:, 0] * solution.score(gram.inner)[:, 0]
    free = (alpha > 1e-9) & (alpha < cost * (1 - 1e-9))
    assert free.any()
    np.testing.assert_allclose(margin[free], 1, atol=1e-5)
    assert (margin[alpha <= 1e-9] >= 1 - 1e-5).all()
    assert (margin[alpha >= cost * (1 - 1e-9)] <= 1 + 1e-5).all()
    assert solution.dual.sum() == pytest.approx(0, abs=1e-12)


def test_permutations_equal_each_fitted_alone():
    X, new, signs = make()
    gram, rng = compute_gram(X, new), np.random.default_rng(0)
    permuted = np.column_stack([rng.permutation(signs[:, 0]) for _ in range(5)])
    together = solve_hinge(gram.inner, permuted, np.full(5, 0.01)).score(gram.cross)
    for k in range(5):
        peer = SVC(C=0.01, kernel="linear", tol=1e-9).fit(X, permuted[:, k])
        np.testing.assert_allclose(together[:, k], peer.decision_function(new), atol=1e-5)
