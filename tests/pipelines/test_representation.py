"""What a study's regions allow is told before any model is fitted."""

import pytest

from pipelines.check import check
from pipelines.simulate import simulate
from pipelines.train import train
from stratify.errors import DataError

FEW = ["validation.repeats=1", "validation.folds=3", "validation.permutations=0"]
OTHERS = ", ".join(f'{name} = "Vis"' for name in ("RH_Cont_Par_1", "RH_Cont_PFCl_1"))
THIN = [f"connectivity.networks={{{OTHERS}}}"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate("optimistic", patients=120, seed=4, regions=24, out=folder)
    return folder / "study.toml"


def told(result, severity="warnings"):
    return "\n".join(map(str, getattr(result, severity)))


def test_a_network_of_too_few_regions_is_an_error_where_networks_are_what_a_model_sees(study):
    blocks = [*FEW, *THIN, "preparation.represent=network blocks"]
    regions = "LH_Cont_Par_1, LH_Cont_Par_2, LH_Cont_PFCl_1"
    wanted = f"networks: CEN: 3 regions ({regions}), 3 left and 0 right"
    assert wanted in told(check(study, overrides=blocks), "errors")
    with pytest.raises(DataError, match="3 left and 0 right"):
        train(study, overrides=blocks, store=str(study.parent / "runs"))
    edges = check(study, overrides=[*FEW, *THIN])
    assert edges.ok
    assert wanted in told(edges)
    assert "networks: CEN" not in told(check(study, overrides=FEW))


def test_features_are_counted_as_models_see_them(study):
    def features(represent):
        found = check(study, overrides=[*FEW, f"preparation.represent={represent}"])
        assert found.ok, found.errors
        return found.plan.features

    edges, blocks, tangent = map(features, ("edges", "network blocks", "tangent"))
    assert edges["connectivity"] == 24 * 23 / 2
    assert blocks["connectivity"] == 3 + 3 + 3  # within, between, segregation
    assert tangent["connectivity"] == 24 * 25 / 2
    assert blocks["both"] == blocks["clinical"] + blocks["connectivity"]
    assert blocks["clinical"] == edges["clinical"]


def test_seeds_without_their_regions_are_warned_of(study):
    found = check(study, overrides=[*FEW, "preparation.represent=seeds"])
    assert "no edge for 2 features: amygdala - sgACC, striatum - cerebellum" in told(found)
    assert found.plan.features["connectivity"] == 4


def test_what_patients_would_be_needed_counts_blocks_and_not_edges(study):
    outlook = check(study, overrides=[*FEW, "preparation.represent=network blocks"]).plan.outlook
    assert outlook.needs["connectivity"].parameters == 9
