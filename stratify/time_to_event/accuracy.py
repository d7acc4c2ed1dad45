"""Is it as likely as was said? Likelihoods of an event by a horizon, where some are censored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from stratify.metrics import Estimate
from stratify.time_to_event.cox import RiskSets, compute_partial_likelihood, fit_cox
from stratify.time_to_event.curves import (
    SurvivalCurve,
    compute_censoring_curve,
    compute_kaplan_meier,
)

LEAST_IN_GROUP = 20
"""A curve of fewer patients says little of how many have an event."""


def compute_brier_parts(
    time: np.ndarray,
    event: np.ndarray,
    likelihood: np.ndarray,
    *,
    horizon: float,
    censoring: SurvivalCurve | None = None,
) -> np.ndarray:
    """Compute what each patient adds to the Brier score at a horizon.

    Whoever was censored before it adds nothing; the others count as much more as they had little
    chance to be still followed. The mean over all patients is the score.

    Parameters
    ----------
    time, event : array, shape (n_patients,)
    likelihood : array, shape (n_patients,)
        Of an event by the horizon.
    horizon : float
    censoring : SurvivalCurve, optional
        Who is still followed; of these patients, where none is given.

    Source
    ------
    Graf et al. 1999, Statistics in Medicine 18, 2529-2545.

    Examples
    --------
    >>> parts = compute_brier_parts(np.array([1.0, 2, 5]), np.array([1, 0, 0]),
    ...                             np.array([0.8, 0.5, 0.2]), horizon=4)
    >>> parts.round(2).tolist()
    [0.04, 0.0, 0.08]
    """
    happened = (np.asarray(event) == 1) & (np.asarray(time) <= horizon)
    weight = weigh_for_horizon(time, event, horizon=horizon, censoring=censoring)
    return weight * (happened - np.asarray(likelihood, dtype=float)) ** 2


def weigh_for_horizon(
    time: np.ndarray,
    event: np.ndarray,
    *,
    horizon: float,
    censoring: SurvivalCurve | None = None,
) -> np.ndarray:
    """Compute how much each patient counts, so that those censored early are stood in for.

    Parameters
    ----------
    time, event, horizon, censoring
        As for `compute_brier_parts`.

    Examples
    --------
    The second was lost; the third, who was followed on, counts for both:

    >>> weigh_for_horizon(np.array([1.0, 2, 5]), np.array([1, 0, 0]), horizon=4).tolist()
    [1.0, 0.0, 2.0]
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event) == 1
    curve = compute_censoring_curve(time, event) if censoring is None else censoring
    happened = event & (time <= horizon)
    free = (time >= horizon) & ~happened
    chance = np.where(happened, curve.before(time), curve.before(horizon))
    known = (happened | free) & (chance > 0)
    return np.divide(1.0, chance, out=np.zeros(len(time)), where=known)


@dataclass(frozen=True, eq=False)
class HorizonCalibration:
    """Likelihoods of an event by a horizon beside the Kaplan–Meier curves of whoever had them.

    Parameters
    ----------
    slope : Estimate
        1 where likelihoods spread as they should, below 1 where they are too extreme.
    observed_over_expected : Estimate
        Events by the horizon over those predicted; 1 where they are neither too many nor too few.
    groups : DataFrame
        ``group``, ``patients``, ``events`` (by the horizon), ``predicted``, ``observed``, ``low``,
        ``high``: from the lowest likelihoods to the highest.
    """

    slope: Estimate
    observed_over_expected: Estimate
    groups: pd.DataFrame


def compute_horizon_calibration(
    time: np.ndarray,
    event: np.ndarray,
    likelihood: np.ndarray,
    *,
    horizon: float,
    most_groups: int = 5,
    level: float = 0.95,
) -> HorizonCalibration:
    """Compare likelihoods of an event by a horizon with how many had one.

    The slope is that of a Cox model of ``log(-log(1 - likelihood))`` with its Wald interval;
    observed are Kaplan–Meier estimates.

    Parameters
    ----------
    time, event, likelihood : array, shape (n_patients,)
        Held-out likelihoods.
    horizon : float
    most_groups : int
        As many groups of equal size as have `LEAST_IN_GROUP` patients each, up to this.
    level : float

    Source
    ------
    Crowson, Atkinson and Therneau 2016, Statistical Methods in Medical Research 25, 1692-1706
    (slope); McLernon et al. 2023, Annals of Internal Medicine 176, 105-114 (observed over
    expected).
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event)
    likelihood = np.asarray(likelihood, dtype=float)
    curve = compute_kaplan_meier(time, event)
    free = curve.estimate_at(horizon, level=level)
    expected = float(likelihood.mean())
    ratio = Estimate(
        (1 - free.value) / expected, (1 - free.high) / expected, (1 - free.low) / expected, level
    )
    score = np.log(-np.log1p(-np.clip(likelihood, 1e-12, 1 - 1e-12)))
    return HorizonCalibration(
        compute_slope_to(horizon, time, event, score, level=level),
        ratio,
        _compare_groups(time, event, likelihood, horizon, most_groups, level),
    )


def compute_slope_to(
    horizon: float, time: np.ndarray, event: np.ndarray, score: np.ndarray, *, level: float = 0.95
) -> Estimate:
    """Compute a score's weight in a Cox model of events up to a horizon, with its Wald interval.

    Parameters
    ----------
    horizon : float
    time, event : array, shape (n_patients,)
    score : array, shape (n_patients,)
        The logarithm of a hazard ratio, or ``log(-log(1 - likelihood))``.
    level : float

    Returns
    -------
    slope : Estimate
        NaN where all scores are the same, or nobody had the event.
    """
    event = np.where(np.asarray(time) <= horizon, event, 0)
    time = np.minimum(time, horizon)
    unknown = Estimate(float("nan"), float("nan"), float("nan"), level)
    if np.ptp(score) < 1e-9 or not event.any():
        return unknown
    slope = float(fit_cox(score[:, None], time, event, [1e-9])[0, 0])
    # The curvature of the partial likelihood at its top, by differences.
    step = 1e-3 / max(float(score.std()), 1e-12)
    sets = RiskSets.of(time, event)
    near = [
        compute_partial_likelihood(score * (slope + k * step), time, event, sets)
        for k in (-1, 0, 1)
    ]
    information = (2 * near[1] - near[0] - near[2]) / step**2
    if not information > 0:
        return unknown
    half = stats.norm.ppf((1 + level) / 2) / np.sqrt(information)
    return Estimate(slope, float(slope - half), float(slope + half), level)


def _compare_groups(
    time: np.ndarray,
    event: np.ndarray,
    likelihood: np.ndarray,
    horizon: float,
    most: int,
    level: float,
) -> pd.DataFrame:
    count = int(np.clip(len(time) // LEAST_IN_GROUP, 1, most))
    rows = []
    for number, members in enumerate(part_by_risk(likelihood, count)):
        free = compute_kaplan_meier(time[members], event[members]).estimate_at(horizon, level=level)
        rows.append(
            {
                "group": number + 1,
                "patients": len(members),
                "events": int(((event[members] == 1) & (time[members] <= horizon)).sum()),
                "predicted": float(likelihood[members].mean()),
                "observed": 1 - free.value,
                "low": 1 - free.high,
                "high": 1 - free.low,
            }
        )
    return pd.DataFrame(rows)


def part_by_risk(likelihood: np.ndarray, groups: int) -> list[np.ndarray]:
    """Part patients into groups of equal size, from the lowest likelihoods to the highest.

    Examples
    --------
    >>> [part.tolist() for part in part_by_risk(np.array([0.4, 0.1, 0.3, 0.2]), 2)]
    [[1, 3], [2, 0]]
    """
    return np.array_split(np.argsort(likelihood, kind="stable"), groups)
