"""Boosted trees whose score is summed in double precision, so that explanations add up exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_selection import f_classif
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.model.two_classes import TwoClassClassifier, encode_classes

MAX_BIN = 64
"""Cut points a column. XGBoost's 256 cost three times as much and, with a few hundred patients,
put hardly more than one patient between two of them."""


class ScreenedTrees(TwoClassClassifier):
    """XGBoost on the columns that pass a screen inside the training fold.

    With thousands of edges and hundreds of patients nearly every split of a deep search is
    noise, and the search costs most of the time. At most ``screen`` columns are kept, by the
    F statistic between the two classes in training.

    The score is the sum of the leaves a row falls into, in ``float64``. XGBoost's own margin is
    the same sum in ``float32``, whose rounding would keep explanations from adding up.

    Parameters
    ----------
    max_depth : int
    n_trees : int
    learning_rate : float
    screen : int
        The most columns the trees may see.
    random_state : int

    Attributes
    ----------
    kept_ : array of int
        Positions of the columns that passed the screen, in order.
    booster_ : xgboost.Booster
    leaves_ : array, shape (n_trees, n_nodes)
        The value of each leaf; 0 at inner nodes.

    Source
    ------
    Chen and Guestrin 2016, KDD, 785-794.
    """

    kept_: np.ndarray
    leaves_: np.ndarray
    booster_: Any

    def __init__(
        self,
        *,
        max_depth: int = 2,
        n_trees: int = 100,
        learning_rate: float = 0.05,
        screen: int = 200,
        random_state: int = 0,
    ) -> None:
        self.max_depth = max_depth
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.screen = screen
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> ScreenedTrees:
        """Fit on encoded columns; missing values stay NaN."""
        import xgboost

        X, y = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        self.classes_, encoded = encode_classes(y)
        self.kept_ = screen_columns(X, encoded, self.screen)
        self.booster_ = xgboost.train(
            self.settings,
            _as_matrix(X[:, self.kept_], encoded),
            num_boost_round=self.n_trees,
        )
        self.leaves_ = _stack_leaves(read_trees(self.booster_))
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """What XGBoost is told."""
        return {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "max_bin": MAX_BIN,
            "max_depth": self.max_depth,
            "eta": self.learning_rate,
            "subsample": 0.8,
            "min_child_weight": 2.0,
            "base_score": 0.5,
            "nthread": 1,
            "seed": self.random_state,
            "verbosity": 0,
        }

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score, shape (n_rows,)."""
        return self.staged_decision_function(X, (self.n_trees,))[:, 0]

    def staged_decision_function(self, X: Any, stages: Sequence[int]) -> np.ndarray:
        """Return the score after some numbers of trees, shape (n_rows, n_stages)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        leaf = self.booster_.predict(_as_matrix(X[:, self.kept_]), pred_leaf=True)
        leaf = leaf.reshape(len(X), -1).astype(int)
        # A running sum adds in the order of the trees, whatever the rows beside it.
        running = np.cumsum(self.leaves_[np.arange(leaf.shape[1]), leaf], axis=1)
        return running[:, np.asarray(stages) - 1]

    def read_trees(self) -> tuple[dict[str, np.ndarray], ...]:
        """Return the trees as plain arrays, splitting on the columns that ``fit`` was given."""
        return tuple(
            {
                **tree,
                "features": np.where(
                    tree["features"] < 0, -1, self.kept_[np.maximum(tree["features"], 0)]
                ),
            }
            for tree in read_trees(self.booster_)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def screen_columns(X: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Return the positions of the columns that differ most between classes, in order.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        NaN where missing.
    y : array of 0 and 1, shape (n_rows,)
    most : int
        How many; all, where there are no more.
    """
    if X.shape[1] <= most:
        return np.arange(X.shape[1])
    known = ~np.isnan(X)
    mean = np.where(known, X, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic, _ = f_classif(np.where(known, X, mean), y)
    order = np.argsort(-np.nan_to_num(statistic, nan=-1.0), kind="stable")
    return np.sort(order[:most])


def _as_matrix(X: np.ndarray, y: np.ndarray | None = None) -> Any:
    import xgboost

    return xgboost.DMatrix(X.astype(np.float32), label=y, nthread=1)


def read_trees(booster: Any) -> tuple[dict[str, np.ndarray], ...]:
    """Read a booster's trees as plain arrays, one entry a node.

    Returns
    -------
    trees : tuple of dict
        ``children_left``, ``children_right`` and ``children_default`` (-1 at a leaf), ``features``,
        ``thresholds`` (a row goes left if its value is at most the threshold), ``values`` (of a
        leaf, as the double its single precision stands for; 0 elsewhere) and
        ``node_sample_weight`` (the sum of hessians in training).
    """
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
    return tuple(_read_tree(tree) for tree in model["trees"])


def _read_tree(tree: dict[str, Any]) -> dict[str, np.ndarray]:
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    is_leaf = left == -1
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    default_left = np.array(tree["default_left"]).astype(bool)
    # XGBoost sends a value below the threshold left; "at most the float before it" is the same.
    before = np.nextafter(condition, np.float32(-np.inf)).astype(np.float64)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(is_leaf, -1, np.where(default_left, left, right)),
        "features": np.where(is_leaf, -1, np.array(tree["split_indices"])),
        "thresholds": np.where(is_leaf, 0.0, before),
        "values": np.where(is_leaf, condition.astype(np.float64), 0.0),
        "node_sample_weight": np.array(tree["sum_hessian"], dtype=np.float64),
    }


def _stack_leaves(trees: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
    leaves = np.zeros((len(trees), max(len(tree["values"]) for tree in trees)))
    for k, tree in enumerate(trees):
        leaves[k, : len(tree["values"])] = tree["values"]
    return leaves
