"""MLflow's pages, served for one person on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from stratify.errors import DataError, Fault, SettingsError
from stratify.tracking.pages import FIRST_PAGE
from stratify.tracking.processes import termination_as_exit
from stratify.tracking.store import Store, silence_mlflow
from stratify.tracking.study import close_dead_runs
from stratify.tracking.view import runs_page, shared_runs_page

_PATIENCE_SECONDS = 90


def serve_ui(
    store: Store,
    *,
    port: int = 5000,
    open_browser: bool = True,
    experiment: str | None = None,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Show a store in MLflow's pages until interrupted.

    The server listens on this machine only. For a store that a server keeps already, nothing is
    started: the browser is sent there.

    Parameters
    ----------
    store : Store
    port : int
    open_browser : bool
    experiment : str, optional
        Which experiment to show first; the one with the latest run, where none is named.
    announce : callable, optional
        Told the address as soon as the pages can be opened.

    Raises
    ------
    SettingsError
        If the port is taken.
    """
    close_dead_runs(store)
    experiment_id = _find_experiment(store, experiment)
    if store.served:
        page = shared_runs_page(experiment_id) if experiment_id else ""
        _show(f"{store.tracking_uri.rstrip('/')}/{page}", open_browser, announce)
        return
    page = runs_page(experiment_id) if experiment_id else ""
    with termination_as_exit(), running_server(store, port=port) as (address, server):
        _show(address + FIRST_PAGE + page, open_browser, announce)
        while server.poll() is None:
            time.sleep(0.5)


@contextmanager
def running_server(store: Store, *, port: int) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run MLflow's server on a store that no server keeps; yield its address once it answers."""
    _require_free(port)
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(
            _command(store, port),
            env=_environment(),
            stdin=subprocess.PIPE,  # closed when we are gone, however we went: the server's sign
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            _wait(server, address)
            yield address, server
            if server.poll() is not None:
                raise DataError(_stopped(said))
        except TimeoutError:
            raise DataError(_stopped(said)) from None
        finally:
            _stop(server)


def _find_experiment(store: Store, name: str | None) -> str | None:
    """Return the id of the experiment named, or of the one with the latest run; None if neither."""
    client = store.client
    every = client.search_experiments()
    if name is None:
        latest = client.search_runs(
            [each.experiment_id for each in every],
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        return latest[0].info.experiment_id if latest else None
    found = {each.name: each.experiment_id for each in every}
    if name not in found:
        raise SettingsError(
            Fault(
                where="experiment",
                met=f"no experiment {name!r}",
                wanted=f"one of {', '.join(found)}",
                way_out="Choose one of these, or leave it out.",
            )
        )
    return found[name]


def _command(store: Store, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "stratify.tracking.pages", "--store", store.tracking_uri),
        *("--artifacts", store.artifacts.as_uri(), "--port", str(port)),
        "--while-stdin-is-open",
    ]


def _environment() -> dict[str, str]:
    silence_mlflow()
    # The address of another server would make this one answer for that.
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    home = str(Path(__file__).parents[2])  # the server runs the same code as we do
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [home, kept.get("PYTHONPATH")]))}


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return
    raise SettingsError(
        Fault(
            where="port",
            met=f"something already answers on port {port} of this machine",
            wanted="a free port",
            way_out=f"Choose another, for instance {port + 1}; or close the other program.",
        )
    )


def _wait(server: subprocess.Popen, address: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address + "/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError


def _stop(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.communicate()


def _stopped(said: IO[str]) -> Fault:
    said.seek(0)
    last = " / ".join(said.read().strip().splitlines()[-3:])
    return Fault(
        where="MLflow's pages",
        met="their server did not stay up" + (f"; it said: {last}" if last else ""),
        wanted="a server that answers",
        way_out="Try another port. If that does not help, mlruns/README.md says how to start "
        "MLflow's own.",
    )


def _show(address: str, open_browser: bool, announce: Callable[[str], object] | None) -> None:
    if announce is not None:
        announce(address)
    if open_browser:
        webbrowser.open(address)
