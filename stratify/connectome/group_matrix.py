"""The mean matrix of a group, its regions in the order of their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.connectome.networks import OTHER
from stratify.connectome.values import Connectomes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEADING = ("SN", "DMN", "CEN")
"""The networks that come first."""

INK = "#1a1a1a"
FEWEST_FOR_A_WORD = 0.025
"""Of all regions, the share a network needs for its name to have room beside the matrix."""


def order_networks(networks: tuple[str, ...]) -> list[str]:
    """Return each network once: salience, default mode, central executive, the others by name.

    Examples
    --------
    >>> order_networks(("Vis", "OTHER", "CEN", "SN", "Vis", "Limbic"))
    ['SN', 'CEN', 'Limbic', 'Vis', 'OTHER']
    """
    there = set(networks)
    others = sorted(there - set(LEADING) - {OTHER})
    return [*(one for one in LEADING if one in there), *others, *({OTHER} & there)]


def compute_group_matrix(connectomes: Connectomes, group: np.ndarray | None = None) -> pd.DataFrame:
    """Average each edge over patients, and over those of a group and the others.

    A description of these patients: nothing is tested, and differences of so many edges are large
    somewhere by chance alone.

    Parameters
    ----------
    connectomes : Connectomes
    group : array of 0 and 1, shape (n_patients,), optional
        Such as who responded.

    Returns
    -------
    edges : DataFrame
        One row an edge, regions in the order of `order_networks`: ``first``, ``second``,
        ``first_network``, ``second_network``, ``mean`` and ``patients`` (who have that edge); and,
        with a group, ``group_mean``, ``others_mean`` and ``difference``. NaN where nobody has it.

    Examples
    --------
    >>> matrices = np.array([[[1, 0.2], [0.2, 1]], [[1, 0.4], [0.4, 1]]])
    >>> two = Connectomes(matrices, ("P1", "P2"), ("A", "B"), ("DMN", "SN"), "pearson r")
    >>> edges = compute_group_matrix(two, np.array([0, 1]))
    >>> edges[["first", "second", "mean", "difference"]].round(2).values.tolist()
    [['B', 'A', 0.3, 0.2]]
    """
    order = _order_regions(connectomes.networks)
    first, second = np.triu_indices(len(order), k=1)
    first, second = order[first], order[second]
    values = connectomes.matrices[:, first, second]
    names, networks = (
        np.array(told, dtype=object) for told in (connectomes.regions, connectomes.networks)
    )
    table = pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            "first_network": networks[first],
            "second_network": networks[second],
            "mean": _average(values),
            "patients": np.sum(~np.isnan(values), axis=0),
        }
    )
    if group is not None:
        member = np.asarray(group).astype(bool)
        table["group_mean"] = _average(values[member])
        table["others_mean"] = _average(values[~member])
        table["difference"] = table["group_mean"] - table["others_mean"]
    return table


def plot_group_matrix(
    edges: pd.DataFrame, *, column: str = "mean", title: str = "", unit: str = ""
) -> Figure:
    """Draw a matrix of edges, a line between networks and their names beside it.

    Parameters
    ----------
    edges : DataFrame
        As `compute_group_matrix` returns it.
    column : {"mean", "group_mean", "others_mean", "difference"}
    title : str
    unit : str
        What an edge is: ``"pearson r"``.

    Returns
    -------
    figure : Figure
        Colours run from the 99th percentile of sizes to its opposite; grey is not covered.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    names = [edges["first"].iloc[0], *edges["second"][: _count_regions(len(edges)) - 1]]
    matrix = np.full((len(names), len(names)), np.nan)
    first, second = np.triu_indices(len(names), k=1)
    matrix[first, second] = matrix[second, first] = edges[column]
    size = np.abs(edges[column].dropna())
    most = float(np.quantile(size, 0.99)) if len(size) else 1.0
    figure = Figure(figsize=(7.2, 6.0), dpi=120, layout="constrained")
    axes = figure.subplots()
    colours = colormaps["RdBu_r"].with_extremes(bad="#c9c9c9")
    drawn = axes.imshow(matrix, cmap=colours, vmin=-(most or 1), vmax=most or 1)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8, extend="both")
    bar.set_label(unit)
    networks = [edges["first_network"].iloc[0], *edges["second_network"][: len(names) - 1]]
    _mark_networks(axes, networks)
    axes.set_title(title.replace("$", r"\$"), fontsize=10)
    return figure


def _order_regions(networks: tuple[str, ...]) -> np.ndarray:
    rank = {network: k for k, network in enumerate(order_networks(networks))}
    return np.argsort([rank[network] for network in networks], kind="stable")


def _average(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column over the rows that have it."""
    count = np.sum(~np.isnan(values), axis=0)
    total = np.nansum(values, axis=0)
    return np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0)


def _count_regions(edges: int) -> int:
    return round((1 + np.sqrt(1 + 8 * edges)) / 2)


def _mark_networks(axes: Axes, networks: list[str]) -> None:
    """Draw lines where networks meet, and name those that have room for a word."""
    count = len(networks)
    starts = [k for k in range(count) if k == 0 or networks[k] != networks[k - 1]]
    ends = [*starts[1:], count]
    for start in starts[1:]:
        for draw in (axes.axhline, axes.axvline):
            draw(start - 0.5, color=INK, linewidth=0.6)
    roomy = [
        (start, end)
        for start, end in zip(starts, ends, strict=True)
        if end - start >= FEWEST_FOR_A_WORD * count
    ]
    middles = [(start + end - 1) / 2 for start, end in roomy]
    words = [networks[start].replace("$", r"\$") for start, _ in roomy]
    axes.set_yticks(middles, words, fontsize=8)
    axes.set_xticks(middles, words, fontsize=8, rotation=90)
    axes.tick_params(length=0)
