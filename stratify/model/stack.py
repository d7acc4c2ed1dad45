"""Late fusion: one likelihood from the held-out scores of a clinical and a connectivity model."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from stratify.model.calibrate import fit_sigmoid
from stratify.model.classifier import ResponderClassifier
from stratify.model.two_classes import TwoClassClassifier, encode_classes


class StackedClassifier(TwoClassClassifier):
    """Join classifiers of different columns by a logistic regression on their held-out scores.

    Each part is tuned and calibrated on the same inner folds; the weights of the stack are fitted
    to the parts' inner held-out log-odds, so that no part is trusted for what it fitted to its
    own patients. Weights are never below 0. The log-odds are affine in the parts' scores, hence
    the exact contributions of each part add up to the whole.

    Parameters
    ----------
    parts : tuple of (ResponderClassifier, tuple of str)
        Unfitted classifiers, and the columns of ``X`` that each sees; all, where there are none.

    Attributes
    ----------
    parts_ : list of ResponderClassifier
        Fitted.
    weights_ : array, shape (n_parts,)
    intercept_ : float
        Log-odds = intercept_ + the weighted sum of the parts' calibrated log-odds.

    Source
    ------
    Wolpert 1992, Neural Networks 5, 241-259; Breiman 1996, Machine Learning 24, 49-64 (weights
    that are not negative).

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(120, 4)), columns=list("abcd"))
    >>> y = (X["a"] + X["c"] + rng.normal(size=120) > 0).astype(int)
    >>> halves = [(ResponderClassifier(), ("a", "b")), (ResponderClassifier(), ("c", "d"))]
    >>> StackedClassifier(halves).fit(X, y).predict_proba(X[:1]).shape
    (1, 2)
    """

    parts_: list[ResponderClassifier]
    weights_: np.ndarray
    intercept_: float

    def __init__(
        self, parts: tuple[tuple[ResponderClassifier, tuple[str, ...]], ...] | list
    ) -> None:
        self.parts = parts

    def fit(self, X: Any, y: Any) -> StackedClassifier:
        """Fit every part on its own columns, and the weights on their held-out log-odds.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
        y : array, shape (n_patients,)
        """
        fitted = [clone(part).fit(X[list(names)], y) for part, names in self.parts]
        return self.join(fitted, np.asarray(y))

    def join(self, fitted: list[ResponderClassifier], y: np.ndarray) -> StackedClassifier:
        """Fit the weights alone, of parts that were fitted on the same rows and inner folds."""
        self.classes_, encoded = encode_classes(y)
        self.parts_ = list(fitted)
        held_out = np.column_stack(
            [part.intercept_ + part.slope_ * part.inner_scores_ for part in fitted]
        )
        known = ~np.isnan(held_out).any(axis=1)
        self.intercept_, self.weights_ = fit_weights(held_out[known], encoded[known])
        return self

    @property
    def family(self) -> str:
        """The family of the parts."""
        return self.parts_[0].family if hasattr(self, "parts_") else self.parts[0][0].family

    @property
    def parameters_(self) -> dict[str, float]:
        """What each part chose, and the weight it has."""
        chosen: dict[str, float] = {}
        for k, (part, weight) in enumerate(zip(self.parts_, self.weights_, strict=True)):
            chosen |= {f"part{k}_{name}": value for name, value in part.parameters_.items()}
            chosen[f"part{k}_weight"] = float(weight)
        return chosen

    @property
    def slope_(self) -> float:
        """The sum of the weights: 1 where the parts' log-odds are averaged."""
        return float(self.weights_.sum())

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of response, shape (n_rows,)."""
        check_is_fitted(self, "parts_")
        log_odds = np.full(len(X), self.intercept_)
        for part, weight in zip(self.parts_, self.weights_, strict=True):
            log_odds = log_odds + weight * part.decision_function(X[names_of(part)])
        return log_odds


def names_of(classifier: ResponderClassifier) -> list[Any]:
    """Return the columns a fitted classifier was given, in their order."""
    names = getattr(classifier, "feature_names_in_", None)
    return list(range(classifier.n_features_in_)) if names is None else [str(n) for n in names]


def fit_weights(log_odds: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Fit ``intercept + log_odds @ weights`` by maximum likelihood, no weight below 0.

    A part whose weight would be negative is left out, as it says nothing that the others do not.

    Parameters
    ----------
    log_odds : array, shape (n_patients, n_parts)
        Held out.
    y : array of 0 and 1, shape (n_patients,)

    Returns
    -------
    intercept : float
    weights : array, shape (n_parts,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.normal(size=(20_000, 2))
    >>> y = rng.random(20_000) < expit(f[:, 0])
    >>> intercept, weights = fit_weights(f, y)
    >>> weights.round(1).tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize

    y = np.asarray(y, dtype=float)
    spread = log_odds.std(axis=0)
    useful = spread > 1e-9
    weights = np.zeros(log_odds.shape[1])
    if useful.sum() <= 1:
        k = int(useful.argmax())
        intercept, slope = fit_sigmoid(log_odds[:, k], y)
        weights[k] = slope
        return intercept, weights
    design = log_odds[:, useful] / spread[useful]

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        f = w[0] + design @ w[1:]
        residual = expit(f) - y
        # The small ridge keeps separated classes finite.
        value = float(np.mean(np.logaddexp(0.0, f) - y * f) + 1e-6 * w[1:] @ w[1:])
        slopes = design.T @ residual / len(y) + 2e-6 * w[1:]
        return value, np.concatenate([[residual.mean()], slopes])

    start = np.concatenate([[0.0], np.full(design.shape[1], 0.5)])
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] + [(0.0, None)] * design.shape[1],
        options={"ftol": 1e-14, "gtol": 1e-10, "maxiter": 500},
    )
    weights[useful] = found.x[1:] / spread[useful]
    return float(found.x[0]), weights
