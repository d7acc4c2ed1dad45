"""Validate a model of a censored outcome on patients of another site or year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.newcomers import find_newcomers, select_patients
from pipelines.patients import read_new_followed, say_unused
from pipelines.progress import Progress
from pipelines.validation_runs import list_figures, read_internal, read_texts
from stratify.errors import DataError, Fault

if TYPE_CHECKING:
    from stratify.metrics.recalibration import Method
    from stratify.time_to_event import FollowedRecalibration, FollowedTable, FollowedValidation
    from stratify.tracking import LoadedRun, ModelRun, Store

SHOWN = (
    "uno_c",
    "auc_at_horizon",
    "brier",
    "brier_gain",
    "calibration_slope",
    "observed_over_expected",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedValidateResult:
    """What a model of a censored outcome did elsewhere, and where it is kept.

    Parameters
    ----------
    study, run_id : str
        The model's.
    validation_run : str
    validation : FollowedValidation
    recalibration : FollowedRecalibration or None
    recalibrated_run : str or None
        The new model's.
    notes : tuple of str
    """

    study: str
    run_id: str
    validation_run: str
    validation: FollowedValidation
    recalibration: FollowedRecalibration | None = None
    recalibrated_run: str | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "run_id": self.run_id,
            "validation_run": self.validation_run,
            **self.validation.to_dict(),
            "recalibration": None if self.recalibration is None else str(self.recalibration),
            "recalibrated_run": self.recalibrated_run,
            "notes": list(self.notes),
        }

    def words(self) -> str:
        """Return the result in words: the drop first."""
        told = self.validation
        inside, here = (each["uno_c"].value for each in (told.internal, told.external))
        return "\n".join(
            [
                f"Uno's concordance {inside:.3f} within the study, {here:.3f} here.",
                *(["SIMULATED PATIENTS: not for any use with real people."] * told.simulated),
                "",
                *list_figures(SHOWN, told.internal, told.external),
                "",
                told.words,
                f"Run: {self.validation_run}",
                *self._recalibrated(),
                *(f"Note: {note}" for note in self.notes),
            ]
        )

    def _recalibrated(self) -> list[str]:
        made = self.recalibration
        if made is None:
            return []
        before, after = self.validation.external, made.estimates
        return [
            "",
            f"Recalibrated: {made}. Judged on patients it was not learned from ({made.folds} "
            f"folds), Brier score {after['brier']} against {before['brier'].value:.3f} before, "
            f"observed over expected {after['observed_over_expected']} against "
            f"{before['observed_over_expected'].value:.3f}.",
            f"A new model, run {self.recalibrated_run}; the one it was made from is untouched.",
        ]


def validate_followed_run(
    store: Store,
    loaded: LoadedRun,
    cohort: Path,
    connectivity: Path | None,
    *,
    recalibrate: Method | None,
    other_people: bool,
    progress: Progress,
) -> FollowedValidateResult:
    """Judge a model of a censored outcome on a cohort that took no part in making it.

    Parameters
    ----------
    store : Store
    loaded : LoadedRun
    cohort, connectivity : Path
        As for `pipelines.validate.validate`.
    recalibrate : {"intercept", "intercept and slope"}, optional
        Make a new model; of a Cox model the intercept is its baseline hazard.
    other_people : bool
    progress : Progress
    """
    with progress("Reading the patients"):
        model = loaded.followed
        if model is None:
            raise DataError(_no_model(loaded))
        followed = read_new_followed(loaded, cohort, connectivity)
        kept, left_out = find_newcomers(store, loaded, followed.table, other_people=other_people)
        followed = replace(
            followed,
            table=select_patients(followed.table, kept),
            time=followed.time[kept],
            event=followed.event[kept],
        )
    with progress("Validating"):
        from stratify.time_to_event import BASES, recalibrate_followed, validate_followed

        validation = validate_followed(
            model,
            followed,
            internal=read_internal(loaded, BASES),
            name=loaded.name,
            left_out=left_out,
            level=float(loaded.params["level"]),
        )
        changed = None
        if recalibrate is not None:
            changed = recalibrate_followed(
                model,
                followed,
                validation,
                method=recalibrate,
                level=float(loaded.params["level"]),
            )
    with progress("Logging"):
        from stratify.tracking import join_study

        table, recalibrated_run = followed.table, None
        with join_study(
            store,
            study_run=loaded.reference.study_run,
            digest=table.digest,
            dataset=table.name,
            patients=len(table),
            simulated=validation.simulated,
        ) as study:
            validation_run = study.log_model_run(
                _make_run(loaded, validation),
                kind="validation",
                title=f"{loaded.name} · in {table.name}",
            )
            if changed is not None:
                recalibrated_run = study.log_model_run(
                    _make_recalibrated_run(loaded, changed, followed, validation_run),
                    kind="recalibrated",
                    title=f"{loaded.name} · recalibrated to {table.name}",
                )
    unused = say_unused(loaded, connectivity)
    return FollowedValidateResult(
        study=loaded.reference.study,
        run_id=loaded.reference.run_id,
        validation_run=validation_run,
        validation=validation,
        recalibration=changed,
        recalibrated_run=recalibrated_run,
        notes=(unused,) if unused else (),
    )


def _make_run(loaded: LoadedRun, validation: FollowedValidation) -> ModelRun:
    """Gather the figures of a model among patients who took no part in making it."""
    from stratify.metrics import flatten_estimates
    from stratify.time_to_event import plot_horizon_calibration, plot_risk_groups
    from stratify.time_to_event.plots import tabulate_risk_groups
    from stratify.tracking import ModelRun

    return ModelRun(
        family="cox",
        features=loaded.tags["features"],
        params={
            "cohort": validation.cohort,
            "patients": validation.patients,
            "events by the horizon": validation.events,
            "horizon": validation.horizon,
            "level": loaded.params["level"],
        },
        tags={
            "validated_run": loaded.reference.run_id,
            "outcome": "time to event",
            "finding": validation.finding,
        },
        metrics={
            **validation.drop.to_dict("uno_c_drop"),
            **flatten_estimates(validation.external),
        },
        figures={
            "risk_groups": plot_risk_groups(validation, event=validation.event),
            "calibration": plot_horizon_calibration(validation, event=validation.event),
        },
        tables={
            "internal_and_external": validation.to_frame(),
            "predictions": validation.predictions,
            "risk_groups": tabulate_risk_groups(validation),
            "calibration": validation.calibration.groups,
        },
        description=validation.words,
    )


def _make_recalibrated_run(
    loaded: LoadedRun,
    changed: FollowedRecalibration,
    followed: FollowedTable,
    validation_run: str,
) -> ModelRun:
    """Gather all that is kept of a recalibrated model, as of the one it was made from."""
    import datetime

    import pandas as pd

    from stratify.metrics import flatten_estimates
    from stratify.time_to_event import explain_followed, write_followed_model
    from stratify.tracking import ModelRun, digest_rows

    explanation = explain_followed(changed.model, followed.table.X)
    return ModelRun(
        family="cox",
        features=loaded.tags["features"],
        params={
            **loaded.params,
            "patients": changed.patients,
            "events": int(followed.event.sum()),
            "folds": changed.folds,
            "repeats": 1,
            "test_share": 1 / changed.folds,
            "recalibrated": changed.method,
            "recalibration_slope": changed.slope.value,
        },
        tags={
            "outcome": "time to event",
            "recalibrated_from": loaded.reference.run_id,
            "validation_run": validation_run,
            "models_tried": loaded.tags["models_tried"],
            "certificate": loaded.tags["certificate"],
            "trained_on": datetime.date.today().isoformat(),
        },
        metrics={"horizon": followed.horizon, **flatten_estimates(changed.estimates)},
        tables={
            "predictions": changed.predictions,
            "calibration": changed.calibration.groups,
            "importance": explanation.importance(),
            "contributions": explanation.by_network().assign(base=explanation.base),
            "rows": pd.DataFrame({"patient": digest_rows(changed.model.align(followed.table.X))}),
        },
        texts=read_texts(loaded),
        files={"model": lambda folder: write_followed_model(changed.model, folder)},
        description=f"Recalibrated ({changed}) to {followed.table.name}, from run "
        f"{loaded.reference.run_id}. The figures are of patients whom the recalibration was not "
        "learned from.",
    )


def _no_model(loaded: LoadedRun) -> Fault:
    return Fault(
        where=f"run {loaded.reference.run_id}",
        met="no model is kept in it",
        wanted="a model, which studies of earlier versions did not keep",
        way_out=f"Train the study {loaded.reference.study!r} again.",
    )
