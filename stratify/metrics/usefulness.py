"""Whether acting on likelihoods does more good than treating everybody, or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.metrics.arrays import check_probabilities
from stratify.metrics.drawing import DARK, INK, MID, make_figure, write_plainly
from stratify.metrics.resampling import are_enough, draw_patients
from stratify.metrics.thresholds import check_thresholds

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute_net_benefit(
    y: np.ndarray, probability: np.ndarray, thresholds: Sequence[float]
) -> np.ndarray:
    """Compute the net benefit of treating whoever's likelihood is at or above a threshold.

    ``TP / n - FP / n * t / (1 - t)``: responders treated, less the courses spent on others, a
    course in vain weighed by the odds of the threshold. Treating nobody has 0.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    probability : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, the mean over them.
    thresholds : sequence of float
        Between 0 and 1, the ends excluded.

    Returns
    -------
    net_benefit : array, shape (n_thresholds,)
        In responders a patient; at most the share of responders.

    Source
    ------
    Vickers and Elkin 2006, Medical Decision Making 26, 565-574.

    Examples
    --------
    >>> y, p = np.array([0, 0, 0, 1]), np.array([0.1, 0.6, 0.2, 0.7])
    >>> compute_net_benefit(y, p, [0.2, 0.5]).tolist()
    [0.125, 0.0]
    """
    y, probabilities = check_probabilities(y, probability)
    cuts = check_thresholds(thresholds)
    return _benefits(y, probabilities, cuts).mean(axis=1)


def _benefits(y: np.ndarray, probabilities: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return what each patient adds at each threshold, (n_thresholds, n_patients)."""
    called = (probabilities[:, None, :] >= cuts[:, None]).mean(axis=0)
    return called * _of_treating(y, cuts)


def _of_treating(y: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    return np.where(y == 1, 1.0, -(cuts / (1 - cuts))[:, None])


def compute_decision_curve(
    y: np.ndarray,
    probability: np.ndarray,
    thresholds: Sequence[float],
    *,
    seed: int,
    draws: int = 500,
    level: float = 0.95,
    groups: np.ndarray | None = None,
) -> pd.DataFrame:
    """Compute net benefit at stated thresholds, beside treating all and treating none.

    Thresholds are the likelihoods of response at which a clinician would be in two minds; state the
    range that can be defended, and do not pick the one at which a curve looks best.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    probability : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, net benefit is the mean over them.
    thresholds : sequence of float
        Between 0 and 1, the ends excluded.
    seed : int
    draws : int
        Bootstrap samples of patients; the model is held fixed.
    level : float
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together.

    Returns
    -------
    curve : DataFrame
        One row a threshold: ``threshold``; ``net_benefit``; ``treat_all``; ``treat_none`` (0);
        ``gain`` over the better of treating all and none, the number that says whether the model
        is of use; ``standardised`` (net benefit over the share of responders, at most 1). All but
        ``threshold`` and ``treat_none`` with ``_low`` and ``_high``.

    Source
    ------
    Vickers and Elkin 2006, Medical Decision Making 26, 565-574; Vickers et al. 2008, BMC Medical
    Informatics and Decision Making 8, 53 (intervals); Kerr et al. 2016, Journal of Clinical
    Oncology 34, 2534-2540 (standardised net benefit).

    Examples
    --------
    >>> y, p = np.array([0, 0, 0, 1] * 10), np.array([0.1, 0.6, 0.2, 0.7] * 10)
    >>> curve = compute_decision_curve(y, p, [0.2, 0.5], seed=0, draws=20)
    >>> curve[["threshold", "net_benefit", "treat_all", "gain"]].round(4).values.tolist()
    [[0.2, 0.125, 0.0625, 0.0625], [0.5, 0.0, -0.5, 0.0]]
    """
    y, probabilities = check_probabilities(y, probability)
    cuts = check_thresholds(thresholds)
    parts = np.stack([_benefits(y, probabilities, cuts), _of_treating(y, cuts)])
    whole = _figures(parts, y, np.arange(len(y)))
    rng = np.random.default_rng(seed)
    drawn = [_figures(parts, y, rows) for rows in draw_patients(rng, len(y), draws, groups)]
    tails = [(1 - level) / 2, (1 + level) / 2]
    curve = pd.DataFrame({"threshold": cuts, "treat_none": 0.0})
    for name, value in whole.items():
        curve[name] = value
        bounds = np.full((2, len(cuts)), np.nan)
        if are_enough(groups):
            bounds = np.nanquantile([figures[name] for figures in drawn], tails, axis=0)
        curve[f"{name}_low"], curve[f"{name}_high"] = bounds
    return curve


def _figures(parts: np.ndarray, y: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
    net_benefit, treat_all = parts[:, :, rows].mean(axis=2)
    share = y[rows].mean()
    return {
        "net_benefit": net_benefit,
        "treat_all": treat_all,
        "gain": net_benefit - np.maximum(treat_all, 0.0),
        "standardised": net_benefit / share if share else np.full(len(net_benefit), np.nan),
    }


def plot_decision_curve(curves: Mapping[str, pd.DataFrame], *, title: str = "") -> Figure:
    """Draw decision curves with their bands, and below them what each gains over all or none.

    Parameters
    ----------
    curves : mapping of model name to DataFrame
        Each from `compute_decision_curve`, of the same patients at the same thresholds.
    title : str

    Returns
    -------
    figure : Figure

    Raises
    ------
    DataError
        If the curves are not of the same patients: treating all would differ between them.
    """
    _require_same_patients(curves)
    figure, (above, below) = make_figure(5.8, 6.6, rows=(1.6, 1), title=title)
    first = next(iter(curves.values()))
    above.plot(first["threshold"], first["treat_all"], color=INK, linewidth=1.1, linestyle=":",
               label="treat all")  # fmt: skip
    looks = _looks(len(curves))
    for (name, curve), look in zip(curves.items(), looks, strict=True):
        for axes, column in ((above, "net_benefit"), (below, "gain")):
            x = curve["threshold"]
            axes.fill_between(x, curve[f"{column}_low"], curve[f"{column}_high"],
                              color=look["color"], alpha=0.18, linewidth=0)  # fmt: skip
            axes.plot(x, curve[column], linewidth=1.9, markersize=4, label=write_plainly(name),
                      **look)  # fmt: skip
    for axes in (above, below):
        axes.axhline(0, color=INK, linewidth=1, linestyle="--", label="treat none")
    # Where nobody is treated nothing is gained, and an axis still needs a height.
    top = max(0.01, *(float(curve["net_benefit_high"].max()) for curve in curves.values()))
    above.set(ylabel="net benefit (responders a patient)", ylim=(-0.35 * top, 1.1 * top))
    above.tick_params(labelbottom=False)
    above.legend(frameon=False, fontsize=8, loc="best")
    below.set(ylabel="gain over the better\nof all and none", xlabel="threshold of the likelihood")
    return figure


def _looks(count: int) -> list[dict[str, Any]]:
    colours, dashes, markers = (DARK, MID, INK), ("-", "--", "-."), ("o", "s", "^", "D", "v")
    return [
        {"color": colours[k % 3], "linestyle": dashes[k % 3], "marker": markers[k % 5]}
        for k in range(count)
    ]


def _require_same_patients(curves: Mapping[str, pd.DataFrame]) -> None:
    tables = [curve[["threshold", "treat_all"]].to_numpy() for curve in curves.values()]
    if not tables or any(
        table.shape != tables[0].shape or not np.allclose(table, tables[0]) for table in tables
    ):
        raise DataError(
            Fault(
                where="curves",
                met="thresholds or shares of responders that differ" if tables else "none",
                wanted="one or more curves of the same patients at the same thresholds",
                way_out="Compute each curve from the same outcomes and thresholds.",
            )
        )
