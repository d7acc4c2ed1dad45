import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.model.forest import RandomTrees


@parametrize_with_checks([RandomTrees(n_trees=10)])
def test_random_trees_keep_scikit_learns_contract(estimator, check):
    check(estimator)


def make(n=120, p=30, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = (X[:, 0] - X[:, 1] + rng.normal(size=n) > 0).astype(int)
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_score_is_scikit_learns_probability_less_one_half(missing):
    X, y = make(missing=missing)
    ours = RandomTrees(n_trees=50, leaf_share=0.05, random_state=3).fit(X, y)
    peer = ExtraTreesClassifier(50, min_samples_leaf=6, random_state=3).fit(X, y)
    new, _ = make(missing=0.3, seed=1)
    expected = peer.predict_proba(new)[:, 1] - 0.5
    np.testing.assert_allclose(ours.decision_function(new), expected, rtol=0, atol=1e-12)


def test_trees_one_by_one_give_the_same_score():
    X, y = make(missing=0.2)
    forest = RandomTrees(n_trees=20).fit(X, y)
    seen = X.astype(np.float32).astype(float)
    for row, score in zip(seen[:10], forest.decision_function(X[:10]), strict=True):
        total = 0.0
        for tree in forest.read_trees():
            node = 0
            while tree["children_left"][node] >= 0:
                value = row[tree["features"][node]]
                side = "left" if value <= tree["thresholds"][node] else "right"
                side = "default" if np.isnan(value) else side
                node = tree[f"children_{side}"][node]
            total += tree["values"][node]
        assert total == pytest.approx(score, abs=1e-14)


def test_smallest_leaf_is_a_share_of_the_patients():
    X, y = make(n=200)
    forest = RandomTrees(n_trees=20, leaf_share=0.1).fit(X, y)
    assert forest.weight_[forest.left_ < 0].min() >= 20
    assert (forest.weight_[forest.first_[:-1]] == 200).all()


def test_rows_alone_equal_rows_together_and_in_blocks(monkeypatch):
    X, y = make(missing=0.1)
    forest = RandomTrees(n_trees=30).fit(X, y)
    together = forest.decision_function(X)
    alone = [forest.decision_function(X[k : k + 1])[0] for k in range(len(X))]
    np.testing.assert_array_equal(alone, together)
    monkeypatch.setattr("stratify.model.forest.ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(forest.decision_function(X), together)


def test_equal_seeds_give_equal_forests_and_others_do_not():
    X, y = make()
    first, second, other = (
        RandomTrees(n_trees=10, random_state=seed).fit(X, y).decision_function(X)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
