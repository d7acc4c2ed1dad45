"""How a figure grows with the patients trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stratify.metrics.drawing import DARK, INK, MID, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_learning_curve(curve: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw AUC and log loss over the number of training patients, with their bands.

    Parameters
    ----------
    curve : DataFrame
        ``patients``, and ``auc`` and ``log_loss``, each with ``_low`` and ``_high``, as from
        `stratify.evaluation.compute_learning_curve`.
    title : str

    Returns
    -------
    figure : Figure
    """
    figure, axes = make_figure(5.6, 5.6, rows=(1, 1), title=title)
    for each, (name, label) in zip(axes, (("auc", "AUC"), ("log_loss", "log loss")), strict=True):
        x = curve["patients"]
        each.fill_between(
            x, curve[f"{name}_low"], curve[f"{name}_high"], color=MID, alpha=0.3, linewidth=0
        )
        each.plot(x, curve[name], "o-", color=DARK, linewidth=1.9, markersize=5)
        each.set(ylabel=label)
    axes[0].axhline(0.5, color=INK, linewidth=1, linestyle="--")
    axes[0].tick_params(labelbottom=False)
    axes[1].set(xlabel="patients trained on (bands: intervals; dashed: chance)")
    return figure
