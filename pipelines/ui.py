"""Open the MLflow UI on the store that holds the runs."""

from __future__ import annotations

from collections.abc import Callable


def ui(
    *,
    store: str | None = None,
    port: int = 5000,
    open_browser: bool = True,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Serve the UI until it is stopped.

    Parameters
    ----------
    store : str, optional
        A folder or an address; if not given, ``MLFLOW_TRACKING_URI``, or ``mlruns`` here.
    port : int
        On this machine; nothing is served to others.
    open_browser : bool
    announce : callable, optional
        Told the address once the pages can be opened.
    """
    from pipelines.store import find_store
    from stratify.tracking import serve_ui

    serve_ui(
        find_store(store, existing=True), port=port, open_browser=open_browser, announce=announce
    )
