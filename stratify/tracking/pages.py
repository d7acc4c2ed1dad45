"""MLflow's server for one person on this machine: its pages, set to comparing models.

Run as a program by `stratify.tracking.ui`::

    python -m stratify.tracking.pages --store sqlite:///... --artifacts file:///... --port 5000

MLflow's pages open on what it offers for language models, with an assistant that may run commands
on this machine, until the reader has found the switches. They are kept in the browser, so the first
page, ``/stratify``, sets them there, once, and goes on to what its address names after the ``#``.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stratify.tracking.store import silence_mlflow
from stratify.tracking.view import VIEW_TAG

FIRST_PAGE = "/stratify"

_FIRST_PAGE_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>stratify</title>
<p>Opening the studies ...</p>
<script>
const first = (key, value) => {
  if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
};
first("mlflow.workflowType_v1", '"machine_learning"');
first("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
first("mlflow.assistant.panelOpen_v1", "false");
first("mlflow.settings.telemetry.enabled_v1", "false");
first("mlflow.telemetry.info.alert.dismissed_v1", "true");
fetch("/ajax-api/2.0/mlflow/experiments/search", {
  method: "POST",
  headers: {"Content-Type": "application/json"},
  body: JSON.stringify({max_results: 1000}),
}).then((answer) => answer.json()).then(({experiments}) => {
  for (const experiment of experiments ?? []) {
    const view = (experiment.tags ?? []).find((tag) => tag.key === "VIEW_TAG");
    const page = `ExperimentPage-${JSON.stringify([experiment.experiment_id])}`;
    if (view) first(`MLflowLocalStorage-1.1-${page}-ReactComponentState`, view.value);
  }
}).finally(() => location.replace("/" + location.hash));
</script>
</html>
""".replace("VIEW_TAG", VIEW_TAG)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def create_app() -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return MLflow's own server with a first page before it, and without its assistant."""
    from mlflow.server.fastapi_app import app as mlflow_app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "") if scope["type"] == "http" else ""
        if path == FIRST_PAGE:
            await _answer(send, 200, _FIRST_PAGE_HTML, "text/html; charset=utf-8")
        elif "/mlflow/assistant" in path:
            await _answer(send, 404, "The assistant is switched off.", "text/plain")
        else:
            await mlflow_app(scope, receive, send)

    return app


async def _answer(send: Send, status: int, text: str, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def main() -> None:
    """Serve a store until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m stratify.tracking.pages")
    parser.add_argument("--store", required=True)
    parser.add_argument("--artifacts", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--while-stdin-is-open",
        action="store_true",
        help="end when the program that started this one is gone",
    )
    settings = parser.parse_args()
    if settings.while_stdin_is_open:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    silence_mlflow()
    import uvicorn
    from mlflow.server import constants

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = settings.store
    os.environ[constants.REGISTRY_STORE_URI_ENV_VAR] = settings.store
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"
    os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = settings.artifacts
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    uvicorn.run(create_app(), host="127.0.0.1", port=settings.port, log_level="warning")


def _end_with_stdin() -> None:
    # However the other program ended, its end of the pipe is closed then.
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
