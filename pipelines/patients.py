"""Find the model a command means, and read new patients as it wants them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from stratify.errors import DataError, Fault

if TYPE_CHECKING:
    from stratify.cohort import Cohort, Dictionary
    from stratify.connectome import Connectomes
    from stratify.evaluation import Grouping
    from stratify.model import Scope
    from stratify.task import Table, Task
    from stratify.time_to_event import FollowedTable
    from stratify.tracking import LoadedRun, Store

GROUPINGS = "groupings.json"
"""In a study's own run: how its patients are parted into groups."""


def load_model_run(
    store: Store, run: str, *, with_model: bool = True, censored: bool = False
) -> LoadedRun:
    """Load a model's run: the one named, or the one a study found, or else its best by rank.

    Parameters
    ----------
    store : Store
    run : str
        A run id, a study's name, or a registry alias. A study's name means the model that its
        verdict found, or else the one with the highest AUC or concordance.
    with_model : bool
        As for `load_run`.
    censored : bool
        Whether models of time to an event will do.
    """
    from stratify.tracking import find_run, list_models, load_run

    reference = find_run(store, run)
    chosen = reference.run_id
    if reference.kind == "validation":
        chosen = load_run(store, chosen, with_model=False).tags["validated_run"]
    if reference.kind == "study":
        tags = load_run(store, reference.study_run).tags
        found = tags.get("responder_run") or tags.get("found_run")
        chosen = found or list_models(store, reference.study_run)[0].run_id
    loaded = load_run(store, chosen, with_model=with_model)
    if loaded.is_censored and not censored:
        raise DataError(_no_reports(run))
    return loaded


def _no_reports(run: str) -> Fault:
    return Fault(
        where=run,
        met="a study of time to an event",
        wanted="a model of response: reports of patients, explanations and external validation are "
        "not offered for censored outcomes yet",
        way_out="Look at its figures and tables with stratify ui; or ask for the event by a day "
        "that everybody was followed to, as a [response] of its own.",
    )


def load_study_run(store: Store, loaded: LoadedRun) -> LoadedRun:
    """Load the run that holds the verdict on a model's study."""
    from stratify.tracking import load_run

    return load_run(store, loaded.reference.study_run)


def read_groupings(study: LoadedRun) -> tuple[Grouping, ...]:
    """Read how a study parted its patients into groups."""
    from stratify.evaluation import Grouping

    told = json.loads((study.folder / GROUPINGS).read_text(encoding="utf-8"))
    return tuple(Grouping.from_dict(one) for one in told)


def say_superseded(store: Store, loaded: LoadedRun) -> str | None:
    """Say so, if the latest complete training of a model's study found no responder model.

    The model stays usable, since a registry's alias is moved by people who may have reasons; but
    nobody is to read it as the study's last word.
    """
    from stratify.tracking import list_studies

    mine = loaded.reference
    latest = next(
        entry
        for entry in list_studies(store)
        if entry.state == "complete" and entry.name == mine.study
    )
    if latest.run_id == mine.study_run or latest.responder_run:
        return None
    return (
        f"A later training of this study, on {latest.started.date().isoformat()}, found no model "
        "that may speak of single patients; this one is of the training of "
        f"{loaded.tags['trained_on']}."
    )


def say_unused(loaded: LoadedRun, connectivity: Path | None) -> str | None:
    """Say so, if a connectivity file was named for a model that uses none; it is not read."""
    if connectivity is None or loaded.scope.features != "clinical":
        return None
    return f"{connectivity} was not read: the {loaded.name} model uses no connectivity."


def learn_sites(loaded: LoadedRun, patients: Path | None, connectivity: Path | None) -> LoadedRun:
    """Let a model know new sites, where scans of people there are named.

    Parameters
    ----------
    loaded : LoadedRun
    patients : Path, optional
        A table as of new patients, each from a site that training did not see. Without it nothing
        is learned.
    connectivity : Path, optional
        Their scans.
    """
    if patients is None:
        if connectivity is not None:
            raise DataError(_sites_without_patients(connectivity))
        return loaded
    from stratify.model import adapt_to_sites

    if loaded.model is None:
        raise DataError(_sites_of_responses_only())
    table = read_new_patients(loaded, patients, connectivity)
    return replace(loaded, model=adapt_to_sites(loaded.model, table.X))


def say_learned(before: LoadedRun, after: LoadedRun) -> str | None:
    """Say which sites were learned from scans without outcomes, if any were."""
    assert before.model is not None
    assert after.model is not None
    site = next((column.name for column in before.model.columns if column.role == "site"), None)
    if after is before or site is None:
        return None
    new = [one for one in after.model.ranges[site] if one not in before.model.ranges[site]]
    return (
        f"What is peculiar to the scans of {', '.join(map(str, new))} was learned from scans "
        "without outcomes, after training; how well the model does there has not been tested."
    )


def read_new_patients(
    loaded: LoadedRun, patients: Path, connectivity: Path | None, *, labelled: bool = False
) -> Table:
    """Read new patients with the dictionary of the model's study.

    Parameters
    ----------
    loaded : LoadedRun
    patients : Path
        A table with the columns of training.
    connectivity : Path, optional
        Needed if the model uses connectivity.
    labelled : bool
        Whether their outcome is known. Then they may be of other sites, and those whom the
        question is not about, or who have no outcome or no scan, are left out and counted.
    """
    from stratify.task import assemble

    task, cohort, connectomes = _read_parts(loaded, patients, connectivity, labelled=labelled)
    if connectomes is None:
        return assemble(task, cohort, labelled=labelled)
    table = assemble(
        task, cohort, connectomes, labelled=labelled, preparation=loaded.scope.preparation
    )
    if len(table) < len(cohort) and not labelled:
        assert connectivity is not None
        raise DataError(_unscanned(cohort.patients, table.patients, connectivity))
    return table


def read_new_followed(
    loaded: LoadedRun, patients: Path, connectivity: Path | None
) -> FollowedTable:
    """Read patients elsewhere with how long each was followed, and whether the event came.

    Parameters
    ----------
    loaded : LoadedRun
        Of a model of a censored outcome.
    patients, connectivity
        As for `read_new_patients`.
    """
    from stratify.time_to_event import assemble_followed

    model = loaded.followed
    assert model is not None
    task, cohort, connectomes = _read_parts(loaded, patients, connectivity, labelled=True)
    try:
        return assemble_followed(
            task,
            model.outcome,
            cohort,
            connectomes,
            preparation=None if connectomes is None else model.preparation,
        )
    except DataError as error:
        raise DataError([_of_elsewhere(fault) for fault in error.faults]) from None


def _of_elsewhere(fault: Fault) -> Fault:
    """Say what to do where the horizon cannot be changed, since the model has it."""
    if fault.where != "time_to_event.horizon":
        return fault
    return replace(fault, way_out="Wait until patients there were followed to the model's horizon.")


def _read_parts(
    loaded: LoadedRun, patients: Path, connectivity: Path | None, *, labelled: bool
) -> tuple[Task, Cohort, Connectomes | None]:
    """Read what a table of new patients is assembled from."""
    from stratify.cohort import examine_cohort, read_cohort, read_columns
    from stratify.connectome import apply_quality_gates

    model = loaded.scope
    dictionary = read_columns(loaded.folder / "columns.toml")
    # Of a site that is not listed the model says that it cannot say, unless it was recalibrated
    # to it since.
    dictionary = _elsewhere(dictionary) if labelled else _with_any_site(dictionary)
    cohort = read_cohort(patients, dictionary, labelled=labelled)
    if labelled:
        cohort = examine_cohort(cohort)
    study = tomllib.loads(loaded.study_toml)
    task = replace(model.task, rule=model.task.rule.exclude_missing())
    if model.features == "clinical" or not _has_scans(model, study):
        return task, cohort, None
    if connectivity is None:
        raise DataError(_connectivity_needed(model))
    reading = study.get("connectivity", {})
    connectomes = _read_scans(model, connectivity, reading, cohort.patients)
    gates = study.get("quality", {})
    if labelled and gates:
        connectomes = apply_quality_gates(connectomes, **gates)[0]
    else:
        _require_quality(connectomes, gates)
    return task, cohort, connectomes


def _with_any_site(dictionary: Dictionary) -> Dictionary:
    """Let a patient be from a site that is not listed: the model tells what becomes of it."""
    columns = tuple(
        replace(column, levels=()) if column.role == "site" else column
        for column in dictionary.columns
    )
    return replace(dictionary, columns=columns)


def _elsewhere(dictionary: Dictionary) -> Dictionary:
    """Return the dictionary for a cohort of another name, with sites that training did not know."""
    return replace(_with_any_site(dictionary), name="")


def _has_scans(model: Scope, study: Mapping[str, Any]) -> bool:
    """Tell whether a model sees scans; what else is of connectivity is in the patients' table."""
    return "connectivity" in study or any(column.regions for column in model.columns)


def _read_scans(
    model: Scope, connectivity: Path, reading: Mapping[str, Any], known: Collection[str]
) -> Connectomes:
    """Read new patients' scans as the study reads its own, from a file of any format."""
    from stratify.connectome import read_connectomes, read_regional_values

    shared: dict[str, Any] = {
        "networks": reading.get("networks"),
        "patient_column": reading.get("patient_column"),
        "known": known,
    }
    if reading.get("format") == "regional":
        more = {name: reading[name] for name in _OF_REGIONAL if name in reading}
        return cast("Connectomes", read_regional_values(connectivity, **shared, **more))
    edges = [column for column in model.columns if column.regions]
    return read_connectomes(
        connectivity,
        kind=edges[0].unit if edges else None,  # type: ignore[arg-type]
        separator=reading.get("separator", "~"),
        **shared,
        **_scan_options(connectivity, reading),
    )


_OF_REGIONAL = ("measure", "unit", "tracer", "atlas", "session", "run", "entities")


def _scan_options(connectivity: Path, reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the study says of reading scans, as far as these files are read so."""
    from stratify.connectome.formats import guess_format, options_of

    format = guess_format(connectivity)
    options = {name: value for name, value in reading.items() if name != "motion"}
    atlas = {"atlas": reading["atlas"]} if format in ("xcpd", "cpac") and "atlas" in reading else {}
    return {**options_of(format, options), **atlas}


def _require_quality(connectomes: Connectomes, gates: Mapping[str, float]) -> None:
    """Refuse new patients whose scan would not have been in the study."""
    from stratify.connectome import apply_quality_gates

    if gates:
        faults = apply_quality_gates(connectomes, **gates)[1]
        if faults:
            raise DataError(
                replace(
                    fault,
                    severity="error",
                    way_out="The model was made of better scans: leave the patient out, or report "
                    "by a model that uses no connectivity.",
                )
                for fault in faults
            )


def _sites_without_patients(connectivity: Path) -> Fault:
    return Fault(
        where="--site-connectivity",
        met=f"{connectivity} without --site-patients",
        wanted="the table that says of which site each scan is",
        way_out="Name it with --site-patients FILE.",
    )


def _sites_of_responses_only() -> Fault:
    return Fault(
        where="--site-patients",
        met="a model of time to an event",
        wanted="a model of response: others learn no new sites from scans",
        way_out="Leave --site-patients and --site-connectivity out.",
    )


def _connectivity_needed(model: Scope) -> Fault:
    return Fault(
        where="--connectivity",
        met="no file",
        wanted=f"the model uses {model.features} features",
        way_out="Name the connectivity file of these patients with --connectivity FILE.",
    )


def _unscanned(wanted: tuple[str, ...], found: tuple[str, ...], path: Path) -> Fault:
    missing = tuple(patient for patient in wanted if patient not in set(found))
    return Fault(
        where=path.name,
        met=f"no matrix for {len(missing)} of {len(wanted)} patients",
        wanted="one for each patient, since the model uses connectivity",
        way_out="Add their matrices, or take these patients out of the table.",
        patients=missing,
    )
