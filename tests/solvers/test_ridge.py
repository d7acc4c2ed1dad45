import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from stratify.solvers import SQUARED, Gram, compute_gram, reduce_gram, score_ridge, solve

PENALTIES = [0.1, 10.0, 1000.0]


def make(n=50, p=400, labellings=6, seed=0):
    rng = np.random.default_rng(seed)
    # Far from the origin, so that only centred products give the right answer.
    rows = rng.normal(5, 1, size=(n + 20, p))
    signs = np.where(rng.random((n, labellings)) < 0.3, 1.0, -1.0)
    return rows[:n], rows[n:], signs


def test_scores_are_those_of_scikit_learns_ridge_classifier():
    train, held_out, signs = make()
    scores = score_ridge(compute_gram(train, held_out), signs, PENALTIES)
    assert scores.shape == (20, 3, 6)
    for k, alpha in enumerate(PENALTIES):
        for labelling in range(signs.shape[1]):
            peer = RidgeClassifier(alpha=alpha).fit(train, signs[:, labelling])
            np.testing.assert_allclose(
                scores[:, k, labelling], peer.decision_function(held_out), atol=1e-9
            )


def test_scores_are_those_of_the_solver_by_directions():
    train, held_out, signs = make(seed=1)
    gram = compute_gram(train, held_out)
    reduced = reduce_gram(gram.inner, gram.cross)
    scores = score_ridge(gram, signs, PENALTIES)
    for k, penalty in enumerate(PENALTIES):
        peer = solve(reduced, signs, np.full(signs.shape[1], penalty), SQUARED)
        np.testing.assert_allclose(scores[:, k], peer.score(reduced.held_out), atol=1e-10)


def test_a_labelling_alone_has_the_scores_it_has_among_others():
    train, held_out, signs = make()
    gram = compute_gram(train, held_out)
    together = score_ridge(gram, signs, PENALTIES)
    alone = score_ridge(gram, signs[:, 2:3], PENALTIES)
    np.testing.assert_allclose(alone[:, :, 0], together[:, :, 2], atol=1e-13)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_rows_that_are_all_alike_get_the_mean_label(value):
    products = np.full((5, 5), value)
    signs = np.array([[1.0], [1.0], [1.0], [-1.0], [-1.0]])
    scores = score_ridge(Gram(products, products[:2], np.full(2, value)), signs, [1.0])
    np.testing.assert_allclose(scores, 0.2)


def test_products_and_labels_are_unchanged():
    train, held_out, signs = make()
    gram = compute_gram(train, held_out)
    before = gram.inner.copy(), gram.cross.copy(), signs.copy()
    score_ridge(gram, signs, PENALTIES)
    for now, then in zip((gram.inner, gram.cross, signs), before, strict=True):
        np.testing.assert_array_equal(now, then)
