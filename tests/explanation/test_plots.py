import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.explanation.plots import (
    compute_beeswarm,
    compute_importance,
    compute_network_blocks,
    plot_beeswarm,
    plot_importance,
    plot_network_blocks,
)
from stratify.explanation.values import Explanation
from stratify.schema import Column

NETWORKS = ("CEN", "DMN", "SN")


@pytest.fixture
def explanation() -> Explanation:
    """Linear contributions of four clinical columns and the edges of nine regions."""
    rng = np.random.default_rng(0)
    regions = [(f"R{k}", NETWORKS[k % 3]) for k in range(9)]
    columns = [
        Column(name="madrs", label="baseline severity"),
        Column(name="benzo", kind="boolean", levels=("no", "yes"), label="benzodiazepine"),
        Column(name="site", kind="category", levels=("a", "b")),
        Column(name="age", label="costs $5 to $6"),
    ]
    columns += [
        Column(name=f"{a}~{b}", source="connectivity", regions=(a, b), networks=(one, other))
        for k, (a, one) in enumerate(regions)
        for b, other in regions[:k]
    ]
    n = 60
    X = pd.DataFrame(
        rng.normal(size=(n, len(columns))),
        columns=[column.name for column in columns],
        index=[f"P{k}" for k in range(n)],
    )
    X["benzo"] = rng.integers(0, 2, n).astype(float)
    X.iloc[:10, 3] = np.nan
    weights = np.concatenate([[0.9, 0.5, 0.3, 0.2], rng.normal(size=len(columns) - 4) * 0.02])
    contributions = X.fillna(0) * weights
    X["site"] = pd.Categorical(rng.choice(["a", "b"], n), categories=["a", "b"])
    log_odds = 0.1 + contributions.sum(axis=1).to_numpy()
    return Explanation(contributions, 0.1, log_odds, X, tuple(columns), "linear")


def test_the_planted_driver_comes_first(explanation: Explanation) -> None:
    table = compute_importance(explanation, most=5)
    assert table["label"].iloc[0] == "baseline severity"
    assert table["mean_absolute"].is_monotonic_decreasing
    assert len(table) == 5
    wanted = explanation.contributions["madrs"].abs().mean()
    assert table["mean_absolute"].iloc[0] == pytest.approx(wanted)


def test_edges_summed_to_networks_rank_beside_clinical_columns(explanation: Explanation) -> None:
    table = compute_importance(explanation, by="network", most=99)
    assert len(table) == 4 + 6
    assert set(table["source"]) == {"clinical", "connectivity"}
    assert "DMN-SN connectivity" in set(table["label"])


def test_blocks_are_the_mean_absolute_sums_of_their_edges(explanation: Explanation) -> None:
    blocks = compute_network_blocks(explanation)
    assert list(blocks.index) == list(blocks.columns) == list(NETWORKS)
    np.testing.assert_array_equal(blocks, blocks.T)
    for one in NETWORKS:
        for other in NETWORKS:
            edges = [
                column.name
                for column in explanation.columns
                if column.networks and sorted(column.networks) == sorted((one, other))
            ]
            wanted = explanation.contributions[edges].sum(axis=1).abs().mean()
            assert blocks.loc[one, other] == pytest.approx(wanted)


def test_networks_with_hyphens_in_their_names_stay_whole() -> None:
    column = Column(name="a~b", source="connectivity", networks=("Vis-A", "Default-B"))
    contributions = pd.DataFrame({"a~b": [0.5, -0.1]}, index=["P1", "P2"])
    explanation = Explanation(
        contributions, 0.0, contributions["a~b"].to_numpy(), contributions, (column,), "linear"
    )
    blocks = compute_network_blocks(explanation)
    assert blocks.loc["Vis-A", "Default-B"] == pytest.approx(0.3)
    assert np.isnan(blocks.loc["Vis-A", "Vis-A"])
    plot_network_blocks(explanation)


def test_without_networks_there_is_no_map(explanation: Explanation) -> None:
    keep = [column.name for column in explanation.columns[:4]]
    clinical = Explanation(
        explanation.contributions[keep],
        explanation.base,
        explanation.log_odds,
        explanation.X[keep],
        explanation.columns[:4],
        explanation.method,
    )
    with pytest.raises(DataError, match="no connectivity with networks"):
        plot_network_blocks(clinical)
    plot_importance(clinical)
    plot_beeswarm(clinical)


def test_the_swarm_holds_every_patients_contribution_and_no_name(explanation: Explanation) -> None:
    points = compute_beeswarm(explanation, most=4)
    assert list(points.columns) == ["column", "label", "contribution", "value"]
    assert points.index.tolist() == list(range(4 * 60))
    severity = points[points["label"] == "baseline severity"]
    np.testing.assert_array_equal(severity["contribution"], explanation.contributions["madrs"])
    assert severity["value"].min() == 0
    assert severity["value"].max() == 1
    order = np.argsort(explanation.X["madrs"].to_numpy())
    assert (np.diff(severity["value"].to_numpy()[order]) >= 0).all()


def test_columns_of_one_label_keep_their_own_swarms() -> None:
    columns = (Column(name="a", label="age"), Column(name="b", label="age"))
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    explanation = Explanation(X, 0.0, X.sum(axis=1).to_numpy(), X, columns, "linear")
    axes = plot_beeswarm(explanation).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["age", "age"]


def test_missing_and_unordered_values_have_no_shade(explanation: Explanation) -> None:
    points = compute_beeswarm(explanation, most=4)
    assert points.loc[points["label"] == "costs $5 to $6", "value"].isna().sum() == 10
    assert points.loc[points["label"] == "site", "value"].isna().all()
    assert set(points.loc[points["label"] == "benzodiazepine", "value"]) == {0, 1}


def test_the_bars_and_dots_draw_their_tables(explanation: Explanation) -> None:
    (axes,) = plot_importance(explanation, most=8).axes
    drawn = sorted((bar.get_width() for bar in axes.patches), reverse=True)
    np.testing.assert_allclose(drawn, compute_importance(explanation, most=8)["mean_absolute"])
    axes = plot_beeswarm(explanation, most=3).axes[0]
    dots = np.concatenate([part.get_offsets()[:, 0] for part in axes.collections])
    points = compute_beeswarm(explanation, most=3)
    np.testing.assert_allclose(np.sort(dots), np.sort(points["contribution"]))


@pytest.mark.parametrize("plot", [plot_importance, plot_beeswarm, plot_network_blocks])
def test_an_explanation_is_unchanged_and_figures_can_be_saved_alike(
    explanation: Explanation, plot: Callable[..., Any]
) -> None:
    before = explanation.contributions.copy(), explanation.X.copy()
    images = []
    for _ in range(2):
        image = io.BytesIO()
        plot(explanation, title="costs $5 to $6").savefig(image, format="png")
        images.append(image.getvalue())
    assert images[0] == images[1]
    pd.testing.assert_frame_equal(explanation.contributions, before[0])
    pd.testing.assert_frame_equal(explanation.X, before[1])


def test_one_patient_and_no_contribution_can_be_drawn(explanation: Explanation) -> None:
    alone = Explanation(
        explanation.contributions.iloc[:1] * 0,
        explanation.base,
        np.array([explanation.base]),
        explanation.X.iloc[:1],
        explanation.columns,
        explanation.method,
    )
    for plot in (plot_importance, plot_beeswarm, plot_network_blocks):
        plot(alone).savefig(io.BytesIO(), format="png")


def test_drawing_needs_neither_pyplot_nor_shap() -> None:
    code = (
        "import sys, numpy as np, pandas as pd\n"
        "from stratify.explanation.plots import plot_beeswarm, plot_importance\n"
        "from stratify.explanation.values import Explanation\n"
        "from stratify.schema import Column\n"
        "assert 'matplotlib' not in sys.modules\n"
        "c = pd.DataFrame({'age': [0.1, -0.2]})\n"
        "e = Explanation(c, 0.0, c['age'].to_numpy(), c, (Column(name='age'),), 'linear')\n"
        "plot_beeswarm(e), plot_importance(e)\n"
        "assert not {'matplotlib.pyplot', 'shap'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
