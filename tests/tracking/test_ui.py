"""MLflow's server on a trained store: as a place to train to, and as pages in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from stratify.errors import SettingsError
from stratify.metrics.estimates import METRICS
from stratify.tracking import find_identifiers, find_run, list_studies, load_run, open_store
from stratify.tracking import ui as tracking_ui
from stratify.tracking.ui import running_server, serve_ui
from stratify.tracking.view import VIEW_TAG, experiment_tags

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1600,1000",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def served(copy_store, train, tmp_path_factory):
    """A store with one study, and the address of the server that shows it."""
    store = copy_store(tmp_path_factory.mktemp("served") / "mlruns")
    train(store, register=True)
    with running_server(store, port=free_port()) as (address, _):
        yield store, address


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read()


def test_a_study_on_a_server_is_written_found_and_read_back(
    served, train, stand_in, patients, tmp_path
):
    _, address = served
    remote = open_store(tmp_path / "here", tracking_uri=address)
    assert remote.served
    study, models = train(remote, "remote", register=True, experiment="elsewhere")
    assert find_run(remote, "remote").run_id == study
    assert find_run(remote, "responder-remote@champion").run_id == models[1]
    loaded = load_run(remote, models[1])
    assert loaded.model.shift == 0.25
    assert loaded.metrics["auc"] == 0.6
    assert loaded.study_toml.startswith("[study]")
    assert len(pd.read_csv(loaded.folder / "tables" / "predictions.csv")) == 40
    again = load_run(remote, models[1])
    assert (again.folder / "figures" / "roc.png").is_file()
    assert [summary.state for summary in list_studies(remote)][:1] == ["complete"]
    assert find_identifiers(tmp_path, patients) == ()
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [
        ".pseudonym-key",
        "fetched",
    ]


def test_figures_are_served(served):
    store, address = served
    (study,) = [study for study in list_studies(store) if study.name == "demo"]
    run = study.models[0].run_id
    figure = get(f"{address}/get-artifact?run_uuid={run}&path=figures/roc.png")
    assert figure.startswith(b"\x89PNG")


def test_the_assistant_is_switched_off(served):
    _, address = served
    with pytest.raises(urllib.error.HTTPError) as refusal:
        get(f"{address}/ajax-api/3.0/mlflow/assistant/config")
    assert refusal.value.code == 404
    refusal.value.close()


def test_a_taken_port_is_refused_with_another(served):
    store, address = served
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(SettingsError, match=f"port {port} of this machine.*instance {port + 1}"):
        serve_ui(store, port=port, open_browser=False)


def test_the_server_ends_with_the_program_that_started_it(store):
    # Its end of the pipe is closed from the start, as if the other had gone already.
    command = tracking_ui._command(store, free_port())
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, timeout=60
    )
    assert ended.returncode == 0


def test_a_store_on_a_server_is_shown_by_that_server(served, tmp_path, monkeypatch):
    _, address = served
    opened = []
    monkeypatch.setattr(tracking_ui.webbrowser, "open", opened.append)
    serve_ui(open_store(tmp_path, tracking_uri=address), experiment="simulated TMS + ketamine")
    assert opened == [
        f"{address}/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=stratify"
    ]


def test_the_first_view_fits_in_a_tag_and_shows_each_metric_with_its_bounds():
    view = experiment_tags()[VIEW_TAG]
    assert len(view) < 20_000
    charts = json.loads(view)["compareRunCharts"]
    assert {chart["metricKey"] for chart in charts} == {
        metric + end for metric in METRICS for end in ("", "_low", "_high")
    }
    sections = {section["uuid"] for section in json.loads(view)["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in charts} <= sections


@pytest.fixture(scope="module")
def browse(served, tmp_path_factory):
    """Return a function that opens a page in a headless browser and returns what it shows."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    _, address = served
    profile = tmp_path_factory.mktemp("browser")

    def browse(path: str, *, until: str) -> str:
        page = ""
        for _ in range(4):
            page = subprocess.run(
                [
                    CHROMIUM,
                    *FLAGS,
                    f"--user-data-dir={profile}",
                    "--virtual-time-budget=30000",
                    "--dump-dom",
                    address + path,
                ],
                capture_output=True,
                text=True,
                timeout=100,
            ).stdout
            if until in page:
                break
        return html.unescape(page)

    browse("/stratify#/experiments/1/runs", until="both · logistic")
    return browse


@pytest.mark.browser
def test_the_table_shows_study_family_features_and_auc_with_bounds(browse):
    page = browse("/#/experiments/1/runs", until="both · logistic")
    for name in ("both · logistic", "both · prevalence", "demo · verdict"):
        assert name in page
    headers = re.findall(r'<div[^>]*role="columnheader"[^>]*>', page)
    place = {
        re.search(r'col-id="([^"]+)"', header)[1]: int(re.search(r'colindex="(\d+)"', header)[1])
        for header in headers
        if "col-id" in header
    }
    shown = sorted(place, key=place.get)
    wanted = ["tags.`study`", "tags.`family`", "tags.`features`"]
    wanted += [f"metrics.`{name}`" for name in ("auc", "auc_low", "auc_high")]
    assert [column for column in shown if column in wanted] == wanted
    assert "You're viewing a shared view" not in page


@pytest.mark.browser
def test_the_charts_show_the_models_first(browse):
    page = browse("/#/experiments/1/runs?compareRunsMode=CHART", until=">Bounds<")
    order = [page.index(f">{section}<") for section in ("Model metrics", "Bounds", "fold")]
    assert order == sorted(order)
    assert "auc" in page[order[0] : order[1]]
    assert "auc" not in page[order[2] :]  # folded away


@pytest.mark.browser
def test_the_page_of_the_study_run_shows_the_verdict(browse, served):
    store, _ = served
    run = find_run(store, "demo").run_id
    page = browse(f"/#/experiments/1/runs/{run}", until="No usable individual prediction.")
    assert "No usable individual prediction." in page
    assert "realistic" in page


@pytest.mark.browser
def test_the_page_of_a_model_shows_its_figure(browse, served):
    store, _ = served
    run = find_run(store, "responder-demo@champion").run_id
    page = browse(f"/#/experiments/1/runs/{run}/artifacts/figures/roc.png", until="<img")
    assert "figures/roc.png" in page
    assert re.search(r"<img[^>]+src=\"(blob:|data:image|/?get-artifact)", page)
