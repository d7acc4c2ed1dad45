import numpy as np
import xgboost
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.model.trees import ScreenedTrees


@parametrize_with_checks([ScreenedTrees(n_trees=10)])
def test_trees_keep_scikit_learns_contract(estimator, check):
    check(estimator)


def make(n=120, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = (X[:, 0] + rng.normal(size=n) > 0).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def test_score_is_xgboosts_margin_to_single_precision():
    X, y = make()
    trees = ScreenedTrees(n_trees=60, max_depth=3).fit(X, y)
    margin = trees.booster_.predict(xgboost.DMatrix(X), output_margin=True)
    np.testing.assert_allclose(trees.decision_function(X), margin, atol=2e-5)


def test_stage_equals_a_model_of_that_many_trees():
    X, y = make()
    stages = (5, 20, 40)
    staged = ScreenedTrees(n_trees=40).fit(X, y).staged_decision_function(X, stages)
    for k, stage in enumerate(stages):
        alone = ScreenedTrees(n_trees=stage).fit(X, y).decision_function(X)
        np.testing.assert_array_equal(staged[:, k], alone)


def test_screen_keeps_the_planted_column_and_no_more_than_asked():
    X, y = make(n=300, p=500)
    trees = ScreenedTrees(n_trees=5, screen=10).fit(X, y)
    assert len(trees.kept_) == 10
    assert 0 in trees.kept_


def test_columns_beyond_the_screen_do_not_matter():
    X, y = make(n=300, p=50)
    trees = ScreenedTrees(n_trees=5, screen=5).fit(X, y)
    other = X.copy()
    dropped = np.setdiff1d(np.arange(50), trees.kept_)
    other[:, dropped] = 1e6
    np.testing.assert_array_equal(trees.decision_function(X), trees.decision_function(other))
