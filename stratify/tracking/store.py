"""Where runs are kept: a folder beside the studies, or a tracking server."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from stratify.errors import DataError, Fault, SettingsError
from stratify.files import make_folder, publish
from stratify.tracking.view import experiment_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SERVERS = ("http", "https")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")

_DISK_SAYS = (
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
)

# Where MLflow keeps absolute addresses; they are rewritten when the folder was moved.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


@dataclass(frozen=True, slots=True)
class Store:
    """A place for runs. Make one with `open_store`.

    Parameters
    ----------
    folder : Path
        Absolute. Holds the embedded store, if runs are kept there, and always the secret key of
        the pseudonyms.
    tracking_uri : str
        What MLflow calls the place.
    """

    folder: Path
    tracking_uri: str

    @property
    def embedded(self) -> bool:
        """Whether the runs are in ``folder`` itself."""
        return self.tracking_uri == _sqlite_uri(self.folder / "mlflow.db")

    @property
    def served(self) -> bool:
        """Whether a server keeps the runs and their files."""
        return urlsplit(self.tracking_uri).scheme.split("+")[0] in _SERVERS

    def describe(self) -> str:
        """Return where the runs are, for messages: a folder or an address."""
        return str(self.folder) if self.embedded else self.tracking_uri

    @property
    def artifacts(self) -> Path:
        """The folder of the runs' files, when no server keeps them."""
        return self.folder / "artifacts"

    @property
    def client(self) -> MlflowClient:
        """MLflow's client of this place; no global setting of MLflow is touched."""
        with quiet():
            from mlflow import MlflowClient

        return MlflowClient(self.tracking_uri, registry_uri=self.tracking_uri)


def open_store(
    folder: str | Path = "mlruns", *, tracking_uri: str | None = None, existing: bool = False
) -> Store:
    """Open the place where runs are kept, and prepare it at its first use.

    Without a tracking URI, runs are kept in ``folder``: their numbers in ``mlflow.db``, their
    files in ``artifacts/``. No server is needed. The database is made under another name and then
    given its own in one step, so that two processes may start at once and a killed one leaves
    nothing half-made. A folder that was moved since it was last opened is noticed, and its
    addresses are put right.

    Parameters
    ----------
    folder : path
        Made if absent.
    tracking_uri : str, optional
        A server (``http://...``) or a database (``postgresql://...``) that keeps the runs
        instead. The library reads no environment; whoever wants ``MLFLOW_TRACKING_URI`` honoured
        passes it here.
    existing : bool
        For whoever only reads: a folder without a store is refused, and nothing is made in it.

    Raises
    ------
    SettingsError
        If the URI is of a kind that cannot keep runs, or nothing answers there.
    DataError
        If the database was made by another version of MLflow, the folder cannot be made, or there
        is no store in it where one was to be.
    """
    folder = Path(folder).absolute()
    if existing and not tracking_uri and not (folder / "mlflow.db").is_file():
        raise DataError(_no_store(folder))
    make_folder(folder)
    if tracking_uri:
        _require_usable(tracking_uri)
        return Store(folder, tracking_uri)
    store = Store(folder, _sqlite_uri(folder / "mlflow.db"))
    with telling_of_the_disk(store):
        _create_database(store)
        _follow_move(store)
        _require_current_schema(store)
    return store


def find_experiment(store: Store, name: str) -> str:
    """Return the id of an experiment, making it at its first use.

    Raises
    ------
    SettingsError
        If an experiment of that name was deleted.
    """
    from mlflow.exceptions import MlflowException

    client = store.client
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        location = None if store.served else (store.artifacts / _slug(name)).as_uri()
        try:
            return client.create_experiment(name, location, tags=experiment_tags())
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    if experiment.lifecycle_stage != "active":
        raise SettingsError(
            Fault(
                where="tracking.experiment",
                met=f"the experiment {name!r} was deleted",
                wanted="an experiment that can take new runs",
                way_out="Choose another name, or restore it: "
                f"mlflow experiments restore -x {experiment.experiment_id}",
            )
        )
    for key, value in experiment_tags().items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)
    return experiment.experiment_id


@contextlib.contextmanager
def telling_of_the_disk(store: Store) -> Iterator[None]:
    """Turn what the database says of its disk into a fault that names the file.

    Raises
    ------
    DataError
        If the disk is full or refuses.
    """
    try:
        yield
    except Exception as error:
        said = next((words for words in _DISK_SAYS if words in str(error)), None)
        if said is None or isinstance(error, DataError) or not store.embedded:
            raise
        raise DataError(
            Fault(
                where=str(store.folder / "mlflow.db"),
                met=said,
                wanted="a disk with room, that can be written to",
                way_out="Make room or mend its permissions, or name another folder with --store.",
            )
        ) from None


def _no_store(folder: Path) -> Fault:
    return Fault(
        where=str(folder),
        met="no runs are kept there" if folder.is_dir() else "there is no such folder",
        wanted="a folder in which `stratify train` has kept its runs",
        way_out="Train a study first, or name the folder of its runs with --store DIR.",
    )


def _require_usable(tracking_uri: str) -> None:
    scheme = urlsplit(tracking_uri).scheme.split("+")[0]
    if scheme not in (*_SERVERS, *_DATABASES):
        raise SettingsError(
            Fault(
                where="tracking URI",
                met=repr(tracking_uri),
                wanted=f"an address that begins with {', '.join(_SERVERS + _DATABASES)}",
                way_out="Leave it empty to keep the runs in a folder of this machine.",
            )
        )
    if scheme in _SERVERS:
        _require_answer(tracking_uri)


def _require_answer(tracking_uri: str) -> None:
    # MLflow itself would try again for minutes before it says so.
    try:
        urllib.request.urlopen(tracking_uri.rstrip("/") + "/health", timeout=10).close()
    except urllib.error.HTTPError:
        return  # somebody is there; whether we may enter shows at the first request
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise SettingsError(
            Fault(
                where="tracking URI",
                met=f"nothing answers at {tracking_uri} ({reason})",
                wanted="a running MLflow server",
                way_out="Start the server, correct the address, or unset it to keep the runs in "
                "a folder of this machine.",
            )
        ) from None


def _sqlite_uri(database: Path) -> str:
    return "sqlite:///" + quote(database.as_posix(), safe="/:")


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "experiment"


def _create_database(store: Store) -> None:
    target = store.folder / "mlflow.db"
    if target.exists():
        return
    with quiet():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        with tempfile.TemporaryDirectory(prefix=".making-", dir=store.folder) as making:
            made = Path(making) / "mlflow.db"
            SqlAlchemyStore(_sqlite_uri(made), store.artifacts.as_uri()).engine.dispose()
            publish(made, target)


def _follow_move(store: Store) -> None:
    """Rewrite the absolute addresses in the database if its folder is no longer where they say."""
    here = store.artifacts.as_uri()
    database = sqlite3.connect(store.folder / "mlflow.db", timeout=60, isolation_level=None)
    with contextlib.closing(database):
        if _recorded_home(database) == here:
            return
        database.execute("BEGIN IMMEDIATE")
        before = _recorded_home(database)
        if before and before != here:
            for table, column in _ADDRESSES:
                database.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (here, len(before) + 1, before, len(before) + 1, before + "/"),
                )
        database.execute("COMMIT")


def _recorded_home(database: sqlite3.Connection) -> str | None:
    # MLflow's experiment 0 is made with the database, so it knows where that happened.
    row = database.execute(
        "SELECT artifact_location FROM experiments WHERE experiment_id = 0"
    ).fetchone()
    return row[0].removesuffix("/0") if row else None


def _require_current_schema(store: Store) -> None:
    from mlflow.exceptions import MlflowException

    try:
        with quiet():
            store.client.search_experiments(max_results=1)
    except MlflowException as error:
        if "database schema" not in str(error):
            raise
        raise DataError(
            Fault(
                where=str(store.folder / "mlflow.db"),
                met="a database made by another version of MLflow",
                wanted="the layout of the MLflow that is installed",
                way_out="Keep a copy of the file, then run: "
                f"mlflow db upgrade '{store.tracking_uri}'",
            )
        ) from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow's progress messages, and warnings about its own code, from the user."""
    silence_mlflow()
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401  (the import sets its logger's level)

        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def silence_mlflow() -> None:
    """Switch off MLflow's telemetry, hints and progress bars in this process and its children.

    MLflow reads these switches when it is first imported. One that is set already stays as it is.
    """
    for name in (
        "MLFLOW_DISABLE_TELEMETRY",
        "MLFLOW_DISABLE_AGENT_HINT",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT",
    ):
        os.environ.setdefault(name, "true")
    for name in ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "MLFLOW_LOG_UV_FILES"):
        os.environ.setdefault(name, "false")
