"""Find studies and models in a store, and read them back."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stratify.errors import DataError, Fault
from stratify.metrics.estimates import Estimate
from stratify.tracking.items import make_items, write_items
from stratify.tracking.pseudonyms import read_key
from stratify.tracking.served_model import find_model_id, registered_name
from stratify.tracking.store import Store, quiet
from stratify.tracking.study import KIND, STATE, close_dead_runs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from stratify.model import FittedModel, Scope
    from stratify.time_to_event import FollowedModel

MODEL_FOLDER = "data/stratify_model"
"""Where, in MLflow's folder of a model, our own lies."""

FOLLOWED_FOLDER = "model"
"""Where, among a run's own files, a model of a censored outcome lies."""


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run that a word led to.

    Parameters
    ----------
    run_id : str
    kind : {"study", "model", "validation", "recalibrated", "time to event"}
        A run id or an alias may name one model; a study's name names the study's own run.
        Validations and recalibrated models are of a model's patients from elsewhere; a model of a
        censored outcome is none that patients' reports are made with.
    study : str
        The study's name.
    study_run : str
        The study's own run; equal to ``run_id`` where that is one.
    experiment_id : str
    state : {"complete", "started", "failed"}
    """

    run_id: str
    kind: Literal["study", "model", "validation", "recalibrated", "time to event"]
    study: str
    study_run: str
    experiment_id: str
    state: str


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run, read back.

    Parameters
    ----------
    reference : RunReference
    name : str
        What the run is called in MLflow's table.
    params, tags : mapping of str to str
    metrics : mapping of str to float
    study_toml : str
        The study file of the study it belongs to; empty if none was kept.
    model : FittedModel or None
        None for a study's own run, or where it was not asked for.
    folder : Path
        The run's files on this machine: ``figures/``, ``tables/`` and texts. Not to be written to.
    followed : FollowedModel or None
        The model of a censored outcome, where the run has one and it was asked for.
    """

    reference: RunReference
    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    study_toml: str
    model: FittedModel | None
    folder: Path
    followed: FollowedModel | None = None

    @property
    def scope(self) -> Scope:
        """Whom the model was made of, whatever it tells."""
        found = self.followed if self.model is None else self.model
        assert found is not None, "the run was loaded without its model, or has none"
        return found

    @property
    def is_censored(self) -> bool:
        """Whether it is of a censored outcome."""
        return self.tags.get("outcome") == "time to event"


@dataclass(frozen=True, eq=False)
class StudyEntry:
    """One study in a list of them.

    Parameters
    ----------
    name : str
    run_id : str
        The study's own run.
    state : {"complete", "started", "failed"}
    verdict : str
        Empty until the study is finished.
    started : Timestamp
        In UTC.
    simulated : bool
    responder_run : str
        The run of the responder model; empty if there is none.
    models : tuple of RunReference
        The runs of the study's models, in the order they were written.
    """

    name: str
    run_id: str
    state: str
    verdict: str
    started: pd.Timestamp
    simulated: bool
    responder_run: str
    models: tuple[RunReference, ...]


def find_run(store: Store, reference: str) -> RunReference:
    """Find the run that a word names.

    Parameters
    ----------
    store : Store
    reference : str
        A run's id; a study's name, which means its latest complete run; ``study:model``, such as
        ``our-clinic:clinical logistic``, which means that model of it; or ``name@alias``, which
        means the run of that registered model.

    Raises
    ------
    DataError
        If there is none; the message lists the nearest names.
    """
    close_dead_runs(store)
    reference = reference.strip().removeprefix("models:/")
    if re.fullmatch(r"[0-9a-f]{32}", reference):
        found = _run_of_id(store, reference)
    elif "@" in reference:
        found = _run_of_alias(store, *reference.rsplit("@", 1))
    else:
        found = _latest_complete(store, reference)
        if found is None and ":" in reference:
            found = _model_of_study(store, *reference.rsplit(":", 1))
    if found is None:
        raise DataError(_nothing_found(store, reference))
    return found


def load_run(store: Store, run_id: str, *, with_model: bool = True) -> LoadedRun:
    """Read a run back: what was set, what was measured, its files and its model.

    Parameters
    ----------
    store : Store
    run_id : str
        As `find_run` returns it.
    with_model : bool
        Its figures and tables alone are read sooner.

    Raises
    ------
    DataError
        If there is no such run, or it never became complete.
    """
    reference = _run_of_id(store, run_id)
    if reference is None:
        raise DataError(_nothing_found(store, run_id))
    if reference.state != "complete":
        raise DataError(
            Fault(
                where=f"run {run_id}",
                met=f"it is {reference.state}, not complete",
                wanted="a run all of which was written",
                way_out=f"Train the study {reference.study!r} again.",
            )
        )
    run = store.client.get_run(run_id)
    folder = _local_folder(store, run.info.artifact_uri, run_id)
    return LoadedRun(
        reference=reference,
        name=run.info.run_name or run_id,
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        study_toml=_read_study_toml(store, reference),
        model=_read_model(store, run_id) if with_model else None,
        folder=folder,
        followed=_read_followed(folder) if with_model else None,
    )


def list_studies(store: Store, *, experiment: str | None = None) -> tuple[StudyEntry, ...]:
    """List the studies of a store, the latest first.

    Parameters
    ----------
    store : Store
    experiment : str, optional
        Only those of this experiment.
    """
    import pandas as pd

    close_dead_runs(store)
    models = search_runs(store, f"tags.`{KIND}` = 'model'", experiment=experiment)
    return tuple(
        StudyEntry(
            name=run.data.tags.get("study", ""),
            run_id=run.info.run_id,
            state=run.data.tags.get(STATE, ""),
            verdict=run.data.tags.get("verdict", ""),
            started=pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
            simulated=run.data.tags.get("simulated") == "true",
            responder_run=run.data.tags.get("responder_run", ""),
            models=tuple(
                _reference(model)
                for model in reversed(models)
                if model.data.tags.get("study_run") == run.info.run_id
            ),
        )
        for run in search_runs(store, f"tags.`{KIND}` = 'study'", experiment=experiment)
    )


@dataclass(frozen=True, slots=True)
class ValidationEntry:
    """A validation of a model on patients who took no part in making it.

    Parameters
    ----------
    cohort : str
    patients : int
    auc : Estimate
        There.
    """

    cohort: str
    patients: int
    auc: Estimate


def list_validations(store: Store, run_id: str) -> tuple[ValidationEntry, ...]:
    """List the validations of a model elsewhere, the latest first, each cohort once.

    Parameters
    ----------
    store : Store
    run_id : str
        Of the model.
    """
    found: dict[str, ValidationEntry] = {}
    complete = f"tags.`{KIND}` = 'validation' and tags.`{STATE}` = 'complete'"
    for run in search_runs(store, f"{complete} and tags.validated_run = '{run_id}'"):
        cohort, metrics = run.data.params["cohort"], run.data.metrics
        low, high = (metrics.get(f"auc_{bound}", float("nan")) for bound in ("low", "high"))
        auc = Estimate(metrics["auc"], low, high, float(run.data.params["level"]))
        entry = ValidationEntry(cohort, int(run.data.params["patients"]), auc)
        found.setdefault(cohort, entry)
    return tuple(found.values())


def list_models(store: Store, study_run: str) -> tuple[RunReference, ...]:
    """List the models of a study's run, the highest AUC or concordance first.

    Parameters
    ----------
    store : Store
    study_run : str
        Id of the study's own run.
    """
    return tuple(_reference(run) for run in sorted(_models_of(store, study_run), key=_rank))


def _models_of(store: Store, study_run: str) -> list[Any]:
    return [
        run
        for kind in ("model", "time to event")
        for run in search_runs(
            store, f"tags.`{KIND}` = '{kind}' and tags.study_run = '{study_run}'"
        )
    ]


def _rank(run: Any) -> float:
    metrics = run.data.metrics
    return -metrics.get("auc", metrics.get("uno_c", 0.0))


def add_to_run(
    store: Store,
    run_id: str,
    *,
    tags: Mapping[str, object] | None = None,
    metrics: Mapping[str, float] | None = None,
    figures: Mapping[str, Figure] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Add to a run that is already complete: an explanation, for instance.

    What has the name of something that is there replaces it. Patients in tables become
    pseudonyms, as in `ModelRun`.
    """
    items = make_items(
        tags=tags,
        metrics=metrics,
        figures=figures,
        tables=tables,
        texts=texts,
        simulated=bool(figures)
        and store.client.get_run(run_id).data.tags.get("simulated") == "true",
        key=read_key(store.folder),
    )
    write_items(store.client, run_id, items)


def _run_of_id(store: Store, run_id: str) -> RunReference | None:
    from mlflow.exceptions import MlflowException

    try:
        run = store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return _reference(run) if KIND in run.data.tags else None


def _run_of_alias(store: Store, name: str, alias: str) -> RunReference | None:
    from mlflow.exceptions import MlflowException

    try:
        version = store.client.get_model_version_by_alias(registered_name(name), alias)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
    return _run_of_id(store, version.run_id) if version.run_id else None


def _latest_complete(store: Store, study: str) -> RunReference | None:
    # Compared here, since MLflow's conditions cannot hold every name.
    runs = search_runs(store, f"tags.`{KIND}` = 'study' AND tags.`{STATE}` = 'complete'")
    named = (run for run in runs if run.data.tags.get("study") == study)
    return next(map(_reference, named), None)


def _model_of_study(store: Store, study: str, model: str) -> RunReference | None:
    of_study = _latest_complete(store, study)
    if of_study is None:
        return None
    runs = _models_of(store, of_study.run_id)
    named = (run for run in runs if _plain_name(run.info.run_name) == _plain_name(model))
    return next(map(_reference, named), None)


def _plain_name(model: str) -> str:
    return " ".join(model.replace("·", " ").lower().split())


def _reference(run: Any) -> RunReference:
    tags = run.data.tags
    return RunReference(
        run_id=run.info.run_id,
        kind=tags[KIND],
        study=tags.get("study", ""),
        study_run=tags.get("study_run", run.info.run_id),
        experiment_id=run.info.experiment_id,
        state=tags.get(STATE, "started"),
    )


def search_runs(store: Store, condition: str, *, experiment: str | None = None) -> list[Any]:
    """Return every run of MLflow's that meets a condition, the latest first."""
    client = store.client
    experiments = [
        each.experiment_id
        for each in client.search_experiments()
        if experiment in (None, each.name)
    ]
    found: list[Any] = []
    token = None
    while experiments:
        page = client.search_runs(
            experiments,
            condition,
            max_results=1000,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        found += page
        token = page.token
        if not token:
            break
    return found


def _nothing_found(store: Store, reference: str) -> Fault:
    studies = list_studies(store)
    complete = [study.name for study in studies if study.state == "complete"]
    aliases = [
        f"{model.name}@{alias}"
        for model in store.client.search_registered_models()
        for alias in model.aliases
    ]
    known = list(dict.fromkeys([*complete, *aliases]))
    near = difflib.get_close_matches(reference, known, n=3, cutoff=0.5) or known[:5]
    unfinished = [study for study in studies if study.name == reference]
    if unfinished:
        met = f"no run of the study {reference!r} is complete; the latest is {unfinished[0].state}"
        way_out = "Train it again."
    else:
        met = f"no run is called {reference!r}"
        way_out = (
            f"Nearest: {', '.join(near)}." if near else "There are none yet: train a study first."
        )
    return Fault(
        where=str(store.folder) if store.embedded else store.tracking_uri,
        met=met,
        wanted="a run's id, the name of a study that was trained, study:model, or name@alias",
        way_out=way_out,
    )


def _read_study_toml(store: Store, reference: RunReference) -> str:
    client = store.client
    names = {file.path for file in client.list_artifacts(reference.study_run)}
    if "study.toml" not in names:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = client.download_artifacts(reference.study_run, "study.toml", folder)
        return Path(path).read_text(encoding="utf-8")


def _read_model(store: Store, run_id: str) -> FittedModel | None:
    model_id = find_model_id(store.client, run_id)
    if model_id is None:
        return None
    from stratify.model import read_model

    location = store.client.get_logged_model(model_id).artifact_location
    return read_model(_local_folder(store, location, model_id) / MODEL_FOLDER)


def _read_followed(folder: Path) -> FollowedModel | None:
    if not (folder / FOLLOWED_FOLDER / "cox.skops").exists():
        return None
    from stratify.time_to_event import read_followed_model

    return read_followed_model(folder / FOLLOWED_FOLDER)


def _local_folder(store: Store, uri: str, name: str) -> Path:
    """Return a folder of this machine with the files at an address; fetch them if they are far.

    What was fetched is kept in the store's folder. It is fetched anew each time, since a
    complete run may be added to.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.utils.file_utils import local_file_uri_to_path

    if uri.startswith("file:") or uri.startswith("/"):
        return Path(local_file_uri_to_path(uri))
    kept = store.folder / "fetched" / name
    kept.parent.mkdir(exist_ok=True)
    with quiet(), tempfile.TemporaryDirectory(prefix=".fetching-", dir=store.folder) as fetching:
        got = download_artifacts(
            artifact_uri=uri,
            dst_path=fetching,
            tracking_uri=store.tracking_uri,
            registry_uri=store.tracking_uri,
        )
        _replace_folder(Path(got), kept)
    return kept


def _replace_folder(new: Path, target: Path) -> None:
    if target.exists():
        with tempfile.TemporaryDirectory(prefix=".old-", dir=target.parent) as old:
            os.replace(target, Path(old) / "old")
            os.replace(new, target)
    else:
        os.replace(new, target)
