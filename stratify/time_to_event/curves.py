"""The Kaplan–Meier curve: how many are still free of an event, where some are censored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from stratify.metrics import Estimate


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """Who is still free of the event, as a step function of time.

    Parameters
    ----------
    times : array, shape (n_steps,)
        When events happened, each once, in order.
    free : array, shape (n_steps,)
        The share free of the event from then on.
    spread : array, shape (n_steps,)
        Greenwood's sum: the variance of the logarithm of ``free``.
    at_risk : array of int, shape (n_steps,)
        How many were followed up to then.
    """

    times: np.ndarray
    free: np.ndarray
    spread: np.ndarray
    at_risk: np.ndarray

    def at(self, time: np.ndarray | float) -> np.ndarray:
        """Return the share free of the event once what happens at a time has happened."""
        place = np.searchsorted(self.times, time, side="right")
        return np.concatenate([[1.0], self.free])[place]

    def before(self, time: np.ndarray | float) -> np.ndarray:
        """Return the share free of the event just before a time."""
        place = np.searchsorted(self.times, time, side="left")
        return np.concatenate([[1.0], self.free])[place]

    def estimate_at(self, time: float, *, level: float = 0.95) -> Estimate:
        """Return the share free of the event at a time with its interval.

        Parameters
        ----------
        time : float
        level : float

        Returns
        -------
        free : Estimate
            The interval is on the log-log scale, which keeps it between 0 and 1; without bounds
            before the first event, and where nobody is left.

        Source
        ------
        Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 1.4.
        """
        free = float(self.at(time))
        place = np.searchsorted(self.times, time, side="right") - 1
        if not 0 < free < 1:
            return Estimate(free, float("nan"), float("nan"), level)
        log = np.log(free)
        half = stats.norm.ppf((1 + level) / 2) * np.sqrt(self.spread[place]) / abs(log)
        return Estimate(
            free, float(np.exp(log * np.exp(half))), float(np.exp(log * np.exp(-half))), level
        )


def compute_kaplan_meier(time: np.ndarray, event: np.ndarray) -> SurvivalCurve:
    """Compute the Kaplan–Meier curve.

    Whoever is censored at the time of an event was at risk of it.

    Parameters
    ----------
    time : array, shape (n_patients,)
    event : array of 0 and 1, shape (n_patients,)
        1 for an event then, 0 for whose follow-up ended then without one.

    Source
    ------
    Kaplan and Meier 1958, JASA 53, 457-481.

    Examples
    --------
    Of four, one relapses at 1 and one at 3; one is lost at 2:

    >>> curve = compute_kaplan_meier(np.array([1.0, 2, 3, 4]), np.array([1, 0, 1, 0]))
    >>> curve.at(np.array([0.5, 1, 2.5, 3])).tolist()
    [1.0, 0.75, 0.75, 0.375]
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event)
    return _make_curve(time, event == 1, np.zeros(len(time), dtype=bool))


def compute_censoring_curve(time: np.ndarray, event: np.ndarray) -> SurvivalCurve:
    """Compute how many are still followed: the Kaplan–Meier curve of being censored.

    Who has an event at the time that another is censored was no longer at risk of being censored.

    Parameters
    ----------
    time, event
        As for `compute_kaplan_meier`.

    Examples
    --------
    >>> curve = compute_censoring_curve(np.array([1.0, 2, 2, 4]), np.array([1, 0, 1, 0]))
    >>> curve.before(np.array([2.0, 3.0])).tolist()
    [1.0, 0.5]
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event)
    return _make_curve(time, event == 0, event == 1)


def _make_curve(time: np.ndarray, happened: np.ndarray, gone: np.ndarray) -> SurvivalCurve:
    """Make a curve of what happened; who is ``gone`` at the same time is at risk no longer."""
    times, counts = np.unique(time[happened], return_counts=True)
    later = len(time) - np.searchsorted(np.sort(time), times, side="left")
    same = np.searchsorted(np.sort(time[gone]), times, side="right") - np.searchsorted(
        np.sort(time[gone]), times, side="left"
    )
    at_risk = later - same
    left = at_risk - counts
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.cumsum(np.where(left > 0, counts / (at_risk * left), np.inf))
    return SurvivalCurve(times, np.cumprod(left / at_risk), spread, at_risk)
