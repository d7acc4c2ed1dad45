"""A Cox model brought into line with another site: baseline hazard, and spread of scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stratify.errors import count_of
from stratify.folds import make_folds
from stratify.metrics import Estimate
from stratify.metrics.recalibration import Method, require_enough, require_method, require_slope
from stratify.time_to_event.accuracy import (
    HorizonCalibration,
    compute_horizon_calibration,
    compute_slope_to,
)
from stratify.time_to_event.cox import compute_baseline_hazard
from stratify.time_to_event.curves import compute_kaplan_meier
from stratify.time_to_event.external import FollowedValidation, estimate_figures
from stratify.time_to_event.followed_model import FollowedModel
from stratify.time_to_event.outcome import FollowedTable


@dataclass(frozen=True, eq=False)
class FollowedRecalibration:
    """A model made from another by what patients elsewhere taught, and how it does with others.

    Parameters
    ----------
    model : FollowedModel
        The new one, learned from every patient; the one it was made from is as it was.
    method : {"intercept", "intercept and slope"}
        Of a Cox model the intercept is its baseline hazard.
    slope : Estimate
        What scores are multiplied by; exactly 1 where only the baseline hazard was learned.
    patients, events : int
        Whom it was learned from, and how many of them were seen to have the event by the horizon.
    estimates : dict of str to Estimate
        By the names of `BASES`, of ``predictions``; ranks are those of the model it was made from.
    calibration : HorizonCalibration
        Of ``predictions``.
    predictions : DataFrame
        As a `TimeToEventEvaluation` has them: each patient's likelihood by a recalibration that was
        learned from the others.
    folds : int
    """

    model: FollowedModel
    method: Method
    slope: Estimate
    patients: int
    events: int
    estimates: Mapping[str, Estimate]
    calibration: HorizonCalibration
    predictions: pd.DataFrame
    folds: int

    def __str__(self) -> str:
        learned = "the baseline hazard"
        if self.method != "intercept":
            learned += f", slope {self.slope}"
        return (
            f"{learned}, from {count_of(self.patients, 'patient')} ({self.events} with "
            f"{self.model.outcome.name} by day {self.model.outcome.horizon:g})"
        )


def recalibrate_followed(
    model: FollowedModel,
    followed: FollowedTable,
    validation: FollowedValidation,
    *,
    method: Method = "intercept",
    folds: int = 10,
    seed: int = 0,
    level: float = 0.95,
) -> FollowedRecalibration:
    """Bring a Cox model into line with patients elsewhere, and judge it on those held out.

    The baseline hazard is estimated anew among them, their scores as they are; with the slope,
    scores are first multiplied by their own Cox weight, of events up to the horizon. Judged on
    the patients it was learned from, it would look perfect whatever it is worth; so likelihoods are
    judged that were learned in ten folds from the others.

    Parameters
    ----------
    model : FollowedModel
    followed : FollowedTable
        The patients elsewhere.
    validation : FollowedValidation
        Of the model, on them.
    method : {"intercept", "intercept and slope"}
    folds, seed, level

    Raises
    ------
    DataError
        If fewer than 10 patients (20 with the slope) were seen to have the event by the horizon, or
        to be free of it then; or if the slope would turn ranks round.

    Source
    ------
    van Houwelingen 2000, Statistics in Medicine 19, 3401-3415.
    """
    require_method(method)
    time, event, horizon = followed.time, followed.event, followed.horizon
    score = model.predict(followed.table.X)["score"].to_numpy()
    happened = (event == 1) & (time <= horizon)
    known = happened | (time >= horizon)
    require_enough(happened[known].astype(int), score[known], method)
    slope = Estimate(1.0, 1.0, 1.0, level)
    if method != "intercept":
        slope = compute_slope_to(horizon, time, event, score, level=level)
    require_slope(slope.value)
    predictions = _hold_out(followed, score, validation.predictions, method, folds, seed)
    calibration = compute_horizon_calibration(
        time, event, predictions["likelihood"].to_numpy(), horizon=horizon, level=level
    )
    estimates = {
        **validation.external,
        **estimate_figures(predictions, followed, ("brier", "brier_gain"), seed, level),
        "calibration_slope": calibration.slope,
        "observed_over_expected": calibration.observed_over_expected,
    }
    return FollowedRecalibration(
        model=_renew(model, followed, score, slope.value),
        method=method,
        slope=slope,
        patients=len(followed),
        events=int(happened.sum()),
        estimates=estimates,
        calibration=calibration,
        predictions=predictions,
        folds=folds,
    )


def _hold_out(
    followed: FollowedTable,
    score: np.ndarray,
    told: pd.DataFrame,
    method: Method,
    folds: int,
    seed: int,
) -> pd.DataFrame:
    """Return predictions of each patient by what the others taught."""
    time, event, horizon = followed.time, followed.event, followed.horizon
    happened = ((event == 1) & (time <= horizon)).astype(int)
    found = {
        name: np.array(told[name], dtype=float) for name in ("score", "likelihood", "everybody")
    }
    number = np.zeros(len(told), dtype=int)
    for fold in make_folds(happened, followed.table.groups, folds=folds, seed=seed):
        train, test = fold.train, fold.test
        slope = 1.0
        if method != "intercept":
            slope = compute_slope_to(horizon, time[train], event[train], score[train]).value
            require_slope(slope)
        hazard = compute_baseline_hazard(slope * score[train], time[train], event[train])
        curve = compute_kaplan_meier(time[train], event[train])
        number[test] = fold.number
        found["score"][test] = slope * score[test]
        found["likelihood"][test] = hazard.predict(slope * score[test], horizon)
        found["everybody"][test] = 1 - float(curve.at(horizon))
    return told.assign(fold=number, **found)


def _renew(
    model: FollowedModel, followed: FollowedTable, score: np.ndarray, slope: float
) -> FollowedModel:
    hazard = compute_baseline_hazard(slope * score, followed.time, followed.event)
    cox = replace(
        model.cox, weights=slope * model.cox.weights, slope=slope * model.cox.slope, hazard=hazard
    )
    curve = compute_kaplan_meier(followed.time, followed.event)
    sites = () if followed.table.site is None else tuple(map(str, followed.table.site))
    known = tuple(sorted({*model.limits.sites, *filter(None, sites)}))
    return replace(
        model,
        cox=cox,
        everybody=1 - float(curve.at(followed.horizon)),
        simulated=model.simulated or followed.table.simulated,
        limits=replace(model.limits, sites=known if model.limits.sites else ()),
    )
