"""Write a study into a store: one run for each model, and one that says what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stratify.tracking.items import Item, Tag, as_text, make_items, write_items
from stratify.tracking.processes import is_dead, process_tags, termination_as_exit
from stratify.tracking.pseudonyms import read_key
from stratify.tracking.served_model import log_served_model, register_model, registered_name
from stratify.tracking.store import Store, find_experiment, quiet, telling_of_the_disk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STATE, KIND, FAILURE = "stratify.state", "stratify.kind", "stratify.failure"


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelRun:
    """All that is kept of one model: a family on a feature set.

    Parameters
    ----------
    family, features : str
        They name the run and are tags of it; a family that uses no features has ``"none"``.
    params : mapping
        Settings of the model.
    tags : mapping of str to str
    metrics : mapping of str to float
        One number each: ``auc``, ``auc_low``, ``auc_high``, ...
    fold_metrics : DataFrame, optional
        ``repeat``, ``fold``, and one column a metric; written as the steps of ``fold/<metric>``.
    figures : mapping of str to Figure
    tables : mapping of str to DataFrame
        A ``patient`` column, or an index of that name, is written as pseudonyms; any other index
        is left out.
    texts : mapping of str to str
        File names and their content.
    files : mapping of str to callable
        Names of files or folders of the run, and what writes each.
    description : str
        Markdown, shown at the head of the run's page.
    model : callable, optional
        Writes the model into the folder it is given, in the form that
        `stratify.model.read_model` reads.
    X : DataFrame, optional
        The table the model was fitted on; needed with ``model``. Only the names and kinds of its
        columns and one made-up row (medians, commonest levels) are written.
    """

    family: str
    features: str
    params: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    fold_metrics: pd.DataFrame | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    description: str = ""
    model: Callable[[Path], object] | None = None
    X: pd.DataFrame | None = None

    @property
    def name(self) -> str:
        """What the run is called in tables and charts."""
        return self.family if self.features == "none" else f"{self.features} · {self.family}"


@dataclass(frozen=True, eq=False)
class StudyRun:
    """A study being written. Made by `start_study`.

    Parameters
    ----------
    run_id : str
        The study's own run.
    experiment_id : str
    store : Store
    tags : mapping of str to str
        What every run of the study is tagged with.
    dataset : Dataset
        MLflow's record of which data it was: a name and a digest, no rows.
    workers : int
        Processes that draw figures.
    """

    run_id: str
    experiment_id: str
    store: Store
    tags: Mapping[str, object]
    dataset: object
    workers: int = 1

    @property
    def simulated(self) -> bool:
        """Whether the patients are made up."""
        return bool(self.tags.get("simulated"))

    def log_model_run(self, model_run: ModelRun, *, kind: str = "model", title: str = "") -> str:
        """Write one model as a run of its own, and return the run's id.

        The run is at the top level of the experiment, where MLflow's table, charts and
        comparison show it. It is tagged ``started`` until all of it is there.

        Parameters
        ----------
        model_run : ModelRun
        kind : {"model", "validation", "recalibrated", "time to event"}
        title : str
            What the run is called; the model's name, where none is given.
        """
        client = self.store.client
        tags = {
            **self.tags,
            **model_run.tags,
            "study_run": self.run_id,
            "family": model_run.family,
            "features": model_run.features,
            KIND: kind,
        }
        run_id, home = _create_run(
            self.store,
            self.experiment_id,
            title or model_run.name,
            tags,
            self.dataset,
            context="training" if kind in ("model", "time to event") else "evaluation",
        )
        with _failure_marked(self.store, run_id):
            # Figures are being drawn from here on, while the model is written.
            items, model_id = list(self._items(model_run)), None
            if model_run.model is not None:
                assert model_run.X is not None, "a model comes with the table X it was fitted on"
                model_id = log_served_model(
                    client,
                    run_id,
                    name=model_run.name.replace(" · ", "-"),
                    write=model_run.model,
                    X=model_run.X,
                )
            write_items(client, run_id, items, model_id=model_id, home=home)
        _complete(self.store, run_id)
        return run_id

    def finish(
        self,
        *,
        verdict: str,
        description: str = "",
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        figures: Mapping[str, Figure] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
        texts: Mapping[str, str] | None = None,
        responder: str | None = None,
        register_as: str | None = None,
        alias: str = "champion",
    ) -> str | None:
        """Write what came of the study, last of all.

        Parameters
        ----------
        verdict : str
            In words; a tag of the study's run.
        description : str
            Markdown for the head of the run's page; the verdict, where none is given.
        responder : str, optional
            Id of the run whose model may call itself a responder model. Without one, nothing is
            registered.
        register_as : str, optional
            Name of the registered model that the responder model becomes a version of.
        alias : str
            Given to that version, and taken from an earlier one.

        Returns
        -------
        version : str or None
            The registered version, if one was.
        """
        marks = {"verdict": verdict, **(tags or {})}
        if responder is not None:
            marks["responder_run"] = responder
        items = make_items(
            params=params,
            tags=marks,
            metrics=metrics,
            figures=figures,
            tables=tables,
            texts=texts,
            description=description or verdict,
            simulated=self.simulated,
            key=read_key(self.store.folder),
            workers=self.workers,
        )
        write_items(self.store.client, self.run_id, items)
        if responder is None or register_as is None:
            return None
        return register_model(self.store.client, responder, name=register_as, alias=alias)

    def register(
        self, run_id: str, *, name: str, alias: str, tags: Mapping[str, object] | None = None
    ) -> str:
        """Make a run's model a new version of a registered model, and return the version.

        Parameters
        ----------
        run_id : str
        name : str
        alias : str
            Given to that version, and taken from an earlier one; other aliases stay where they are.
        tags : mapping of str to str
            Of the version.
        """
        version = register_model(self.store.client, run_id, name=name, alias=alias)
        for tag, value in (tags or {}).items():
            self.store.client.set_model_version_tag(
                registered_name(name), version, tag, as_text(value)
            )
        return version

    def _items(self, model_run: ModelRun) -> Iterator[Item]:
        return make_items(
            params=model_run.params,
            metrics=model_run.metrics,
            fold_metrics=model_run.fold_metrics,
            figures=model_run.figures,
            tables=model_run.tables,
            texts=model_run.texts,
            files=model_run.files,
            description=model_run.description,
            simulated=self.simulated,
            key=read_key(self.store.folder),
            workers=self.workers,
        )


@contextlib.contextmanager
def start_study(
    store: Store,
    *,
    experiment: str,
    name: str,
    digest: str,
    simulated: bool = False,
    dataset: str = "cohort",
    patients: int | None = None,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
    study_toml: str = "",
    workers: int = 1,
) -> Iterator[StudyRun]:
    """Open a study's run; close it as complete, or as failed if the block is left by an error.

    An interrupt, a termination signal and an exit count as errors. A process that is killed
    outright cannot close anything: its run stays ``started`` until this machine next begins a study
    in the store, looks for a run there or opens its pages, which closes it as failed
    (`mark_dead_runs`).

    Parameters
    ----------
    store : Store
    experiment : str
        MLflow's experiment; made at its first use.
    name : str
        The study's name, by which its latest complete run is found again.
    digest : str
        SHA-256 of the data.
    simulated : bool
        Whether the patients are made up.
    dataset : str
        What the data are called.
    patients : int, optional
        How many there are.
    params, tags : mapping
        Of the study as a whole; every model's run carries the tags too.
    study_toml : str
        The study file, kept as ``study.toml``.
    workers : int
        Processes that draw figures while this one writes.
    """
    with telling_of_the_disk(store), quiet():
        experiment_id = find_experiment(store, experiment)
        mark_dead_runs(store)
    shared: dict[str, object] = {
        **(tags or {}),
        "study": name,
        "cohort_digest": digest,
        "simulated": simulated,
    }
    data = _describe_data(dataset, digest, patients=patients, simulated=simulated)
    with telling_of_the_disk(store), termination_as_exit():
        own = {**shared, **process_tags(), KIND: "study"}
        run_id, home = _create_run(store, experiment_id, f"{name} · verdict", own, data)
        with _failure_marked(store, run_id):
            texts = {"study.toml": study_toml} if study_toml else None
            items = make_items(params=params, texts=texts, key=read_key(store.folder))
            write_items(store.client, run_id, items, home=home)
            yield StudyRun(run_id, experiment_id, store, shared, data, workers)
            _complete(store, run_id)


@contextlib.contextmanager
def join_study(
    store: Store,
    *,
    study_run: str,
    digest: str,
    dataset: str,
    patients: int,
    simulated: bool,
) -> Iterator[StudyRun]:
    """Add runs to a study that is complete: what its models did with other patients.

    Parameters
    ----------
    store : Store
    study_run : str
        The study's own run.
    digest, dataset, patients, simulated
        Of the other patients, as for `start_study`.
    """
    with telling_of_the_disk(store), termination_as_exit(), quiet():
        mark_dead_runs(store)
        run = store.client.get_run(study_run)
        tags: dict[str, object] = {
            "study": run.data.tags.get("study", ""),
            "cohort_digest": digest,
            "simulated": simulated,
            **process_tags(),
        }
        data = _describe_data(dataset, digest, patients=patients, simulated=simulated)
        yield StudyRun(study_run, run.info.experiment_id, store, tags, data)


def mark_dead_runs(store: Store) -> tuple[str, ...]:
    """Close as failed the runs whose process, on this machine, ended without closing them.

    Returns
    -------
    run_ids : tuple of str
        The runs closed, studies and models.
    """
    from mlflow.entities import ViewType

    client = store.client
    every = [experiment.experiment_id for experiment in client.search_experiments()]

    def running(condition: str) -> list:
        return list(
            client.search_runs(
                every,
                f"attributes.status = 'RUNNING' AND {condition}",
                run_view_type=ViewType.ACTIVE_ONLY,
                max_results=1000,
            )
        )

    dead = [
        run
        for kind in ("study", "validation", "recalibrated")
        for run in running(f"tags.`{KIND}` = '{kind}'")
        if is_dead(run.data.tags)
    ]
    models = [model for run in dead for model in running(f"tags.study_run = '{run.info.run_id}'")]
    for run in models + dead:
        _close(store, run.info.run_id, "failed", "the process was killed")
    return tuple(run.info.run_id for run in models + dead)


def close_dead_runs(store: Store) -> None:
    """Close the runs of killed processes of this machine, where whoever reads may also write."""
    from mlflow.exceptions import MlflowException

    with contextlib.suppress(MlflowException):
        mark_dead_runs(store)


def _create_run(
    store: Store,
    experiment_id: str,
    name: str,
    tags: Mapping[str, object],
    data: object,
    *,
    context: str = "training",
) -> tuple[str, str | None]:
    """Begin a run; return its id, and where its files lie."""
    from mlflow.entities import DatasetInput, InputTag

    client = store.client
    marks = {
        **tags,
        STATE: "started",
        "mlflow.source.name": "stratify",
        "mlflow.source.type": "LOCAL",
    }
    # In the request that makes the run, so that not even a killed process leaves a nameless one.
    run = client.create_run(
        experiment_id,
        run_name=name,
        tags={key: as_text(value) for key, value in marks.items()},
    )
    used_for = InputTag("mlflow.data.context", context)
    client.log_inputs(run.info.run_id, datasets=[DatasetInput(data, [used_for])])  # type: ignore[arg-type]
    return run.info.run_id, run.info.artifact_uri


def _complete(store: Store, run_id: str) -> None:
    _close(store, run_id, "complete")


def _close(store: Store, run_id: str, state: str, failure: str = "") -> None:
    client = store.client
    tags = [Tag(STATE, state)] + ([Tag(FAILURE, failure)] if failure else [])
    write_items(client, run_id, tags)
    client.set_terminated(run_id, "FINISHED" if state == "complete" else "FAILED")


@contextlib.contextmanager
def _failure_marked(store: Store, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # The kind of error only: its message may name patients.
        try:
            _close(store, run_id, "failed", type(error).__name__)
        except Exception as second:
            error.add_note(f"Run {run_id} could not be marked as failed: {second}")
        raise


def _describe_data(name: str, digest: str, *, patients: int | None, simulated: bool) -> object:
    import json

    from mlflow.entities import Dataset

    profile = {"patients": patients, "simulated": simulated, "sha256": digest}
    return Dataset(
        name=name,
        digest=digest[:12],  # MLflow shows it beside the name, and keeps at most 36 characters
        source_type="local",
        source=json.dumps({"uri": name}),
        profile=json.dumps(profile),
    )
