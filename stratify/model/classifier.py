"""One classifier for every family: tuned and calibrated on inner folds, explained exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from stratify.model.calibrate import fit_sigmoid
from stratify.model.families import FamilyName, make_encoder, make_family
from stratify.model.two_classes import TwoClassClassifier, encode_classes
from stratify.preprocess import TablePreparer, check_table

InnerFolds = Iterable[tuple[np.ndarray, np.ndarray]]


class ResponderClassifier(TwoClassClassifier):
    """Predict who responds, with everything learned inside the rows given to ``fit``.

    For each inner fold the encoder and the whole hyperparameter grid are fitted on the other
    folds and score the rows held out. Of the grid points whose held-out scores, once calibrated,
    have a log loss within one standard error of the lowest, the simplest is chosen; the sigmoid
    fitted to its held-out scores is the calibration; the encoder and the chosen model are then
    fitted on all rows.

    Parameters
    ----------
    family : {"prevalence", "logistic", "svm", "ridge", "forest", "xgboost"}
    preparer : TablePreparer, optional
        What is done to connectivity in each fold before it is encoded; unfitted.
    inner_folds : int or iterable of (train, test) index arrays
        A number makes stratified folds that keep groups together; index arrays are used as given.
    random_state : int
        Equal seeds give equal models, to the last digit.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The second is the responder.
    parameters_ : dict
        The chosen grid point.
    intercept_, slope_ : float
        Calibrated log-odds = intercept_ + slope_ * the family's own score.
    encoder_ : TableEncoder or TablePreparer
    model_ : estimator
    inner_folds_ : list of (train, test)
        The index arrays really used, for the leakage certificate.
    inner_scores_ : array, shape (n_patients,)
        Held-out scores at the chosen grid point.

    Source
    ------
    Breiman et al. 1984, Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 5))
    >>> y = (X[:, 0] + rng.normal(size=80) > 0).astype(int)
    >>> model = ResponderClassifier("logistic").fit(X, y)
    >>> model.predict_proba(X[:1]).shape
    (1, 2)
    """

    def __init__(
        self,
        family: FamilyName = "logistic",
        *,
        preparer: TablePreparer | None = None,
        inner_folds: int | InnerFolds = 5,
        random_state: int = 0,
    ) -> None:
        self.family = family
        self.preparer = preparer
        self.inner_folds = inner_folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> ResponderClassifier:
        """Tune, calibrate and fit.

        Parameters
        ----------
        X : DataFrame or array, shape (n_patients, n_columns)
            Categories as text or ``category`` columns of a DataFrame; missing values allowed.
        y : array, shape (n_patients,)
            Two classes; the larger value is the responder.
        groups : array, shape (n_patients,), optional
            Rows with the same value stay together in the inner folds.
        """
        X, y = self._check(X, y)
        family = make_family(self.family, self._seed())
        self.inner_folds_ = self._make_inner_folds(y, groups)
        scores = np.full((len(y), len(family.grid)), np.nan)
        for train, test in self.inner_folds_:
            encoder = make_encoder(family, self.preparer).fit(X.iloc[train])
            scores[test] = family.score_path(
                encoder.transform(X.iloc[train]), y[train], encoder.transform(X.iloc[test])
            )
        chosen, self.intercept_, self.slope_ = _choose(scores, y)
        self.parameters_ = dict(family.grid[chosen])
        self.inner_scores_ = scores[:, chosen]
        self.encoder_ = make_encoder(family, self.preparer).fit(X)
        self.model_ = family.fit(self.encoder_.transform(X), y, self.parameters_)
        return self

    def score_rows(self, X: Any) -> np.ndarray:
        """Return the family's own score, shape (n_rows,), before calibration."""
        check_is_fitted(self, "model_")
        X = check_table(self, X, reset=False)
        encoded = self.encoder_.transform(X)
        if self.family == "prevalence":
            return np.zeros(len(encoded))
        return self.model_.decision_function(encoded)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of response, shape (n_rows,)."""
        scores = self.score_rows(X)
        return self.intercept_ + self.slope_ * scores

    def _check(self, X: Any, y: Any) -> tuple[pd.DataFrame, np.ndarray]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        X = check_table(self, X, reset=True)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(X, y)
        self.classes_, encoded = encode_classes(y)
        return X, encoded

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _make_inner_folds(self, y: np.ndarray, groups: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        if not isinstance(self.inner_folds, int | np.integer):
            return [(np.asarray(a), np.asarray(b)) for a, b in self.inner_folds]
        smallest = int(np.bincount(y).min())
        if groups is not None:
            groups = np.asarray(groups)
            smallest = min(len(set(groups[y == label])) for label in (0, 1))
        if smallest < 2:
            raise ValueError(
                f"The smallest class has {smallest} sample or group; inner folds need at least 2."
            )
        splitter_class = StratifiedKFold if groups is None else StratifiedGroupKFold
        splitter = splitter_class(
            min(int(self.inner_folds), smallest), shuffle=True, random_state=self._seed()
        )
        return list(splitter.split(y, y, groups))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = self.family == "prevalence"
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def _choose(scores: np.ndarray, y: np.ndarray) -> tuple[int, float, float]:
    """Calibrate each grid point's held-out scores; return the simplest that is as good as any."""
    known = ~np.isnan(scores).any(axis=1)
    scores, y = scores[known], y[known]
    sigmoids = [fit_sigmoid(scores[:, k], y) for k in range(scores.shape[1])]
    log_odds = np.array([a + b * scores[:, k] for k, (a, b) in enumerate(sigmoids)])
    loss = np.logaddexp(0.0, log_odds) - y * log_odds
    worse = loss - loss[loss.mean(axis=1).argmin()]
    error = worse.std(axis=1) / np.sqrt(len(y))
    chosen = int(np.flatnonzero(worse.mean(axis=1) <= error)[0])
    return chosen, *sigmoids[chosen]
