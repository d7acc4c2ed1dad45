import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.errors import DataError
from stratify.model.cpm import P_THRESHOLDS, ConnectomePredictiveModel, find_limits, fit_path
from stratify.model.cpm_permutations import fit_cpm_permutations
from stratify.model.edge_correlations import compute_edge_correlations, critical_r, make_basis
from stratify.model.many_logistic import fit_column_sets, fit_many_logistic


@parametrize_with_checks(
    [
        ConnectomePredictiveModel(),
        ConnectomePredictiveModel(threshold=0.3, select="fraction"),
        ConnectomePredictiveModel(network="negative"),
    ]
)
def test_cpm_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


def make(n=120, clinical=3, edges=200, seed=0, effect=1.5):
    """Make clinical columns and edges; five edges rise with response and five fall."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, clinical + edges))
    positive, negative = clinical + np.arange(5), clinical + np.arange(50, 55)
    signal = X[:, positive].sum(axis=1) - X[:, negative].sum(axis=1) + X[:, 0]
    y = (effect * signal + rng.normal(size=n) > 0).astype(int)
    is_edge = np.arange(clinical + edges) >= clinical
    return X, y, is_edge, positive, negative


def rewrite(X, y, is_edge, covariates, threshold, select="p", C=1.0):
    """Fit one model edge by edge with scipy and scikit-learn, as one would write it first."""
    edges = X[:, is_edge]
    outside = np.column_stack([np.ones(len(X)), X[:, covariates]])

    def residual(column):
        return column - outside @ np.linalg.lstsq(outside, column)[0]

    r = np.array([stats.pearsonr(residual(e), residual(y)).statistic for e in edges.T])
    if select == "p":
        freedom = len(X) - 2 - len(covariates)
        t = r * np.sqrt(freedom / (1 - r**2))
        chosen = 2 * stats.t.sf(abs(t), freedom) < threshold
    else:
        chosen = np.zeros(len(r), dtype=bool)
        chosen[np.argsort(-abs(r))[: round(threshold * len(r))]] = True
    sums = [edges[:, chosen & (r > 0)].sum(axis=1), edges[:, chosen & (r < 0)].sum(axis=1)]
    design = np.column_stack([*sums, X[:, ~is_edge]])
    scaler = StandardScaler().fit(design)
    logistic = LogisticRegression(C=C, tol=1e-12, max_iter=10_000)
    logistic.fit(scaler.transform(design), y)

    def score(rows):
        parts = rows[:, is_edge]
        sums = [parts[:, chosen & (r > 0)].sum(axis=1), parts[:, chosen & (r < 0)].sum(axis=1)]
        design = np.column_stack([*sums, rows[:, ~is_edge]])
        return logistic.decision_function(scaler.transform(design))

    return r, chosen, score


def test_planted_edges_are_the_ones_found():
    X, y, is_edge, positive, negative = make(n=1000)
    model = ConnectomePredictiveModel(threshold=1e-6, edges=is_edge).fit(X, y)
    assert model.positive_.tolist() == positive.tolist()
    assert model.negative_.tolist() == negative.tolist()
    assert (model.coef_[0, positive] > 0).all()
    assert (model.coef_[0, negative] < 0).all()


@pytest.mark.parametrize("covariates", [(), (0,), (0, 2)])
@pytest.mark.parametrize(("select", "threshold"), [("p", 0.05), ("p", 0.001), ("fraction", 0.1)])
def test_scores_are_those_of_an_independent_rewrite(covariates, select, threshold):
    X, y, is_edge, _, _ = make()
    r, chosen, score = rewrite(X, y, is_edge, list(covariates), threshold, select)
    model = ConnectomePredictiveModel(
        threshold=threshold, select=select, edges=is_edge, covariates=covariates
    ).fit(X, y)
    np.testing.assert_allclose(model.correlations_, r, atol=1e-10)
    found = np.sort(np.concatenate([model.positive_, model.negative_]))
    np.testing.assert_array_equal(found, np.flatnonzero(is_edge)[chosen])
    fresh = make(seed=1)[0]
    np.testing.assert_allclose(model.decision_function(fresh), score(fresh), atol=1e-5)


def test_coefficients_say_all_of_the_model():
    X, y, is_edge, _, _ = make()
    model = ConnectomePredictiveModel(threshold=0.05, edges=is_edge).fit(X, y)
    np.testing.assert_allclose(
        model.decision_function(X), X @ model.coef_[0] + model.intercept_[0], atol=1e-12
    )
    chosen = np.concatenate([model.positive_, model.negative_])
    left_out = is_edge.copy()
    left_out[chosen] = False
    assert (model.coef_[0, left_out] == 0).all()
    # Edges of one network share one weight.
    assert len(set(model.coef_[0, model.positive_])) == 1
    assert len(set(model.coef_[0, model.negative_])) == 1
    assert (model.coef_[0, ~is_edge] != 0).all()


def test_covariates_keep_edges_that_only_echo_them_out():
    rng = np.random.default_rng(0)
    n = 400
    age = rng.normal(size=n)
    y = (age + rng.normal(size=n) > 0).astype(int)
    echo = age[:, None] + rng.normal(scale=0.5, size=(n, 20))
    real = y[:, None] + rng.normal(size=(n, 5))
    X = np.column_stack([age, echo, real])
    is_edge = np.arange(26) > 0
    found = ConnectomePredictiveModel(threshold=1e-4, edges=is_edge).fit(X, y)
    assert set(range(1, 21)) <= set(found.positive_)
    held = ConnectomePredictiveModel(threshold=1e-4, edges=is_edge, covariates=[0]).fit(X, y)
    assert held.positive_.tolist() == list(range(21, 26))


@pytest.mark.parametrize("network", ["positive", "negative"])
def test_one_network_leaves_the_other_out(network):
    X, y, is_edge, _, _ = make()
    model = ConnectomePredictiveModel(threshold=0.05, network=network, edges=is_edge).fit(X, y)
    other = model.negative_ if network == "positive" else model.positive_
    own = model.positive_ if network == "positive" else model.negative_
    assert (model.coef_[0, other] == 0).all()
    assert (model.coef_[0, own] != 0).all()


@pytest.mark.parametrize("select", ["p", "fraction"])
def test_path_gives_the_same_scores_as_each_threshold_alone(select):
    X, y, is_edge, _, _ = make()
    fresh = make(seed=1)[0]
    grid = (0.2, *P_THRESHOLDS, 0.5)
    asked = {"select": select, "edges": is_edge, "covariates": (1,)}
    scores = ConnectomePredictiveModel(**asked).score_path(X, y, fresh, grid)
    assert scores.shape == (len(fresh), len(grid))
    for k, threshold in enumerate(grid):
        alone = ConnectomePredictiveModel(threshold=threshold, **asked).fit(X, y)
        np.testing.assert_allclose(scores[:, k], alone.decision_function(fresh), atol=1e-10)


def test_no_edge_at_all_leaves_the_base_rate():
    X, y, _, _, _ = make(effect=0)
    model = ConnectomePredictiveModel(threshold=1e-12).fit(X, y)
    assert not len(model.positive_) + len(model.negative_)
    share = y.mean()
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], share, atol=1e-9)


def test_constant_edges_are_never_selected():
    X, y, _, _, _ = make()
    X[:, 7], X[:, 8] = 0.1, 0.0
    model = ConnectomePredictiveModel(threshold=1.0, select="fraction").fit(X, y)
    assert len(model.positive_) + len(model.negative_) == X.shape[1] - 2
    assert model.correlations_[7] == model.correlations_[8] == 0


def test_limits_keep_the_share_asked_for():
    size = np.random.default_rng(0).random((4, 1000))
    for share, kept in ((0.1, 100), (1.0, 1000), (1e-9, 1), (0.0004, 1)):
        assert ((size > find_limits(size, [share]).T).sum(axis=1) == kept).all()


def test_marks_and_covariates_that_fit_no_column_are_refused():
    X, y, is_edge, _, _ = make()
    with pytest.raises(DataError, match="5 marks of which columns are edges"):
        ConnectomePredictiveModel(edges=np.ones(5, dtype=bool)).fit(X, y)
    for covariates in ((4,), (-1,), (1000,)):
        with pytest.raises(DataError, match="covariates among the columns that are no edges"):
            ConnectomePredictiveModel(edges=is_edge, covariates=covariates).fit(X, y)
    with pytest.raises(DataError, match="did you mean 'fraction'"):
        ConnectomePredictiveModel(select="fractions").fit(X, y)
    with pytest.raises(DataError, match="it is 'both' or 'positive' or 'negative'"):
        ConnectomePredictiveModel(network="none").fit(X, y)


@pytest.mark.parametrize("threshold", [0.0, 5.0, -0.1, float("nan")])
def test_thresholds_that_are_no_share_are_refused(threshold):
    X, y, _, _, _ = make(n=20)
    with pytest.raises(DataError, match="above 0 and is at most 1"):
        ConnectomePredictiveModel(threshold=threshold).fit(X, y)
    with pytest.raises(DataError, match="above 0 and is at most 1"):
        fit_cpm_permutations(
            X, y[:, None], [(np.arange(10), np.arange(10, 20))], threshold=threshold
        )


def test_correlations_are_numpys_for_every_label_vector_at_once():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(3, 2, size=(50, 30)), rng.random((50, 6)) > 0.4
    expected = np.corrcoef(X, Y, rowvar=False)[:30, 30:]
    np.testing.assert_allclose(compute_edge_correlations(X, Y), expected, atol=1e-12)


def test_critical_correlation_has_the_p_value_asked_for():
    rng = np.random.default_rng(0)
    for n in (5, 30, 300):
        y = rng.normal(size=n)
        for x in rng.normal(size=(20, n)):
            found = stats.pearsonr(x, y)
            assert abs(found.statistic) == pytest.approx(critical_r(found.pvalue, n, rank=1))
    assert critical_r(0.05, n_rows=3, rank=2) == 1.0


def test_the_unit_of_a_covariate_does_not_matter():
    rng = np.random.default_rng(0)
    covariates = rng.normal(size=(40, 3))
    X, y = rng.normal(size=(40, 6)), rng.random((40, 1)) > 0.5
    here = compute_edge_correlations(X, y, covariates)
    there = compute_edge_correlations(X, y, covariates * [1e-11, 1.0, 1e11] + 1e-11)
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_covariates_that_repeat_each_other_count_once():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(40, 2))
    repeated = np.column_stack([one, one[:, 0] - one[:, 1], np.full(40, 7.0), 1e9 * one[:, 0]])
    assert make_basis(repeated, 40).shape == (40, 3)
    basis = make_basis(repeated, 40)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(basis @ (basis.T @ one), one, atol=1e-8)


@pytest.mark.parametrize("C", [0.01, 1.0, 1e4])
def test_many_logistic_regressions_are_scikit_learns(C):
    rng = np.random.default_rng(0)
    design = rng.normal(2, 3, size=(30, 4, 60))
    design[:, 2] = design[:, 1] + 0.01 * rng.normal(size=(30, 60))
    design[:10, 3] = 5.0
    score = design[:, 0] * rng.normal(size=(30, 1)) + rng.logistic(size=(30, 60))
    labels = (score > np.median(score, axis=1)[:, None]).astype(int)
    coef, intercept = fit_many_logistic(design, labels, C)
    for k in range(30):
        columns = StandardScaler().fit_transform(design[k].T)
        peer = LogisticRegression(C=C, tol=1e-12, max_iter=100_000, solver="newton-cholesky")
        peer.fit(columns, labels[k])
        ours = coef[k] @ design[k] + intercept[k]
        np.testing.assert_allclose(ours, peer.decision_function(columns), atol=1e-4)
    assert (coef[:10, 3] == 0).all()


def test_rough_steps_in_single_precision_change_no_weights(monkeypatch):
    rng = np.random.default_rng(4)
    design = rng.normal(size=(40, 3, 90))
    # Columns that say the same or nothing, far from 0, and on a scale of their own.
    design[:10, 1] = design[:10, 0]
    design[10:20, 2] = 7.1
    design[20:30] = 1e4 + 1e-2 * design[20:30]
    score = (design[:, 0] - design[:, 0].mean(axis=1, keepdims=True)) / design[:, :1].std(axis=2)
    labels = (score + 2 * rng.normal(size=(40, 90)) > 0).astype(float)
    coef, intercept = fit_many_logistic(design, labels, 1e6)
    monkeypatch.setattr("stratify.model.many_logistic.SMALL_STEP", 1e-9)
    exact, exact_intercept = fit_many_logistic(design, labels, 1e6)
    scores = np.einsum("mc,mcn->mn", coef, design) + intercept[:, None]
    peer = np.einsum("mc,mcn->mn", exact, design) + exact_intercept[:, None]
    np.testing.assert_allclose(scores, peer, atol=1e-6)


def test_separated_classes_give_finite_weights():
    x = np.concatenate([np.linspace(-3, -1, 20), np.linspace(1, 3, 20)])
    labels = (x > 0).astype(int)
    for C in (1.0, 1e8):
        coef, intercept = fit_many_logistic(x[None, None], labels[None], C)
        peer = LogisticRegression(C=C, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
        peer.fit(x[:, None] / x.std(), labels)
        assert coef[0, 0] * x.std() == pytest.approx(peer.coef_[0, 0], rel=1e-4)
        assert intercept[0] == pytest.approx(0, abs=1e-6)


def test_sets_of_columns_are_fitted_as_each_alone():
    rng = np.random.default_rng(3)
    design, labels = rng.normal(size=(12, 4, 50)), rng.integers(0, 2, (12, 50))
    sets = [[0, 2, 3], [1], [3, 1, 0], [2]]
    for chosen, fitted in zip(sets, fit_column_sets(design, labels, sets, C=3.0), strict=True):
        alone = fit_many_logistic(design[:, chosen], labels, C=3.0)
        for ours, wanted in zip(fitted, alone, strict=True):
            np.testing.assert_allclose(ours, wanted, atol=1e-9)


def permute(y, times, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([y, *(rng.permutation(y) for _ in range(times))])


@pytest.mark.parametrize("covariates", [(), (0, 2)])
@pytest.mark.parametrize(
    ("select", "threshold"), [("p", 0.05), ("p", 0.002), ("fraction", 0.04), ("fraction", 0.5)]
)
@pytest.mark.parametrize("network", ["both", "positive", "negative"])
def test_permutations_are_what_each_label_vector_gets_alone(
    covariates, select, threshold, network, monkeypatch
):
    # Small blocks, so that there are several and the last is not full.
    monkeypatch.setattr("stratify.model.cpm_permutations.BLOCK", 1000)
    X, y, is_edge, _, _ = make(n=80)
    Y = permute(y, 11)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    how = {"threshold": threshold, "select": select, "edges": is_edge, "covariates": covariates}
    fitted = fit_cpm_permutations(X, Y, folds, networks=(network,), **how)
    for b in range(Y.shape[1]):
        for k, (train, test) in enumerate(folds):
            alone = ConnectomePredictiveModel(network=network, **how).fit(X[train], Y[train, b])
            assert fitted.n_positive[k, b] == len(alone.positive_)
            assert fitted.n_negative[k, b] == len(alone.negative_)
            np.testing.assert_allclose(
                fitted.log_odds[network][test, b], alone.decision_function(X[test]), atol=1e-6
            )


def test_permuted_labels_score_at_chance_and_planted_ones_above_it():
    X, y, is_edge, _, _ = make(n=150)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    Y = permute(y, 200)
    log_odds = fit_cpm_permutations(X[:, is_edge], Y, folds).log_odds["both"]

    def auc(f, labels):
        return stats.mannwhitneyu(f[labels == 1], f[labels == 0]).statistic / (
            (labels == 1).sum() * (labels == 0).sum()
        )

    aucs = [auc(f, labels) for f, labels in zip(log_odds.T, Y.T, strict=True)]
    assert aucs[0] > 0.75
    assert np.mean(aucs[1:]) == pytest.approx(0.5, abs=0.02)
    assert (np.array(aucs[1:]) >= aucs[0]).sum() == 0


def test_folds_that_leave_a_patient_out_or_a_class_alone_are_refused():
    X, y, _, _, _ = make(n=20)
    everybody = np.arange(20)
    with pytest.raises(DataError, match="not each row once"):
        fit_cpm_permutations(X, y[:, None], [(everybody[:10], everybody[12:])])
    labels = np.column_stack([y, np.arange(20) < 3])
    with pytest.raises(DataError, match="label vector 1 has one class in training"):
        fit_cpm_permutations(X, labels, [(everybody[5:], everybody[:5])])


def test_input_is_unchanged():
    X, y, is_edge, _, _ = make(n=40)
    before = X.copy(), y.copy()
    folds = list(StratifiedKFold(4).split(X, y))
    fit_cpm_permutations(X, y[:, None], folds, edges=is_edge)
    fit_path(X, y, P_THRESHOLDS, edges=is_edge)
    ConnectomePredictiveModel(edges=is_edge).fit(X, y).decision_function(X)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
