import networkx as nx
import numpy as np
import pytest

from stratify.connectome.features import GraphMeasures
from stratify.connectome.features.graphs import (
    compute_clustering,
    compute_global_efficiency,
    compute_local_efficiency,
    compute_modularity,
    compute_participation,
    compute_strength,
    keep_strongest,
)
from stratify.connectome.matrices import unvectorise
from stratify.errors import DataError

NETWORKS = np.array(["SN", "DMN", "CEN"] * 5)


def make_graphs(n=6, nodes=15, density=0.25, seed=0):
    rng = np.random.default_rng(seed)
    edges = rng.normal(0.2, 0.3, size=(n, nodes * (nodes - 1) // 2))
    return unvectorise(keep_strongest(edges, density), diagonal=0.0)


EMPTY = np.zeros((4, 4))
SPARSE = make_graphs(density=0.06)


@pytest.mark.parametrize("graphs", [make_graphs(), SPARSE, make_graphs(density=0.9), EMPTY[None]])
def test_measures_are_networkxs(graphs):
    modules = NETWORKS[: graphs.shape[1]]
    measured = [
        compute_strength(graphs),
        compute_clustering(graphs),
        compute_global_efficiency(graphs),
        compute_local_efficiency(graphs),
    ]
    for k, weights in enumerate(graphs):
        graph = nx.from_numpy_array(weights)
        nodes = range(len(weights))
        strength = dict(graph.degree(weight="weight"))
        clustering = nx.clustering(graph, weight="weight")
        np.testing.assert_allclose(measured[0][k], [strength[i] for i in nodes], atol=1e-12)
        np.testing.assert_allclose(measured[1][k], [clustering[i] for i in nodes], atol=1e-12)
        assert measured[2][k] == pytest.approx(nx.global_efficiency(graph), abs=1e-12)
        assert measured[3][k] == pytest.approx(nx.local_efficiency(graph), abs=1e-12)
        if graph.number_of_edges():
            communities = [set(np.flatnonzero(modules == name)) for name in set(modules)]
            expected = nx.community.modularity(graph, communities, weight="weight")
            assert compute_modularity(graphs, modules)[k] == pytest.approx(expected, abs=1e-12)


def test_participation_is_what_its_definition_says_node_by_node():
    graphs = np.concatenate([make_graphs(), SPARSE])
    found = compute_participation(graphs, NETWORKS)
    for weights, row in zip(graphs, found, strict=True):
        for i, value in enumerate(row):
            total = weights[i].sum() or 1.0
            shares = [weights[i][name == NETWORKS].sum() / total for name in set(NETWORKS)]
            expected = 1 - sum(share**2 for share in shares) if any(shares) else 0.0
            assert value == pytest.approx(expected, abs=1e-12)
    assert ((found >= 0) & (found < 1)).all()
    assert found.min() == 0


def test_an_empty_graph_measures_nothing():
    assert compute_modularity(EMPTY, NETWORKS[:4]) == 0
    assert (compute_participation(EMPTY, NETWORKS[:4]) == 0).all()
    assert (compute_clustering(EMPTY) == 0).all()
    assert compute_local_efficiency(EMPTY) == compute_global_efficiency(EMPTY) == 0


def test_known_graphs_have_known_efficiency():
    # A path of three nodes: two pairs one step apart, one pair two steps apart.
    path = np.zeros((3, 3))
    path[[0, 1, 1, 2], [1, 0, 2, 1]] = 1
    assert compute_global_efficiency(path) == pytest.approx((1 + 1 + 0.5) / 3)
    assert compute_local_efficiency(path) == 0


def test_every_patient_keeps_as_many_edges():
    edges = np.random.default_rng(0).normal(0.4, 0.2, size=(20, 105))
    kept = keep_strongest(edges, 0.2)
    assert ((kept > 0).sum(axis=1) == 21).all()
    for row, chosen in zip(edges, kept, strict=True):
        assert row[chosen > 0].min() > row[chosen == 0].max()
        np.testing.assert_array_equal(row[chosen > 0], chosen[chosen > 0])
    assert (keep_strongest(-np.abs(edges), 0.2) == 0).all()


def make_edges(n=5, seed=0):
    return np.random.default_rng(seed).uniform(-0.3, 0.8, size=(n, 105))


def test_features_are_means_over_the_regions_of_each_network():
    networks = np.where(np.arange(15) < 13, NETWORKS, "OTHER")
    graph = GraphMeasures(networks=tuple(networks)).fit(make_edges())
    features = dict(
        zip(graph.get_feature_names_out(), graph.transform(make_edges()).T, strict=True)
    )
    weights = unvectorise(keep_strongest(make_edges(), 0.2), diagonal=0.0)
    inside = networks == "DMN"
    np.testing.assert_allclose(features["graph_strength"], weights.sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(
        features["graph_clustering_DMN"], compute_clustering(weights)[:, inside].mean(axis=1)
    )
    named = networks != "OTHER"
    among = weights[:, named][:, :, named]
    participation = compute_participation(among, networks[named])
    np.testing.assert_allclose(
        features["graph_participation_DMN"], participation[:, inside[named]].mean(axis=1)
    )
    np.testing.assert_allclose(features["graph_participation"], participation.mean(axis=1))
    np.testing.assert_allclose(
        features["graph_modularity"], compute_modularity(among, networks[named])
    )
    np.testing.assert_allclose(
        features["graph_global_efficiency"], compute_global_efficiency(weights)
    )
    np.testing.assert_allclose(
        features["graph_local_efficiency"], compute_local_efficiency(weights)
    )


def test_a_threshold_keeps_what_is_above_it():
    r = make_edges()
    above = GraphMeasures(density=None, threshold=0.4, measures=["strength"]).fit_transform(r)
    weights = unvectorise(np.where(r > 0.4, r, 0), diagonal=0)
    np.testing.assert_allclose(above[:, 0], weights.sum(axis=2).mean(axis=1))


def test_measures_of_networks_are_left_out_and_named_without_them():
    graph = GraphMeasures().fit(make_edges())
    assert graph.absent_ == ("graph_participation", "graph_modularity")
    some = GraphMeasures(networks=("SN", "Vis", "Vis"), measures=["strength"]).fit(np.eye(3))
    assert some.get_feature_names_out().tolist() == ["graph_strength", "graph_strength_SN"]
    assert some.absent_ == ("graph_strength_DMN", "graph_strength_CEN")


def test_measures_say_what_they_are_to_a_clinician():
    graph = GraphMeasures(networks=tuple(NETWORKS)).fit(make_edges())
    columns = {column.name: column for column in graph._describe(())}
    assert columns["graph_participation_SN"].words == (
        "how evenly the connections of the regions of the salience network spread over networks "
        "(participation)"
    )
    assert columns["graph_participation_SN"].networks == ("SN", "SN")
    assert columns["graph_modularity"].networks is None


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(DataError, match="one of them says which edges are kept"):
        GraphMeasures(threshold=0.3).fit(make_edges())
    with pytest.raises(DataError, match="did you mean 'strength'"):
        GraphMeasures(measures=["strenght"]).fit(make_edges())
    with pytest.raises(DataError, match="participation and modularity need networks"):
        GraphMeasures(measures=["modularity"]).fit(make_edges())
