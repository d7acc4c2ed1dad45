import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.model.elastic_net import ElasticNetLogistic, fit_path


@parametrize_with_checks([ElasticNetLogistic(), ElasticNetLogistic(l1_ratio=0.0)])
def test_elastic_net_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


def make(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = (X[:, 0] - X[:, 1] + rng.normal(size=n) > 0).astype(float)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def objective(X, y, coef, intercept, penalty, l1_ratio):
    f = X @ coef + intercept
    size = l1_ratio * np.abs(coef).sum() + (1 - l1_ratio) / 2 * coef @ coef
    return np.mean(np.logaddexp(0, f) - y * f) + penalty * size


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")
@pytest.mark.parametrize(("n", "p"), [(100, 10), (60, 200)])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 0.95])
def test_objective_is_never_above_scikit_learns(n, p, l1_ratio):
    X, y = make(n, p)
    strengths = (1e-2, 1e-3) if l1_ratio == 0 else (0.5, 0.2, 0.05)
    coef, intercept, penalty = fit_path(X, y, [(s, l1_ratio) for s in strengths])
    for k in range(len(strengths)):
        solver = {"solver": "lbfgs"} if l1_ratio == 0 else {"solver": "saga"}
        peer = LogisticRegression(
            C=1 / (penalty[k] * n), l1_ratio=l1_ratio, tol=1e-8, max_iter=5000, **solver
        ).fit(X, y)
        theirs = objective(X, y, peer.coef_[0], peer.intercept_[0], penalty[k], l1_ratio)
        ours = objective(X, y, coef[k], intercept[k], penalty[k], l1_ratio)
        assert ours <= theirs + 1e-9
        np.testing.assert_allclose(coef[k], peer.coef_[0], atol=2e-3)


@pytest.mark.parametrize("l1_ratio", [0.3, 0.95])
def test_solution_satisfies_the_optimality_conditions_on_every_column(l1_ratio):
    X, y = make(80, 300)
    coef, intercept, penalty = fit_path(X, y, [(0.3, l1_ratio), (0.1, l1_ratio)])
    for w, b, size in zip(coef, intercept, penalty, strict=True):
        residual = y - 1 / (1 + np.exp(-(X @ w + b)))
        slope = X.T @ residual / len(y) - size * (1 - l1_ratio) * w
        active = w != 0
        assert active.any()
        np.testing.assert_allclose(slope[active], size * l1_ratio * np.sign(w[active]), atol=1e-5)
        assert (np.abs(slope[~active]) <= size * l1_ratio + 1e-5).all()
        assert residual.mean() == pytest.approx(0, abs=1e-6)


def test_strength_one_leaves_the_lasso_empty_and_just_below_it_does_not():
    X, y = make(100, 20)
    coef, intercept, _ = fit_path(X, y, [(1.0, 1.0), (0.95, 1.0)])
    assert (coef[0] == 0).all()
    assert (coef[1] != 0).any()
    assert intercept[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())))


def test_path_gives_the_same_solution_as_one_point_alone():
    X, y = make(60, 100)
    grid = [(0.5, 0.5), (0.2, 0.5), (0.1, 0.5), (1e-3, 0.0)]
    coef, _, _ = fit_path(X, y, grid)
    for k, point in enumerate(grid):
        alone, _, _ = fit_path(X, y, [point])
        np.testing.assert_allclose(coef[k], alone[0], atol=1e-5)
