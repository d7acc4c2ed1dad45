"""Whether a patient took part in making a model, told without naming anybody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.tracking.pseudonyms import pseudonymise, read_key
from stratify.tracking.store import Store

if TYPE_CHECKING:
    from stratify.tracking.reading import LoadedRun

COMPLETED = "out_of_fold_completed"
"""The table of held-out likelihoods beside every completion of the outcomes."""

FOLLOWED = "predictions"
"""The table of held-out likelihoods of a model of a censored outcome."""


@dataclass(frozen=True, eq=False)
class KnownPatients:
    """Which of some patients a model has learned from.

    Parameters
    ----------
    by_name : array of bool, shape (n_patients,)
        A patient of that name was in training. Others elsewhere may bear it too.
    by_row : array of bool, shape (n_patients,)
        A patient with the very same values was in training, whatever the name. Nobody, where the
        values are too coarse to tell even the patients of training apart.
    """

    by_name: np.ndarray
    by_row: np.ndarray


def find_known(store: Store, loaded: LoadedRun, X: pd.DataFrame) -> KnownPatients:
    """Find the patients that a model has learned from.

    Parameters
    ----------
    store : Store
        Whose secret made the pseudonyms that the run keeps.
    loaded : LoadedRun
        A model's run.
    X : DataFrame, indexed by patient
        With the model's columns.
    """
    key = read_key(store.folder)
    tables = loaded.folder / "tables"
    # Patients whose outcome was imputed trained the model too, and are in a table of their own.
    kept = [tables / f"{name}.csv" for name in ("out_of_fold", COMPLETED, FOLLOWED)]
    read = [pd.read_csv(path, usecols=["patient"])["patient"] for path in kept if path.exists()]
    names = set(pd.concat(read))
    by_name = np.array([name in names for name in pseudonymise(map(str, X.index), key)])
    by_row = np.zeros(len(X), dtype=bool)
    if (tables / "rows.csv").exists():
        rows = pd.read_csv(tables / "rows.csv")["patient"]
        if rows.is_unique:
            mine = pseudonymise(digest_rows(loaded.scope.align(X)), key)
            by_row = np.isin(mine, rows)
    return KnownPatients(by_name, by_row)


def digest_rows(X: pd.DataFrame) -> tuple[str, ...]:
    """Digest each patient's values, so that equal rows have equal digests and no others do.

    Numbers are taken to the seven digits of ``float32``: a table written by another program keeps
    its digests.

    Parameters
    ----------
    X : DataFrame
        ``float64`` and ``category`` columns.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [41.0, 41.0, 52.0], "sex": pd.Categorical(["f", "f", "f"])})
    >>> first, again, other = digest_rows(X)
    >>> first == again, first == other
    (True, False)
    """
    numbers = X.select_dtypes("number")
    values = numbers.to_numpy(dtype=np.float32) + np.float32(0)  # -0 is 0
    values = np.where(np.isnan(values), np.float32(np.nan), values)
    words = X[X.columns.difference(numbers.columns, sort=False)].astype(object)
    texts = words.where(words.notna(), "").astype(str).to_numpy()
    names = repr([*map(str, numbers.columns), *map(str, words.columns)]).encode()
    return tuple(
        hashlib.sha256(names + row.tobytes() + "\x1f".join(text).encode()).hexdigest()
        for row, text in zip(values, texts, strict=True)
    )
