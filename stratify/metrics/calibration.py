"""How far likelihoods are from what became of the patients: a flexible curve, and its distances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import count_of
from stratify.metrics.arrays import check_scores
from stratify.metrics.drawing import DARK, INK, MID, make_figure, write_estimate
from stratify.metrics.estimates import Estimate
from stratify.metrics.logistic import fit_logistic
from stratify.metrics.resampling import FEWEST_GROUPS, are_enough, draw_patients

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DISTANCES = ("ici", "e50", "e90", "emax", "eci")
"""Mean, median, 90th percentile, largest distance of curve and likelihood; 100 mean squares."""

LEAST_PATIENTS = 100
LEAST_OF_EACH_CLASS = 30
LEAST_VALUES = 10
"""Different likelihoods of a repeat: a base rate takes as many as there are folds, and no curve."""
MOST_UNFITTED = 0.1
"""The share of samples without a fit beyond which a band of the others would flatter."""
# Where the third knot pays and where the fourth does: docs/decisions/0011.
FOUR_KNOTS_FROM = 400
QUANTILES = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95)}


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """A flexible calibration curve with its band, or why there is none.

    Parameters
    ----------
    table : DataFrame
        ``predicted`` (likelihood given), ``observed`` (share the curve expects there), ``low``,
        ``high`` (the band, point by point). Without rows where there is no curve.
    distances : dict of str to Estimate
        By the names of `DISTANCES`, in likelihood; ``eci`` is a mean square times 100. Empty where
        there is no curve.
    by_chance : dict of str to float
        What each distance would be on average, were the likelihoods exactly right. A distance is
        never negative, so that chance alone keeps it above 0.
    patients, events : int
    knots : tuple of float
        Of the spline, in log-odds.
    why_not : str
        Why there is no curve; empty where there is one.
    """

    table: pd.DataFrame
    distances: dict[str, Estimate]
    by_chance: dict[str, float]
    patients: int
    events: int
    knots: tuple[float, ...] = field(default=())
    why_not: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the distances: ``metric``, ``value``, ``low``, ``high``, ``by_chance``."""
        return pd.DataFrame(
            [(n, e.value, e.low, e.high, self.by_chance[n]) for n, e in self.distances.items()],
            columns=["metric", "value", "low", "high", "by_chance"],
        )

    def __repr__(self) -> str:
        if self.why_not:
            return f"CalibrationCurve(none: {self.why_not})"
        ici = self.distances["ici"]
        return (
            f"CalibrationCurve({self.patients} patients, {self.events} events; mean distance "
            f"{ici}, {self.by_chance['ici']:.3f} expected by chance)"
        )


def compute_calibration_curve(
    y: np.ndarray,
    log_odds: np.ndarray,
    *,
    seed: int,
    draws: int = 200,
    level: float = 0.95,
    points: int = 101,
    groups: np.ndarray | None = None,
) -> CalibrationCurve:
    """Fit the share of responders as a smooth function of the likelihood, where n allows.

    A logistic regression on restricted cubic splines of the log-odds: it stays between 0 and 1, is
    straight beyond its outer knots, and needs no bandwidth. It is drawn from 100 patients on, with
    30 of each class, ten for each of the three coefficients; below that only intercept and slope
    can be told (`compute_calibration`).

    There is no Hosmer-Lemeshow test, on purpose: its groups are arbitrary, its p-value says neither
    how far nor in which direction likelihoods are off, it misses much in small cohorts, and in
    large ones it rejects what does not matter.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, curve and distances are means over the repeats' own.
    seed : int
    draws : int
        Bootstrap samples of patients.
    level : float
    points : int
        Of the curve, from the 1st to the 99th percentile of the log-odds.
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together.

    Returns
    -------
    curve : CalibrationCurve
        A distance's interval begins at 0 where exact likelihoods would give as much in one study
        of twenty, else at the reflected (basic) bound, and ends at the percentile: neither of the
        usual ones covers a number that cannot be negative (docs/decisions/0011).

    Source
    ------
    Harrell 2015, Regression Modeling Strategies, sections 2.4.5 and 10.11; Austin and Steyerberg
    2019, Statistics in Medicine 38, 4051-4065 (ICI, E50, E90); Van Hoorde et al. 2015, Journal of
    Biomedical Informatics 54, 283-293 (ECI); Van Calster et al. 2019, BMC Medicine 17, 230 (against
    Hosmer-Lemeshow).

    Examples
    --------
    >>> y = np.array([0, 1] * 20)
    >>> compute_calibration_curve(y, np.linspace(-1, 1, 40), seed=0)
    CalibrationCurve(none: 40 patients; a curve needs 100)
    """
    y, scores = check_scores(y, log_odds, "log_odds")
    knots = _place_knots(scores)
    patients, events = len(y), int(y.sum())
    none = _why_not(y, scores, knots)
    if not none and not are_enough(groups):
        none = f"a band of so few groups kept together, fewer than {FEWEST_GROUPS}, is too short"
    fits = [] if none else [_Fit(scores, y, knots)]
    if fits and np.isnan(fits[0].curves).any():
        none = "the classes are separated, so that no curve can be fitted"
    if none:
        return _without_curve(patients, events, none)
    first, last = np.quantile(scores, [0.01, 0.99])
    grid = np.linspace(first, last, points)
    rng = np.random.default_rng(seed)
    whole, drawn = fits[0], []
    for rows in draw_patients(rng, patients, draws, groups):
        drawn.append(_Fit(scores[:, rows], y[rows], knots))
    if np.isnan([fit.curves for fit in drawn]).any(axis=(1, 2)).mean() > MOST_UNFITTED:
        return _without_curve(
            patients, events, "no curve can be fitted to many samples of these patients"
        )
    mean = expit(scores).mean(axis=0)
    exact = [_Fit(scores, (rng.random(patients) < mean).astype(int), knots) for _ in range(draws)]
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile([fit.trace(grid) for fit in drawn], tails, axis=0)
    return CalibrationCurve(
        table=pd.DataFrame(
            {"predicted": expit(grid), "observed": whole.trace(grid), "low": low, "high": high}
        ),
        distances=_bound_distances(whole, drawn, exact, level),
        by_chance={
            name: float(np.nanmean([fit.distances[name] for fit in exact])) for name in DISTANCES
        },
        patients=patients,
        events=events,
        knots=tuple(float(knot) for knot in knots),
    )


def _without_curve(patients: int, events: int, why_not: str) -> CalibrationCurve:
    empty = pd.DataFrame(columns=["predicted", "observed", "low", "high"], dtype=float)
    return CalibrationCurve(empty, {}, {}, patients, events, why_not=why_not)


def _why_not(y: np.ndarray, scores: np.ndarray, knots: np.ndarray) -> str:
    rarer = int(min(y.sum(), (1 - y).sum()))
    if len(y) < LEAST_PATIENTS:
        return f"{count_of(len(y), 'patient')}; a curve needs {LEAST_PATIENTS}"
    if rarer < LEAST_OF_EACH_CLASS:
        return (
            f"{count_of(rarer, 'patient')} of the rarer class; a curve needs {LEAST_OF_EACH_CLASS}"
        )
    values = min(len(np.unique(row.round(9))) for row in scores)
    if len(knots) < 3 or values < LEAST_VALUES:
        return "the likelihoods take too few values for a curve"
    return ""


def _place_knots(scores: np.ndarray) -> np.ndarray:
    count = 4 if scores.shape[1] >= FOUR_KNOTS_FROM else 3
    return np.unique(np.quantile(scores, QUANTILES[count])) if scores.size else np.empty(0)


class _Fit:
    """The curves of one sample of patients, one a repeat."""

    def __init__(self, scores: np.ndarray, y: np.ndarray, knots: np.ndarray) -> None:
        self.knots = knots
        self.curves = np.array([fit_logistic(make_spline(row, knots), y)[0] for row in scores])
        away = np.abs(
            [
                expit(row) - expit(make_spline(row, knots) @ curve)
                for row, curve in zip(scores, self.curves, strict=True)
            ]
        )
        parts = (
            away.mean(axis=1),
            np.median(away, axis=1),
            np.quantile(away, 0.9, axis=1),
            away.max(axis=1),
            100 * (away**2).mean(axis=1),
        )
        self.distances = {
            name: float(part.mean()) for name, part in zip(DISTANCES, parts, strict=True)
        }

    def trace(self, grid: np.ndarray) -> np.ndarray:
        """Return the mean curve at log-odds of a grid."""
        return expit(make_spline(grid, self.knots) @ self.curves.T).mean(axis=1)


def make_spline(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Make the columns of a restricted cubic spline, the one of ones first.

    Parameters
    ----------
    x : array, shape (n_points,)
    knots : array, shape (n_knots,)
        Three or more, increasing. Beyond the outer two the spline is straight.

    Returns
    -------
    columns : array, shape (n_points, n_knots)

    Source
    ------
    Harrell 2015, Regression Modeling Strategies, section 2.4.5.

    Examples
    --------
    >>> make_spline(np.array([-1.0, 0.5]), np.array([0.0, 1.0, 2.0])).tolist()
    [[1.0, -1.0, 0.0], [1.0, 0.5, 0.03125]]
    """
    first, before, last = knots[0], knots[-2], knots[-1]

    def cube(values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0) ** 3

    columns = [np.ones_like(x), x]
    for knot in knots[:-2]:
        bend = cube(x - knot)
        bend -= cube(x - before) * (last - knot) / (last - before)
        bend += cube(x - last) * (before - knot) / (last - before)
        columns.append(bend / (last - first) ** 2)
    return np.column_stack(columns)


def _bound_distances(
    whole: _Fit, drawn: list[_Fit], exact: list[_Fit], level: float
) -> dict[str, Estimate]:
    bounded = {}
    for name in DISTANCES:
        value = whole.distances[name]
        high = np.nanquantile([fit.distances[name] for fit in drawn], (1 + level) / 2)
        as_exact = value <= np.nanquantile([fit.distances[name] for fit in exact], level)
        start = 0.0 if as_exact else max(0.0, 2 * value - high)
        bounded[name] = Estimate(value, float(start), float(max(high, value)), level)
    return bounded


def plot_calibration_curve(curve: CalibrationCurve, *, title: str = "") -> Figure:
    """Draw the curve with its band and the diagonal; where there is none, say why.

    Parameters
    ----------
    curve : CalibrationCurve
    title : str

    Returns
    -------
    figure : Figure
    """
    figure, (axes,) = make_figure(4.8, 4.8, title=title)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="as it should be")
    if curve.why_not:
        axes.text(1.0, 0.08, f"no curve:\n{curve.why_not}", ha="right", fontsize=9)
    else:
        table, ici = curve.table, curve.distances["ici"]
        level = f"{100 * ici.level:g} %"
        axes.fill_between(
            table["predicted"], table["low"], table["high"], color=MID, alpha=0.3, linewidth=0,
            label=f"{level} band",
        )  # fmt: skip
        label = f"{curve.patients} patients, {curve.events} with the outcome\n"
        label += f"mean distance {write_estimate(ici)}\nby chance {curve.by_chance['ici']:.2f}"
        axes.plot(table["predicted"], table["observed"], color=DARK, linewidth=2.2, label=label)
    axes.set(
        xlabel="likelihood given",
        ylabel="share with the outcome",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
    )
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    return figure
