"""One classifier for every family: tuned and calibrated on inner folds, explained exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from stratify.model.encoded import Encoder, encode_rows, make_encoder
from stratify.model.families import (
    Family,
    FamilyName,
    Parameters,
    make_family,
    score_labellings,
    see_columns,
)
from stratify.model.tuning import choose_points
from stratify.model.two_classes import TwoClassClassifier, encode_classes
from stratify.preprocess import TablePreparer, check_table

Engine = Literal["fast", "reference"]
ENGINES: tuple[str, ...] = get_args(Engine)
InnerFolds = Iterable[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What tuning, calibrating and fitting came to; the rest follows from the training rows.

    Parameters
    ----------
    parameters : dict
        The chosen grid point.
    intercept, slope : float
        The calibration of its score.
    inner_scores : array, shape (n_patients,)
        Its held-out scores.
    model : estimator
    """

    parameters: Parameters
    intercept: float
    slope: float
    inner_scores: np.ndarray
    model: Any


class ResponderClassifier(TwoClassClassifier):
    """Predict who responds, with everything learned inside the rows given to ``fit``.

    For each inner fold the encoder and the whole hyperparameter grid are fitted on the other
    folds and score the rows held out. Of the grid points whose held-out scores, once calibrated,
    have a log loss within one standard error of the lowest, the simplest is chosen; the sigmoid
    fitted to its held-out scores is the calibration; the encoder and the chosen model are then
    fitted on all rows.

    Parameters
    ----------
    family : {"prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"}
    preparer : TablePreparer, optional
        What is done to connectivity in each fold before it is encoded; unfitted.
    inner_folds : int or iterable of (train, test) index arrays
        A number makes stratified folds that keep groups together; index arrays are used as given.
    random_state : int
        Equal seeds give equal models, to the last digit.
    engine : {"fast", "reference"}
        The reference fits every grid point by itself, with plain scikit-learn and XGBoost: the same
        numbers, slowly.

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
        engine: Engine = "fast",
    ) -> None:
        self.family = family
        self.preparer = preparer
        self.inner_folds = inner_folds
        self.random_state = random_state
        self.engine = engine

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
        self.inner_folds_ = self._make_inner_folds(y, groups)
        _fit_all([self], X, [y], [None])
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

    @property
    def levels(self) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        """Which rows each level inside learned from, and which it was then held against.

        By name of the level, pairs of positions among the rows given to ``fit``, read off what was
        used: tuning by the inner folds, calibration by the rows that have a held-out score.
        """
        check_is_fitted(self, "model_")
        scored = ~np.isnan(self.inner_scores_)
        return {
            "tuning": list(self.inner_folds_),
            "calibration": [(train, test[scored[test]]) for train, test in self.inner_folds_],
        }

    @property
    def tuned(self) -> Tuned:
        """What fitting came to, to be kept."""
        check_is_fitted(self, "model_")
        return Tuned(
            self.parameters_, self.intercept_, self.slope_, self.inner_scores_, self.model_
        )

    def _take(self, tuned: Tuned, encoder: Encoder) -> None:
        self.parameters_ = dict(tuned.parameters)
        self.intercept_, self.slope_ = tuned.intercept, tuned.slope
        self.inner_scores_, self.model_ = tuned.inner_scores, tuned.model
        self.encoder_ = encoder

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

    def _make_family(self) -> Family:
        if self.engine not in ENGINES:
            raise ValueError(f"engine is {self.engine!r}; it must be one of {', '.join(ENGINES)}")
        if self.engine == "reference":
            from stratify.model.reference import make_reference_family

            return make_reference_family(self.family, self._seed())
        return make_family(self.family, self._seed())

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


def fit_together(
    classifiers: Sequence[ResponderClassifier],
    X: pd.DataFrame,
    y: np.ndarray,
    *,
    known: Sequence[Tuned | None] | None = None,
) -> None:
    """Fit classifiers of several families, each as its own ``fit`` would, on rows encoded once.

    Parameters
    ----------
    classifiers : sequence of ResponderClassifier
        Unfitted, of one ``preparer`` and the same given ``inner_folds``.
    X : DataFrame, shape (n_patients, n_columns)
    y : array, shape (n_patients,) or (n_patients, n_classifiers)
        Each has a labelling of its own, where there are several columns.
    known : sequence of Tuned or None, optional
        What fitting some of them on these rows came to before; the others are fitted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(60, 4)))
    >>> y = (X[0] > 0).to_numpy().astype(int)
    >>> rows = np.arange(60)
    >>> inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    >>> both = [ResponderClassifier(family, inner_folds=inner) for family in ("logistic", "svm")]
    >>> fit_together(both, X, y)
    >>> [classifier.family for classifier in both if hasattr(classifier, "model_")]
    ['logistic', 'svm']
    """
    labellings = []
    for k, classifier in enumerate(classifiers):
        checked, encoded = classifier._check(X, y if y.ndim == 1 else y[:, k])
        classifier.inner_folds_ = classifier._make_inner_folds(encoded, None)
        labellings.append(encoded)
    _fit_all(classifiers, checked, labellings, known or [None] * len(classifiers))


def fit_labellings(
    classifier: ResponderClassifier, X: pd.DataFrame, Y: np.ndarray, held_out: pd.DataFrame
) -> np.ndarray:
    """Fit a classifier anew for each of many labellings; return log-odds of held-out rows.

    As a classifier fitted to each labelling alone would give them, but what does not depend on the
    labels, such as encoding, is done once.

    Parameters
    ----------
    classifier : ResponderClassifier
        With given ``inner_folds``; it is left unfitted.
    X : DataFrame, shape (n_patients, n_columns)
    Y : array of 0 and 1, shape (n_patients, n_labellings)
    held_out : DataFrame, shape (n_held_out, n_columns)

    Returns
    -------
    log_odds : array, shape (n_held_out, n_labellings)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, rows = pd.DataFrame(rng.normal(size=(60, 4))), np.arange(60)
    >>> inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    >>> Y = rng.integers(0, 2, size=(60, 7))
    >>> fit_labellings(ResponderClassifier("svm", inner_folds=inner), X, Y, X[:5]).shape
    (5, 7)
    """
    family = classifier._make_family()
    scores = np.full((len(Y), len(family.grid), Y.shape[1]), np.nan)
    for train, test in classifier._make_inner_folds(Y[:, 0], None):
        rows = encode_rows(X.iloc[train], X.iloc[test], classifier.preparer, [family.standardise])
        encoded = rows[family.standardise]
        scores[test] = score_labellings(see_columns(family, encoded.encoder), encoded, Y[train])
    chosen, intercepts, slopes = choose_points(scores, Y)
    rows = encode_rows(X, held_out, classifier.preparer, [family.standardise])
    encoded = rows[family.standardise]
    final = score_labellings(see_columns(family, encoded.encoder), encoded, Y, chosen)
    return intercepts + slopes * final


def _fit_all(
    classifiers: Sequence[ResponderClassifier],
    X: pd.DataFrame,
    labellings: Sequence[np.ndarray],
    known: Sequence[Tuned | None],
) -> None:
    """Tune, calibrate and fit classifiers whose input was checked, each to its labelling."""
    preparer = classifiers[0].preparer
    families = [classifier._make_family() for classifier in classifiers]
    new = [k for k, tuned in enumerate(known) if tuned is None]
    found = _score_inner(
        classifiers[0], [families[k] for k in new], X, [labellings[k] for k in new]
    )
    scores = dict(zip(new, found, strict=True))
    for standardise in {family.standardise for family in families}:
        encoder = make_encoder(preparer, standardise=standardise).fit(X)
        rows = encoder.transform(X) if new else None
        for k, family in enumerate(families):
            if family.standardise == standardise:
                seeing, y = see_columns(family, encoder), labellings[k]
                classifiers[k]._take(known[k] or _tune(seeing, scores[k], rows, y), encoder)


def _score_inner(
    classifier: ResponderClassifier,
    families: Sequence[Family],
    X: pd.DataFrame,
    labellings: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Return held-out scores of each family's grid, (n_patients, n_grid)."""
    scores = [np.full((len(X), len(family.grid)), np.nan) for family in families]
    forms = [family.standardise for family in families]
    # One inner fold at a time, so that no more than one is held in memory as numbers.
    for train, test in classifier.inner_folds_ if families else ():
        encoded = encode_rows(X.iloc[train], X.iloc[test], classifier.preparer, forms)
        for family, held_out, y in zip(families, scores, labellings, strict=True):
            rows = encoded[family.standardise]
            held_out[test] = see_columns(family, rows.encoder).score_path(rows, y[train])
    return scores


def _tune(family: Family, scores: np.ndarray, rows: np.ndarray | None, y: np.ndarray) -> Tuned:
    """Choose a grid point by its held-out scores, calibrate it, and fit it on all rows."""
    assert rows is not None
    chosen, intercepts, slopes = choose_points(scores[:, :, None], y[:, None])
    parameters = dict(family.grid[chosen[0]])
    return Tuned(
        parameters,
        float(intercepts[0]),
        float(slopes[0]),
        scores[:, chosen[0]],
        family.fit(rows, y, parameters),
    )
