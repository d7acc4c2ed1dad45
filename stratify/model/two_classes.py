"""Classifiers of two classes: what follows from a score that is a log-odds."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target


class TwoClassClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose ``decision_function`` gives log-odds; the rest follows from them.

    A subclass sets ``classes_`` in ``fit`` and defines ``decision_function``.
    """

    classes_: np.ndarray

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of the second class, shape (n_rows,)."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of both classes, shape (n_rows, 2)."""
        p = expit(self.decision_function(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more likely class, shape (n_rows,)."""
        is_second = self.decision_function(X) > 0
        return self.classes_[is_second.astype(int)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def encode_classes(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the two classes in order, and y as 0 and 1.

    Raises
    ------
    ValueError
        If y is a number rather than a class, or has not exactly two classes.

    Examples
    --------
    >>> encode_classes(np.array(["no", "yes", "no"]))
    (array(['no', 'yes'], dtype='<U3'), array([0, 1, 0]))
    """
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind == "continuous":
        raise ValueError(f"Unknown label type: {kind}. Responders are a class, not a number.")
    classes, encoded = np.unique(y, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}; "
            f"it has {len(classes)} class{'' if len(classes) == 1 else 'es'} and two are wanted."
        )
    return classes, encoded
