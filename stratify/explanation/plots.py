"""Figures of why a model says what it says; every number drawn can be had as a table.

Each ``plot_x`` draws what ``compute_x`` returns. Figures are made without pyplot, so that nothing
is shown and no state is left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.explanation.values import Explanation, block_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DARK = "#1f3a5f"
INK = "#1a1a1a"
MISSING = "#9a9a9a"

By = Literal["column", "network"]


def compute_importance(
    explanation: Explanation, *, most: int = 20, by: By = "column"
) -> pd.DataFrame:
    """Rank what matters most by mean absolute contribution.

    Parameters
    ----------
    explanation : Explanation
    most : int
        How many to keep.
    by : {"column", "network"}
        Each column by itself, or edges summed to pairs of networks first.

    Returns
    -------
    importance : DataFrame
        ``label``, ``source``, ``mean_absolute`` (log-odds); the largest first.
    """
    if by == "column":
        table = explanation.importance()
    else:
        summed = explanation.by_network()
        known = {column.name: column for column in explanation.columns}
        table = pd.DataFrame(
            {
                "label": [
                    known[name].words if name in known else f"{name} connectivity"
                    for name in summed.columns
                ],
                "source": [
                    known[name].source if name in known else "connectivity"
                    for name in summed.columns
                ],
                "mean_absolute": summed.abs().mean().to_numpy(),
            }
        ).sort_values("mean_absolute", ascending=False, kind="stable", ignore_index=True)
    return table[["label", "source", "mean_absolute"]].head(most)


def plot_importance(
    explanation: Explanation, *, most: int = 20, by: By = "column", title: str = ""
) -> Figure:
    """Draw what matters most as bars: clinical columns filled, connectivity hatched.

    Parameters
    ----------
    explanation : Explanation
    most, by
        As for `compute_importance`.
    title : str

    Returns
    -------
    figure : Figure
    """
    table = compute_importance(explanation, most=most, by=by)
    figure = _figure(7.2, 1.3 + 0.26 * len(table), title)
    axes = figure.subplots()
    place = np.arange(len(table))
    styles: dict[str, dict[str, str]] = {
        "clinical": {"facecolor": DARK},
        "connectivity": {"facecolor": "white", "hatch": "////"},
    }
    for source, style in styles.items():
        rows = (table["source"] == source).to_numpy()
        if rows.any():
            axes.barh(
                place[rows],
                table["mean_absolute"][rows],
                height=0.7,
                edgecolor=DARK,
                label=source,
                **style,  # type: ignore[arg-type]
            )
    axes.set(
        yticks=place,
        ylim=(len(table) - 0.4, -0.6),
        xlabel=f"mean absolute contribution ({explanation.scale})",
    )
    axes.set_yticklabels([_short(label) for label in table["label"]])
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    if len(set(table["source"])) > 1:
        axes.legend(loc="lower right", frameon=False)
    return figure


def compute_beeswarm(explanation: Explanation, *, most: int = 15) -> pd.DataFrame:
    """Gather each patient's contribution and value for the columns that matter most.

    Parameters
    ----------
    explanation : Explanation
    most : int
        How many columns.

    Returns
    -------
    points : DataFrame
        ``column``, ``label``, ``contribution`` (log-odds), ``value`` (0 for the column's lowest
        values to 1 for its highest, by its 5th and 95th percentile; NaN where it is missing or has
        no order).
        Patients are not named.
    """
    order = explanation.importance()["column"].head(most)
    known = {column.name: column for column in explanation.columns}
    parts = [
        pd.DataFrame(
            {
                "column": name,
                "label": known[name].words,
                "contribution": explanation.contributions[name].to_numpy(),
                "value": _scaled(explanation.X[name]),
            }
        )
        for name in order
    ]
    return pd.concat(parts, ignore_index=True)


def _scaled(values: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.nan)
    numbers = values.to_numpy(dtype=float)
    known = numbers[np.isfinite(numbers)]
    if not len(known) or np.ptp(known) == 0:
        return np.where(np.isfinite(numbers), 0.5, np.nan)
    low, high = np.percentile(known, [5, 95])
    if low == high:
        low, high = known.min(), known.max()
    return np.clip((numbers - low) / (high - low), 0, 1)


def plot_beeswarm(explanation: Explanation, *, most: int = 15, title: str = "") -> Figure:
    """Draw one dot a patient and column: its contribution, shaded by the patient's value.

    Parameters
    ----------
    explanation : Explanation
    most : int
        How many columns.
    title : str

    Returns
    -------
    figure : Figure
    """
    points = compute_beeswarm(explanation, most=most)
    swarms = list(points.groupby("column", sort=False))
    labels = [rows["label"].iloc[0] for _, rows in swarms]
    figure = _figure(7.6, 1.4 + 0.36 * len(labels), title)
    axes = figure.subplots()
    span = float(np.ptp(points["contribution"])) or 1.0
    for place, (_, rows) in enumerate(swarms):
        y = place + _pile(rows["contribution"].to_numpy(), span)
        known = rows["value"].notna().to_numpy()
        axes.scatter(
            rows["contribution"][~known], y[~known], s=9, color=MISSING, marker="x", linewidth=0.8
        )
        shaded = axes.scatter(
            rows["contribution"][known],
            y[known],
            c=rows["value"][known],
            cmap="cividis",
            vmin=0,
            vmax=1,
            s=11,
            linewidth=0,
        )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(
        yticks=range(len(labels)),
        ylim=(len(labels) - 0.4, -0.6),
        xlabel=f"contribution ({explanation.scale}); × value missing or without order",
    )
    axes.set_yticklabels([_short(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    bar = figure.colorbar(shaded, ax=axes, ticks=[0, 1], aspect=30, pad=0.02)
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("the patient's value", labelpad=-14)
    bar.outline.set_visible(False)
    return figure


def _pile(values: np.ndarray, span: float, bins: int = 90, tallest: float = 0.38) -> np.ndarray:
    """Push dots that would overlap up and down in turn; the same dots always the same way."""
    cell = np.floor((values - values.min()) / span * bins).astype(int)
    order = np.argsort(values, kind="stable")
    seen: dict[int, int] = {}
    rank = np.empty(len(values))
    for k in order:
        count = seen.get(cell[k], 0)
        seen[cell[k]] = count + 1
        rank[k] = (count + 1) // 2 * (1 if count % 2 else -1)
    most = np.abs(rank).max()
    return rank * min(0.06, tallest / most if most else 0.06)


def compute_network_blocks(explanation: Explanation) -> pd.DataFrame:
    """Say how much each pair of networks contributes, its edges summed for each patient first.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    blocks : DataFrame, shape (n_networks, n_networks)
        Mean absolute contribution in log-odds; symmetric; NaN for pairs without an edge.

    Raises
    ------
    DataError
        If no column of the explanation joins two networks.
    """
    pairs = {
        str(block_name(column)): column.networks
        for column in explanation.columns
        if column.networks is not None
    }
    if not pairs:
        raise DataError(
            Fault(
                where="explanation",
                met="no connectivity with networks",
                wanted="edges whose regions belong to named networks",
                way_out="Explain a model of connectivity, and name the networks of its regions.",
            )
        )
    importance = explanation.by_network().abs().mean()
    networks = sorted({network for pair in pairs.values() for network in pair})
    blocks = pd.DataFrame(np.nan, index=networks, columns=networks)
    for name, (one, other) in pairs.items():
        blocks.loc[[one], [other]] = blocks.loc[[other], [one]] = importance[name]
    return blocks


def plot_network_blocks(explanation: Explanation, *, title: str = "") -> Figure:
    """Draw how much each pair of networks contributes, as a map with its numbers.

    Parameters
    ----------
    explanation : Explanation
    title : str

    Returns
    -------
    figure : Figure
    """
    blocks = compute_network_blocks(explanation)
    size = 2.6 + 0.55 * len(blocks)
    figure = _figure(size + 0.6, size, title)
    axes = figure.subplots()
    values = blocks.to_numpy()
    shown = np.where(np.tri(len(blocks), dtype=bool), values, np.nan)
    most = float(np.nanmax(values)) or 1.0
    image = axes.imshow(shown, cmap="Greys", vmin=0, vmax=most)
    axes.set(xticks=range(len(blocks)), yticks=range(len(blocks)))
    axes.set_xticklabels([_short(name) for name in blocks.columns], rotation=45, ha="right")
    axes.set_yticklabels([_short(name) for name in blocks.index])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in zip(*np.nonzero(np.isfinite(shown)), strict=True):
        value = shown[row, column]
        axes.text(
            column,
            row,
            f"{value:.2f}" if most >= 0.1 else f"{value:.3f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if value > 0.7 * most else INK,
        )
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label(f"mean absolute contribution ({explanation.scale})")
    bar.outline.set_visible(False)
    return figure


def _short(text: str, longest: int = 52) -> str:
    """Cut long labels, and keep matplotlib from reading dollar signs as mathematics."""
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return text.replace("$", r"\$")


def _figure(width: float, height: float, title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    if title:
        figure.suptitle(title.replace("$", r"\$"), fontsize=11)
    return figure
