"""What a study with connectivity says of its scans, its sites, and where a model looks."""

import os
from dataclasses import replace

import pandas as pd
import pytest

from pipelines.data import read_table
from pipelines.examinations import Assembled
from pipelines.examinations.motion import describe_motion
from pipelines.explain import explain
from pipelines.settings import read_settings
from pipelines.simulate import simulate
from pipelines.train import train
from stratify.errors import DataError

FEW = ['models.families=["prevalence", "ridge"]', "validation.repeats=1", "validation.folds=3"]
FEW += ["validation.permutations=0", "instability.refits=0"]
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


def test_motion_is_taken_from_the_patients_where_the_scans_do_not_say_it(trained):
    table = trained.examined.tables["motion_in_connectivity"]
    assert len(table) == 20 * 19 / 2
    assert (table["patients"] == 94).all()
    assert table["distance"].notna().all()


def test_motion_that_is_not_known_is_said(tmp_path):
    simulate("null", patients=60, seed=1, regions=12, out=tmp_path)
    data = read_table(read_settings(tmp_path / "study.toml"))
    kept = [c for c in data.cohort.columns if c.name != "mean_fd"]
    cohort = replace(
        data.cohort, frame=data.cohort.frame.drop(columns="mean_fd"), columns=tuple(kept)
    )
    study = Assembled(
        settings=read_settings(tmp_path / "study.toml"),
        cohort=cohort,
        connectomes=data.connectomes,
        table=data.table,
        sets=[],
        folds=[],
    )
    found = describe_motion(study)
    assert "mean displacement of the scans is not known" in found.sentences[0]
    assert not found.figures


def test_a_site_of_new_patients_is_learned_from_scans_without_outcomes(tmp_path):
    simulate("optimistic", patients=200, seed=4, regions=12, out=tmp_path)
    overrides = [*FEW, *BOTH, "preparation.harmonise=combat", "preparation.unseen_site=scans"]
    trained = train(tmp_path / "study.toml", overrides=overrides, store=str(tmp_path / "runs"))
    cohort = pd.read_csv(tmp_path / "cohort.csv").head(12).assign(site="site D")
    edges = pd.read_parquet(tmp_path / "connectivity.parquet").head(12)
    cohort.to_csv(tmp_path / "new.csv", index=False)
    edges.to_parquet(tmp_path / "new.parquet", index=False)
    new = {"patients": tmp_path / "new.csv", "connectivity": tmp_path / "new.parquet"}
    how = {**new, "out": tmp_path, "store": str(tmp_path / "runs")}
    with pytest.raises(DataError, match="a site that training did not see"):
        explain(trained.run_ids[1], **how)
    of_site = {f"site_{name}": path for name, path in new.items()}
    explain(trained.run_ids[1], **how, **of_site)
    written = pd.read_csv(tmp_path / "contributions.csv")
    assert len(written) == 12
    assert not written["log_odds"].isna().any()


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
