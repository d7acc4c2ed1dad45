import numpy as np
import pytest

from stratify.connectome.features import Edges, NetworkBlocks
from stratify.connectome.matrices import unvectorise
from stratify.errors import DataError
from stratify.schema import Column

NETWORKS = ("SN", "SN", "SN", "DMN", "DMN", "CEN", "OTHER", "Vis", "Vis")
N_EDGES = 36


def make_z(n=10, seed=0):
    return np.random.default_rng(seed).normal(0.3, 0.2, size=(n, N_EDGES))


def mean_of(z, one, other):
    """Average over pairs of regions, one pair at a time: an independent count."""
    matrix = unvectorise(z)
    pairs = [
        matrix[i, j]
        for i in range(9)
        for j in range(i + 1, 9)
        if (one(NETWORKS[i]) and other(NETWORKS[j])) or (other(NETWORKS[i]) and one(NETWORKS[j]))
    ]
    return np.mean(pairs)


def test_blocks_are_means_over_the_pairs_of_their_regions():
    z = make_z()
    blocks = NetworkBlocks("fisher z", networks=NETWORKS).fit(z)
    features = dict(zip(blocks.get_feature_names_out(), blocks.transform(z).T, strict=True))
    assert list(features) == [
        "within_SN",
        "within_DMN",
        "between_SN_DMN",
        "between_SN_CEN",
        "between_DMN_CEN",
        "segregation_SN",
        "segregation_DMN",
    ]
    for k in range(len(z)):
        for name in ("within_SN", "within_DMN", "between_SN_DMN", "between_DMN_CEN"):
            one, other = name.split("_")[1], name.split("_")[-1]
            expected = mean_of(z[k], one.__eq__, other.__eq__)
            assert features[name][k] == pytest.approx(expected, abs=1e-12)


def test_segregation_is_within_less_between_over_within():
    z = make_z()
    blocks = NetworkBlocks("fisher z", networks=NETWORKS).fit(z)
    segregation = blocks.transform(z)[
        :, list(blocks.get_feature_names_out()).index("segregation_SN")
    ]
    for k in range(len(z)):
        within = mean_of(z[k], "SN".__eq__, "SN".__eq__)
        between = mean_of(z[k], "SN".__eq__, lambda name: name not in ("SN", "OTHER"))
        assert within > blocks.floor_[0]
        assert segregation[k] == pytest.approx((within - between) / within, abs=1e-12)


def test_segregation_stays_finite_and_monotone_where_within_is_nothing():
    networks = ("SN", "SN", "DMN", "DMN")
    blocks = NetworkBlocks("fisher z", networks=networks, within=False, between=False)
    blocks.fit(np.full((5, 6), 0.4))
    assert blocks.floor_.tolist() == [0.1, 0.1]
    within = np.linspace(-0.3, 0.5, 81)
    rows = np.full((81, 6), 0.2)
    rows[:, 0] = within
    segregation = blocks.transform(rows)[:, 0]
    assert np.isfinite(segregation).all()
    assert (np.diff(segregation) > 0).all()
    assert (np.sign(segregation.round(9)) == np.sign((within - 0.2).round(9))).all()
    # By hand, on both sides of the floor, and at it.
    by_hand = {0.05: -0.15 / 0.1, 0.1: -0.1 / 0.1, 0.4: 0.2 / 0.4}
    for value, expected in by_hand.items():
        assert segregation[np.argmin(abs(within - value))] == pytest.approx(expected)


def test_networks_too_small_for_a_block_are_named_as_absent():
    blocks = NetworkBlocks("fisher z", networks=NETWORKS).fit(make_z())
    assert blocks.absent_ == ("within_CEN", "segregation_CEN")


def test_all_networks_are_all_that_have_a_name():
    blocks = NetworkBlocks("fisher z", networks=NETWORKS, core=None).fit(make_z())
    names = blocks.get_feature_names_out()
    assert "between_CEN_Vis" in names
    assert not [name for name in names if "OTHER" in name]


def test_core_networks_that_are_not_there_are_refused_by_name():
    with pytest.raises(DataError, match="no region belongs to SN, DMN, CEN"):
        NetworkBlocks(networks=("A", "A", "B")).fit(np.zeros((3, 3)))
    with pytest.raises(DataError, match="no edge for within_SN"):
        NetworkBlocks(networks=("SN", "A", "B"), between=False).fit(np.zeros((3, 3)))
    with pytest.raises(DataError, match="all off"):
        NetworkBlocks(within=False, between=False, segregation=False).fit(np.zeros((3, 3)))


def test_blocks_say_what_they_are_to_a_clinician():
    blocks = NetworkBlocks("pearson r", networks=NETWORKS).fit(make_z() / 10)
    columns = blocks.describe_columns([Column(name=f"e{k}") for k in range(N_EDGES)])
    by_name = {column.name: column for column in columns}
    assert by_name["between_SN_DMN"].words == (
        "mean connectivity between the salience and default mode networks"
    )
    assert by_name["between_SN_DMN"].networks == ("SN", "DMN")
    assert by_name["within_SN"].words == "mean connectivity within the salience network"
    assert by_name["within_SN"].unit == "fisher z"
    assert by_name["segregation_DMN"].words == "segregation of the default mode network"
    assert by_name["segregation_DMN"].unit == ""


def test_edges_among_networks_are_those_between_and_within_them():
    z = make_z()
    edges = Edges("fisher z", networks=NETWORKS, among=("DMN", "CEN")).fit(z)
    matrix = unvectorise(z[0])
    expected = [matrix[3, 4], matrix[3, 5], matrix[4, 5]]
    np.testing.assert_array_equal(edges.transform(z)[0], expected)
    with pytest.raises(DataError, match="one region in all"):
        Edges(networks=NETWORKS, among=("CEN",)).fit(z)
    with pytest.raises(DataError, match="did you mean 'DMN'"):
        Edges(networks=NETWORKS, among=("DNM",)).fit(z)


def test_edges_keep_their_scale_when_asked():
    r = np.array([[0.5, -0.2, 1.0]])
    np.testing.assert_array_equal(Edges(fisher_z=False).fit_transform(r), r)
    np.testing.assert_array_equal(Edges("covariance").fit_transform(7 * r), 7 * r)
    np.testing.assert_array_equal(Edges("fisher z").fit_transform(7 * r), 7 * r)
    np.testing.assert_allclose(Edges().fit_transform(r)[0, :2], np.arctanh([0.5, -0.2]))
