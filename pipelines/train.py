"""Train a study: cross-validate every model, judge them, refit, explain, and log it all."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.candidates import is_blind, list_candidates
from pipelines.data import draw_folds, read_table
from pipelines.progress import Progress, quiet
from pipelines.settings import read_settings
from pipelines.store import find_store, ui_command

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from pipelines.study import StudySettings
    from stratify.cohort import Cohort, TableOne
    from stratify.evaluation import (
        AddedValue,
        Certificate,
        Evaluation,
        PermutationTest,
        Verdict,
    )
    from stratify.folds import Fold
    from stratify.model import FittedModel
    from stratify.task import Table
    from stratify.tracking import StudyRecord, StudyRun


PARTS = 100
"""Steps of a progress bar that a permutation test takes."""


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
    verdict : Verdict
    added_value : tuple of AddedValue
        What connectivity adds to clinical columns, where both were used.
    permutation_tests : tuple of PermutationTest
        Whether the AUC on each feature set could be chance.
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
    verdict: Verdict
    added_value: tuple[AddedValue, ...]
    permutation_tests: tuple[PermutationTest, ...]
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
            "added_value": [value.to_dict() for value in self.added_value],
            "permutation_tests": [test.to_dict() for test in self.permutation_tests],
            "runs": [
                {"run_id": run_id, **evaluation.to_dict()}
                for run_id, evaluation in zip(self.run_ids, self.evaluations, strict=True)
            ],
        }

    def words(self) -> str:
        """Return the result in words, with a table of the models."""
        flow = ", ".join(f"{count} {step}" for step, count in self.flow)
        passed = "passed" if all(c.passed for c in self.certificates) else "FAILED"
        rows = [f"{'model':24}{'AUC':>6}  {'interval':16}{'Brier':>6}{'slope':>7}  run"]
        for run_id, evaluation in zip(self.run_ids, self.evaluations, strict=True):
            auc, slope = evaluation.metrics["auc"], evaluation.metrics["calibration_slope"]
            brier = evaluation.metrics["brier"].value
            shown = f"{slope.value:7.2f}" if slope.value == slope.value else f"{'-':>7}"
            rows.append(
                f"{evaluation.name:24}{auc.value:6.3f}  {auc.low:.3f} to {auc.high:.3f}  "
                f"{brier:6.3f}{shown}  {run_id}"
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
                *(f"Added value: {value}." for value in self.added_value),
                *(f"Permutation test: {test}" for test in self.permutation_tests),
                f"Runs are in {self.store}; see them with: {ui_command(self.store)}",
            ]
        )


@dataclass(frozen=True, slots=True)
class Attachments:
    """What is kept in the study's own run beside the verdict.

    Parameters
    ----------
    tables : dict of str to DataFrame
    figures : dict of str to Figure
    texts : dict of str to str
        File names and their content.
    """

    tables: dict[str, DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def train(
    study: Path,
    *,
    overrides: Sequence[str] = (),
    workers: int | None = None,
    store: str | None = None,
    progress: Progress = quiet,
) -> TrainResult:
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
        table, dictionary, cohort = read_table(settings)
        folds = draw_folds(settings, table)
    sets = [table.select(features) for features in settings.feature_sets(table.has)]
    candidates, left_out = list_candidates(settings.models.families, sets)
    table = replace(table, warnings=table.warnings + left_out)
    with progress("Opening the store"):
        from stratify.cohort import render_columns
        from stratify.evaluation import (
            compute_added_value,
            cross_validate_many,
            make_verdict,
            refit_many,
            tabulate_added_value,
        )
        from stratify.tracking import make_study_record, start_study

        opened = find_store(store, of_study=settings.tracking.store)
    record = make_study_record(
        table,
        settings.study.name,
        validation=settings.validation.model_dump(),
        models_tried=sum(not is_blind(family) for family, _ in candidates),
        columns_toml=render_columns(dictionary),
        trained_on=datetime.date.today(),
    )
    how = _choose_means(settings, workers, opened.folder)
    # Before the long work, so that what cannot be described stops at once.
    described = _describe_patients(cohort)
    _describe_regions(table, described)
    with start_study(
        opened,
        experiment=settings.experiment,
        name=settings.study.name,
        digest=table.digest,
        simulated=table.simulated,
        dataset=table.name,
        patients=len(table),
        params=record.params,
        tags={"settings_digest": settings.digest},
        study_toml=settings.to_toml(),
    ) as run:
        with progress("Cross-validating", total=len(candidates) * len(folds)) as step:
            evaluations = cross_validate_many(
                candidates,
                folds,
                inner_folds=settings.validation.inner_folds,
                seed=settings.validation.seed,
                level=settings.validation.level,
                on_fold=step,
                **how,
            )
        verdict = make_verdict(evaluations, table)
        added_value = compute_added_value(evaluations)
        if added_value:
            described.tables["added_value"] = tabulate_added_value(added_value)
        permutation_tests = _permute(settings, sets, folds, how, progress)
        _attach_permutation_tests(described, permutation_tests)
        with progress("Fitting on all patients", total=len(candidates)) as step:
            models = refit_many(
                evaluations,
                [narrowed for _, narrowed in candidates],
                inner_folds=settings.validation.inner_folds,
                seed=settings.validation.seed,
                on_fold=step,
                **how,
            )
        with progress("Explaining and logging", total=len(candidates)) as step:
            run_ids = []
            for evaluation, model, (_, narrowed) in zip(
                evaluations, models, candidates, strict=True
            ):
                run_ids.append(_log_model(run, record, evaluation, model, narrowed))
                step()
        _finish(run, record, evaluations, verdict, run_ids, described)
    return TrainResult(
        study=settings.study.name,
        study_run=run.run_id,
        store=opened.describe(),
        evaluations=evaluations,
        run_ids=tuple(run_ids),
        verdict=verdict,
        added_value=added_value,
        permutation_tests=permutation_tests,
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
) -> str:
    """Explain a model that was fitted on every patient, and write its run."""
    from stratify.explanation import explain
    from stratify.tracking import make_model_run

    explanation = explain(model, table.X)
    return run.log_model_run(make_model_run(record, evaluation, model, explanation, table.X))


def _finish(
    run: StudyRun,
    record: StudyRecord,
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    run_ids: Sequence[str],
    described: Attachments,
) -> None:
    """Write what came of the study, last of all."""
    from stratify.tracking import describe_study, make_comparison

    table, figure = make_comparison(evaluations, run_ids)
    responder = _run_of(verdict, evaluations, run_ids)
    run.finish(
        verdict=verdict.words,
        description=describe_study(record, evaluations, verdict),
        tags={"finding": verdict.finding},
        figures={"comparison": figure, **described.figures},
        tables={
            "comparison": table,
            "warnings": record.warnings,
            **described.tables,
        },
        texts=described.texts,
        responder=responder,
        register_as=record.name if responder else None,
    )


def _describe_patients(cohort: Cohort) -> Attachments:
    """Make table one by arm, and by site; of all patients together, where there is neither."""
    from stratify.cohort import make_table_one

    made: dict[str, TableOne] = {}
    if cohort.named("treatment") is None and cohort.named("site") is None:
        made["table_one"] = make_table_one(cohort, None)
    if cohort.named("treatment") is not None:
        made["table_one"] = make_table_one(cohort, "arm")
    if cohort.named("site") is not None:
        name = "table_one_by_site" if made else "table_one"
        made[name] = make_table_one(cohort, "site")
    return Attachments(
        tables={name: one.table for name, one in made.items()},
        texts={f"{name}.html": one.to_html() for name, one in made.items()},
    )


def _describe_regions(table: Table, attachments: Attachments) -> None:
    """Keep which network and hub each region was taken for, and by which version of the tables."""
    mapped = table.network_map
    if mapped is not None:
        attachments.tables["network_map"] = mapped.to_frame().assign(
            atlas=mapped.atlas, tables_sha256=mapped.digest
        )


def _choose_means(settings: StudySettings, workers: int | None, folder: Path) -> dict[str, Any]:
    """Return how the work is done, which changes no result."""
    from joblib import cpu_count

    compute = settings.compute
    asked = compute.workers if workers is None else workers
    return {
        "workers": asked or cpu_count(),
        "engine": compute.engine,
        "scheduler": compute.scheduler if compute.backend == "dask" else None,
        "checkpoints": _open_checkpoints(folder) if compute.checkpoints else None,
    }


def _open_checkpoints(folder: Path) -> Path:
    from stratify.evaluation import Checkpoints

    kept = Checkpoints(folder / "checkpoints")
    kept.forget_old()
    return kept.folder


def _permute(
    settings: StudySettings,
    sets: Sequence[Table],
    folds: Sequence[Fold],
    how: dict[str, Any],
    progress: Progress,
) -> tuple[PermutationTest, ...]:
    """Test each feature set against shuffled outcomes, where there are folds enough for it."""
    from stratify.evaluation import compute_permutation_test, is_possible

    asked = settings.validation
    # A fusion is a join of models that are tested by themselves.
    tested = [
        (family, one)
        for family in asked.permuted
        for one in sets
        if one.features != "late fusion" and is_possible(family, one)
    ]
    if not asked.permutations or asked.folds < 3:
        return ()
    with progress("Shuffling outcomes", total=len(tested) * PARTS) as step:
        return tuple(
            compute_permutation_test(
                one,
                folds,
                family,
                permutations=asked.permutations,
                within=asked.within,
                seed=asked.seed,
                on_part=lambda share: step(PARTS * share),
                **how,
            )
            for family, one in tested
        )


def _attach_permutation_tests(described: Attachments, tests: Sequence[PermutationTest]) -> None:
    """Keep a row and a figure of each test with the study."""
    if not tests:
        return
    from stratify.evaluation import tabulate_permutation_tests

    described.tables["permutation_tests"] = tabulate_permutation_tests(tests)
    for test in tests:
        described.figures[f"permutations_{test.features}_{test.family}"] = test.plot()


def _run_of(
    verdict: Verdict, evaluations: Sequence[Evaluation], run_ids: Sequence[str]
) -> str | None:
    for evaluation, run_id in zip(evaluations, run_ids, strict=True):
        if verdict.model == (evaluation.family, evaluation.features):
            return run_id
    return None
