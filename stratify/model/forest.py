"""Extremely randomised trees, kept as plain arrays and summed in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.model.growing import grow_trees
from stratify.model.two_classes import TwoClassClassifier, encode_classes

ROWS_AT_ONCE = 4096
"""So that a walk through all trees holds a bounded number of nodes in memory."""


class RandomTrees(TwoClassClassifier):
    """The mean of many trees, each split drawn at random among some columns.

    Each tree says the share of responders in the leaf a row falls into; the score is the mean of
    the trees, less one half. Splits drawn at random (extremely randomised trees) rather than
    searched for take a fraction of a random forest's time and, where thousands of columns each
    say little, find less noise. The smallest leaf is a share of the patients, so that trees stay
    as small in a registry as in a trial.

    Only arrays are kept: what is stored, scored and explained is the same few numbers.

    Parameters
    ----------
    n_trees : int
    leaf_share : float
        The smallest leaf, as a share of the training patients.
    random_state : int

    Attributes
    ----------
    first_ : array of int, shape (n_trees + 1,)
        Where each tree's nodes begin in the arrays below; the last is their number.
    left_, right_, default_ : array of int, shape (n_nodes,)
        The node to go to, if the value is at most the threshold, above it, or missing; -1 at a
        leaf.
    column_ : array of int, shape (n_nodes,)
        -1 at a leaf.
    threshold_, value_, weight_ : array, shape (n_nodes,)
        ``value_`` is a leaf's share of responders, less one half, over the number of trees;
        ``weight_`` the number of training patients.

    Source
    ------
    Geurts, Ernst and Wehenkel 2006, Machine Learning 63, 3-42.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 5))
    >>> forest = RandomTrees(n_trees=20).fit(X, X[:, 2] > 0)
    >>> bool(forest.predict(X[np.argsort(X[:, 2])])[-1])
    True
    """

    first_: np.ndarray
    left_: np.ndarray
    right_: np.ndarray
    default_: np.ndarray
    column_: np.ndarray
    threshold_: np.ndarray
    value_: np.ndarray
    weight_: np.ndarray

    def __init__(
        self, *, n_trees: int = 200, leaf_share: float = 0.03, random_state: int = 0
    ) -> None:
        self.n_trees = n_trees
        self.leaf_share = leaf_share
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> RandomTrees:
        """Fit on encoded columns; missing values stay NaN."""
        X, y = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        self.classes_, encoded = encode_classes(y)
        trees = grow_trees(
            X,
            encoded,
            n_trees=self.n_trees,
            smallest_leaf=count_smallest_leaf(self.leaf_share, len(X)),
            random_state=self.random_state,
        )
        self.first_ = np.cumsum([0, *(tree.node_count for tree in trees)])
        is_leaf = np.concatenate([tree.children_left for tree in trees]) < 0
        begin = np.repeat(self.first_[:-1], np.diff(self.first_))
        left, right, column, threshold, goes_left = (
            np.concatenate([getattr(tree, name) for tree in trees])
            for name in (
                "children_left",
                "children_right",
                "feature",
                "threshold",
                "missing_go_to_left",
            )
        )
        self.left_ = np.where(is_leaf, -1, left + begin)
        self.right_ = np.where(is_leaf, -1, right + begin)
        self.default_ = np.where(goes_left.astype(bool), self.left_, self.right_)
        self.column_ = np.where(is_leaf, -1, column)
        self.threshold_ = np.where(is_leaf, 0.0, threshold)
        share = np.concatenate([tree.value[:, 0, 1] for tree in trees])
        self.value_ = np.where(is_leaf, (share - 0.5) / self.n_trees, 0.0)
        self.weight_ = np.concatenate([tree.weighted_n_node_samples for tree in trees])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score, shape (n_rows,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        # A running sum adds in the order of the trees, whatever the rows beside it.
        return np.cumsum(self.value_[self._find_leaves(X)], axis=1)[:, -1]

    def read_trees(self) -> tuple[dict[str, np.ndarray], ...]:
        """Return the trees one by one, in the form of `stratify.model.trees.read_trees`."""
        trees = []
        for begin, end in zip(self.first_[:-1], self.first_[1:], strict=True):
            own = slice(begin, end)
            left, right, default = (
                np.where(nodes[own] < 0, -1, nodes[own] - begin)
                for nodes in (self.left_, self.right_, self.default_)
            )
            trees.append(
                {
                    "children_left": left,
                    "children_right": right,
                    "children_default": default,
                    "features": self.column_[own],
                    "thresholds": self.threshold_[own],
                    "values": self.value_[own],
                    "node_sample_weight": self.weight_[own],
                }
            )
        return tuple(trees)

    def _find_leaves(self, X: np.ndarray) -> np.ndarray:
        """Return the leaf each row falls into in each tree, shape (n_rows, n_trees)."""
        # Trees were grown on values in single precision, so rows are rounded as theirs were.
        seen = X.astype(np.float32).astype(np.float64)
        leaves = np.empty((len(X), self.n_trees), dtype=int)
        for begin in range(0, len(X), ROWS_AT_ONCE):
            rows = seen[begin : begin + ROWS_AT_ONCE]
            node = np.repeat(self.first_[:-1][None], len(rows), axis=0)
            place = np.arange(len(rows))[:, None]
            while (inside := self.left_[node] >= 0).any():
                value = rows[place, self.column_[node]]
                below = np.where(
                    value <= self.threshold_[node], self.left_[node], self.right_[node]
                )
                node = np.where(inside, np.where(np.isnan(value), self.default_[node], below), node)
            leaves[begin : begin + ROWS_AT_ONCE] = node
        return leaves

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def count_smallest_leaf(share: float, patients: int) -> int:
    """Return how many patients the smallest leaf holds.

    Examples
    --------
    >>> count_smallest_leaf(0.05, 130), count_smallest_leaf(0.05, 10)
    (7, 1)
    """
    return max(1, int(np.ceil(share * patients)))
