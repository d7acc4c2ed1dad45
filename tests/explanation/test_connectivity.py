"""Where in the brain a model looks."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.explanation import (
    Explanation,
    compute_network_blocks,
    compute_strongest_edges,
    plot_glass_brain,
    plot_network_blocks,
)
from stratify.schema import Column

PAIRS = (("A", "B", "SN", "SN"), ("A", "C", "SN", "DMN"), ("B", "C", "SN", "DMN"))
COLUMNS = (
    Column(name="age"),
    *(
        Column(name=f"{a}~{b}", source="connectivity", regions=(a, b), networks=(first, second))
        for a, b, first, second in PAIRS
    ),
)
PLACES = {
    "A": np.array([-40.0, 10, 0]),
    "B": np.array([40.0, 10, 0]),
    "C": np.array([0.0, -50, 30]),
}


@pytest.fixture
def explanation():
    """A linear model of age and three edges, of which the second says the opposite."""
    rng = np.random.default_rng(0)
    names = [column.name for column in COLUMNS]
    X = pd.DataFrame(rng.normal(size=(40, 4)), columns=names)
    contributions = (X - X.mean()) * [1.0, 0.5, -2.0, 0.0]
    return Explanation(
        contributions, 0.1, 0.1 + contributions.sum(axis=1).to_numpy(), X, COLUMNS, "linear"
    )


def test_blocks_are_sums_over_their_edges_in_each_patient(explanation):
    blocks = compute_network_blocks(explanation)
    assert blocks[["first", "second"]].to_numpy().tolist() == [["DMN", "SN"], ["SN", "SN"]]
    assert blocks["columns"].tolist() == [2, 1]
    between = explanation.contributions[["A~C", "B~C"]].sum(axis=1)
    assert blocks["mean_absolute"][0] == pytest.approx(between.abs().mean())
    assert blocks["for_each_column"][0] == pytest.approx(between.abs().mean() / 2)


def test_strongest_edges_come_first_with_their_direction_and_place(explanation):
    edges = compute_strongest_edges(explanation, places=PLACES)
    assert edges[["first", "second"]].to_numpy().tolist() == [["A", "C"], ["A", "B"]]
    assert edges["direction"].tolist() == [-1, 1]
    assert edges.loc[0, ["first_x", "second_y"]].tolist() == [-40, -50]
    mean = explanation.contributions.abs().mean()
    np.testing.assert_allclose(edges["mean_absolute"], [mean["A~C"], mean["A~B"]])
    assert len(compute_strongest_edges(explanation, most=1)) == 1


def test_unknown_places_are_missing_and_a_brain_of_none_is_refused(explanation):
    edges = compute_strongest_edges(explanation, places={"A": PLACES["A"], "B": PLACES["B"]})
    assert edges["second_x"].isna().tolist() == [True, False]
    assert "1 of the 2 strongest edges" in words_of(plot_glass_brain(edges))
    with pytest.raises(DataError, match="none between regions of known coordinates"):
        plot_glass_brain(compute_strongest_edges(explanation))


def test_pictures_leave_no_state_behind_and_draw_what_the_tables_say(explanation):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    blocks = compute_network_blocks(explanation)
    figure = plot_network_blocks(blocks, networks=["SN", "DMN", "CEN"], title="a $ b")
    shown = figure.axes[0].images[0].get_array()
    assert shown[1, 0] == blocks["mean_absolute"][0]
    assert shown[0, 0] == blocks["mean_absolute"][1]
    assert shown.mask[1, 1]
    edges = compute_strongest_edges(explanation, places=PLACES)
    assert plot_glass_brain(edges, title="where").axes
    assert pyplot.get_fignums() == before


def words_of(figure):
    return " ".join(text.get_text() for text in figure.texts)
