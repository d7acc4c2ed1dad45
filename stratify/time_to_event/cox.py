"""The proportional hazards model with a ridge penalty, and its hazard of nobody in particular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_TOLERANCE = 1e-9
_MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Who was at risk when each event happened; several at one time by Efron's way.

    Parameters
    ----------
    order : array of int, shape (n_patients,)
        Positions from the latest time to the earliest.
    events : array of int, shape (n_events,)
        Positions of those with an event.
    times : array, shape (n_events,)
        When it was.
    count : array of int, shape (n_events,)
        How many of ``order`` were at risk.
    tie : array of int, shape (n_events,)
        Events at the same time have the same number.
    share : array, shape (n_events,)
        The share of those tied that counts as gone already: 0, 1/d, ... (d - 1)/d.
    reached : array of int, shape (n_patients,)
        How many events each patient was at risk of, their own among them.
    """

    order: np.ndarray
    events: np.ndarray
    times: np.ndarray
    count: np.ndarray
    tie: np.ndarray
    share: np.ndarray
    reached: np.ndarray

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray) -> RiskSets:
        """Make the risk sets of patients."""
        time, event = np.asarray(time, dtype=float), np.asarray(event)
        happened = np.flatnonzero(event == 1)
        events = happened[np.argsort(time[happened], kind="stable")]
        times = time[events]
        _, tie, size = np.unique(times, return_inverse=True, return_counts=True)
        first = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else size
        return cls(
            order=np.argsort(-time, kind="stable"),
            events=events,
            times=times,
            count=len(time) - np.searchsorted(np.sort(time), times, side="left"),
            tie=tie,
            share=(np.arange(len(events)) - first[tie]) / size[tie],
            reached=np.searchsorted(times, time, side="right"),
        )

    def sum_at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum what patients have over those at risk of each event, shape (n_events, ...)."""
        whole = np.cumsum(values[self.order], axis=0)[self.count - 1]
        tied = np.zeros((self.tie.max(initial=-1) + 1, *values.shape[1:]))
        np.add.at(tied, self.tie, values[self.events])
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        return whole - share * tied[self.tie]

    def expect(self, hazard: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
        """Return how many events each patient was expected to have, shape (n_patients,)."""
        every = np.concatenate([[0.0], np.cumsum(1 / at_risk)])[self.reached]
        own = np.zeros(len(hazard))
        tied = np.bincount(self.tie, self.share / at_risk) if len(self.tie) else np.zeros(0)
        own[self.events] = tied[self.tie]
        return hazard * (every - own)


def compute_partial_likelihood(
    score: np.ndarray, time: np.ndarray, event: np.ndarray, sets: RiskSets | None = None
) -> float:
    """Compute the logarithm of Cox's partial likelihood, ties by Efron's way.

    Parameters
    ----------
    score : array, shape (n_patients,)
        The logarithm of the hazard ratio.
    time, event : array, shape (n_patients,)
    sets : RiskSets, optional
        Of these patients, where they are at hand.

    Source
    ------
    Efron 1977, JASA 72, 557-565.

    Examples
    --------
    Of two, either may be the first; the second has no choice:

    >>> value = compute_partial_likelihood(np.zeros(2), np.array([1.0, 2.0]), np.ones(2))
    >>> bool(np.isclose(value, -np.log(2)))
    True
    """
    sets = RiskSets.of(time, event) if sets is None else sets
    top = score.max(initial=0.0)
    at_risk = sets.sum_at_risk(np.exp(score - top))
    return float((score[sets.events] - top - np.log(at_risk)).sum())


def fit_cox(
    X: np.ndarray, time: np.ndarray, event: np.ndarray, penalties: Sequence[float]
) -> np.ndarray:
    """Fit Cox's model with a ridge penalty, for each of several penalties.

    It maximises the partial likelihood, ties by Efron's way, less ``penalty / 2`` times the sum of
    squared weights, by Newton's method.

    Parameters
    ----------
    X : array, shape (n_patients, n_columns)
        Not wider than it is long (`stratify.solvers.reduce_rows`).
    time, event : array, shape (n_patients,)
    penalties : sequence of float
        Above 0, or 0 where the columns cannot order the events perfectly.

    Returns
    -------
    weights : array, shape (n_penalties, n_columns)

    Source
    ------
    Verweij and van Houwelingen 1994, Statistics in Medicine 13, 2427-2436.

    Examples
    --------
    Who has a higher value relapses sooner; a strong penalty says so less loudly:

    >>> X = np.array([[3.0], [1.0], [2.0], [0.0]])
    >>> time, event = np.array([1.0, 2, 3, 4]), np.array([1, 1, 1, 0])
    >>> fit_cox(X, time, event, [0.1, 10]).round(2).tolist()
    [[1.05], [0.19]]
    """
    sets = RiskSets.of(time, event)
    weights = np.zeros((len(penalties), X.shape[1]))
    start = np.zeros(X.shape[1])
    # From the strongest, so that each begins near its end.
    for k in np.argsort(penalties)[::-1]:
        start = weights[k] = _climb(X, sets, float(penalties[k]), start)
    return weights


def _climb(X: np.ndarray, sets: RiskSets, penalty: float, start: np.ndarray) -> np.ndarray:
    weights = start
    value = _objective(X, sets, penalty, weights)
    for _ in range(_MOST_STEPS):
        gradient, curvature = _differentiate(X, sets, penalty, weights)
        step = np.linalg.lstsq(curvature, gradient)[0]
        gain = float(gradient @ step)
        if gain <= _TOLERANCE**2 * max(abs(value), 1.0):
            break
        size = 1.0
        while size > 1e-8:
            new = weights + size * step
            reached = _objective(X, sets, penalty, new)
            if reached >= value + 1e-4 * size * gain:
                break
            size /= 2
        else:
            break
        weights, value = new, reached
    return weights


def _objective(X: np.ndarray, sets: RiskSets, penalty: float, weights: np.ndarray) -> float:
    score = X @ weights
    top = score.max(initial=0.0)
    at_risk = sets.sum_at_risk(np.exp(score - top))
    fit = (score[sets.events] - top - np.log(at_risk)).sum()
    return float(fit - penalty / 2 * weights @ weights)


def _differentiate(
    X: np.ndarray, sets: RiskSets, penalty: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient, and the curvature turned positive."""
    score = X @ weights
    hazard = np.exp(score - score.max(initial=0.0))
    at_risk = sets.sum_at_risk(hazard)
    expected = sets.expect(hazard, at_risk)
    mean = sets.sum_at_risk(hazard[:, None] * X) / at_risk[:, None]
    left = -expected
    left[sets.events] += 1
    curvature = X.T @ (expected[:, None] * X) - mean.T @ mean
    return X.T @ left - penalty * weights, curvature + penalty * np.eye(X.shape[1])


@dataclass(frozen=True, eq=False)
class BaselineHazard:
    """The cumulative hazard of a patient whose score is 0, as a step function of time.

    Parameters
    ----------
    times, cumulative : array, shape (n_steps,)
    """

    times: np.ndarray
    cumulative: np.ndarray

    def at(self, time: float) -> float:
        """Return the cumulative hazard at a time."""
        place = np.searchsorted(self.times, time, side="right")
        return float(np.concatenate([[0.0], self.cumulative])[place])

    def predict(self, score: np.ndarray, time: float) -> np.ndarray:
        """Return the likelihood of an event by a time, for each score.

        Examples
        --------
        >>> hazard = BaselineHazard(np.array([10.0]), np.array([np.log(2)]))
        >>> hazard.predict(np.array([0.0, np.log(2)]), 30).tolist()
        [0.5, 0.75]
        """
        return -np.expm1(-self.at(time) * np.exp(score))


def compute_baseline_hazard(
    score: np.ndarray, time: np.ndarray, event: np.ndarray
) -> BaselineHazard:
    """Compute the cumulative hazard of a patient whose score is 0, ties by Efron's way.

    Parameters
    ----------
    score : array, shape (n_patients,)
        The logarithm of the hazard ratio.
    time, event : array, shape (n_patients,)

    Examples
    --------
    >>> hazard = compute_baseline_hazard(np.zeros(2), np.array([5.0, 9.0]), np.array([1, 1]))
    >>> hazard.cumulative.tolist()
    [0.5, 1.5]
    """
    sets = RiskSets.of(time, event)
    return BaselineHazard(sets.times, np.cumsum(1 / sets.sum_at_risk(np.exp(score))))
