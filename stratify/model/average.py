"""One likelihood from the models of several completions of what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from stratify.model.classifier import ResponderClassifier
from stratify.model.stack import StackedClassifier
from stratify.model.two_classes import TwoClassClassifier

OneFit = ResponderClassifier | StackedClassifier
"""What is fitted to one labelling."""


class AveragedClassifier(TwoClassClassifier):
    """Average the calibrated log-odds of models that were fitted to several labellings.

    Each labelling is one completion of the outcomes that are missing. Every model sees the same
    rows, so that all prepare and encode them alike, and the average of their exact contributions
    adds up to the average of their log-odds.

    Parameters
    ----------
    classifier : ResponderClassifier or StackedClassifier
        Unfitted; a copy is fitted to each labelling.

    Attributes
    ----------
    parts_ : list of ResponderClassifier or StackedClassifier
        Fitted, one to each labelling.

    Source
    ------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 3.1 (the mean over
    completions).

    Examples
    --------
    >>> from stratify.model import ResponderClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 3))
    >>> Y = (X[:, :1] + rng.normal(size=(80, 2)) > 0).astype(int)
    >>> averaged = AveragedClassifier(ResponderClassifier("ridge")).fit(X, Y)
    >>> each = [part.decision_function(X[:1])[0] for part in averaged.parts_]
    >>> bool(averaged.decision_function(X[:1])[0] == np.mean(each))
    True
    """

    parts_: list[OneFit]

    def __init__(self, classifier: OneFit) -> None:
        self.classifier = classifier

    def fit(self, X: Any, y: Any) -> AveragedClassifier:
        """Fit a copy of the classifier to each labelling.

        Parameters
        ----------
        X : DataFrame or array, shape (n_patients, n_columns)
        y : array, shape (n_patients,) or (n_patients, n_labellings)
        """
        labels = np.asarray(y)
        columns = labels.T if labels.ndim == 2 and labels.shape[1] > 1 else [y]
        return self.join([clone(self.classifier).fit(X, column) for column in columns])

    def join(self, fitted: Sequence[OneFit]) -> AveragedClassifier:
        """Take models that were fitted, each to its labelling of the same rows."""
        self.parts_ = list(fitted)
        self.classes_ = self.parts_[0].classes_
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.parts_[0], name):
                setattr(self, name, getattr(self.parts_[0], name))
        return self

    @property
    def family(self) -> str:
        """The family of the models."""
        return self.parts_[0].family if hasattr(self, "parts_") else self.classifier.family

    @property
    def parameters_(self) -> dict[str, Any]:
        """What was chosen most often for a model, and the mean weight of a stack's part."""
        each = [part.parameters_ for part in self.parts_]
        return {name: _summarise(name, [chosen[name] for chosen in each]) for name in each[0]}

    @property
    def intercept_(self) -> float:
        """The mean of the models' intercepts."""
        return float(np.mean([part.intercept_ for part in self.parts_]))

    @property
    def slope_(self) -> float:
        """The mean of the models' slopes."""
        return float(np.mean([part.slope_ for part in self.parts_]))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the mean of the models' calibrated log-odds of response, shape (n_rows,)."""
        check_is_fitted(self, "parts_")
        return np.mean([part.decision_function(X) for part in self.parts_], axis=0)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Read back from a file there is none.
        if self.classifier is None:
            return tags
        inner = get_tags(self.classifier)
        tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.categorical = inner.input_tags.categorical
        return tags


def _summarise(name: str, values: Sequence[Any]) -> Any:
    if name.endswith("_weight"):
        return float(np.mean(values))
    return max(values, key=values.count)
