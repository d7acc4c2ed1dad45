"""Exact SHAP values of a Cox model's score, on the columns that went in."""

from __future__ import annotations

from functools import partial

import pandas as pd

from stratify.explanation.explain import (
    LINEAR,
    describe_prepared,
    explain_spoken_of,
    fold_to_columns,
    require_sum,
)
from stratify.explanation.values import Explanation
from stratify.time_to_event.followed_model import FollowedModel

METHOD = (
    f"{LINEAR} They add up to the logarithm of the hazard ratio to an average patient of training: "
    "above 0 the event comes sooner."
)


def explain_followed(model: FollowedModel, X: pd.DataFrame) -> Explanation:
    """Explain a Cox model's score, patient by patient.

    The score is a weighted sum of the encoded columns less their means in training, so that each
    summand is its column's exact SHAP value, and the base is 0: the score of an average patient.

    Parameters
    ----------
    model : FollowedModel
    X : DataFrame, shape (n_patients, n_columns)
        With at least the columns of training.

    Returns
    -------
    explanation : Explanation
        In the logarithm of the hazard ratio, on the columns as they were prepared; the levels of a
        category are summed.

    Source
    ------
    Lundberg and Lee 2017, NeurIPS 30 (linear SHAP).
    """
    return explain_spoken_of(model, X, partial(_explain_all, model))


def _explain_all(model: FollowedModel, X: pd.DataFrame) -> Explanation:
    cox = model.cox
    encoded = cox.encoder_.transform(X[list(cox.feature_names_in_)])
    values = fold_to_columns((encoded - cox.center) * cox.weights, cox.encoder_)
    columns, prepared = describe_prepared(cox.encoder_, X, model.columns)
    score = cox.score(X)
    require_sum(values, 0.0, score)
    return Explanation(
        contributions=pd.DataFrame(values, index=X.index, columns=prepared.columns),
        base=0.0,
        log_odds=score,
        X=prepared,
        columns=columns,
        method=METHOD,
        scale="log hazard ratio",
    )
