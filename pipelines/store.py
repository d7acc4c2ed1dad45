"""Which store a command means: the one named, the environment's, or the study's."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stratify.tracking import Store

DEFAULT_STORE = "mlruns"


def find_store(
    named: str | None = None, *, of_study: str = DEFAULT_STORE, existing: bool = False
) -> Store:
    """Open the store named on the command line, else MLFLOW_TRACKING_URI, else the study's.

    Parameters
    ----------
    named : str, optional
        A folder, or a tracking server's address.
    of_study : str
        ``tracking.store`` of the study, where one is at hand.
    existing : bool
        For commands that only read: they make no store.
    """
    from stratify.tracking import open_store

    folder, address = choose_store(named, of_study, os.environ.get("MLFLOW_TRACKING_URI"))
    return open_store(folder, tracking_uri=address, existing=existing)


def ui_command(store: str) -> str:
    """Return the command that shows a store, naming it unless it is what the command finds itself.

    Parameters
    ----------
    store : str
        As `Store.describe` says it.
    """
    folder, address = choose_store(None, DEFAULT_STORE, os.environ.get("MLFLOW_TRACKING_URI"))
    found = store == (address or str(Path(folder).absolute()))
    return "stratify ui" if found else f"stratify ui --store {shlex.quote(store)}"


def choose_store(
    named: str | None, of_study: str, environment: str | None
) -> tuple[str, str | None]:
    """Return the folder of the store and, if a server or database keeps the runs, its address.

    Examples
    --------
    >>> choose_store(None, "mlruns", None)
    ('mlruns', None)
    >>> choose_store(None, "mlruns", "http://127.0.0.1:5000")
    ('mlruns', 'http://127.0.0.1:5000')
    >>> choose_store("elsewhere", "mlruns", "http://127.0.0.1:5000")
    ('elsewhere', None)
    """
    chosen = named or environment or of_study
    if "://" in chosen:
        return DEFAULT_STORE, chosen
    return chosen, None
