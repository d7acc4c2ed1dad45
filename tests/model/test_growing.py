import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from stratify.model.growing import grow_trees


def make_rows(n, p, missing, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[:, 0] = rng.integers(0, 2, n)
    X[:, 1] = 3.0
    y = (X[:, 2] + rng.normal(size=n) > 0).astype(int)
    return np.where(rng.random(X.shape) < missing, np.nan, X), y


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize(("n", "p", "smallest_leaf"), [(50, 4, 1), (130, 60, 5), (12, 300, 1)])
def test_trees_are_those_of_scikit_learn(n, p, smallest_leaf, missing):
    X, y = make_rows(n, p, missing)
    grown = grow_trees(X, y, n_trees=20, smallest_leaf=smallest_leaf, random_state=7)
    peer = ExtraTreesClassifier(20, min_samples_leaf=smallest_leaf, random_state=7)
    for ours, theirs in zip(grown, peer.fit(X, y).estimators_, strict=True):
        assert ours.node_count == theirs.tree_.node_count
        for name in ("children_left", "children_right", "feature", "threshold", "value"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs.tree_, name))
        np.testing.assert_array_equal(ours.missing_go_to_left, theirs.tree_.missing_go_to_left)


def test_rows_are_left_as_they_were():
    X, y = make_rows(40, 6, 0.1)
    before = X.copy()
    grow_trees(X, y, n_trees=2, smallest_leaf=2, random_state=0)
    np.testing.assert_array_equal(X, before)
