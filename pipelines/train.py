"""Train a study: cross-validate every model, judge them, refit, explain, and log it all."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.candidates import is_blind, list_candidates
from pipelines.compute import choose_compute
from pipelines.data import draw_folds, find_atlas, read_table
from pipelines.examinations import (
    DESCRIPTIONS,
    EXAMINATIONS,
    Assembled,
    Attachments,
    Trained,
    say_of_whom,
)
from pipelines.progress import Progress, quiet
from pipelines.settings import read_settings
from pipelines.store import find_store, ui_command
from pipelines.time_to_event import TimeToEventResult, train_time_to_event

if TYPE_CHECKING:
    from stratify.evaluation import (
        Certificate,
        EncodersChecked,
        Evaluation,
        Verdict,
    )
    from stratify.model import FittedModel
    from stratify.task import Table
    from stratify.tracking import Examined, StudyRecord, StudyRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a study found, and where it is kept.

    Parameters
    ----------
    study : str
    study_run : str
        Id of the run that holds the verdict.
    store : str
        Where the runs are.
    evaluations : tuple of Evaluation
    run_ids : tuple of str
        One for each evaluation.
    references : tuple of Evaluation
        Of the simple models, which have no runs.
    verdict : Verdict
    examined : Attachments
        What else was looked at, and what was found; see `pipelines.examinations`.
    question : str
    flow : tuple of (str, int)
        How many patients were left after each step.
    warnings : tuple of str
    """

    study: str
    study_run: str
    store: str
    evaluations: tuple[Evaluation, ...]
    run_ids: tuple[str, ...]
    references: tuple[Evaluation, ...]
    verdict: Verdict
    examined: Attachments
    question: str
    flow: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]

    @property
    def responder_model(self) -> str | None:
        """Id of the responder model's run, if there is one."""
        return _run_of(self.verdict, self.evaluations, self.run_ids)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The leakage certificate of each model."""
        return tuple(evaluation.certificate for evaluation in self.evaluations)

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "study_run": self.study_run,
            "certificate": "passed" if all(c.passed for c in self.certificates) else "failed",
            "responder_model": self.responder_model,
            "finding": self.verdict.finding,
            "verdict": self.verdict.words,
            "question": self.question,
            "flow": [[step, count] for step, count in self.flow],
            "warnings": list(self.warnings),
            "store": self.store,
            **self.examined.values,
            "runs": [
                {"run_id": run_id, **evaluation.to_dict()}
                for run_id, evaluation in zip(self.run_ids, self.evaluations, strict=True)
            ],
            "baselines": [{"name": one.name, **one.to_dict()} for one in self.references],
        }

    def words(self) -> str:
        """Return the result in words, with a table of the models."""
        flow = ", ".join(f"{count} {step}" for step, count in self.flow)
        passed = "passed" if all(c.passed for c in self.certificates) else "FAILED"
        rows = [f"{'model':24}{'AUC':>6}  {'interval':16}{'Brier':>6}{'slope':>7}  run"]
        shown = [*zip(self.evaluations, self.run_ids, strict=True)]
        shown += [(one, "a baseline, to be beaten") for one in self.references]
        for evaluation, run_id in shown:
            auc, slope = evaluation.metrics["auc"], evaluation.metrics["calibration_slope"]
            brier = evaluation.metrics["brier"].value
            told = f"{slope.value:7.2f}" if slope.value == slope.value else f"{'-':>7}"
            rows.append(
                f"{evaluation.name:24}{auc.value:6.3f}  {auc.bounds:14}  "
                f"{brier:6.3f}{told}  {run_id}"
            )
        warnings = [f"Warning: {warning}" for warning in self.warnings]
        return "\n".join(
            [
                f"Study {self.study}: {self.question}",
                f"Patients: {flow}.",
                *warnings,
                "",
                *rows,
                "",
                f"Leakage certificate: {passed}.",
                f"Verdict: {self.verdict.words}",
                *self.examined.sentences,
                f"Runs are in {self.store}; see them with: {ui_command(self.store)}",
            ]
        )


def train(
    study: Path,
    *,
    overrides: Sequence[str] = (),
    workers: int | None = None,
    store: str | None = None,
    progress: Progress = quiet,
) -> TrainResult | TimeToEventResult:
    """Train a study.

    Parameters
    ----------
    study : Path
        The study file.
    overrides : sequence of str
        ``"validation.repeats=10"``.
    workers : int, optional
        Processes at once, 0 for one a core; the study's own setting, where not given.
    store : str, optional
        A folder or a tracking server's address.
    progress : Progress
    """
    settings = read_settings(study, overrides)
    with progress("Reading the study's files"):
        data = read_table(settings)
        table = data.table
        folds = draw_folds(settings, table)
    if data.followed is not None:
        return train_time_to_event(
            settings, data, folds, workers=workers, store=store, progress=progress
        )
    sets = [table.select(features) for features in settings.feature_sets(table.has)]
    candidates, left_out = list_candidates(settings.models.families, sets)
    table = replace(table, warnings=table.warnings + left_out)
    with progress("Opening the store"):
        from stratify.cohort import render_columns
        from stratify.evaluation import (
            check_canaries,
            check_shipped,
            cross_validate_many,
            list_references,
            make_verdict,
            refit_many,
        )
        from stratify.tracking import find_tried, make_study_record, start_study

        opened = find_store(store, of_study=settings.tracking.store)
        tried = find_tried(opened, table)
    record = make_study_record(
        table,
        settings.study.name,
        validation={
            **settings.validation.model_dump(),
            "folds": len({fold.number for fold in folds}),
            "repeats": len({fold.repeat for fold in folds}),
        },
        models_tried=sum(not is_blind(family) for family, _ in candidates),
        columns_toml=render_columns(data.dictionary),
        trained_on=datetime.date.today(),
    )
    compute = choose_compute(settings, workers, opened.folder)
    # Before the long work, so that what cannot be described stops at once.
    examined = Attachments()
    study_read = Assembled(
        settings=settings,
        cohort=data.cohort,
        connectomes=data.connectomes,
        table=table,
        sets=sets,
        folds=folds,
    )
    known = study_read.take_known()
    examined.add(say_of_whom(study_read))
    for describe in DESCRIPTIONS:
        examined.add(describe(known))
    with start_study(
        opened,
        experiment=settings.experiment,
        name=settings.study.name,
        digest=table.digest,
        simulated=table.simulated,
        dataset=table.name,
        patients=len(table),
        params=record.params,
        tags={"settings_digest": settings.digest, **tried.tags},
        study_toml=settings.to_toml(atlas=find_atlas(data.connectomes)),
        workers=compute.workers,
    ) as run:
        simple = list_references(table)
        with progress("Cross-validating", total=len(candidates + simple) * len(folds)) as step:
            # In one call, so that imputed outcomes are the same for all.
            judged = cross_validate_many(
                candidates + simple,
                folds,
                inner_folds=settings.validation.inner_folds,
                seed=settings.validation.seed,
                level=settings.validation.level,
                compute=compute,
                on_fold=step,
            )
        references = judged[len(candidates) :]
        with progress("Listening to the canaries"):
            canaries = check_canaries(
                sets,
                folds,
                inner_folds=settings.validation.inner_folds,
                seed=settings.validation.seed,
                compute=compute,
            )
        with progress("Fitting on all patients", total=len(candidates)) as step:
            models = refit_many(
                judged[: len(candidates)],
                [narrowed for _, narrowed in candidates],
                inner_folds=settings.validation.inner_folds,
                seed=settings.validation.seed,
                on_fold=step,
                confidence=settings.abstention.confidence,
                compute=compute,
            )
        encoders: EncodersChecked = {}
        evaluations = tuple(
            replace(
                one,
                certificate=one.certificate.add(canaries.get(one.features, ())).add(
                    check_shipped(narrowed, model, folds, one.replicas, checked=encoders)
                ),
            )
            for one, model, (_, narrowed) in zip(
                judged[: len(candidates)], models, candidates, strict=True
            )
        )
        every = tried.count(e for e in evaluations if not is_blind(e.family))
        verdict = make_verdict(
            evaluations,
            table,
            references=references,
            tried=every,
            region=settings.validation.smallest_gain,
        )
        trained = Trained(
            study=known,
            candidates=[(family, narrowed.take_known()) for family, narrowed in candidates],
            evaluations=evaluations,
            references=references,
            verdict=verdict,
            models=models,
            tried=tried,
            compute=compute,
            progress=progress,
        )
        for examine in EXAMINATIONS:
            examined.add(examine(trained))
        with progress("Explaining and logging", total=len(candidates)) as step:
            run_ids = []
            for k, (_, narrowed) in enumerate(candidates):
                beside = examined.of_models.get(k, ())
                run_ids.append(
                    _log_model(
                        run,
                        record,
                        evaluations[k],
                        examined.models.get(k, models[k]),
                        narrowed,
                        beside,
                    )
                )
                step()
        _finish(run, record, trained, run_ids, examined)
    return TrainResult(
        study=settings.study.name,
        study_run=run.run_id,
        store=opened.describe(),
        evaluations=evaluations,
        references=references,
        run_ids=tuple(run_ids),
        verdict=verdict,
        examined=examined,
        question=table.task.describe(),
        flow=table.flow,
        warnings=tuple(str(warning) for warning in table.warnings),
    )


def _log_model(
    run: StudyRun,
    record: StudyRecord,
    evaluation: Evaluation,
    model: FittedModel,
    table: Table,
    examined: Sequence[Examined],
) -> str:
    """Explain a model that was fitted on every patient, and write its run."""
    from stratify.explanation import explain
    from stratify.tracking import make_model_run

    explanation = explain(model, table.X)
    return run.log_model_run(
        make_model_run(record, evaluation, model, explanation, table.X, examined=examined)
    )


def _finish(
    run: StudyRun,
    record: StudyRecord,
    trained: Trained,
    run_ids: Sequence[str],
    examined: Attachments,
) -> None:
    """Write what came of the study, last of all."""
    from stratify.tracking import describe_study, make_comparison

    evaluations, verdict = trained.evaluations, trained.verdict
    table, figure = make_comparison(evaluations, run_ids, references=trained.references)
    responder = _run_of(verdict, evaluations, run_ids)
    run.finish(
        verdict=verdict.words,
        description=describe_study(record, evaluations, verdict, found=examined.sentences),
        tags={"finding": verdict.finding, **examined.tags},
        figures={"comparison": figure, **examined.figures},
        tables={
            "comparison": table,
            "warnings": record.warnings,
            **examined.tables,
        },
        texts=examined.texts,
        responder=responder,
        register_as=record.name if responder else None,
    )


def _run_of(
    verdict: Verdict, evaluations: Sequence[Evaluation], run_ids: Sequence[str]
) -> str | None:
    for evaluation, run_id in zip(evaluations, run_ids, strict=True):
        if verdict.model == (evaluation.family, evaluation.features):
            return run_id
    return None
