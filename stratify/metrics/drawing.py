"""What every figure of this room shares: ink, axes without pyplot, numbers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stratify.metrics.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK = "#1f3a5f"
MID = "#7d93b2"
LIGHT = "#c9d1db"
INK = "#1a1a1a"


def make_figure(
    width: float, height: float, *, rows: Sequence[float] = (1,), title: str = ""
) -> tuple[Figure, list[Axes]]:
    """Make a figure of axes one above the other, without pyplot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    grid = figure.subplots(len(rows), 1, height_ratios=list(rows), squeeze=False)
    axes = list(grid[:, 0])
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(write_plainly(title), fontsize=11)
    return figure, axes


def write_interval(value: float, low: float, high: float) -> str:
    """Write a number and its interval as they stand beside a figure.

    Examples
    --------
    >>> write_interval(0.651, 0.58, 0.72)
    '0.65 (0.58 to 0.72)'
    >>> write_interval(-0.001, -0.2, 0.2)
    '0.00 (−0.20 to 0.20)'
    """
    if not np.isfinite(value):
        return "cannot be estimated"
    shown = f"{value:z.2f}"
    if np.isfinite([low, high]).all():
        shown += f" ({low:z.2f} to {high:z.2f})"
    return shown.replace("-", "−")


def write_estimate(estimate: Estimate) -> str:
    """Write an estimate as it stands beside a figure."""
    return write_interval(estimate.value, estimate.low, estimate.high)


def write_plainly(text: object) -> str:
    """Keep matplotlib from reading a user's dollar signs as mathematics."""
    return str(text).replace("$", r"\$")
