"""Turn a table of clinical columns and edges into numbers, with everything learned in the fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

MISSING = -1


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode numbers and categories as one ``float64`` matrix.

    Numbers pass through; each level of a category becomes a column of zeros and ones. With
    ``standardise`` every column is centred and scaled by what training saw, and a missing value or
    an unseen level becomes 0, the training mean, so that it speaks neither for nor against.
    Without it they stay NaN, for models that take missing values as they are.

    Parameters
    ----------
    standardise : bool

    Attributes
    ----------
    source_ : array of int, shape (n_encoded,)
        For each encoded column the position of the input column it came from.
    center_, scale_ : array, shape (n_encoded,)
        0 and 1 without ``standardise``. A column that is constant in training has scale 1.
    levels_ : dict of int to array of str
        The levels of each category, by position of the input column.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [40.0, 60.0, np.nan], "sex": ["F", "M", "F"]})
    >>> TableEncoder(standardise=False).fit_transform(X)
    array([[40.,  1.,  0.],
           [60.,  0.,  1.],
           [nan,  1.,  0.]])
    """

    source_: np.ndarray
    center_: np.ndarray
    scale_: np.ndarray
    levels_: dict[int, np.ndarray]

    def __init__(self, *, standardise: bool = True) -> None:
        self.standardise = standardise

    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn levels, means and scales from training rows.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_columns)
        y : ignored
        """
        del y
        X = check_table(self, X, reset=True)
        is_category = find_categories(X)
        self.levels_ = {
            int(k): np.array(sorted(set(_text(X.iloc[:, k])) - {None}))
            for k in np.flatnonzero(is_category)
        }
        widths = np.ones(X.shape[1], dtype=int)
        for k, levels in self.levels_.items():
            widths[k] = len(levels)
        self.source_ = np.repeat(np.arange(X.shape[1]), widths)
        encoded = self._encode(X)
        n_encoded = encoded.shape[1]
        self.center_, self.scale_ = np.zeros(n_encoded), np.ones(n_encoded)
        if self.standardise and n_encoded:
            missing = np.isnan(encoded)
            gaps = bool(missing.any())
            count = np.maximum(len(encoded) - missing.sum(axis=0), 1) if gaps else len(encoded)
            filled = np.where(missing, 0.0, encoded) if gaps else encoded
            self.center_ = filled.sum(axis=0) / count
            residual = filled - self.center_
            if gaps:
                residual[missing] = 0.0
            scale = np.sqrt(np.square(residual, out=residual).sum(axis=0) / count)
            # A column of equal values may keep a spread of rounding error, which must not count.
            noise = 10 * np.finfo(float).eps * np.abs(self.center_)
            self.scale_ = np.where(scale > noise, scale, 1.0)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode rows with what training learned; each row by itself.

        Returns
        -------
        encoded : array of float64, shape (n_rows, n_encoded)
        """
        check_is_fitted(self)
        X = check_table(self, X, reset=False)
        encoded = self._encode(X)
        if not self.standardise:
            return encoded
        encoded -= self.center_
        encoded /= self.scale_
        missing = np.isnan(encoded)
        if missing.any():
            encoded[missing] = 0.0
        return encoded

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the encoded columns: the input's name, or ``name=level``."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{k}" for k in range(self.n_features_in_)], dtype=object)
        if input_features is not None:
            if len(input_features) != self.n_features_in_:
                raise ValueError(
                    f"input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(input_features)}"
                )
            if hasattr(self, "feature_names_in_") and list(input_features) != list(names):
                raise ValueError("input_features is not equal to feature_names_in_")
            names = np.asarray(input_features, dtype=object)
        out: list[str] = []
        for k, name in enumerate(names):
            levels = self.levels_.get(k)
            out += [name] if levels is None else [f"{name}={level}" for level in levels]
        return np.array(out, dtype=object)

    def _encode(self, X: pd.DataFrame) -> np.ndarray:
        if not self.levels_:
            return X.to_numpy(dtype=np.float64, copy=True)
        encoded = np.empty((len(X), len(self.source_)))
        numeric = np.array([k not in self.levels_ for k in range(X.shape[1])])
        from_numbers = numeric[self.source_]
        encoded[:, from_numbers] = X.loc[:, numeric].to_numpy(dtype=np.float64)
        for k, levels in self.levels_.items():
            values = _text(X.iloc[:, k])
            codes = pd.Index(levels, dtype=object).get_indexer(values)
            dummies = (codes[:, None] == np.arange(len(levels))).astype(float)
            dummies[codes == MISSING] = np.nan
            encoded[:, self.source_ == k] = dummies
        return encoded

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def check_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> pd.DataFrame:
    """Check a table's names and width against what an estimator was fitted on.

    Parameters
    ----------
    estimator : BaseEstimator
        Takes ``n_features_in_`` and ``feature_names_in_`` where ``reset``.
    X : DataFrame or array, shape (n_rows, n_columns)
        Categories only in a DataFrame.
    reset : bool
        Whether this is ``fit``.

    Returns
    -------
    X : DataFrame

    Raises
    ------
    ValueError, TypeError
        With scikit-learn's own messages for sparse, complex, empty, one-dimensional, renamed or
        wrongly wide input.
    """
    if isinstance(X, pd.DataFrame):
        if reset and _has_plain_names(X):
            estimator.n_features_in_ = X.shape[1]
            estimator.feature_names_in_ = X.columns.to_numpy(dtype=object)
        elif reset or not _has_names_of(estimator, X):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        if not _is_plain(X) and not find_categories(X).any():
            check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", estimator=estimator)
        return X
    checked = validate_data(
        estimator, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"
    )
    return pd.DataFrame(checked)


def _has_plain_names(X: pd.DataFrame) -> bool:
    """Tell whether every column has a name of its own in text, which no check could fault."""
    columns = X.columns
    is_text = isinstance(columns.dtype, pd.StringDtype)
    return is_text and bool(len(columns)) and not columns.hasnans and bool(columns.is_unique)


def _has_names_of(estimator: BaseEstimator, X: pd.DataFrame) -> bool:
    """Tell whether the columns are those an estimator was fitted on, without looking at each."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(names) != X.shape[1] or not len(names):
        return False
    index, last = _INDEXES.get(id(names), (None, None))
    if last is not names:
        while len(_INDEXES) >= MOST_INDEXES:
            _INDEXES.pop(next(iter(_INDEXES)))
        # The array itself is kept, so that its address stands for it.
        index, _ = _INDEXES[id(names)] = (pd.Index(names), names)
    return X.columns.equals(index)


MOST_INDEXES = 64
_INDEXES: dict[int, tuple[pd.Index, np.ndarray]] = {}


def _is_plain(X: pd.DataFrame) -> bool:
    """Tell whether a frame is finite or missing numbers of NumPy's own, and no check can fail."""
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in set(X.dtypes))
    if not plain or not X.size:
        return False
    values = X.to_numpy(dtype=np.float64)
    # A sum is finite unless something in it is not: one pass, and no array of flags.
    return bool(np.isfinite(values.sum())) or not np.isinf(values).any()


def find_categories(X: pd.DataFrame) -> np.ndarray:
    """Tell which columns are categories rather than numbers; shape (n_columns,)."""
    dtypes = X.dtypes.to_numpy()
    # Asked once of each dtype rather than of thousands of columns.
    is_number = {dtype: pd.api.types.is_numeric_dtype(dtype) for dtype in set(dtypes)}
    return np.array([not is_number[dtype] for dtype in dtypes], dtype=bool)


def _text(values: pd.Series) -> np.ndarray:
    """Return a category's values as text, None where missing."""
    known = values.notna().to_numpy()
    text = values.astype(object).to_numpy(dtype=object, copy=True)
    text[~known] = None
    text[known] = [str(value) for value in text[known]]
    return text
