import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from stratify.errors import DataError
from stratify.metrics import compute_nested_interval


def log_loss_of_parts(x, y, rng, folds=5, repeats=10):
    """Cross-validate a logistic regression, every pair of folds left out once."""
    n = len(y)

    def losses(out):
        f = LogisticRegression(C=np.inf).fit(x[~out], y[~out]).decision_function(x)
        return np.logaddexp(0, f) - y * f

    fold = np.array([rng.permutation(n) % folds for _ in range(repeats)])
    outer, inner = np.empty((repeats, n)), np.full((repeats, folds, n), np.nan)
    for r in range(repeats):
        for j in range(folds):
            outer[r, fold[r] == j] = losses(fold[r] == j)[fold[r] == j]
            for k in range(j):
                both = losses((fold[r] == j) | (fold[r] == k))
                inner[r, k, fold[r] == j] = both[fold[r] == j]
                inner[r, j, fold[r] == k] = both[fold[r] == k]
    return fold, outer, inner


@pytest.fixture(scope="module")
def logistic():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 8))
    y = (rng.random(120) < expit(x[:, 0])).astype(int)
    return log_loss_of_parts(x, y, rng)


def by_lists(fold, outer, inner):
    """Algorithm 1 of Bates, Hastie and Tibshirani, step by step."""
    es, a_list, b_list = [], [], []
    folds, n = fold.max() + 1, fold.shape[1]
    for r in range(len(fold)):
        for k in range(folds):
            e_out = [outer[r, i] for i in range(n) if fold[r, i] == k]
            e_in = [inner[r, k, i] for i in range(n) if fold[r, i] != k]
            a_list.append((np.mean(e_in) - np.mean(e_out)) ** 2)
            b_list.append(np.var(e_out, ddof=1) / len(e_out))
            es += e_in
    mse = np.mean(a_list) - np.mean(b_list)
    bias = (1 + (folds - 2) / folds) * (np.mean(es) - outer.mean())
    return np.mean(es) - bias, (folds - 1) / folds * mse


def test_it_is_algorithm_1_step_by_step(logistic):
    value, variance = by_lists(*logistic)
    error = np.sqrt(variance)
    interval = compute_nested_interval(*logistic)
    assert interval.value == pytest.approx(value)
    naive = logistic[1].std(ddof=1) / np.sqrt(120)
    assert error > naive * 1.01, "otherwise the next line would test the lower limit only"
    assert interval.high - interval.value == pytest.approx(1.959964 * error, rel=1e-4)


def test_what_stands_for_patients_of_the_fold_itself_is_not_read(logistic):
    fold, outer, inner = logistic
    filled = np.where(np.isnan(inner), 1e6, inner)
    assert compute_nested_interval(fold, outer, filled) == compute_nested_interval(
        fold, outer, inner
    )


def test_smaller_training_sets_are_corrected_for(logistic):
    fold, outer, inner = logistic
    # Inner models have seen fewer patients, so that their loss is greater.
    assert np.nanmean(inner) > outer.mean()
    assert compute_nested_interval(fold, outer, inner).value < np.nanmean(inner)


def balanced(rng, y, folds, repeats):
    fold = np.empty((repeats, len(y)), dtype=int)
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        for r in range(repeats):
            fold[r, rng.permutation(rows)] = np.arange(len(rows)) % folds
    return fold


def test_balanced_folds_do_not_hide_that_the_classes_differ():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 50)
    errors = 2.0 * y + 0.3 * rng.normal(size=100)
    fold = balanced(rng, y, 5, 400)
    outer, inner = np.tile(errors, (400, 1)), np.tile(errors, (400, 5, 1))
    interval = compute_nested_interval(fold, outer, inner, strata=y)
    plain = 1.959964 * errors.std(ddof=1) / 10
    # Where nothing is learned the patients are independent, and that is the whole error.
    assert interval.high - interval.value == pytest.approx(plain, rel=0.02)


def test_what_folds_share_is_added_to_how_far_the_classes_differ():
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 50)
    errors = 2.0 * y + 0.3 * rng.normal(size=100)
    fold = balanced(rng, y, 5, 400)
    shared = 0.1 * rng.normal(size=(400, 5))
    outer = errors + np.take_along_axis(shared, fold, axis=1)
    interval = compute_nested_interval(fold, outer, np.tile(errors, (400, 5, 1)), strata=y)
    # By hand: patients within their class, the classes, and 4/5 of what the folds share.
    within = np.mean([errors[y == label].var(ddof=1) for label in (0, 1)]) / 100
    classes = errors.var(ddof=1) / 100 - within
    error = np.sqrt(within + classes + 0.8 * 0.1**2)
    assert interval.high - interval.value == pytest.approx(1.959964 * error, rel=0.05)


def test_without_strata_a_balanced_study_falls_below_the_plain_error_and_is_raised_to_it():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 50)
    errors = 2.0 * y + 0.3 * rng.normal(size=100)
    fold = balanced(rng, y, 5, 50)
    outer, inner = np.tile(errors, (50, 1)), np.tile(errors, (50, 5, 1))
    assert by_lists(fold, outer, inner)[1] < 0
    interval = compute_nested_interval(fold, outer, inner)
    plain = 1.959964 * errors.std(ddof=1) / 10
    assert interval.high - interval.value == pytest.approx(plain)


def test_error_stays_between_the_plain_one_and_root_k_times_it(logistic):
    fold, outer, inner = logistic
    naive = 1.959964 * outer.std(ddof=1) / np.sqrt(120)
    far = compute_nested_interval(fold, outer, inner + 5 * (np.arange(5) % 2)[None, :, None])
    assert far.high - far.value == pytest.approx(naive * np.sqrt(5), rel=0.01)
    near = compute_nested_interval(fold, outer, np.full_like(inner, outer.mean()))
    assert near.high - near.value >= naive * (1 - 1e-9)


def test_interval_is_cut_where_the_error_cannot_lie(logistic):
    interval = compute_nested_interval(*logistic, bounds=(0.6, 0.65))
    assert (interval.low, interval.high) == (0.6, 0.65)


def test_shapes_that_do_not_fit_are_refused(logistic):
    fold, outer, inner = logistic
    with pytest.raises(DataError, match=r"inner \(10, 4, 120\); \(repeats, patients\), the same"):
        compute_nested_interval(fold, outer, inner[:, :4])
    with pytest.raises(DataError, match="2 folds; at least 3: two are left out at a time"):
        compute_nested_interval(fold % 2, outer, inner[:, :2])
    with pytest.raises(DataError, match=r"strata \(3,\)"):
        compute_nested_interval(fold, outer, inner, strata=np.zeros(3))
