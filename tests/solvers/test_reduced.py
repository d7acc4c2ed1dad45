import numpy as np
import pytest

from stratify.solvers import reduce_gram, reduce_rows


def make(n, p, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(2, 1, size=(n, p)), rng.normal(2, 1, size=(7, p))


@pytest.mark.parametrize(("n", "p"), [(20, 100), (100, 20), (30, 30)])
def test_reduced_rows_keep_every_distance(n, p):
    train, held_out = make(n, p)
    reduced = reduce_rows(train, held_out)
    assert reduced.rank == min(n - 1, p)
    both = np.vstack([reduced.train, reduced.held_out])
    rows = np.vstack([train, held_out])
    ours = ((both[:n, None] - both[:n]) ** 2).sum(axis=2)
    theirs = ((rows[:n, None] - rows[:n]) ** 2).sum(axis=2)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    # A held-out row may leave the span of training, but its products with training are kept.
    centre = train.mean(axis=0)
    np.testing.assert_allclose(
        reduced.held_out @ reduced.train.T, (held_out - centre) @ (train - centre).T, atol=1e-9
    )


@pytest.mark.parametrize(("n", "p"), [(20, 100), (100, 20)])
def test_columns_are_centred_and_orthogonal(n, p):
    reduced = reduce_rows(*make(n, p))
    np.testing.assert_allclose(reduced.train.sum(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(
        reduced.train.T @ reduced.train, np.diag(reduced.squares), atol=1e-9 * reduced.squares.max()
    )


def test_products_alone_give_the_same_as_the_rows():
    train, held_out = make(20, 100)
    from_rows = reduce_rows(train, held_out)
    from_products = reduce_gram(train @ train.T, held_out @ train.T)
    np.testing.assert_allclose(from_products.squares, from_rows.squares, rtol=1e-9)
    np.testing.assert_allclose(
        from_products.held_out @ from_products.train.T,
        from_rows.held_out @ from_rows.train.T,
        atol=1e-9,
    )


@pytest.mark.parametrize("seed", range(8))
def test_direction_of_all_ones_is_dropped_even_far_from_the_origin(seed):
    train, held_out = make(20, 100, seed)
    far, far_held_out = train + 1e4, held_out + 1e4
    reduced = reduce_gram(far @ far.T, far_held_out @ far.T)
    assert reduced.rank == 19
    np.testing.assert_allclose(
        reduced.train @ reduced.train.T,
        (train - train.mean(0)) @ (train - train.mean(0)).T,
        atol=1e-3,
    )


def test_rows_given_twice_add_no_direction():
    train, held_out = make(10, 100)
    assert reduce_rows(np.vstack([train, train]), held_out).rank == 9


def test_weights_go_back_to_the_columns():
    train, held_out = make(20, 100)
    reduced = reduce_rows(train, held_out)
    weights = np.random.default_rng(1).normal(size=(reduced.rank, 3))
    centred = train - train.mean(axis=0)
    coef = reduced.to_dual(weights).T @ centred
    np.testing.assert_allclose(centred @ coef.T, reduced.train @ weights, atol=1e-9)
    np.testing.assert_allclose(
        (held_out - train.mean(axis=0)) @ coef.T, reduced.held_out @ weights, atol=1e-9
    )


@pytest.mark.parametrize("p", [0, 3])
def test_columns_that_say_nothing_leave_no_direction(p):
    reduced = reduce_rows(np.ones((5, p)), np.ones((2, p)))
    assert reduced.rank == 0
    assert reduced.held_out.shape == (2, 0)
