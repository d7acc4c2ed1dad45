"""The mean matrix of a group, and how much responders differ from it."""

from dataclasses import replace

import numpy as np
import pytest
from made import make_small_cohort, make_small_connectomes

from stratify.connectome import compute_group_matrix, order_networks, plot_group_matrix


@pytest.fixture
def connectomes():
    made = make_small_connectomes(make_small_cohort(20), 7)
    networks = ("Vis", "SN", "OTHER", "CEN", "DMN", "SN", "Limbic")
    return replace(made, networks=networks)


def test_networks_of_the_question_come_first_and_regions_without_a_network_last(connectomes):
    assert order_networks(connectomes.networks) == ["SN", "DMN", "CEN", "Limbic", "Vis", "OTHER"]
    edges = compute_group_matrix(connectomes)
    assert edges["first"].iloc[0] == "R1"
    assert edges["second"].head(6).tolist() == ["R5", "R4", "R3", "R6", "R0", "R2"]


def test_mean_is_that_of_the_edge_and_groups_average_to_it(connectomes):
    group = (np.arange(20) < 5).astype(int)
    edges = compute_group_matrix(connectomes, group)
    for row in edges.to_dict("records"):
        i, j = (connectomes.regions.index(row[which]) for which in ("first", "second"))
        values = connectomes.matrices[:, i, j]
        assert row["mean"] == pytest.approx(values.mean())
        assert row["difference"] == pytest.approx(values[:5].mean() - values[5:].mean())
        assert row["first_network"] == connectomes.networks[i]
    np.testing.assert_allclose(
        edges["mean"], 0.25 * edges["group_mean"] + 0.75 * edges["others_mean"]
    )


def test_edges_that_a_scan_did_not_cover_are_counted_and_not_averaged(connectomes):
    matrices = connectomes.matrices.copy()
    matrices[:3, 2, :] = matrices[:3, :, 2] = np.nan
    matrices[:, 6, :] = matrices[:, :, 6] = np.nan
    before = matrices.copy()
    edges = compute_group_matrix(replace(connectomes, matrices=matrices)).set_index("second")
    np.testing.assert_array_equal(matrices, before)
    row = edges[edges["first"] == "R1"]
    assert row.loc["R2", "patients"] == 17
    assert row.loc["R2", "mean"] == pytest.approx(matrices[3:, 1, 2].mean())
    assert row.loc["R6", "patients"] == 0
    assert np.isnan(row.loc["R6", "mean"])


def test_picture_shows_each_edge_twice_and_names_the_networks(connectomes):
    edges = compute_group_matrix(connectomes)
    figure = plot_group_matrix(edges, title="Mean", unit="fisher z")
    shown = np.asarray(figure.axes[0].images[0].get_array().filled(np.nan))
    assert shown[0, 3] == shown[3, 0] == edges["mean"].iloc[2]
    words = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert words == order_networks(connectomes.networks)
    assert figure.axes[1].get_ylabel() == "fisher z"
