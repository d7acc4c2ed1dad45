import numpy as np
import pytest

from stratify.preprocess import TableEncoder
from stratify.solvers import compute_gram, compute_standardised_grams


def make(n=60, p=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * rng.uniform(0.1, 10, p) + rng.normal(scale=50, size=p)
    rows = rng.permutation(n)
    folds = [(np.sort(np.setdiff1d(rows, part)), part) for part in np.array_split(rows, 4)]
    # And an inner fold, which knows nothing of the last rows.
    return X, [*folds, (folds[0][0][:30], folds[0][0][30:])]


def assert_equals_the_encoders(X, splits):
    for gram, (train, held_out) in zip(compute_standardised_grams(X, splits), splits, strict=True):
        encoder = TableEncoder().fit(X[train])
        peer = compute_gram(encoder.transform(X[train]), encoder.transform(X[held_out]))
        scale = X.shape[1]
        np.testing.assert_allclose(gram.inner, peer.inner, rtol=0, atol=1e-11 * scale)
        np.testing.assert_allclose(gram.cross, peer.cross, rtol=0, atol=1e-11 * scale)
        np.testing.assert_allclose(gram.held_out, peer.held_out, rtol=1e-10)


def test_products_are_those_of_rows_standardised_in_each_training_set():
    assert_equals_the_encoders(*make())


def test_constant_column_has_scale_one():
    X, splits = make(p=20)
    X[:, 3] = 7.1
    assert_equals_the_encoders(X, splits)


@pytest.mark.parametrize("value", [8.1, 7.1 + 1e-7])
def test_column_constant_in_training_alone_has_scale_one_there(value):
    X, splits = make(p=20)
    X[:, 3] = 7.1
    X[splits[0][1][0], 3] = value
    for gram, (train, held_out) in zip(compute_standardised_grams(X, splits), splits, strict=True):
        encoder = TableEncoder().fit(X[train])
        peer = compute_gram(encoder.transform(X[train]), encoder.transform(X[held_out]))
        np.testing.assert_allclose(gram.inner, peer.inner, rtol=0, atol=1e-5)


def test_products_add_over_columns():
    X, splits = make(p=40)
    whole = compute_standardised_grams(X, splits)[0]
    left, right = (compute_standardised_grams(part, splits)[0] for part in (X[:, :9], X[:, 9:]))
    np.testing.assert_allclose((left + right).cross, whole.cross, atol=1e-10)
    np.testing.assert_allclose((left + right).held_out, whole.held_out, atol=1e-10)


def test_matrix_is_unchanged_and_may_be_single_precision():
    X, splits = make(p=40)
    single = X.astype(np.float32)
    before = single.copy()
    gram = compute_standardised_grams(single, splits)[0]
    np.testing.assert_array_equal(single, before)
    peer = compute_standardised_grams(single.astype(np.float64), splits)[0]
    np.testing.assert_array_equal(gram.inner, peer.inner)
