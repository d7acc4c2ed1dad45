"""Train a study of a censored outcome: cross-validate Cox models, judge them, and log it all."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.compute import choose_compute
from pipelines.data import StudyData
from pipelines.progress import Progress
from pipelines.sets import choose_sets
from pipelines.store import find_store, ui_command

if TYPE_CHECKING:
    from pandas import DataFrame

    from pipelines.study import StudySettings
    from stratify.folds import Fold
    from stratify.time_to_event import (
        FollowedModel,
        FollowedTable,
        TimeToEventEvaluation,
        TimeToEventVerdict,
    )
    from stratify.tracking import ModelRun, StudyRecord, StudyRun


NO_REPORTS = "Reports of patients are not offered for censored outcomes yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToEventResult:
    """What a study of a censored outcome found, and where it is kept.

    Parameters
    ----------
    study : str
    study_run : str
        Id of the run that holds the verdict.
    store : str
    followed : FollowedTable
    evaluations : tuple of TimeToEventEvaluation
    baselines : tuple of TimeToEventEvaluation
        Simple models to be beaten; they have no runs.
    run_ids : tuple of str
        One for each evaluation.
    verdict : TimeToEventVerdict
    tried : str
        In a sentence, how many models were on this outcome of these patients.
    """

    study: str
    study_run: str
    store: str
    followed: FollowedTable
    evaluations: tuple[TimeToEventEvaluation, ...]
    baselines: tuple[TimeToEventEvaluation, ...]
    run_ids: tuple[str, ...]
    verdict: TimeToEventVerdict
    tried: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found in the data and is worth knowing."""
        return tuple(str(warning) for warning in self.followed.table.warnings)

    @property
    def passed(self) -> bool:
        """Whether every leakage certificate passed."""
        return all(evaluation.certificate.passed for evaluation in self.evaluations)

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "study_run": self.study_run,
            "certificate": "passed" if self.passed else "failed",
            "responder_model": None,
            "finding": self.verdict.finding,
            "verdict": self.verdict.words,
            "question": self.followed.describe(),
            "flow": [[step, count] for step, count in self.followed.table.flow],
            "events": int(self.followed.event.sum()),
            "warnings": list(self.warnings),
            "store": self.store,
            "runs": [
                {"run_id": run_id, **evaluation.to_dict()}
                for run_id, evaluation in zip(self.run_ids, self.evaluations, strict=True)
            ],
            "tried": self.tried,
            "baselines": [{"name": one.name, **one.to_dict()} for one in self.baselines],
        }

    def words(self) -> str:
        """Return the result in words, with a table of the models."""
        flow = ", ".join(f"{count} {step}" for step, count in self.followed.table.flow)
        rows = [f"{'model':24}{'C':>6}  {'interval':16}{'AUC':>6}{'Brier':>7}{'slope':>7}  run"]
        shown = list(zip(self.evaluations, self.run_ids, strict=True))
        shown += [(one, "a baseline, to be beaten") for one in self.baselines]
        for evaluation, run_id in shown:
            found = evaluation.metrics
            c = found["uno_c"]
            numbers = (found[name].value for name in ("auc_at_horizon", "brier"))
            auc, brier = (_number(value, 6) for value in numbers)
            slope = _number(found["calibration_slope"].value, 7, 2)
            rows.append(
                f"{evaluation.name:24}{_number(c.value, 6)}  {c.bounds:14}  "
                f"{auc} {brier}{slope}  {run_id}"
            )
        return "\n".join(
            [
                f"Study {self.study}: {self.followed.describe()}",
                f"Patients: {flow}; {int(self.followed.event.sum())} events.",
                *(f"Warning: {warning}" for warning in self.warnings),
                "",
                *rows,
                "",
                f"Leakage certificate: {'passed' if self.passed else 'FAILED'}.",
                f"Verdict: {self.verdict.words}",
                self.tried,
                NO_REPORTS,
                f"Runs are in {self.store}; see them with: {ui_command(self.store)}",
            ]
        )


def train_time_to_event(
    settings: StudySettings,
    data: StudyData,
    folds: Sequence[Fold],
    *,
    workers: int | None = None,
    store: str | None,
    progress: Progress,
) -> TimeToEventResult:
    """Train a study of a censored outcome.

    Parameters
    ----------
    settings : StudySettings
    data : StudyData
        With ``followed``.
    folds : sequence of Fold
    workers : int, optional
        Processes at once, 0 for one a core; the study's own setting, where not given.
    store : str, optional
        A folder or a tracking server's address.
    progress : Progress
    """
    followed = data.followed
    assert followed is not None
    asked = settings.validation
    candidates = [followed.select(name) for name in choose_sets(settings, followed)]
    with progress("Opening the store"):
        from stratify.cohort import render_columns
        from stratify.time_to_event import (
            check_shuffled_times,
            cross_validate_cox,
            evaluate_baselines,
            fit_followed_model,
            make_time_to_event_verdict,
        )
        from stratify.tracking import find_tried, make_study_record, start_study

        opened = find_store(store, of_study=settings.tracking.store)
        tried = find_tried(opened, followed.table)
        compute = choose_compute(settings, workers, opened.folder)
    record = make_study_record(
        followed.table,
        settings.study.name,
        validation={
            **asked.model_dump(),
            "folds": len({fold.number for fold in folds}),
            "repeats": len({fold.repeat for fold in folds}),
        },
        models_tried=len(candidates),
        columns_toml=render_columns(data.dictionary),
        trained_on=datetime.date.today(),
    )
    params = {**record.params, **_describe_outcome(followed)}
    with start_study(
        opened,
        experiment=settings.experiment,
        name=settings.study.name,
        digest=followed.table.digest,
        simulated=followed.table.simulated,
        dataset=followed.table.name,
        patients=len(followed),
        params=params,
        tags={"settings_digest": settings.digest, "outcome": "time to event", **tried.tags},
        study_toml=settings.to_toml(),
    ) as run:
        simple = followed.table.references
        with progress("Cross-validating", total=len((*candidates, *simple)) * len(folds)) as step:
            how: dict[str, Any] = {
                "inner_folds": asked.inner_folds,
                "seed": asked.seed,
                "level": asked.level,
                "compute": compute,
                "on_fold": step,
            }
            evaluations = [cross_validate_cox(one, folds, **how) for one in candidates]
            baselines = evaluate_baselines(followed, folds, **how)
        with progress("Shuffling times and events", total=len(candidates)) as step:
            for k, candidate in enumerate(candidates):
                check = check_shuffled_times(
                    candidate,
                    folds,
                    inner_folds=asked.inner_folds,
                    seed=asked.seed,
                    compute=compute,
                )
                evaluations[k] = evaluations[k].add_check(check)
                step()
        with progress("Fitting on all patients", total=len(candidates)) as step:
            models = []
            for candidate in candidates:
                models.append(
                    fit_followed_model(
                        candidate, folds, inner_folds=asked.inner_folds, seed=asked.seed
                    )
                )
                step()
        verdict = make_time_to_event_verdict(
            evaluations, followed, baselines, tried=tried.count(evaluations), seed=asked.seed
        )
        with progress("Logging", total=len(evaluations)) as step:
            run_ids = []
            for one, model, candidate in zip(evaluations, models, candidates, strict=True):
                model_run = _make_run(record, params, one, model, candidate.table.X)
                run_ids.append(run.log_model_run(model_run, kind="time to event"))
                step()
        every = [*zip(evaluations, run_ids, strict=True), *((one, "") for one in baselines)]
        _finish(run, followed, every, verdict, record.warnings)
    return TimeToEventResult(
        study=settings.study.name,
        study_run=run.run_id,
        store=opened.describe(),
        followed=followed,
        evaluations=tuple(evaluations),
        baselines=baselines,
        run_ids=tuple(run_ids),
        verdict=verdict,
        tried=tried.describe(evaluations),
    )


def _describe_outcome(followed: FollowedTable) -> dict[str, object]:
    told = followed.outcome
    return {
        "outcome": f"time to {told.name}",
        "rule": followed.describe(),
        "time": told.time,
        "event": told.event,
        "horizon": told.horizon,
        "events": int(followed.event.sum()),
        "responders": None,
        f"{told.name} by the horizon": followed.table.responders,
    }


def _make_run(
    record: StudyRecord,
    params: dict[str, Any],
    evaluation: TimeToEventEvaluation,
    model: FollowedModel,
    X: DataFrame,
) -> ModelRun:
    import json

    import pandas as pd

    from stratify.explanation.plots import plot_beeswarm, plot_importance, plot_network_blocks
    from stratify.time_to_event import (
        explain_followed,
        plot_horizon_calibration,
        plot_risk_groups,
        write_followed_model,
    )
    from stratify.time_to_event.plots import tabulate_risk_groups
    from stratify.tracking import ModelRun, digest_rows

    values, event = evaluation.to_dict(), model.outcome.name
    explanation = explain_followed(model, X)
    figures = {
        "risk_groups": plot_risk_groups(evaluation, event=event),
        "calibration": plot_horizon_calibration(evaluation, event=event),
        "importance": plot_importance(explanation),
        "beeswarm": plot_beeswarm(explanation),
    }
    if any(column.networks for column in explanation.columns):
        figures["network_blocks"] = plot_network_blocks(explanation)
    certificate = evaluation.certificate
    return ModelRun(
        family="cox",
        features=evaluation.features,
        params={**params, "test_share": evaluation.test_share},
        tags={
            "certificate": "passed" if certificate.passed else "failed",
            "models_tried": str(record.models_tried),
            "trained_on": record.trained_on.isoformat(),
        },
        metrics={name: v for name, v in values.items() if isinstance(v, float) and v == v},
        figures=figures,
        tables={
            "metrics": evaluation.to_frame(),
            "predictions": evaluation.predictions,
            "risk_groups": tabulate_risk_groups(evaluation),
            "calibration": evaluation.calibration.groups,
            "chosen": evaluation.chosen,
            "hazard_ratios": evaluation.hazard_ratios,
            "importance": explanation.importance(),
            "contributions": explanation.by_network().assign(base=explanation.base),
            # As a patient's name is, each row's digest is written as a pseudonym.
            "rows": pd.DataFrame({"patient": digest_rows(X)}),
        },
        texts={
            "certificate.json": json.dumps(certificate.to_dict(), indent=2),
            "certificate.txt": f"{certificate}\n",
            "columns.toml": record.columns_toml,
            "explanation.md": explanation.method + "\n",
        },
        files={"model": lambda folder: write_followed_model(model, folder)},
        description=f"{params['rule']}\n\n{NO_REPORTS}",
    )


def _finish(
    run: StudyRun,
    followed: FollowedTable,
    evaluations: Sequence[tuple[TimeToEventEvaluation, str]],
    verdict: TimeToEventVerdict,
    warnings: Any,
) -> None:
    """Write what came of the study, last of all."""
    import pandas as pd

    rows = [{"model": one.name, "run_id": run_id, **one.to_dict()} for one, run_id in evaluations]
    named = (run_id for one, run_id in evaluations if run_id and one.features == verdict.features)
    found = next(named, None)
    run.finish(
        verdict=verdict.words,
        description=f"{followed.describe()}\n\n**{verdict.words}**\n\n{NO_REPORTS}",
        tags={"finding": verdict.finding, **({"found_run": found} if found else {})},
        tables={"comparison": pd.DataFrame(rows), "warnings": warnings},
    )


def _number(value: float, width: int, digits: int = 3) -> str:
    return f"{value:{width}.{digits}f}" if value == value else f"{'-':>{width}}"
