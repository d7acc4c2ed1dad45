import numpy as np
import pytest

from stratify.datasets import make_cohort
from stratify.datasets.regions import SGACC, make_regions
from stratify.datasets.scans import draw_matrices, driver_edges, make_brain


def draw(brain, features, *, motion=None, site=None, patient=1, scan=2):
    count = len(features)
    return draw_matrices(
        brain,
        features,
        np.zeros(count) if motion is None else motion,
        np.zeros(count, dtype=int) if site is None else site,
        patient_seed=np.random.SeedSequence(patient),
        scan_seed=np.random.SeedSequence(scan),
    )


def edges(matrices):
    return matrices[:, *np.triu_indices(matrices.shape[1], k=1)]


@pytest.mark.parametrize("count", [12, 13, 48, 100, 200])
def test_any_number_of_regions_has_distinct_names_and_every_network(count):
    regions = make_regions(count)
    assert len(regions) == len(set(regions.names)) == count
    for network in ("SN", "DMN", "CEN"):
        assert regions.networks.count(network) >= 2
    assert regions.names[-1] == SGACC
    assert all(driver_edges(count).values())


def test_a_smaller_atlas_is_part_of_a_larger_one():
    assert set(make_regions(12).names) < set(make_regions(48).names) < set(make_regions(100).names)


def test_edges_of_the_drivers_are_where_their_names_say():
    for term, pairs in driver_edges(48).items():
        areas = [{region.split("_", 1)[-1].rsplit("_", 1)[0] for region in pair} for pair in pairs]
        text = " ".join(region for pair in pairs for region in pair)
        if term == "sgacc_dlpfc":
            assert all(SGACC in pair for pair in pairs)
            assert "Cont_PFCl" in text
        if term == "dmn_core":
            assert all(all(area.startswith("Default") for area in pair) for pair in areas)
        if term == "sn_acc_insula":
            assert all(area == {"SalVentAttn_Med", "SalVentAttn_FrOperIns"} for area in areas)
        if term == "dmn_cen":
            assert all(len({region.split("_")[1] for region in pair}) == 2 for pair in pairs)


@pytest.mark.parametrize("count", [12, 100, 200])
def test_matrices_are_correlations_symmetric_and_positive_definite(count):
    matrices = make_cohort(patients=24, regions=count).connectomes.matrices
    assert matrices.shape == (24, count, count)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
    np.testing.assert_array_equal(np.diagonal(matrices, axis1=1, axis2=2), 1.0)
    assert np.linalg.eigvalsh(matrices).min() > 0
    assert np.abs(edges(matrices)).max() < 1


def test_edges_agree_between_two_scans_of_the_same_patients_as_published():
    """ICC(1,1) by analysis of variance, within site, mean over edges: about 0.3."""
    first, second = (make_cohort(patients=500, regions=20, session=session) for session in (0, 1))
    site = first.cohort.frame["site"].to_numpy()
    scans = []
    for simulation in (first, second):
        values = edges(simulation.connectomes.matrices)
        for name in set(site):
            values[site == name] -= values[site == name].mean(axis=0)
        scans.append(values)
    mean = (scans[0] + scans[1]) / 2
    between = 2 * mean.var(axis=0, ddof=1)
    within = ((scans[0] - scans[1]) ** 2 / 2).mean(axis=0)
    icc = (between - within) / (between + within)
    assert icc.mean() == pytest.approx(0.30, abs=0.06)
    # Nothing but the scan differs.
    assert first.cohort.digest == second.cohort.digest


def test_a_drivers_edges_follow_it_and_no_other_edge_does():
    brain = make_brain(np.random.default_rng(0), 24, sites=1, site_shift=0.0)
    features = np.random.default_rng(1).standard_normal((1500, 4))
    values = edges(draw(brain, features))
    first, second = np.triu_indices(24, k=1)
    for k in range(4):
        moved = brain.effects[k][first, second] > 0
        correlation = np.array([np.corrcoef(features[:, k], edge)[0, 1] for edge in values.T])
        assert correlation[moved].min() > 0.25
        assert np.abs(correlation[~moved]).max() < 0.15


def test_motion_lowers_long_connections_and_raises_short_ones():
    brain = make_brain(np.random.default_rng(0), 40, sites=1, site_shift=0.0)
    motion = np.repeat([0.0, 4.0], 400)
    values = edges(draw(brain, np.zeros((800, 4)), motion=motion))
    change = values[400:].mean(axis=0) - values[:400].mean(axis=0)
    places = brain.regions.places
    first, second = np.triu_indices(40, k=1)
    distance = np.linalg.norm(places[first] - places[second], axis=1)
    assert change[distance > 110].mean() < -0.03
    assert change[distance < 40].mean() > 0.02


def test_sites_shift_connectivity_unless_told_not_to():
    site = np.repeat([0, 1], 300)
    for shift, low, high in ((0.0, 0.0, 0.02), (0.8, 0.04, 0.2)):
        brain = make_brain(np.random.default_rng(0), 16, sites=2, site_shift=shift)
        values = edges(draw(brain, np.zeros((600, 4)), site=site))
        difference = np.abs(values[:300].mean(axis=0) - values[300:].mean(axis=0)).mean()
        assert low <= difference <= high


def test_a_patient_moved_beyond_what_a_correlation_allows_is_pulled_back():
    brain = make_brain(np.random.default_rng(0), 24, sites=1, site_shift=0.0)
    matrices = draw(brain, np.array([[0.0, -40.0, 40.0, 40.0], [0.0, 0.0, 0.0, 0.0]]))
    assert np.linalg.eigvalsh(matrices).min() > 0
    # The patient beside it is not touched.
    alone = draw(brain, np.zeros((2, 4)))
    np.testing.assert_array_equal(matrices[1], alone[1])


def test_scans_do_not_depend_on_how_patients_are_parted(monkeypatch):
    brain = make_brain(np.random.default_rng(0), 12, sites=1, site_shift=0.0)
    features = np.random.default_rng(1).standard_normal((30, 4))
    whole = draw(brain, features)
    monkeypatch.setattr("stratify.datasets.scans._CHUNK_CELLS", 7 * 144)
    np.testing.assert_array_equal(draw(brain, features), whole)


def test_the_law_of_a_scan_is_that_of_correlated_time_series():
    """Spread of edges over scans of one patient: as of volumes drawn one by one."""
    brain = make_brain(np.random.default_rng(0), 12, sites=1, site_shift=0.0)
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky(brain.mean)
    drawn = np.array(
        [np.corrcoef(root @ rng.standard_normal((12, brain.volumes))) for _ in range(600)]
    )
    certain = make_brain(np.random.default_rng(0), 12, sites=1, site_shift=0.0)
    object.__setattr__(certain, "spread", 1e9)
    ours = draw(certain, np.zeros((600, 4)))
    np.testing.assert_allclose(edges(ours).std(axis=0), edges(drawn).std(axis=0), rtol=0.15)
    np.testing.assert_allclose(edges(ours).mean(axis=0), edges(drawn).mean(axis=0), atol=0.02)
