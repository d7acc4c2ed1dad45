import json
import tomllib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from stratify.datasets import PRESETS, make_cohort, write_simulation
from stratify.errors import DataError
from stratify.schema import Column

FILES = {"cohort.csv", "columns.toml", "connectivity.parquet", "truth.csv", "study.toml"}


@pytest.fixture(scope="module")
def written(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    return write_simulation(small, folder).parent


def test_exactly_the_five_files_are_written(small, written):
    assert {path.name for path in written.iterdir()} == FILES
    write_simulation(small, written)
    assert {path.name for path in written.iterdir()} == FILES


def test_the_dictionary_gives_back_every_column(small, written):
    text = tomllib.loads((written / "columns.toml").read_text("utf-8"))
    assert text["cohort"] == {"name": "simulated realistic cohort", "simulated": True}
    columns = [Column.from_dict({"name": name, **entry}) for name, entry in text["columns"].items()]
    assert columns[0].role == "patient"
    assert tuple(columns[1:]) == small.cohort.columns


def test_the_table_gives_back_every_cell(small, written):
    table = pd.read_csv(written / "cohort.csv", index_col="patient")
    assert list(table.columns) == [column.name for column in small.cohort.columns]
    for column in small.cohort.columns:
        values = table[column.name]
        if column.kind == "boolean":
            assert set(values.dropna()) <= {"no", "yes"}
            values = values.map({"no": 0.0, "yes": 1.0})
        ours = small.cohort.frame[column.name].astype(object)
        assert (values.isna() == ours.isna()).all()
        assert (values.astype(object)[ours.notna()] == ours[ours.notna()]).all()


def test_the_edges_are_row_by_row_with_their_regions_beside_them(small, written):
    path = written / "connectivity.parquet"
    table = pd.read_parquet(path)
    about = json.loads(pq.read_schema(path).metadata[b"stratify"])
    assert about["simulated"] is True
    assert about["kind"] == "pearson r"
    assert tuple(about["regions"]) == small.connectomes.regions
    assert tuple(about["networks"]) == small.connectomes.networks
    assert table.columns[0] == "patient"
    assert tuple(table["patient"]) == small.connectomes.patients
    pd.testing.assert_frame_equal(table.set_index("patient"), small.connectomes.edges)


def test_the_truth_is_written_to_the_last_digit(small, written):
    truth = pd.read_csv(written / "truth.csv", index_col="patient")
    pd.testing.assert_frame_equal(truth, small.truth, check_exact=True)


def test_the_study_asks_for_response_to_the_combination(written):
    study = tomllib.loads((written / "study.toml").read_text("utf-8"))
    assert list(study) == [
        "study",
        "cohort",
        "connectivity",
        "question",
        "response",
        "features",
        "validation",
        "models",
        "tracking",
    ]
    assert study["study"]["name"] == study["tracking"]["experiment"] == "realistic-depression"
    assert "imulated" in study["study"]["description"]
    assert study["cohort"] == {"file": "cohort.csv", "columns": "columns.toml"}
    assert study["question"] == {
        "kind": "response under treatment",
        "treatment": "tms+ketamine",
        "condition": "depression",
    }
    assert study["response"]["drop"] == 0.5
    assert "clinical" not in study["features"]


@pytest.mark.parametrize("preset", PRESETS)
def test_only_the_leaky_study_asks_for_a_column_of_during_treatment(preset, tmp_path):
    simulation = make_cohort(preset, patients=20, regions=12)
    study = tomllib.loads(write_simulation(simulation, tmp_path).read_text("utf-8"))
    asked = study["features"].get("clinical", [])
    late = [name for name in asked if simulation.cohort[name].measured != "baseline"]
    assert late == (["madrs_week1"] if preset == "leaky" else [])


def test_a_study_of_another_arm_can_be_asked_for(tmp_path):
    simulation = make_cohort(patients=20, regions=12, shares={"tms": 1})
    study = tomllib.loads(write_simulation(simulation, tmp_path).read_text("utf-8"))
    assert study["question"]["treatment"] == "tms"
    with pytest.raises(DataError, match="no patient under 'ketamine'"):
        write_simulation(simulation, tmp_path / "other", treatment="ketamine")
    assert not (tmp_path / "other").exists()


def test_a_failed_write_leaves_the_old_file_and_no_draft(small, tmp_path, monkeypatch):
    write_simulation(small, tmp_path)
    before = (tmp_path / "truth.csv").read_bytes()

    def fail(table, path, **how):
        path.write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr("pandas.DataFrame.to_csv", fail)
    with pytest.raises(OSError, match="disk is full"):
        write_simulation(make_cohort(patients=20, regions=12), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert (tmp_path / "truth.csv").read_bytes() == before


def test_equal_simulations_are_written_to_equal_bytes(small, written, tmp_path):
    write_simulation(make_cohort(patients=60, regions=12), tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()
    assert np.isfinite(small.connectomes.matrices).all()
