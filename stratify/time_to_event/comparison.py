"""Is one model of a censored outcome better than another? One value, from what folds held out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from stratify.evaluation.compared import Comparison, Metric, Predicted
from stratify.evaluation.comparison import compare_held_out
from stratify.time_to_event.accuracy import compute_brier_parts, weigh_for_horizon
from stratify.time_to_event.concordance import compute_weighted_concordance
from stratify.time_to_event.figures import find_censoring, weigh_folds

REGIONS: Mapping[Metric, float] = {"uno_c": 0.02, "brier": 0.005}
"""How far two models may differ and still be the same for practice.

As for models of a response: from a concordance of 0.60 to one of 0.62, with as many who had the
event by the horizon as others, the Brier score of a calibrated model falls by 0.0034.
"""


def compare_followed(
    a: Predicted,
    b: Predicted,
    *,
    horizon: float,
    decided_by: Metric = "uno_c",
    regions: Mapping[Metric, float] = REGIONS,
    unpaired: bool = False,
    level: float = 0.95,
) -> Comparison:
    """Say whether one model of a censored outcome is better than another.

    As `stratify.evaluation.compare_evaluations`, by other figures: what each fold adds to Uno's
    concordance up to the horizon and to the Brier score there is subtracted, and the mean has the
    interval of the corrected resampled t test.

    Parameters
    ----------
    a, b : TimeToEventEvaluation or KeptPredictions
        Of one outcome with one horizon.
    horizon : float
        Days, as the times of the predictions run.
    decided_by : {"uno_c", "brier"}
    regions : mapping of metric to float
        As `stratify.evaluation.Difference` has it.
    unpaired, level
        As for `stratify.evaluation.compare_evaluations`.

    Raises
    ------
    DataError
        If they share no folds and ``unpaired`` is not set, or if a patient's time or event is not
        the same in both.

    Examples
    --------
    >>> from stratify.evaluation import KeptPredictions
    >>> rng = np.random.default_rng(0)
    >>> x, k = rng.normal(size=200), np.arange(200)
    >>> time = rng.exponential(np.exp(-2 * x))
    >>> def predict(score):
    ...     return pd.DataFrame({"patient": k, "repeat": 0, "fold": k % 5, "time": time, "event": 1,
    ...         "score": score, "likelihood": -np.expm1(-np.exp(score))})
    >>> good, blind = (KeptPredictions(name, predict(score), 0.2)
    ...                for name, score in (("good", 2 * x), ("blind", 0 * x)))
    >>> compare_followed(good, blind, horizon=1).finding
    'A is better'
    """
    return compare_held_out(
        a,
        b,
        compute=partial(compute_by_fold, horizon=horizon),
        outcome=("time", "event"),
        decided_by=decided_by,
        regions={metric: regions.get(metric, np.nan) for metric in REGIONS},
        unpaired=unpaired,
        level=level,
    )


def compute_by_fold(predictions: pd.DataFrame, *, horizon: float) -> pd.DataFrame:
    """Compute what each fold says of the figures of all folds together.

    A fold may hold few events, or none, so that its own concordance says little. Both figures are
    sums over folds divided by sums over folds; a fold's share in them is the figure itself plus
    what the fold's own sums change of it. The mean over folds is the figure, and the spread that
    of a ratio of sums.

    Parameters
    ----------
    predictions : DataFrame
        ``patient``, ``repeat``, ``fold``, ``time``, ``event``, ``score``, ``likelihood``.
    horizon : float

    Returns
    -------
    by_fold : DataFrame
        ``repeat``, ``fold``, ``uno_c``, ``brier``.

    Source
    ------
    Cochran 1977, Sampling Techniques, section 6.3 (the ratio of two sums).

    Examples
    --------
    Two folds, of which the second has no event and says nothing:

    >>> predictions = pd.DataFrame({"patient": list("abcd"), "repeat": 0, "fold": [0, 0, 1, 1],
    ...     "time": [1.0, 2, 3, 3], "event": [1, 0, 0, 0], "score": [1.0, 0, 0, 1],
    ...     "likelihood": [0.5, 0.5, 0.5, 0.5]})
    >>> compute_by_fold(predictions, horizon=2)["uno_c"].tolist()
    [1.0, 1.0]
    """
    censoring = find_censoring(predictions)
    time, event, likelihood = (
        predictions[name].to_numpy() for name in ("time", "event", "likelihood")
    )
    squares = compute_brier_parts(time, event, likelihood, horizon=horizon, censoring=censoring)
    standing = weigh_for_horizon(time, event, horizon=horizon, censoring=censoring)
    rows = []
    for members, weight, score in weigh_folds(
        "uno", predictions, horizon=horizon, censoring=censoring
    ):
        once = np.ones((1, len(members)))
        in_order, pairs = compute_weighted_concordance(weight, score, once)
        fold = predictions.iloc[members[0]]
        rows.append(
            (
                *(int(fold[name]) for name in ("repeat", "fold")),
                *(float(each[0]) for each in (in_order, pairs)),
                *(float(each[members].sum()) for each in (squares, standing)),
            )
        )
    names = ["repeat", "fold", "in_order", "pairs", "squares", "standing"]
    sums = pd.DataFrame(rows, columns=names).sort_values(["repeat", "fold"], ignore_index=True)
    return sums[["repeat", "fold"]].assign(
        uno_c=_share_ratio(sums["in_order"], sums["pairs"]),
        brier=_share_ratio(sums["squares"], sums["standing"]),
    )


def _share_ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    """Return each fold's share in the ratio of two sums; their mean is the ratio."""
    if not below.sum() > 0:
        return above * np.nan
    ratio = above.sum() / below.sum()
    return ratio + (above - ratio * below) / below.mean()
