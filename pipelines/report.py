"""Write a report for each new patient, if the study found a model that may speak of patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.patients import (
    learn_sites,
    load_model_run,
    load_study_run,
    read_groupings,
    read_new_patients,
    say_learned,
    say_superseded,
    say_unused,
)
from pipelines.progress import Progress, quiet
from pipelines.store import find_store

if TYPE_CHECKING:
    from stratify.evaluation import Grouping
    from stratify.model import FittedModel
    from stratify.report import StudySummary
    from stratify.task import Table
    from stratify.tracking import LoadedRun, Store

MOST_VALIDATIONS = 3
"""Elsewhere, of which a report tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """What was written.

    Parameters
    ----------
    study, run_id : str
    verdict : str
        The study's verdict in words.
    out : str
        The folder.
    reports : tuple of str
        Names of the files in it.
    said : mapping of str to int
        How many reports state a likelihood, do not separate the patient, or cannot say.
    notes : tuple of str
        What the reader should know beside: a later training that found nothing, a file not used.
    """

    study: str
    run_id: str
    verdict: str
    out: str
    reports: tuple[str, ...]
    said: dict[str, int]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "run_id": self.run_id,
            "verdict": self.verdict,
            "out": self.out,
            "reports": list(self.reports),
            "said": dict(self.said),
            "notes": list(self.notes),
        }

    def words(self) -> str:
        """Return the result in words; no patient is named."""
        if not self.said:
            return f"No report is written.\n{self.verdict}"
        said = ", ".join(f"{count} {what}" for what, count in self.said.items())
        count = sum(self.said.values())
        plural = "" if count == 1 else "s"
        lines = [f"{count} patient{plural}, each as PDF and HTML, in {self.out}: {said}."]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def report(
    run: str,
    *,
    patients: Path,
    connectivity: Path | None = None,
    site_patients: Path | None = None,
    site_connectivity: Path | None = None,
    out: Path,
    store: str | None = None,
    progress: Progress = quiet,
) -> ReportResult:
    """Write reports for new patients.

    A study without a responder model gets no report: the result says why, and nothing is written.

    Parameters
    ----------
    run : str
        A run id, a study's name, or a registry alias.
    patients : Path
        A table with the columns of training; outcomes are not needed.
    connectivity : Path, optional
        Needed if the model uses connectivity.
    site_patients, site_connectivity : Path, optional
        People of sites that training did not see, outcomes not needed, from whose scans the model
        learns what is peculiar to the site; see `stratify.model.adapt_to_sites`.
    out : Path
        A folder; made if absent.
    store : str, optional
    progress : Progress
    """
    with progress("Loading the model"):
        opened = find_store(store, existing=True)
        loaded = load_model_run(opened, run)
        study = load_study_run(opened, loaded)
    verdict = study.tags.get("verdict", "")
    # A model brought into line with another site speaks for the one it was made from.
    speaks = loaded.tags.get("recalibrated_from", loaded.reference.run_id)
    if study.tags.get("responder_run") != speaks:
        return ReportResult(
            study=loaded.reference.study,
            run_id=loaded.reference.run_id,
            verdict=_refusal(loaded, study),
            out=str(out),
            reports=(),
            said={},
        )
    superseded = say_superseded(opened, loaded)
    adapted = learn_sites(loaded, site_patients, site_connectivity)
    learned = say_learned(loaded, adapted)
    loaded = adapted
    summary = _summarise(loaded, study, (superseded, learned), _say_tested(opened, loaded))
    groupings = read_groupings(study)
    table = read_new_patients(loaded, patients, connectivity)
    written, said = _write_reports(loaded, summary, table, groupings, out, progress)
    notes = (superseded, learned, say_unused(loaded, connectivity))
    return ReportResult(
        study=loaded.reference.study,
        run_id=loaded.reference.run_id,
        verdict=verdict,
        out=str(out),
        reports=tuple(written),
        said=dict(said),
        notes=tuple(note for note in notes if note),
    )


def _write_reports(
    loaded: LoadedRun,
    summary: StudySummary,
    table: Table,
    groupings: Sequence[Grouping],
    out: Path,
    progress: Progress,
) -> tuple[list[str], Counter[str]]:
    from stratify.report import build_reports, write_report

    model = loaded.model
    assert model is not None
    made = build_reports(summary, model, table, groupings=groupings)
    names, said = [], Counter[str]()
    with progress("Writing reports", total=len(made)) as step:
        for content in made:
            names += [path.name for path in write_report(content, out)]
            said[content.verdict.kind] += 1
            step()
    return names, said


def _refusal(loaded: LoadedRun, study: LoadedRun) -> str:
    if study.tags.get("responder_run"):
        return (
            f"The {loaded.name} model is not the one this study may report with; name the study, "
            f"{loaded.reference.study}, instead of the run."
        )
    return study.tags.get("verdict", "")


def _say_recalibrated(model: FittedModel) -> tuple[str, ...]:
    told = model.calibration
    if told is None:
        return ()
    return (
        f"This model was trained on {model.n_patients} patients of the study; its likelihoods were "
        f"brought into line with {told.n_patients} other patients, of {told.cohort}. The "
        "likelihood, the average and the figures of the second page are of those; which outcomes "
        "remain possible, and how factors go with the outcome, was learned in training.",
        "The range of a likelihood tells, too, how far it would move, had it been brought into "
        f"line with other patients than these {told.n_patients}."
        if told.intercept_variance > 0
        else "The range of a likelihood does not tell how far it would move, had it been brought "
        f"into line with other patients than these {told.n_patients}: in truth it is wider.",
    )


def _say_tested(store: Store, loaded: LoadedRun) -> tuple[str, ...]:
    """Say where else the model has been tested, if it has, and what it has not been tested on."""
    from stratify.report import NOT_TESTED_ON
    from stratify.tracking import list_validations

    made_from = loaded.tags.get("recalibrated_from", loaded.reference.run_id)
    found = list_validations(store, made_from)
    if not found:
        return NOT_TESTED_ON
    told = [
        f"External validation, in {one.patients} patients of {one.cohort}, who took no part in "
        f"training: AUC {one.auc.value:.2f} ({one.auc.low:.2f} to {one.auc.high:.2f})."
        if isfinite(one.auc.low)
        else f"External validation, in {one.patients} patients of {one.cohort}: too few to tell."
        for one in found[:MOST_VALIDATIONS]
    ]
    if len(found) > MOST_VALIDATIONS:
        told.append(f"{len(found) - MOST_VALIDATIONS} more such cohorts, in the record of runs.")
    return (*told, "It has not been tested on patients of any other study.", *NOT_TESTED_ON[1:])


def _summarise(
    loaded: LoadedRun,
    study: LoadedRun,
    cautions: Sequence[str | None],
    not_tested_on: tuple[str, ...],
) -> StudySummary:
    """Gather what a report says of the model behind it, from its run."""
    import datetime

    import pandas as pd

    import stratify
    from stratify.metrics import METRICS, Estimate
    from stratify.report import (
        Recalibrated,
        StudySummary,
        describe_validation,
        summarise_calibration,
        summarise_subgroups,
    )
    from stratify.tracking import COMPLETED

    model = loaded.model
    assert model is not None
    warnings = loaded.folder / "tables" / "warnings.csv"
    judged = loaded.folder / "tables" / f"{COMPLETED}.csv"
    if not judged.exists():
        judged = loaded.folder / "tables" / "out_of_fold.csv"
    told = pd.read_csv(warnings).itertuples() if warnings.exists() else ()
    # A model brought into line with another site has not been judged by group there.
    subgroups = loaded.folder / "tables" / "subgroups.csv"
    groups = pd.read_csv(subgroups, dtype={"group": str}) if subgroups.exists() else None
    params, metrics = loaded.params, loaded.metrics
    there = model.calibration
    return StudySummary(
        name=loaded.reference.study,
        date=datetime.date.fromisoformat(loaded.tags["trained_on"]),
        question=model.task.question,
        treatment=model.task.treatment,
        condition=model.task.condition,
        outcome=model.task.rule.name,
        rule=model.task.rule.describe(),
        cautions=(
            *(caution for caution in cautions if caution),
            *_say_recalibrated(model),
            *model.task.cautions,
        ),
        n_patients=model.n_patients,
        n_responders=model.n_responders,
        n_imputed=model.n_imputed,
        recalibrated=None
        if there is None
        else Recalibrated(there.cohort, there.n_patients, there.n_responders),
        family=model.classifier.family,
        features=model.features,
        validation=describe_validation(
            int(params["folds"]),
            int(params["repeats"]),
            scheme=params.get("scheme", "stratified"),  # type: ignore[arg-type]
        ),
        metrics={
            name: Estimate(
                metrics[name],
                metrics.get(f"{name}_low", float("nan")),
                metrics.get(f"{name}_high", float("nan")),
                float(params["level"]),
            )
            for name in METRICS
            if name in metrics
        },
        n_models=int(loaded.tags["models_tried"]),
        responder_model=True,
        verdict=study.tags.get("verdict", ""),
        run_id=loaded.reference.run_id,
        digest=model.digest[:12],
        version=stratify.__version__,
        simulated=model.simulated,
        warnings=tuple(f"{one.where}: {one.met}; {one.wanted}." for one in told),
        not_tested_on=not_tested_on,
        calibration=summarise_calibration(pd.read_csv(judged)),
        subgroups=()
        if groups is None
        else summarise_subgroups(groups, level=float(params["level"])),
    )
