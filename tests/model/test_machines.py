import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.model.encoded import EncodedRows
from stratify.model.families import Machine
from stratify.model.machines import LinearMachine, solve_strengths
from stratify.preprocess import TableEncoder
from stratify.solvers import reduce_rows


@parametrize_with_checks([LinearMachine(), LinearMachine(loss="squared")])
def test_linear_machine_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


def make(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(3, 1, size=(n, p))
    y = (X[:, 0] - X[:, 1] + rng.normal(size=n) > 0).astype(int)
    return X, y


@pytest.mark.parametrize(("n", "p"), [(60, 300), (150, 9)])
def test_squared_loss_is_scikit_learns_ridge_classifier(n, p):
    X, y = make(n, p)
    ours = LinearMachine(loss="squared", strength=0.3).fit(X, y)
    peer = RidgeClassifier(alpha=ours.penalty_).fit(X, y)
    np.testing.assert_allclose(ours.coef_[0], peer.coef_, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, atol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(60, 300), (150, 9)])
def test_squared_hinge_is_scikit_learns_linear_machine(n, p):
    X, y = make(n, p)
    X = X - X.mean(axis=0)
    ours = LinearMachine(strength=0.3).fit(X, y)
    peer = LinearSVC(C=0.5 / ours.penalty_, intercept_scaling=1e3, tol=1e-10, max_iter=1_000_000)
    np.testing.assert_allclose(ours.coef_, peer.fit(X, y).coef_, atol=2e-4)


def test_strength_is_measured_in_squared_distances_from_the_mean_row():
    X, y = make(60, 300)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    assert LinearMachine(strength=0.5).fit(X, y).penalty_ == pytest.approx(0.5 * 300)
    # The same patients twice over: the same model.
    twice = LinearMachine(strength=1.0).fit(np.vstack([X, X]), np.r_[y, y])
    once = LinearMachine(strength=0.5).fit(X, y)
    np.testing.assert_allclose(twice.coef_, once.coef_, atol=1e-9)


@pytest.mark.parametrize("loss", ["squared hinge", "squared"])
def test_many_labellings_and_strengths_equal_each_fitted_from_scratch(loss):
    X, y = make(60, 300)
    rng = np.random.default_rng(5)
    permuted = np.column_stack([rng.permutation(y) for _ in range(7)])
    new = rng.normal(3, 1, size=(10, 300))
    strengths = (10.0, 1.0, 0.1)
    reduced = reduce_rows(X, new)
    scores = solve_strengths(reduced, permuted, strengths, loss)[1].score(reduced.held_out)
    for k, (labels, strength) in enumerate((c, s) for c in permuted.T for s in strengths):
        alone = LinearMachine(loss=loss, strength=strength).fit(X, labels)
        np.testing.assert_allclose(scores[:, k], alone.decision_function(new), atol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(60, 300), (150, 9)])
def test_scores_of_many_labellings_are_those_of_each_machine(n, p):
    X, y = make(n, p)
    rng = np.random.default_rng(6)
    permuted = np.column_stack([rng.permutation(y) for _ in range(4)])
    new = rng.normal(3, 1, size=(10, p))
    family = Machine("squared", strengths=(10.0, 0.1))
    scores = family.score_labellings(EncodedRows(X, new, TableEncoder()), permuted)
    for k, strength in enumerate(family.strengths):
        for labelling, labels in enumerate(permuted.T):
            alone = LinearMachine(loss="squared", strength=strength).fit(X, labels)
            found = scores[:, k, labelling]
            np.testing.assert_allclose(found, alone.decision_function(new), atol=1e-8)


def test_unknown_loss_is_refused_by_name():
    with pytest.raises(ValueError, match="loss is 'hinge'; it must be one of squared hinge"):
        LinearMachine(loss="hinge").fit(*make(20, 3))


def test_rows_alone_equal_rows_together():
    X, y = make(60, 300)
    model = LinearMachine().fit(X, y)
    together = model.decision_function(X)
    for k in range(60):
        assert model.decision_function(X[k : k + 1])[0] == pytest.approx(together[k], abs=1e-12)
