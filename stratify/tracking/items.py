"""What a run is made of, as a stream of small values, and the one place that writes them."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stratify.files import naming
from stratify.tracking.drawing import draw_figures
from stratify.tracking.pseudonyms import pseudonymise

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

# A request to a tracking server may carry this many of each, and of all together.
_MOST_PARAMS_OR_TAGS = 100
_MOST_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class Param:
    """A setting of a run."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of a run; with several steps it is drawn as a line.

    One that is ``of_model`` describes the run's model too, and is shown on the model's page.
    """

    name: str
    value: float
    step: int = 0
    of_model: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A word by which runs are found and grouped."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class File:
    """A file or folder of a run, and how to write it."""

    path: str
    write: Callable[[Path], object]


Item = Param | Metric | Tag | File


def make_items(
    *,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
    metrics: Mapping[str, float] | None = None,
    fold_metrics: pd.DataFrame | None = None,
    figures: Mapping[str, Figure] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    texts: Mapping[str, str] | None = None,
    files: Mapping[str, Callable[[Path], object]] | None = None,
    description: str = "",
    simulated: bool = False,
    key: bytes,
    workers: int = 1,
) -> Iterator[Item]:
    """Turn what a caller has into items.

    A table's ``patient`` column, or an index of that name, is replaced by pseudonyms; any other
    index is left out, since it might hold the patients under another name. Figures of simulated
    patients say so at their foot.
    """
    yield from (Param(name, value) for name, value in (params or {}).items())
    yield from (Tag(name, value) for name, value in (tags or {}).items())
    if description:
        yield Tag("mlflow.note.content", description)
    yield from (Metric(name, value, of_model=True) for name, value in (metrics or {}).items())
    if fold_metrics is not None:
        yield from _fold_items(fold_metrics)
    drawn = draw_figures(figures or {}, simulated=simulated, workers=workers)
    yield from (File(f"figures/{name}.png", write) for name, write in drawn.items())
    for name, table in (tables or {}).items():
        yield File(f"tables/{name}.csv", partial(_write_table, hide_patients(table, key)))
    for name, text in (texts or {}).items():
        yield File(name, partial(_write_text, text))
    yield from (File(name, write) for name, write in (files or {}).items())


def hide_patients(table: pd.DataFrame, key: bytes) -> pd.DataFrame:
    """Return a table whose patients, if it has any, are pseudonyms.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": ["P017"], "y": [1]})
    >>> hidden = hide_patients(table, b"a secret")
    >>> hidden["patient"].iloc[0].startswith("p-"), "P017" in hidden.to_csv()
    (True, False)
    """
    if "patient" in table.index.names:
        table = table.reset_index("patient")
    if "patient" in table.columns:
        table = table.assign(patient=list(pseudonymise(table["patient"], key)))
    return table.reset_index(drop=True)


def write_items(
    client: MlflowClient,
    run_id: str,
    items: Iterable[Item],
    *,
    model_id: str | None = None,
    home: str | None = None,
) -> None:
    """Write items into a run: all words and numbers in few requests, all files in one.

    A metric that is not a finite number is left out: the run shows a dash, not a wrong number.

    Parameters
    ----------
    client : MlflowClient
    run_id : str
    items : iterable of Param, Metric, Tag and File
    model_id : str, optional
        The model that metrics ``of_model`` describe too.
    home : str, optional
        The run's ``artifact_uri``, where it is at hand because the run was just made; asking the
        store for it takes about as long as writing all the numbers.
    """
    from mlflow import entities

    now = int(time.time() * 1000)
    everything = list(items)
    metrics = [
        entities.Metric(
            item.name,
            float(item.value),
            now,
            item.step,
            model_id=model_id if item.of_model else None,
            run_id=run_id,
        )
        for item in everything
        if isinstance(item, Metric) and math.isfinite(item.value)
    ]
    params = [
        entities.Param(item.name, as_text(item.value))
        for item in everything
        if isinstance(item, Param)
    ]
    tags = [
        entities.RunTag(item.name, as_text(item.value))
        for item in everything
        if isinstance(item, Tag)
    ]
    for some_params, some_tags, some_metrics in _make_batches(params, tags, metrics):
        client.log_batch(run_id, params=some_params, tags=some_tags, metrics=some_metrics)
    files = [item for item in everything if isinstance(item, File)]
    _write_files(client, run_id, files, home)


def _write_files(client: MlflowClient, run_id: str, files: list[File], home: str | None) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    if not files:
        return
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            path = Path(folder) / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with naming(f"{run_id}/{file.path}"):
                file.write(path)
        # Not client.log_artifacts: it remembers, by run id, where a run's files were before a move.
        home = home or client.get_run(run_id).info.artifact_uri
        get_artifact_repository(home, tracking_uri=client.tracking_uri).log_artifacts(folder)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _fold_items(by_fold: pd.DataFrame) -> Iterator[Metric]:
    names = [name for name in by_fold.columns if name not in ("repeat", "fold", "n_test")]
    ordered = by_fold.sort_values(["repeat", "fold"], kind="stable")
    for step, row in enumerate(ordered[names].to_dict("records")):
        yield from (Metric(f"fold/{name}", float(value), step) for name, value in row.items())


def as_text(value: object) -> str:
    """Write a setting the way a study file would: ``true``, ``0.5``, ``a, b``; empty for None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(as_text, value))
    return "" if value is None else str(value)


def _make_batches(params: list, tags: list, metrics: list) -> Iterator[tuple[list, list, list]]:
    """Part what is to be written into as few requests as a tracking server allows."""
    most = _MOST_PARAMS_OR_TAGS
    while params or tags or metrics:
        left = _MOST_TOGETHER - len(params[:most]) - len(tags[:most])
        yield params[:most], tags[:most], metrics[:left]
        params, tags, metrics = params[most:], tags[most:], metrics[left:]
