"""What a study with connectivity says of its scans, its sites, and where a model looks."""

import os

import pytest

from pipelines.simulate import simulate
from pipelines.train import train

FEW = ['models.families=["prevalence", "ridge"]', "validation.repeats=1", "validation.folds=3"]
FEW += ["validation.permutations=0"]
BOTH = ['features.sets=["both"]']


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate("optimistic", patients=200, seed=4, regions=20, out=folder)
    overrides = [*FEW, *BOTH, "preparation.harmonise=combat"]
    return train(folder / "study.toml", overrides=overrides, store=str(folder / "runs"))


def test_every_picture_has_its_table(trained):
    tables, figures = trained.examined.tables, trained.examined.figures
    assert {"group_matrix", "network_blocks", "strongest_edges", "site_decoding"} <= set(tables)
    assert {"group_matrix", "network_blocks", "glass_brain", "site_decoding"} <= set(figures)
    assert len(tables["group_matrix"]) == 20 * 19 / 2


def test_a_difference_of_groups_says_that_it_is_no_finding(trained):
    figure = trained.examined.figures["group_difference_descriptive"]
    assert "not tested, not a finding" in figure.axes[0].get_title()


def test_sites_are_told_before_harmonisation_and_not_after(trained):
    found = trained.examined.values["site_decoding"]
    assert found["site_auc_before"] > 0.9
    assert found["site_auc_after"] < found["site_auc_before"] - 0.2
    said = next(one for one in trained.examined.sentences if one.startswith("Site decoding:"))
    assert "after harmonisation" in said


def test_motion_that_is_not_known_is_said(trained):
    assert any(
        "mean displacement of the scans is not known" in s for s in trained.examined.sentences
    )


@pytest.mark.skipif("STRATIFY_DATA" not in os.environ, reason="names no mirror of public data")
def test_motion_that_is_known_is_measured_and_unharmonised_sites_are_warned_of(tmp_path):
    overrides = [*FEW, "quality.most_mean_fd=0.5"]
    trained = train("studies/rpn-pain.toml", overrides=overrides, store=str(tmp_path))
    found = trained.examined.values["motion_in_connectivity"]
    assert found["edges"] == 122 * 121 / 2
    assert found["share_below_p_0_05"] > 0.1
    said = " ".join(trained.examined.sentences)
    assert "its linear effect is taken out in each training fold" in said
    assert "A model can know the site from connectivity features" in said
    assert "are not drawn; connectivity.regions takes a table" in said
    assert "glass_brain" not in trained.examined.figures
