import numpy as np
import pytest

from stratify.connectome.features import SEED_PAIRS, Seeds
from stratify.connectome.matrices import unvectorise
from stratify.errors import DataError

HUBS = [
    *("sgACC", "DLPFC", "DLPFC", "dACC", "anterior insula", "anterior insula"),
    *("amygdala", "S1", "mPFC", "striatum", "cerebellum"),
]
SIDES = ["", "L", "R", "", "L", "R", "L", "", "", "R", "L"]
NETWORKS = ["Limbic", "CEN", "CEN", *["SN"] * 3, "OTHER", "SomMot", "DMN", "OTHER", "OTHER"]
N = len(HUBS)


def make_z(n=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, N * (N - 1) // 2))


def test_every_pair_of_the_literature_is_the_mean_of_its_edges():
    z = make_z()
    seeds = Seeds("fisher z", hubs=HUBS, hemispheres=SIDES, networks=NETWORKS).fit(z)
    assert seeds.absent_ == ()
    assert seeds.pairs_ == SEED_PAIRS
    matrices = unvectorise(z)
    by_hand = np.column_stack(
        [
            matrices[:, 0, 1],  # sgACC, left DLPFC
            matrices[:, 0, 2],  # sgACC, right DLPFC
            matrices[:, 3, [4, 5]].mean(axis=1),  # ACC, both insulae
            matrices[:, 6, 0],  # amygdala, sgACC
            matrices[:, 8, 7],  # DMN, S1
            matrices[:, 9, 10],  # striatum, cerebellum
        ]
    )
    np.testing.assert_allclose(seeds.transform(z), by_hand, atol=1e-12)


def test_both_hemispheres_are_meant_where_none_is_named():
    z = make_z()
    seeds = Seeds("fisher z", hubs=HUBS, hemispheres=SIDES, pairs=[("sgACC", "DLPFC")])
    matrices = unvectorise(z)
    np.testing.assert_allclose(
        seeds.fit_transform(z)[:, 0], matrices[:, 0, [1, 2]].mean(axis=1), atol=1e-12
    )


def test_pairs_within_one_place_are_its_own_edges():
    z = make_z()
    seeds = Seeds("fisher z", networks=NETWORKS, pairs=[("SN", "SN")]).fit(z)
    matrices = unvectorise(z)
    inside = (matrices[:, 3, 4] + matrices[:, 3, 5] + matrices[:, 4, 5]) / 3
    np.testing.assert_allclose(seeds.transform(z)[:, 0], inside, atol=1e-12)


def test_a_pair_whose_regions_are_absent_is_left_out_and_named():
    hubs = [hub if hub not in ("sgACC", "S1") else None for hub in HUBS]
    seeds = Seeds("fisher z", hubs=hubs, hemispheres=SIDES, networks=NETWORKS).fit(make_z())
    assert seeds.absent_ == (
        "sgACC - DLPFC L",
        "sgACC - DLPFC R",
        "amygdala - sgACC",
        "DMN - S1",
    )
    assert seeds.get_feature_names_out().tolist() == [
        "seed_dACC_anterior_insula",
        "seed_striatum_cerebellum",
    ]


def test_no_pair_at_all_is_refused_with_what_there_is():
    with pytest.raises(DataError, match=r"no edge for any of sgACC - DLPFC L.*belong to PCC"):
        Seeds(hubs=["PCC", "mPFC", None]).fit(np.zeros((3, 3)))


def test_seeds_are_described_in_a_clinicians_words():
    seeds = Seeds("fisher z", hubs=HUBS, hemispheres=SIDES, networks=NETWORKS).fit(make_z())
    words = [column.words for column in seeds._describe(())]
    assert words[0] == (
        "connectivity of the subgenual anterior cingulate and the left dorsolateral prefrontal "
        "cortex"
    )
    assert words[4] == (
        "connectivity of the default mode network and the primary somatosensory cortex"
    )
    columns = seeds._describe(())
    assert columns[0].networks == ("Limbic", "CEN")
    assert columns[2].networks == ("SN", "SN")


def test_networks_of_a_place_of_several_are_not_said():
    networks = ["Limbic", "CEN", "SN", *NETWORKS[3:]]
    seeds = Seeds("fisher z", hubs=HUBS, networks=networks, pairs=[("sgACC", "DLPFC")])
    assert seeds.fit(make_z())._describe(())[0].networks is None
