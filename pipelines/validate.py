"""Validate a model on patients of another site or year, and bring it into line with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.newcomers import find_newcomers, select_patients
from pipelines.patients import load_model_run, read_new_patients, say_unused
from pipelines.progress import Progress, quiet
from pipelines.store import find_store
from pipelines.validation_runs import (
    list_figures,
    make_recalibrated_run,
    make_validation_run,
    read_internal,
)

if TYPE_CHECKING:
    from pipelines.validate_followed import FollowedValidateResult
    from stratify.evaluation import CheckedRecalibration, ExternalValidation
    from stratify.metrics.recalibration import Method
    from stratify.model import FittedModel
    from stratify.task import Table
    from stratify.tracking import LoadedRun, Store, StudyRun

SHOWN = ("auc", "brier", "log_loss", "calibration_intercept", "calibration_slope")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateResult:
    """What a model did elsewhere, and where it is kept.

    Parameters
    ----------
    study, run_id : str
        The model's.
    validation_run : str
    validation : ExternalValidation
    recalibration : CheckedRecalibration or None
    recalibrated_run, version : str or None
        The new model's run and registered version.
    notes : tuple of str
    """

    study: str
    run_id: str
    validation_run: str
    validation: ExternalValidation
    recalibration: CheckedRecalibration | None = None
    recalibrated_run: str | None = None
    version: str | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        learned = self.recalibration
        return {
            "study": self.study,
            "run_id": self.run_id,
            "validation_run": self.validation_run,
            **self.validation.to_dict(),
            "recalibration": None if learned is None else learned.recalibration.to_dict(),
            "recalibrated_run": self.recalibrated_run,
            "version": self.version,
            "notes": list(self.notes),
        }

    def words(self) -> str:
        """Return the result in words: the drop first."""
        told = self.validation
        auc = told.internal["auc"]
        lines = [
            f"AUC {auc.value:.3f} within the study, {told.external['auc'].value:.3f} here.",
            *(["SIMULATED PATIENTS: not for any use with real people."] * told.simulated),
            "",
            *list_figures(SHOWN, told.internal, told.external),
            "",
            told.words,
            f"Run: {self.validation_run}",
        ]
        if self.recalibration is not None:
            checked = self.recalibration
            registered = f", version {self.version} of {self.study}" if self.version else ""
            lines += [
                "",
                f"Recalibrated: {checked.recalibration}. Judged on patients it was not learned "
                f"from ({checked.folds} folds), log loss {checked.estimates['log_loss']} against "
                f"{told.external['log_loss'].value:.3f} before.",
                f"A new model, run {self.recalibrated_run}{registered}; the one it was made from "
                "is untouched.",
                *self._speaks_of(),
            ]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def _speaks_of(self) -> list[str]:
        """Say of which new sites the new model speaks, and that it speaks of no others."""
        if not self.validation.unseen_sites:
            return []
        names = ", ".join(site for site, _ in self.validation.unseen_sites)
        return [
            f"The new model speaks of patients of the sites it was recalibrated to, {names} among "
            "them, and of no other site."
        ]


def validate(
    run: str,
    *,
    cohort: Path,
    connectivity: Path | None = None,
    recalibrate: Method | None = None,
    other_people: bool = False,
    store: str | None = None,
    progress: Progress = quiet,
) -> ValidateResult | FollowedValidateResult:
    """Judge a model on a cohort that took no part in making it.

    Parameters
    ----------
    run : str
        A run id, a study's name, or a registry alias.
    cohort : Path
        A table with the columns of training, and the outcome.
    connectivity : Path, optional
        Needed if the model uses connectivity.
    recalibrate : {"intercept", "intercept and slope"}, optional
        Make a new model whose likelihoods are in line with these patients.
    other_people : bool
        Patients with the name of one in training are others; without it they are left out.
    store : str, optional
    progress : Progress
    """
    with progress("Loading the model"):
        opened = find_store(store, existing=True)
        loaded = load_model_run(opened, run, censored=True)
    if loaded.is_censored:
        from pipelines.validate_followed import validate_followed_run

        return validate_followed_run(
            opened,
            loaded,
            cohort,
            connectivity,
            recalibrate=recalibrate,
            other_people=other_people,
            progress=progress,
        )
    with progress("Reading the patients"):
        table = read_new_patients(loaded, cohort, connectivity, labelled=True)
        kept, left_out = find_newcomers(opened, loaded, table, other_people=other_people)
        table = select_patients(table, kept)
    with progress("Validating"):
        validation = _validate(loaded, table, left_out)
        checked = changed = None
        if recalibrate is not None:
            checked = _check_recalibration(validation, table, recalibrate)
            assert loaded.model is not None
            changed = _recalibrate_model(loaded.model, table, checked)
    with progress("Logging"):
        from stratify.tracking import join_study

        recalibrated_run = version = None
        with join_study(
            opened,
            study_run=loaded.reference.study_run,
            digest=table.digest,
            dataset=table.name,
            patients=len(table),
            simulated=validation.simulated,
        ) as study:
            title = f"{loaded.name} · in {table.name}"
            validation_run = study.log_model_run(
                make_validation_run(loaded, validation), kind="validation", title=title
            )
            if checked is not None and changed is not None:
                made = make_recalibrated_run(loaded, changed, table, checked, validation_run)
                title = f"{loaded.name} · recalibrated to {table.name}"
                recalibrated_run = study.log_model_run(made, kind="recalibrated", title=title)
                version = _register(opened, study, loaded, recalibrated_run, table.name)
    notes = (
        None if checked is not None else _say_how_to_speak(loaded, validation),
        say_unused(loaded, connectivity),
    )
    return ValidateResult(
        study=loaded.reference.study,
        run_id=loaded.reference.run_id,
        validation_run=validation_run,
        validation=validation,
        recalibration=checked,
        recalibrated_run=recalibrated_run,
        version=version,
        notes=tuple(note for note in notes if note),
    )


def _say_how_to_speak(loaded: LoadedRun, validation: ExternalValidation) -> str | None:
    """Say how reports come to speak of patients of new sites, where they may."""
    if not validation.unseen_sites or validation.finding == "worse than chance":
        return None
    if not validation.enough_to_recalibrate:
        return None
    made_from = loaded.tags.get("recalibrated_from")
    whose = "" if made_from is None else f" of the model this one was made from, run {made_from},"
    return (
        f"reports on patients of these sites need a model recalibrated to them: validate again"
        f'{whose} with --recalibrate "{validation.advice or "intercept"}", and report with the new '
        "model."
    )


def _validate(
    loaded: LoadedRun, table: Table, left_out: tuple[tuple[str, int], ...]
) -> ExternalValidation:
    from stratify.evaluation import validate_externally
    from stratify.evaluation.usefulness import THRESHOLDS
    from stratify.metrics import METRICS

    model = loaded.model
    assert model is not None
    assert table.y is not None
    site = None if table.site is None else list(map(str, table.site))
    predicted = model.predict(table.X, site=site)
    of_site = [any(one.kind == "site" for one in them) for them in predicted.silences]
    return validate_externally(
        table.y,
        predicted.table["log_odds"].to_numpy(),
        patients=table.patients,
        internal=read_internal(loaded, METRICS),
        base_rate=model.base_rate,
        model=loaded.name,
        cohort=table.name,
        simulated=table.simulated or model.simulated,
        groups=table.groups,
        thresholds=_read_study(loaded).get("usefulness", {}).get("thresholds", THRESHOLDS),
        left_out=left_out,
        outside=sum(any(one.kind != "site" for one in them) for them in predicted.silences),
        unseen_sites=_count_sites(site or [""] * len(table), of_site),
        level=float(loaded.params["level"]),
    )


def _count_sites(site: Sequence[str], unseen: Sequence[bool]) -> tuple[tuple[str, int], ...]:
    """Count the patients of each site that the model does not know."""
    from collections import Counter

    met = Counter(name for name, new in zip(site, unseen, strict=True) if new)
    return tuple(sorted(met.items()))


def _read_study(loaded: LoadedRun) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(loaded.study_toml)


def _check_recalibration(
    validation: ExternalValidation, table: Table, method: Method
) -> CheckedRecalibration:
    from stratify.evaluation import check_recalibration

    return check_recalibration(validation, method=method, groups=table.groups)


def _recalibrate_model(
    model: FittedModel, table: Table, checked: CheckedRecalibration
) -> FittedModel:
    from stratify.model import SiteCalibration, recalibrate

    learned = checked.recalibration
    return recalibrate(
        model,
        SiteCalibration(
            table.name,
            learned.intercept.value,
            learned.slope.value,
            len(table),
            learned.events,
            *learned.variances,
            learned.covariance,
        ),
        sites=() if table.site is None else [site for site in table.site if site],
    )


def _register(
    store: Store, study: StudyRun, loaded: LoadedRun, run_id: str, cohort: str
) -> str | None:
    """Register the new model, if the one it was made from may speak of patients."""
    from stratify.tracking import load_run

    parent = load_run(store, loaded.reference.study_run, with_model=False)
    if parent.tags.get("responder_run") != loaded.reference.run_id:
        return None
    return study.register(
        run_id,
        name=loaded.reference.study,
        alias="recalibrated",
        tags={"recalibrated_from": loaded.reference.run_id, "recalibrated_to": cohort},
    )
