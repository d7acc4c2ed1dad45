import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from stratify.solvers import solve_elastic_net


def make(n, p, factors=0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    if factors:
        X += 3 * rng.normal(size=(n, factors)) @ rng.normal(size=(factors, p))
    y = (X[:, 0] - X[:, 1] + rng.normal(size=n) > 0).astype(float)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def compute_violation(X, y, point, lasso, ridge):
    residual = y - 1 / (1 + np.exp(-(X @ point.coef + point.intercept)))
    uphill = X.T @ residual / len(y) - ridge * point.coef
    used = point.coef != 0
    inside = np.abs(uphill[used] - lasso * np.sign(point.coef[used])).max(initial=0)
    return max(inside, (np.abs(uphill[~used]) - lasso).max(initial=0), abs(residual.mean()))


@pytest.mark.parametrize("factors", [0, 3])
@pytest.mark.parametrize(("n", "p"), [(300, 8), (80, 1000), (60, 60)])
@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 1.0])
def test_optimality_conditions_hold_on_every_column(n, p, l1_ratio, factors):
    X, y = make(n, p, factors)
    top = np.abs(X.T @ (y - y.mean())).max() / n
    for share in (0.7, 0.3, 0.05):
        lasso, ridge = share * top, share * top * (1 - l1_ratio) / l1_ratio
        point = solve_elastic_net(X, y, lasso, ridge)
        assert compute_violation(X, y, point, lasso, ridge) <= 1.01e-9 * lasso


def test_start_changes_nothing_of_the_solution():
    X, y = make(80, 1000)
    first = solve_elastic_net(X, y, 0.05, 0.05)
    warm = solve_elastic_net(X, y, 0.03, 0.03, start=first)
    cold = solve_elastic_net(X, y, 0.03, 0.03)
    np.testing.assert_allclose(warm.coef, cold.coef, atol=1e-9)
    np.testing.assert_array_equal(first.coef, solve_elastic_net(X, y, 0.05, 0.05).coef)


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")
def test_objective_is_never_above_sagas():
    X, y = make(80, 1000, factors=3)
    lasso, ridge = 0.03, 0.03

    def objective(coef, intercept):
        f = X @ coef + intercept
        size = lasso * np.abs(coef).sum() + ridge / 2 * coef @ coef
        return np.mean(np.logaddexp(0, f) - y * f) + size

    point = solve_elastic_net(X, y, lasso, ridge)
    peer = LogisticRegression(
        C=1 / ((lasso + ridge) * len(y)), l1_ratio=0.5, solver="saga", tol=1e-7, max_iter=3000
    ).fit(X, y)
    theirs = objective(peer.coef_[0], peer.intercept_[0])
    assert objective(point.coef, point.intercept) <= theirs + 1e-12
    np.testing.assert_allclose(point.coef, peer.coef_[0], atol=5e-3)


def test_rows_and_labels_are_unchanged():
    X, y = make(60, 200)
    before, labels = X.copy(), y.copy()
    solve_elastic_net(X, y, 0.05, 0.05)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(y, labels)


def test_running_out_of_rounds_is_told():
    X, y = make(60, 200)
    with pytest.warns(ConvergenceWarning, match="the elastic net did not meet"):
        solve_elastic_net(X, y, 0.02, 0.0, max_iter=1)


def test_columns_of_which_each_is_the_others_taken_together_are_solved():
    """Three sites as columns of zeros and ones, standardised: every weight can be traded."""
    levels = np.repeat(np.eye(3), [50, 53, 57], axis=0)
    X = (levels - levels.mean(axis=0)) / levels.std(axis=0)
    y = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [26, 24, 28, 25, 27, 30])
    top = np.abs(X.T @ (y - y.mean())).max() / len(y)
    point = None
    for share in (0.5, 0.25, 0.12):
        lasso, ridge = share * top, share * top / 19
        point = solve_elastic_net(X, y, lasso, ridge, start=point, tolerance=1e-7)
        assert compute_violation(X, y, point, lasso, ridge) <= 1.01e-7 * lasso
