"""What MLflow calls to load one of our models; named in the model's own description."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from stratify.model.fitted import FittedModel
    from stratify.schema import Column


class Served:
    """A fitted model under MLflow's interface."""

    def __init__(self, model: FittedModel) -> None:
        self.model = model

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Predict for patients, each as if alone.

        Parameters
        ----------
        model_input : DataFrame, one row a patient
        params : dict, optional
            ``level``: the nominal coverage of the interval, 0.95 unless given.

        Returns
        -------
        predictions : DataFrame
            ``probability`` with ``low`` and ``high``, ``log_odds``, and ``cannot_say``: why the
            model cannot speak of this patient, in words; empty where it can. What stands beside a
            reason is not to be used.
        """
        X = as_trained(model_input, self.model.columns)
        predictions = self.model.predict(X, level=float((params or {}).get("level", 0.95)))
        return predictions.table.assign(
            cannot_say=["; ".join(them) for them in predictions.cannot_say]
        )


def as_trained(X: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Give columns that came over a wire the types of training; leave absent ones absent."""
    present = [column for column in columns if column.name in X.columns]
    return pd.DataFrame(
        {column.name: _as_trained(X[column.name], column) for column in present}, index=X.index
    )


def _as_trained(values: pd.Series, column: Column) -> pd.Series:
    if column.kind != "category":
        return values.astype("float64")
    text = values.astype("str").where(values.notna())
    unseen = sorted(set(text.dropna()) - set(column.levels))
    return text.astype(pd.CategoricalDtype([*column.levels, *unseen]))


def _load_pyfunc(path: str) -> Served:
    from stratify.model import read_model

    return Served(read_model(Path(path)))
