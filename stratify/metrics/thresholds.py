"""What happens at a stated threshold: who is called, and how often rightly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.metrics.arrays import check_probabilities
from stratify.metrics.drawing import DARK, MID, make_figure
from stratify.metrics.proportions import compute_balanced, compute_wilson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = ("sensitivity", "specificity", "ppv", "npv")


def compute_at_thresholds(
    y: np.ndarray,
    probability: np.ndarray,
    thresholds: Sequence[float],
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count who is called a responder at each threshold, and how often that is right.

    A likelihood at or above the threshold is called, as in decision curves. A threshold is a
    clinical choice made beforehand; one chosen on the same patients flatters.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    probability : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, counts are means over them, so that patients are counted once.
    thresholds : sequence of float
        Between 0 and 1, the ends excluded.
    level : float
        Of Wilson's intervals, which hold the model fixed.

    Returns
    -------
    table : DataFrame
        One row a threshold: ``threshold``, ``patients``, ``called`` (at or above it),
        ``sensitivity``, ``specificity``, ``ppv``, ``npv`` and ``balanced_accuracy``, each with
        ``_low`` and ``_high``. NaN where there is nobody to take a share of. PPV and NPV hold for
        this share of responders.

    Raises
    ------
    DataError
        If a threshold is not between 0 and 1.

    Source
    ------
    Altman and Bland 1994, BMJ 308, 1552 and 309, 102; Wilson 1927, JASA 22(158), 209-212; Zou and
    Donner 2008, Statistics in Medicine 27, 1693-1702 (the limits of balanced accuracy).

    Examples
    --------
    >>> table = compute_at_thresholds(np.array([0, 0, 0, 1]), np.array([0.1, 0.6, 0.2, 0.7]), [0.5])
    >>> table[["called", "sensitivity", "ppv", "npv"]].values.tolist()
    [[2.0, 1.0, 0.5, 1.0]]
    """
    y, probabilities = check_probabilities(y, probability)
    cuts = check_thresholds(thresholds)
    positives, negatives = int(y.sum()), int((1 - y).sum())
    called = probabilities[:, None, :] >= cuts[:, None]
    true = (called & (y == 1)).sum(axis=2).mean(axis=0)
    false = (called & (y == 0)).sum(axis=2).mean(axis=0)
    counts = {
        "sensitivity": (true, np.full(len(cuts), positives)),
        "specificity": (negatives - false, np.full(len(cuts), negatives)),
        "ppv": (true, true + false),
        "npv": (negatives - false, len(y) - true - false),
    }
    table = pd.DataFrame({"threshold": cuts, "patients": len(y), "called": true + false})
    for name in SHARES:
        part, whole = counts[name]
        share = np.divide(part, whole, out=np.full(len(cuts), np.nan), where=whole > 0)
        table[name] = share
        table[f"{name}_low"], table[f"{name}_high"] = compute_wilson(share, whole, level)
    rightly = tuple(table[name].to_numpy() for name in SHARES[:2])
    wholes = tuple(counts[name][1] for name in SHARES[:2])
    both = compute_balanced(rightly, wholes, level)
    for suffix, part in zip(("", "_low", "_high"), both, strict=True):
        table[f"balanced_accuracy{suffix}"] = part
    return table


def check_thresholds(thresholds: Sequence[float]) -> np.ndarray:
    """Return thresholds as an array, each between 0 and 1, the ends excluded.

    Examples
    --------
    >>> check_thresholds([0.2, 0.5])
    array([0.2, 0.5])
    """
    cuts = np.asarray(thresholds, dtype=float)
    if cuts.ndim != 1 or not len(cuts) or not ((cuts > 0) & (cuts < 1)).all():
        raise DataError(
            Fault(
                where="thresholds",
                met=f"{np.ravel(cuts)[:5].tolist()}",
                wanted="one or more likelihoods above 0 and below 1",
                way_out="State the likelihoods at which a clinician would decide otherwise.",
            )
        )
    return cuts


def plot_at_thresholds(table: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw sensitivity and specificity over thresholds, and below them PPV and NPV.

    Parameters
    ----------
    table : DataFrame
        From `compute_at_thresholds`.
    title : str

    Returns
    -------
    figure : Figure
    """
    figure, axes = make_figure(5.6, 6.4, rows=(1, 1), title=title)
    look = (
        {"color": DARK, "linestyle": "-", "marker": "o"},
        {"color": MID, "linestyle": "--", "marker": "s"},
    )
    names = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
    for each, pair in zip(axes, (SHARES[:2], SHARES[2:]), strict=True):
        for name, style in zip(pair, look, strict=True):
            x = table["threshold"]
            each.fill_between(
                x, table[f"{name}_low"], table[f"{name}_high"], color=style["color"], alpha=0.22,
                linewidth=0,
            )  # fmt: skip
            each.plot(x, table[name], markersize=4, linewidth=1.8, label=names[name], **style)  # type: ignore[arg-type]
        each.set(ylim=(-0.02, 1.02), ylabel="share of patients")
        each.legend(frameon=False, loc="best")
    base = float(table["patients"].iloc[0])
    axes[0].tick_params(labelbottom=False)
    axes[1].set(xlabel=f"threshold of the likelihood ({base:,.0f} patients; bands: intervals)")
    return figure
