"""MLflow's pages, served for one person on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stratify.errors import DataError, Fault, SettingsError
from stratify.tracking.store import Store, _silence_mlflow
from stratify.tracking.view import runs_page

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
    page = find_page(store, experiment=experiment)
    if store.served:
        _show(store.tracking_uri.rstrip("/") + page, open_browser, announce)
        return
    with running_server(store, port=port) as (address, server):
        _show(address + page, open_browser, announce)
        while server.poll() is None:
            time.sleep(0.5)
        raise DataError(_stopped(server))


@contextmanager
def running_server(store: Store, *, port: int) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run MLflow's server on a store that no server keeps; yield its address once it answers."""
    import psutil

    _require_free(port)
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        _command(store, port),
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait(server, address)
        yield address, server
    finally:
        _stop(psutil.Process(server.pid) if server.poll() is None else None)
        server.wait()


def find_page(store: Store, *, experiment: str | None = None) -> str:
    """Return the address, after the server's own, of the table of the models to show first."""
    client = store.client
    if experiment is not None:
        found = client.get_experiment_by_name(experiment)
        if found is None:
            raise SettingsError(
                Fault(
                    where="experiment",
                    met=f"no experiment {experiment!r}",
                    wanted=", ".join(each.name for each in client.search_experiments()),
                    way_out="Choose one of these, or leave it out.",
                )
            )
        return runs_page(found.experiment_id)
    every = [each.experiment_id for each in client.search_experiments()]
    latest = client.search_runs(every, order_by=["attributes.start_time DESC"], max_results=1)
    return runs_page(latest[0].info.experiment_id) if latest else "/"


def _command(store: Store, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", store.tracking_uri),
        *("--artifacts-destination", store.artifacts.as_uri()),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
    ]


def _environment() -> dict[str, str]:
    _silence_mlflow()
    # The address of another server would make this one answer for that.
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return {**kept, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


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
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise DataError(_stopped(server))
        try:
            urllib.request.urlopen(address + "/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise DataError(_stopped(server))


def _stopped(server: subprocess.Popen) -> Fault:
    last = ""
    if server.poll() is not None and server.stderr is not None:
        last = "; it said: " + " / ".join(server.stderr.read().strip().splitlines()[-3:])
    return Fault(
        where="MLflow's pages",
        met=f"their server did not stay up{last}",
        wanted="a server that answers",
        way_out="Try another port; if that does not help, run it by hand: "
        "mlflow server --backend-store-uri sqlite:///mlruns/mlflow.db",
    )


def _stop(process: object) -> None:
    import psutil

    if not isinstance(process, psutil.Process):
        return
    family = [*process.children(recursive=True), process]
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(family, timeout=5)
    for member in alive:
        member.kill()


def _show(address: str, open_browser: bool, announce: Callable[[str], object] | None) -> None:
    if announce is not None:
        announce(address)
    if open_browser:
        webbrowser.open(address)
