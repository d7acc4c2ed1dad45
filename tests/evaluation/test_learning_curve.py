import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from stratify.errors import DataError
from stratify.evaluation import Compute, compute_learning_curve, cross_validate, make_fit_predict
from stratify.folds import make_folds
from stratify.metrics import compute_auc, plot_learning_curve


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 20))
    y = (rng.random(300) < expit(x[:, :4].sum(axis=1))).astype(int)
    return x, y


def logistic(x, y, seen=None):
    def fit_predict(train, test):
        if seen is not None:
            seen.append(train)
        return LogisticRegression().fit(x[train], y[train]).decision_function(x[test])

    return fit_predict


def test_more_patients_help_a_model_of_many_columns(study):
    x, y = study
    folds = make_folds(y, folds=5, repeats=2, seed=1)
    curve = compute_learning_curve(y, logistic(x, y), [240, 30, 100], folds, draws=100)
    assert curve["patients"].tolist() == [30, 100, 240]
    assert curve["auc"].is_monotonic_increasing
    assert curve["auc"].iloc[-1] > curve["auc"].iloc[0] + 0.05
    assert ((curve["auc_low"] < curve["auc"]) & (curve["auc"] < curve["auc_high"])).all()


def test_at_full_size_it_is_cross_validation(study):
    x, y = study
    folds = make_folds(y, folds=5, repeats=2, seed=1)
    curve = compute_learning_curve(y, logistic(x, y), [240], folds, draws=20)
    expected = [compute_auc(y[f.test], logistic(x, y)(f.train, f.test)) for f in folds]
    assert curve["auc"][0] == pytest.approx(np.mean(expected))


def test_smaller_sizes_are_among_the_larger_and_never_among_the_held_out(study):
    x, y = study
    folds, seen = make_folds(y, folds=3, seed=2), []
    compute_learning_curve(y, logistic(x, y, seen), [40, 90, 150], folds, draws=5)
    for k, fold in enumerate(folds):
        small, middle, large = (set(train) for train in (seen[k], seen[k + 3], seen[k + 6]))
        assert small < middle < large < set(fold.train)
        assert (len(small), len(middle), len(large)) == (40, 90, 150)
        assert y[seen[k]].mean() == pytest.approx(y[fold.train].mean(), abs=0.02)


def test_families_enter_training_together(study):
    x, y = study
    family = np.arange(300) // 3
    folds, seen = make_folds(y, family, folds=3, seed=2), []
    compute_learning_curve(y, logistic(x, y, seen), [40, 91], folds, groups=family, draws=5)
    for train in seen:
        members = np.bincount(family[train], minlength=100)
        assert set(members) == {0, 3}
    assert {len(train) for train in seen} == {42, 93}


def test_equal_seeds_give_equal_curves(study):
    x, y = study
    folds = make_folds(y, folds=3, seed=2)
    first, second = (
        compute_learning_curve(y, logistic(x, y), [50], folds, seed=4, draws=20) for _ in range(2)
    )
    assert first.equals(second)


def test_sizes_that_cannot_be_are_refused(study):
    x, y = study
    folds = make_folds(y, folds=3, seed=2)
    with pytest.raises(DataError, match="sizes: 10, 201; from 2 to 200 patients"):
        compute_learning_curve(y, logistic(x, y), [10, 201], folds)
    with pytest.raises(DataError, match="sizes: none"):
        compute_learning_curve(y, logistic(x, y), [], folds)
    rare = (np.arange(300) < 9).astype(int)
    folds = make_folds(rare, folds=3, seed=2)
    with pytest.raises(DataError, match="5 patients, all of one outcome; both outcomes in"):
        compute_learning_curve(rare, logistic(x, rare), [5, 100], folds)


def test_figure_draws_the_table(study):
    x, y = study
    folds = make_folds(y, folds=3, seed=2)
    curve = compute_learning_curve(y, logistic(x, y), [50, 200], folds, draws=20)
    above, below = plot_learning_curve(curve, title="more?").axes
    np.testing.assert_array_equal(above.lines[0].get_ydata(), curve["auc"])
    np.testing.assert_array_equal(below.lines[0].get_ydata(), curve["log_loss"])


def test_another_seed_trains_on_other_patients(study):
    x, y = study
    folds, seen = make_folds(y, folds=3, seed=2), []
    for seed in (0, 1):
        compute_learning_curve(y, logistic(x, y, seen), [60], folds, seed=seed, draws=5)
    assert all(set(seen[k]) != set(seen[k + 3]) for k in range(3))


def test_a_table_is_learned_from_as_cross_validation_does(make_table):
    table = make_table(80)
    folds = make_folds(table.y, folds=4, seed=3)
    evaluation = cross_validate(table, "ridge", folds, inner_folds=3, seed=5)
    first = evaluation.predictions.query("fold == 0")["log_odds"].to_numpy()
    seen = []
    learn = make_fit_predict(
        table, "ridge", inner_folds=3, seed=5, on_fit=lambda: seen.append("fitted")
    )
    np.testing.assert_array_equal(learn(folds[0].train, folds[0].test), first)
    assert seen == ["fitted"]


def test_more_patients_help_where_there_is_much_to_learn(make_table):
    table = make_table(260, effect=1.5, regions=8)
    learn = make_fit_predict(table, "ridge", inner_folds=3)
    curve = compute_learning_curve(
        table.y, learn, [40, 190], make_folds(table.y, folds=4), draws=50
    )
    assert curve["auc"].iloc[1] > curve["auc"].iloc[0]
    assert curve["log_loss"].iloc[1] < curve["log_loss"].iloc[0]


def test_training_sets_fitted_beside_one_another_say_what_each_says_alone(make_table):
    table = make_table(80)
    folds = make_folds(table.y, folds=4, seed=3)
    parts = [(fold.train, fold.test) for fold in folds]
    alone = make_fit_predict(table, "ridge", inner_folds=3)
    beside = make_fit_predict(table, "ridge", inner_folds=3, compute=Compute(workers=2))
    for one, other in zip([alone(*part) for part in parts], beside.fit_each(parts), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_is_told_from_its_own_interval_not_from_that_of_each_size(study):
    x, y = study
    folds = make_folds(y, folds=5, repeats=2, seed=1)
    curve = compute_learning_curve(y, logistic(x, y), [30, 240], folds, draws=200)
    step = curve.iloc[1]
    assert np.isnan(curve["auc_change"].iloc[0])
    assert step["auc_change"] == pytest.approx(step["auc"] - curve["auc"].iloc[0])
    # The same patients stand on both sides, so that the step is known better than either size.
    assert step["auc_change_low"] > 0
    assert step["auc_change_high"] - step["auc_change_low"] < 1.3 * (
        step["auc_high"] - step["auc_low"]
    )
