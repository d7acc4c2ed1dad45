"""Held-out predictions judged on patients left out of a bootstrap: one model, the best of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from stratify.errors import DataError, Fault
from stratify.metrics.estimates import Estimate
from stratify.metrics.resampling import are_enough, draw_patients

Figure = Callable[[np.ndarray], np.ndarray]
"""Takes weights of patients, (n_samples, n_patients), and returns a figure of each sample.

`stratify.metrics.weighted` has those of AUC and of means.
"""


@dataclass(frozen=True, eq=False)
class BestOf:
    """The best of several models, and how good it is once the choosing is accounted for.

    Parameters
    ----------
    name : str
        The best on all patients.
    apparent : float
        Its figure there; too good, since it was chosen by it.
    corrected : Estimate
        What the best of a sample reaches on the patients left out of that sample.
    chosen : dict of str to float
        In what share of the samples each model was the best: near one another, they are not told
        apart.
    """

    name: str
    apparent: float
    corrected: Estimate
    chosen: dict[str, float]

    @property
    def optimism(self) -> float:
        """Return by how much choosing flattered."""
        return self.apparent - self.corrected.value

    def __str__(self) -> str:
        return (
            f"{self.name}, best of {len(self.chosen)}: {self.corrected}; "
            f"{self.apparent:.3f} before correction"
        )


def compute_out_of_bag_interval(
    figure: Figure,
    n_patients: int,
    *,
    seed: int,
    draws: int = 500,
    level: float = 0.95,
    groups: np.ndarray | None = None,
) -> Estimate:
    """Compute a figure of out-of-fold predictions with an interval that knows folds share patients.

    Each draw leaves out about 37 % of the patients, and the figure is taken of those: the interval
    is a third wider than the plain bootstrap's. The plain one holds the models fixed, but a cohort
    in which the outcome happens to be easy also trains better models, so that cross-validated
    figures vary more than their patients do. The widening is the method's own and not estimated;
    `benchmarks/interval_coverage.py` shows that it suits cohorts of 50 to 400 patients.

    Parameters
    ----------
    figure : callable
        As `Figure`, of out-of-fold predictions.
    n_patients : int
    seed : int
    draws : int
    level : float
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn, and left out, together.

    Returns
    -------
    estimate : Estimate
        The figure of all patients, and percentiles of the draws. Without bounds where half of the
        draws have no figure, and where there are fewer than five groups.

    Source
    ------
    Tsamardinos, Greasidou and Borboudakis 2018, Machine Learning 107, 1895-1922 (BBC-CV, with one
    configuration).

    Examples
    --------
    >>> errors = np.linspace(0, 1, 101)
    >>> from stratify.metrics import compute_weighted_mean
    >>> print(compute_out_of_bag_interval(lambda w: compute_weighted_mean(errors, w), 101, seed=0))
    0.500 (95 % interval 0.429 to 0.568)
    """
    value = float(figure(np.ones((1, n_patients)))[0])
    if not are_enough(groups):
        return Estimate(value, float("nan"), float("nan"), level)
    _, left_out = _draw(n_patients, seed, draws, groups)
    return _bound(value, figure(left_out), level)


def compute_out_of_bag_variance(
    figure: Figure,
    n_patients: int,
    *,
    seed: int,
    draws: int = 500,
    groups: np.ndarray | None = None,
) -> tuple[float, float]:
    """Compute a figure of out-of-fold predictions with the variance behind its interval.

    Parameters
    ----------
    figure, n_patients, seed, draws, groups
        As for `compute_out_of_bag_interval`.

    Returns
    -------
    value : float
    variance : float
        Of the figure over the draws; NaN where half of them have none, or groups are too few.

    Examples
    --------
    >>> errors = np.linspace(0, 1, 101)
    >>> from stratify.metrics import compute_weighted_mean
    >>> found = compute_out_of_bag_variance(lambda w: compute_weighted_mean(errors, w), 101, seed=0)
    >>> round(found[0], 3), round(found[1] ** 0.5, 3)
    (0.5, 0.037)
    """
    value = float(figure(np.ones((1, n_patients)))[0])
    if not are_enough(groups):
        return value, float("nan")
    drawn = figure(_draw(n_patients, seed, draws, groups)[1])
    known = drawn[np.isfinite(drawn)]
    return value, float(known.var(ddof=1)) if len(known) >= draws / 2 else float("nan")


def compute_best_of(
    figures: Mapping[str, Figure],
    n_patients: int,
    *,
    seed: int,
    greatest: bool = True,
    draws: int = 500,
    level: float = 0.95,
    groups: np.ndarray | None = None,
) -> BestOf:
    """Choose the best of several models and say how good the chosen one is.

    In each draw the best on the sampled patients is judged on those left out; no model is fitted
    again. With one model the interval is that of `compute_out_of_bag_interval`.

    Parameters
    ----------
    figures : mapping of name to callable
        Each as `Figure`, of the same patients' out-of-fold predictions on the same folds.
    n_patients, seed, draws, level, groups
        As for `compute_out_of_bag_interval`.
    greatest : bool
        Whether the greatest figure is the best, as of the AUC, or the least, as of the log loss.

    Raises
    ------
    DataError
        If there is no model.

    Source
    ------
    Tsamardinos, Greasidou and Borboudakis 2018, Machine Learning 107, 1895-1922.

    Examples
    --------
    Of two models that are both right half the time, the luckier one looks better than that:

    >>> from functools import partial
    >>> from stratify.metrics import compute_weighted_mean
    >>> right = np.random.default_rng(4).integers(0, 2, (2, 60))
    >>> figures = {name: partial(compute_weighted_mean, r) for name, r in zip("ab", right)}
    >>> print(compute_best_of(figures, 60, seed=0))
    a, best of 2: 0.537 (95 % interval 0.327 to 0.711); 0.567 before correction
    """
    names = list(figures)
    if not names:
        raise DataError(
            Fault(
                where="figures",
                met="no model",
                wanted="one or more",
                way_out="Pass the out-of-fold figures of the models that were tried.",
            )
        )
    sign = 1.0 if greatest else -1.0
    whole = np.array([figures[name](np.ones((1, n_patients)))[0] for name in names])
    drawn, left_out = _draw(n_patients, seed, draws, groups)
    inside = np.array([figures[name](drawn) for name in names])
    outside = np.array([figures[name](left_out) for name in names])
    told = ~np.isnan(inside).all(axis=0)
    winner = np.nanargmax(sign * inside[:, told], axis=0)
    judged = outside[:, told][winner, np.arange(told.sum())]
    best = int(np.nanargmax(sign * whole))
    mean = float(np.nanmean(judged)) if np.isfinite(judged).any() else float("nan")
    corrected = _bound(mean, judged, level, draws)
    if not are_enough(groups):
        corrected = replace(corrected, low=float("nan"), high=float("nan"))
    shares = np.bincount(winner, minlength=len(names)) / max(told.sum(), 1)
    return BestOf(
        name=names[best],
        apparent=float(whole[best]),
        corrected=corrected,
        chosen={name: float(share) for name, share in zip(names, shares, strict=True)},
    )


def _draw(
    n_patients: int, seed: int, draws: int, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each patient is in each draw, and who is left out of it."""
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [
            np.bincount(rows, minlength=n_patients)
            for rows in draw_patients(rng, n_patients, draws, groups)
        ]
    )
    return drawn, (drawn == 0).astype(int)


def _bound(value: float, drawn: np.ndarray, level: float, draws: int | None = None) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(known) < (draws or len(drawn)) / 2:
        return Estimate(value, float("nan"), float("nan"), level)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), level)
