from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from stratify.errors import DataError, SettingsError
from stratify.tracking import add_to_run, find_identifiers, load_run, open_store, start_study
from stratify.tracking.store import find_experiment


def test_numbers_go_to_one_database_and_files_to_one_folder(store, train):
    _, (_, model) = train(store)
    run = store.client.get_run(model)
    assert run.info.artifact_uri.startswith(store.artifacts.as_uri() + "/")
    assert store.embedded
    assert not store.served
    assert sorted(path.name for path in store.folder.iterdir()) == [
        ".pseudonym-key",
        "artifacts",
        "mlflow.db",
    ]


def test_a_moved_folder_keeps_its_runs_and_their_files(copy_store, train, stand_in, tmp_path):
    study, (_, model) = train(copy_store(tmp_path / "here" / "mlruns"), register=True)
    shutil.move(tmp_path / "here", tmp_path / "a place with spaces & ünïcode 100%")
    moved = open_store(tmp_path / "a place with spaces & ünïcode 100%" / "mlruns")
    loaded = load_run(moved, model)
    assert loaded.folder.is_relative_to(moved.folder)
    assert (loaded.folder / "tables" / "predictions.csv").is_file()
    assert loaded.model.shift == 0.25
    version = moved.client.get_model_version_by_alias("responder-demo", "champion")
    assert version.source.startswith(moved.artifacts.as_uri())
    add_to_run(moved, study, texts={"later.txt": "still writable"})
    assert not (tmp_path / "here").exists()


def test_a_copied_folder_leaves_the_original_alone(copy_store, train, tmp_path):
    original = copy_store(tmp_path / "original")
    study, _ = train(original)
    shutil.copytree(original.folder, tmp_path / "copy")
    copied = open_store(tmp_path / "copy")
    add_to_run(copied, study, texts={"later.txt": "only here"})
    assert not list(original.folder.rglob("later.txt"))
    assert len(list(copied.folder.rglob("later.txt"))) == 1


def test_opening_twice_changes_nothing(store):
    before = (store.folder / "mlflow.db").read_bytes()
    assert open_store(store.folder) == store
    assert (store.folder / "mlflow.db").read_bytes() == before


def test_no_global_setting_of_mlflow_is_touched(
    prepared, train, stand_in, copy_store, tmp_path, monkeypatch
):
    import mlflow

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = mlflow.get_tracking_uri()
    store = copy_store(tmp_path / "mlruns")
    _, models = train(store, register=True)
    load_run(store, models[0])
    assert mlflow.get_tracking_uri() == before
    assert mlflow.active_run() is None
    assert list(elsewhere.iterdir()) == []


def test_mlflow_says_nothing_to_the_user(store, train, capfd):
    train(store, register=True)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_telemetry_is_off(store):
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert store.client is not None
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert is_telemetry_disabled()


def test_importing_the_room_imports_nothing_heavy():
    heavy = "mlflow sklearn matplotlib shap xgboost"
    code = f"import sys, stratify.tracking; print(set({heavy.split()}) & set(sys.modules))"
    home = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_only_its_owner_may_read_the_key_of_the_pseudonyms(store, train):
    train(store)
    key = store.folder / ".pseudonym-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32


def test_an_address_where_nobody_answers_is_refused_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match="nothing answers at http") as refusal:
            open_store(tmp_path, tracking_uri=uri)
    assert "Start the server" in refusal.value.faults[0].way_out


@pytest.mark.parametrize("uri", ["file:///somewhere/mlruns", "./mlruns", "ftp://somewhere"])
def test_an_address_that_cannot_keep_runs_is_refused(uri, tmp_path):
    with pytest.raises(SettingsError, match="begins with http, https, sqlite, postgresql"):
        open_store(tmp_path, tracking_uri=uri)


def test_a_deleted_experiment_is_named_with_its_way_back(store):
    made = find_experiment(store, "old")
    store.client.delete_experiment(made)
    with pytest.raises(SettingsError, match=f"mlflow experiments restore -x {made}"):
        find_experiment(store, "old")


def test_experiments_of_one_name_are_one(store):
    assert find_experiment(store, "TMS / ketamine: öne") == find_experiment(
        store, "TMS / ketamine: öne"
    )
    location = store.client.get_experiment_by_name("TMS / ketamine: öne").artifact_location
    assert location == store.artifacts.as_uri() + "/TMS-ketamine-ne"


def test_a_database_of_another_mlflow_is_refused_with_the_way_out(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "mlruns")
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    database.close()
    with pytest.raises(DataError, match="mlflow db upgrade 'sqlite:///"):
        open_store(tmp_path / "mlruns")


def test_the_search_for_identifiers_finds_what_is_there(tmp_path):
    import zipfile

    (tmp_path / "plain.csv").write_text("patient\nTK-001\n")
    (tmp_path / "escaped.json").write_text('{"patient": "Zo\\u00eb-1"}')
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("schema.json", '["TK-002"]', compress_type=zipfile.ZIP_DEFLATED)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("CREATE TABLE tags (value TEXT)")
        database.execute("INSERT INTO tags VALUES ('of TK-003')")
    database.close()
    (tmp_path / "innocent.csv").write_text("TK-0011 xTK-001")
    wanted = ["TK-001", "TK-002", "TK-003", "Zoë-1"]
    assert find_identifiers(tmp_path, wanted) == (
        "escaped.json",
        "mlflow.db",
        "model.skops",
        "plain.csv",
    )


def test_whoever_only_reads_makes_no_store(tmp_path):
    with pytest.raises(DataError, match=r"there is no such folder; .*--store DIR"):
        open_store(tmp_path / "typo", existing=True)
    with pytest.raises(DataError, match="no runs are kept there"):
        open_store(tmp_path, existing=True)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_would_be_a_file_is_refused_by_its_path(tmp_path):
    (tmp_path / "README.md").touch()
    with pytest.raises(DataError, match=r"README\.md: it cannot be made"):
        open_store(tmp_path / "README.md")


def test_a_full_disk_is_told_by_the_name_of_the_database(store, monkeypatch):
    def refuse(*_, **__):
        raise MlflowException("(sqlite3.OperationalError) database or disk is full")

    monkeypatch.setattr("mlflow.MlflowClient.create_run", refuse)
    with (
        pytest.raises(DataError, match=r"mlflow\.db: database or disk is full"),
        start_study(store, experiment="full", name="full", digest="ab" * 32),
    ):
        pass
