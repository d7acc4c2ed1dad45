"""Two trainings begin at once in a folder that has no store yet; both are ended half-way."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from stratify.errors import DataError
from stratify.tracking import find_run, list_studies, mark_dead_runs, open_store, ui
from stratify.tracking.processes import is_dead, process_tags

TRAINING = textwrap.dedent("""
    import sys, time
    import pandas as pd
    from stratify.tracking import ModelRun, open_store, start_study

    X = pd.DataFrame({"madrs_baseline": [31.0, 27.0]})

    def write(folder):
        folder.mkdir()
        (folder / "model.json").write_text("{}")

    def write_and_wait(folder):
        write(folder)
        print("half-way", flush=True)
        time.sleep(120)

    store = open_store(sys.argv[1])
    with start_study(store, experiment="killed", name=sys.argv[2], digest="ab" * 32) as study:
        study.log_model_run(ModelRun(family="logistic", features="clinical", model=write, X=X))
        study.log_model_run(
            ModelRun(family="xgboost", features="clinical", model=write_and_wait, X=X)
        )
""")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory):
    """A store in which study ``terminated`` met SIGTERM and study ``killed`` met SIGKILL."""
    if os.name == "nt":
        pytest.skip("Windows has no such signals")
    folder = tmp_path_factory.mktemp("killed") / "mlruns"
    signals = {"terminated": signal.SIGTERM, "killed": signal.SIGKILL}
    trainings = {name: begin_training(folder, name) for name in signals}
    codes = {}
    for name, training in trainings.items():
        assert training.stdout.readline() == "half-way\n", training.communicate()[1]
        training.send_signal(signals[name])
        training.communicate(timeout=30)
        codes[name] = training.returncode
    store = open_store(folder)
    copies = {way: folder.with_name(way) for way in ("list", "find", "open")}
    for copy in copies.values():
        shutil.copytree(folder, copy)
    before = {name: read_states(store, name) for name in signals}
    marked = mark_dead_runs(store)
    after = {study.name: study for study in list_studies(store)}
    return store, codes, before, marked, after, copies


def begin_training(folder: Path, name: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(folder), name],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_states(store, name: str) -> tuple[str, list[str]]:
    """Read the states of a study and its models from the tags alone, closing nothing."""
    runs = store.client.search_runs(
        [each.experiment_id for each in store.client.search_experiments()],
        f"tags.study = '{name}'",
        order_by=["attributes.start_time ASC"],
    )
    state, *models = [run.data.tags["stratify.state"] for run in runs]
    return state, models


def states(study) -> tuple[str, list[str]]:
    return study.state, [model.state for model in study.models]


def test_two_processes_may_prepare_one_store_at_once(killed):
    store, _, _, _, after, _ = killed
    assert set(after) == {"terminated", "killed"}
    assert {model.experiment_id for study in after.values() for model in study.models} == {"1"}
    assert not list(store.folder.glob(".making-*"))


def test_a_terminated_training_closes_its_runs_as_failed(killed):
    store, codes, before, _, after, _ = killed
    assert codes["terminated"] == 128 + signal.SIGTERM
    assert before["terminated"] == ("failed", ["complete", "failed"])
    run = store.client.get_run(after["terminated"].run_id)
    assert (run.info.status, run.data.tags["stratify.failure"]) == ("FAILED", "SystemExit")


def test_a_killed_training_is_closed_as_failed_by_the_next(killed):
    store, codes, before, marked, after, _ = killed
    assert codes["killed"] == -signal.SIGKILL
    assert before["killed"] == ("started", ["complete", "started"])
    assert states(after["killed"]) == ("failed", ["complete", "failed"])
    assert set(marked) == {after["killed"].run_id, after["killed"].models[1].run_id}
    for run_id in marked:
        assert store.client.get_run(run_id).info.status == "FAILED"


def test_whoever_looks_at_a_store_finds_a_killed_training_closed(killed, monkeypatch):
    *_, copies = killed
    listed = {study.name: study for study in list_studies(open_store(copies["list"]))}
    assert states(listed["killed"]) == ("failed", ["complete", "failed"])
    with pytest.raises(DataError, match="the latest is failed"):
        find_run(open_store(copies["find"]), "killed")
    opened = open_store(copies["open"])
    monkeypatch.setattr(ui, "running_server", raising_as_asked)
    with pytest.raises(InterruptedError):
        ui.serve_ui(opened, open_browser=False)
    assert read_states(opened, "killed") == ("failed", ["complete", "failed"])


def raising_as_asked(*_, **__):
    raise InterruptedError


def test_half_a_study_is_never_taken_for_a_study(killed):
    store, *_ = killed
    for name in ("terminated", "killed"):
        with pytest.raises(DataError, match="the latest is failed"):
            find_run(store, name)


def test_a_living_study_is_left_alone(store, begin):
    with begin(store) as study:
        assert mark_dead_runs(store) == ()
        with begin(store, "another at the same time"):
            pass
    assert find_run(store, "demo").run_id == study.run_id


def test_a_process_is_told_apart_from_a_later_one_of_the_same_number():
    mine = process_tags()
    assert not is_dead(mine)
    assert is_dead({**mine, "stratify.process_started": "1.00"})
    assert is_dead({**mine, "stratify.process": "4194305"})


def test_nothing_is_said_of_another_machine():
    tags = {**process_tags(), "stratify.host": socket.gethostname() + "2"}
    assert not is_dead({**tags, "stratify.process": "4194305"})
    assert not is_dead({})
