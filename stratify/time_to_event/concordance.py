"""Are those with the higher risk the sooner to have an event? Counted in pairs of patients."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stratify.time_to_event.curves import SurvivalCurve, compute_censoring_curve

Pairs = Literal["harrell", "uno", "horizon"]


def compute_harrell_c(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> float:
    """Compute the share of comparable pairs in which the higher risk has the sooner event.

    A pair is comparable where it is known who was first. Equal risks count half. Where many are
    censored late and few early, it depends on who was censored; `compute_uno_c` does so less.

    Parameters
    ----------
    time, event, risk : array, shape (n_patients,)

    Returns
    -------
    c : float
        NaN without a comparable pair.

    Source
    ------
    Harrell et al. 1982, JAMA 247, 2543-2546.

    Examples
    --------
    Four pairs are comparable: the first patient with each other, and the third with the fourth, who
    was followed longer. Three of them are in order:

    >>> compute_harrell_c(np.array([1, 2, 3, 4]), np.array([1, 0, 1, 0]), np.array([4, 3, 1, 2]))
    0.75
    """
    return _compute("harrell", time, event, risk)


def compute_uno_c(
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    *,
    horizon: float | None = None,
    censoring: SurvivalCurve | None = None,
) -> float:
    """Compute the concordance up to a horizon as it would be if nobody were censored.

    Each pair counts as much as the sooner of the two had little chance to be still followed,
    squared.

    Parameters
    ----------
    time, event, risk : array, shape (n_patients,)
    horizon : float, optional
        Events later than it do not count as the sooner.
    censoring : SurvivalCurve, optional
        Who is still followed; of these patients, where none is given.

    Source
    ------
    Uno et al. 2011, Statistics in Medicine 30, 1105-1117.

    Examples
    --------
    Without censoring it is Harrell's:

    >>> compute_uno_c(np.array([1, 2, 3]), np.array([1, 1, 1]), np.array([3, 1, 2])).__round__(3)
    0.667
    """
    return _compute("uno", time, event, risk, horizon=horizon, censoring=censoring)


def compute_auc_at(
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    *,
    horizon: float,
    censoring: SurvivalCurve | None = None,
) -> float:
    """Compute the AUC of who had an event by a horizon against who was followed to it without one.

    Parameters
    ----------
    time, event, risk : array, shape (n_patients,)
    horizon : float
    censoring : SurvivalCurve, optional
        As for `compute_uno_c`.

    Source
    ------
    Hung and Chiang 2010, Canadian Journal of Statistics 38, 8-26 (cumulative cases, dynamic
    controls, weighted by the inverse of the chance to be still followed).

    Examples
    --------
    >>> time, event = np.array([1, 2, 3, 4]), np.array([1, 1, 0, 0])
    >>> compute_auc_at(time, event, np.array([3, 1, 2, 0]), horizon=3)
    0.75
    """
    return _compute("horizon", time, event, risk, horizon=horizon, censoring=censoring)


def weigh_pairs(
    pairs: Pairs,
    time: np.ndarray,
    event: np.ndarray,
    *,
    horizon: float | None = None,
    censoring: SurvivalCurve | None = None,
) -> np.ndarray:
    """Return how much each pair of patients counts, shape (n_patients, n_patients).

    Parameters
    ----------
    pairs : {"harrell", "uno", "horizon"}
    time, event : array, shape (n_patients,)
    horizon : float, optional
        Needed for "horizon".
    censoring : SurvivalCurve, optional

    Returns
    -------
    weight : array
        In row i and column j, that i should have the higher risk than j; 0 where it is not known.
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event) == 1
    end = np.inf if horizon is None else horizon
    sooner = event & (time <= end)
    if pairs == "harrell":
        return (_is_first(time, event) & event[:, None]).astype(float)
    curve = compute_censoring_curve(time, event) if censoring is None else censoring
    chance = curve.before(time)
    share = np.divide(1.0, chance, out=np.zeros(len(time)), where=sooner & (chance > 0))
    if pairs == "uno":
        return _is_first(time, event) * share[:, None] ** 2
    # Those who were followed to the horizon all count alike.
    free = (time >= end) & ~sooner
    return share[:, None] * free[None, :]


def compute_weighted_concordance(
    weight: np.ndarray, risk: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add up the pairs in order, and all that count, of many samples of patients.

    Parameters
    ----------
    weight : array, shape (n_patients, n_patients)
        As `weigh_pairs` returns it.
    risk : array, shape (n_patients,)
    counts : array, shape (n_samples, n_patients)
        How often each patient is in a sample.

    Returns
    -------
    in_order, all_pairs : array, shape (n_samples,)
    """
    wins = np.sign(risk[:, None] - risk[None, :]) / 2 + 0.5
    counts = np.asarray(counts, dtype=float)
    in_order = ((counts @ (weight * wins)) * counts).sum(axis=1)
    return in_order, ((counts @ weight) * counts).sum(axis=1)


def _is_first(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Tell of each pair whether the first of it was sooner; who is censored then came later."""
    same = (time[:, None] == time[None, :]) & ~event[None, :]
    return (time[:, None] < time[None, :]) | same


def _compute(
    pairs: Pairs,
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    *,
    horizon: float | None = None,
    censoring: SurvivalCurve | None = None,
) -> float:
    weight = weigh_pairs(pairs, time, event, horizon=horizon, censoring=censoring)
    risk = np.asarray(risk, dtype=float)
    in_order, every = compute_weighted_concordance(weight, risk, np.ones((1, len(risk))))
    return float(in_order[0] / every[0]) if every[0] > 0 else float("nan")
