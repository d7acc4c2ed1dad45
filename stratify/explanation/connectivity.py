"""Where in the brain a model looks: pairs of networks, and the strongest edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, count_of
from stratify.explanation.values import Explanation, block_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DARK = "#1f3a5f"
LIGHT_ENOUGH = 0.55
"""The share of the largest value above which a cell is dark, and its number white."""

AXES = ("x", "y", "z")


def compute_network_blocks(explanation: Explanation) -> pd.DataFrame:
    """Sum contributions to pairs of networks, and rank the pairs.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    blocks : DataFrame
        One row a pair of networks, the largest first: ``first``, ``second`` (in alphabetical
        order; the same for edges within a network), ``columns`` (how many the pair sums),
        ``mean_absolute`` (log-odds, over patients, of the pair's summed contributions) and
        ``for_each_column`` (that, over ``columns``). Empty without connectivity.
    """
    pairs: dict[str, tuple[str, str]] = {}
    counts: dict[str, int] = {}
    for column in explanation.columns:
        block = block_name(column)
        if block is not None and column.networks is not None:
            first, second = sorted(column.networks)
            pairs[block] = (first, second)
            counts[block] = counts.get(block, 0) + 1
    summed = explanation.by_network()
    rows = [
        (*pair, counts[block], float(summed[block].abs().mean())) for block, pair in pairs.items()
    ]
    table = pd.DataFrame(rows, columns=["first", "second", "columns", "mean_absolute"])
    table["for_each_column"] = table["mean_absolute"] / table["columns"]
    return table.sort_values("mean_absolute", ascending=False, kind="stable", ignore_index=True)


def plot_network_blocks(
    blocks: pd.DataFrame, *, networks: Sequence[str], title: str = ""
) -> Figure:
    """Draw how much each pair of networks contributes.

    Parameters
    ----------
    blocks : DataFrame
        As `compute_network_blocks` returns it.
    networks : sequence of str
        In the order to draw them; those that are in no pair are left out.
    title : str

    Returns
    -------
    figure : Figure
        Grey: the model has no column of that pair.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    known = set(blocks["first"]) | set(blocks["second"])
    names = [network for network in networks if network in known]
    place = {name: k for k, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), np.nan)
    for row in blocks.to_dict("records"):
        one, other = sorted((place[row["first"]], place[row["second"]]))
        matrix[other, one] = row["mean_absolute"]
    size = 2.6 + 0.52 * len(names)
    figure = Figure(figsize=(size + 1.2, size), dpi=120, layout="compressed")
    axes = figure.subplots()
    colours = colormaps["Blues"].with_extremes(bad="#ececec")
    most = float(np.nanmax(matrix, initial=0.0)) or 1.0
    drawn = axes.imshow(matrix, cmap=colours, vmin=0, vmax=most)
    for i, j in combinations(range(len(names)), 2):
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color="white"))
    digits = max(2, 1 - int(np.floor(np.log10(most))))
    for i, j in np.argwhere(~np.isnan(matrix)):
        ink = "white" if matrix[i, j] > LIGHT_ENOUGH * most else DARK
        axes.text(
            j, i, f"{matrix[i, j]:.{digits}f}", color=ink, ha="center", va="center", fontsize=7
        )
    words = [name.replace("$", r"\$") for name in names]
    axes.set_xticks(range(len(names)), words, rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), words, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.7)
    bar.set_label("mean absolute contribution (log-odds)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    axes.set_title(title.replace("$", r"\$"), fontsize=10)
    return figure


def compute_strongest_edges(
    explanation: Explanation,
    *,
    places: Mapping[str, np.ndarray] | None = None,
    most: int = 20,
) -> pd.DataFrame:
    """Rank edges by mean absolute contribution, with where their regions are.

    Parameters
    ----------
    explanation : Explanation
    places : mapping of str to array of shape (3,), optional
        The centre of each region in MNI millimetres, where it is known.
    most : int
        How many edges to keep.

    Returns
    -------
    edges : DataFrame
        The largest first: ``first``, ``second``, ``first_network``, ``second_network``,
        ``mean_absolute`` (log-odds), ``direction`` (1 where a higher value raises the likelihood
        in these patients, -1 where it lowers it, 0 where neither), and ``first_x`` to ``second_z``
        in mm, NaN where not known. Edges that no patient's likelihood depends on are left out;
        empty where the model sees no single edges.
    """
    places = places or {}
    nowhere = np.full(3, np.nan)
    mean = explanation.contributions.abs().mean().to_numpy()
    rows = []
    for k in np.argsort(-mean, kind="stable"):
        column = explanation.columns[k]
        if column.regions is None or mean[k] <= 0:
            continue
        first, second = column.regions
        rows.append(
            (
                first,
                second,
                *(column.networks or ("", "")),
                float(mean[k]),
                _direction(explanation, k),
                *places.get(first, nowhere),
                *places.get(second, nowhere),
            )
        )
        if len(rows) == most:
            break
    return pd.DataFrame(
        rows,
        columns=[
            "first",
            "second",
            "first_network",
            "second_network",
            "mean_absolute",
            "direction",
            *(f"{which}_{axis}" for which in ("first", "second") for axis in AXES),
        ],
    )


def plot_glass_brain(edges: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw edges in a transparent brain, seen from the side, the back and above.

    Parameters
    ----------
    edges : DataFrame
        As `compute_strongest_edges` returns it; those whose place is not known are left out.
    title : str

    Returns
    -------
    figure : Figure
        Red: a higher value raises the likelihood; blue: it lowers it.

    Raises
    ------
    DataError
        If no edge has a place.
    """
    from matplotlib.figure import Figure
    from nilearn.plotting import plot_connectome

    placed = edges.dropna(subset=[f"{which}_{a}" for which in ("first", "second") for a in AXES])
    placed = placed[placed["first"] != placed["second"]]
    if not len(placed):
        raise DataError(
            Fault(
                where="glass brain",
                met=f"{count_of(len(edges), 'edge')}, none between regions of known coordinates",
                wanted="the centres of regions in MNI millimetres",
                way_out="Give connectivity.regions a table with the columns region, x, y and z, or "
                "the image of the atlas.",
            )
        )
    regions = list(dict.fromkeys([*placed["first"], *placed["second"]]))
    place = {name: k for k, name in enumerate(regions)}
    where = np.zeros((len(regions), 3))
    weights = np.zeros((len(regions), len(regions)))
    for row in placed.to_dict("records"):
        for which in ("first", "second"):
            where[place[row[which]]] = [row[f"{which}_{axis}"] for axis in AXES]
        i, j = place[row["first"]], place[row["second"]]
        weights[i, j] = weights[j, i] = row["mean_absolute"] * (row["direction"] or 1)
    largest = float(np.abs(weights).max())
    figure = Figure(figsize=(10.0, 4.2), dpi=120)
    display = plot_connectome(
        weights,
        where,
        node_color=DARK,
        node_size=22,
        edge_cmap="RdBu_r",
        edge_vmin=-largest,
        edge_vmax=largest,
        figure=figure,
        axes=(0.02, 0.08, 0.96, 0.78),
        colorbar=False,
        alpha=0.6,
        edge_kwargs={"linewidth": 1.6},
    )
    del display
    figure.suptitle(title.replace("$", r"\$"), fontsize=10)
    figure.text(
        0.5,
        0.02,
        f"{len(placed)} of the {len(edges)} strongest edges, by mean absolute contribution; red: "
        "a higher value raises the likelihood, blue: it lowers it",
        ha="center",
        fontsize=8,
    )
    return figure


def _direction(explanation: Explanation, k: int) -> int:
    """Tell whether contributions rise or fall with a column's value."""
    value = explanation.X.iloc[:, k].to_numpy(dtype=float)
    contribution = explanation.contributions.iloc[:, k].to_numpy()
    known = ~np.isnan(value)
    if known.sum() < 2:
        return 0
    centred = value[known] - value[known].mean()
    return int(np.sign(centred @ contribution[known]))
