"""A figure beside those of shuffled outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.metrics.drawing import DARK, INK, LIGHT, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute_null_histogram(null: np.ndarray, observed: float, *, bins: int = 30) -> pd.DataFrame:
    """Count the figures of shuffled outcomes in equal bins that reach to the observed one.

    Parameters
    ----------
    null : array, shape (n_permutations,)
    observed : float
    bins : int

    Returns
    -------
    histogram : DataFrame
        ``low``, ``high``, ``count``.

    Examples
    --------
    >>> compute_null_histogram(np.array([0.4, 0.5, 0.5]), 0.6, bins=2)["count"].tolist()
    [1, 2]
    """
    low, high = min(null.min(), observed), max(null.max(), observed)
    counts, edges = np.histogram(null, bins=bins, range=(low, max(high, low + 1e-6)))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})


def plot_null_distribution(
    null: np.ndarray,
    observed: float,
    *,
    p_value: float,
    quantity: str = "mean AUC of the folds",
    title: str = "",
) -> Figure:
    """Draw the figures of shuffled outcomes as bars, and the observed one as a line.

    Parameters
    ----------
    null : array, shape (n_permutations,)
    observed, p_value : float
    quantity : str
        What the figures are.
    title : str

    Returns
    -------
    figure : Figure
    """
    table = compute_null_histogram(null, observed)
    figure, (axes,) = make_figure(5.6, 3.4, title=title)
    axes.bar(
        table["low"],
        table["count"],
        width=table["high"] - table["low"],
        align="edge",
        color=LIGHT,
        edgecolor=DARK,
        linewidth=0.6,
        label=f"{len(null):,} shuffles of the outcome",
    )
    axes.axvline(0.5, color=INK, linewidth=1, linestyle="--", label="chance")
    axes.axvline(
        observed, color=DARK, linewidth=2.2, label=f"observed {observed:.3f}, p = {p_value:.2g}"
    )
    axes.set(xlabel=quantity, ylabel="shuffles", ylim=(0, 1.35 * max(table["count"].max(), 1)))
    axes.legend(loc="upper left", frameon=False)
    return figure
