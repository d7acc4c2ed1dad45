import pytest

from pipelines.store import choose_store, ui_command


@pytest.mark.parametrize(
    ("named", "of_study", "environment", "expected"),
    [
        (None, "mlruns", None, ("mlruns", None)),
        (None, "elsewhere", None, ("elsewhere", None)),
        (None, "elsewhere", "http://127.0.0.1:5000", ("mlruns", "http://127.0.0.1:5000")),
        ("here", "elsewhere", "http://127.0.0.1:5000", ("here", None)),
        ("https://127.0.0.1", "elsewhere", None, ("mlruns", "https://127.0.0.1")),
        (None, "sqlite:////data/runs.db", None, ("mlruns", "sqlite:////data/runs.db")),
    ],
)
def test_the_command_line_comes_before_the_environment_and_that_before_the_study(
    named, of_study, environment, expected
):
    assert choose_store(named, of_study, environment) == expected


@pytest.mark.parametrize(
    ("store", "environment", "told"),
    [
        ("{here}/mlruns", None, "stratify ui"),
        ("{here}/my runs", None, "stratify ui --store '{here}/my runs'"),
        ("{here}/mlruns", "http://127.0.0.1:5000", "stratify ui --store {here}/mlruns"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000", "stratify ui"),
    ],
)
def test_the_command_that_shows_the_runs_names_a_store_it_would_not_find(
    store, environment, told, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if environment:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", environment)
    assert ui_command(store.format(here=tmp_path)) == told.format(here=tmp_path)
