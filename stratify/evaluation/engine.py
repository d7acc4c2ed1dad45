"""Fit many models on many folds: what they share is made once, what is finished is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.evaluation.checkpoints import Checkpoints, digest_of, digest_of_code
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.imputation import draw_training_outcomes, draw_whole_outcomes
from stratify.evaluation.workers import run_tasks
from stratify.folds import Fold, InnerFolds, draw_inner_folds
from stratify.model import (
    AveragedClassifier,
    Engine,
    FamilyName,
    FoldClassifier,
    OneFit,
    ResponderClassifier,
    StackedClassifier,
    Tuned,
    fit_together,
)
from stratify.task import Table

Candidate = tuple[FamilyName, Table]


class FoldResult(NamedTuple):
    """A model fitted in a fold, and what it says of those held out.

    Where outcomes of training patients are imputed, it is the average of one model for each
    completion of them.
    """

    classifier: FoldClassifier
    log_odds: np.ndarray


@dataclass(frozen=True, eq=False)
class Work:
    """What the tasks of a study share; read alone.

    Parameters
    ----------
    candidates : sequence of (family, table)
    folds : sequence of Fold
    inner : sequence of list of (train, test)
        Positions among the training rows of each fold.
    seeds : sequence of int
        Of each fold.
    engine : {"fast", "reference"}
    labels : sequence of array of int, shape (n_train, n_completions)
        What is learned in each fold: one column, or several where outcomes are imputed.
    """

    candidates: Sequence[Candidate]
    folds: Sequence[Fold]
    inner: Sequence[InnerFolds]
    seeds: Sequence[int]
    engine: Engine
    labels: Sequence[np.ndarray] = ()


class _Task(NamedTuple):
    fold: int
    members: tuple[int, ...]
    known: Mapping[tuple[int, int], Tuned]


def make_work(
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    *,
    inner_folds: int,
    seed: int,
    engine: Engine = "fast",
) -> Work:
    """Draw the inner folds, the same for every candidate.

    Raises
    ------
    DataError
        If an inner fold cannot hold both classes, or a family does not fit a table.
    """
    require_possible(candidates)
    table = candidates[0][1]
    inner = [
        draw_inner_folds(table, fold, folds=inner_folds, seed=seed_of(seed, fold)) for fold in folds
    ]
    seeds = [seed_of(seed, fold) for fold in folds]
    labels = draw_training_outcomes(table, folds, seed=seed)
    return Work(candidates, folds, inner, seeds, engine, labels)


def make_whole_work(
    candidates: Sequence[Candidate], *, inner_folds: int, seed: int, engine: Engine = "fast"
) -> Work:
    """Make the work of fitting every candidate on all patients: one fold that holds out nobody."""
    table = candidates[0][1]
    rows = np.arange(len(table))
    everybody = Fold(0, 0, rows, rows[:0], "all patients", table.scheme)
    inner = draw_inner_folds(table, everybody, folds=inner_folds, seed=seed)
    labels = draw_whole_outcomes(table, seed=seed)
    return Work(candidates, [everybody], [inner], [seed], engine, [labels])


def is_possible(family: FamilyName, table: Table) -> bool:
    """Tell whether a family can be fitted on a table: sums of edges need edges.

    A late fusion has a model of the clinical columns alone, which have none; sums of edges see
    clinical columns beside edges without it.
    """
    return family != "cpm" or table.has_edges


def require_possible(candidates: Sequence[Candidate]) -> None:
    """Refuse a family on a table that it cannot be fitted on.

    Raises
    ------
    DataError
    """
    for family, table in candidates:
        if not is_possible(family, table):
            raise DataError(
                Fault(
                    where=f"{family} on {table.features} features",
                    met="no edges",
                    wanted="connectome-based predictive models are fitted where a model sees "
                    "connectivity region by region: on connectivity, or both",
                    way_out="Leave the family out, or add connectivity.",
                )
            )


def fit_folds(
    work: Work,
    *,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
) -> dict[tuple[int, int], FoldResult]:
    """Fit every candidate on every fold.

    Families that see the same table of a fold are one task, so that its rows are encoded once. The
    engine is that of the work.

    Returns
    -------
    results : dict of (candidate, fold) to FoldResult
    """
    kept = compute.open_checkpoints()
    imputed = any(labels.shape[1] > 1 for labels in work.labels)
    fused = {} if imputed else _find_halves(work.candidates)
    keys = {} if kept is None else _make_keys(work)
    tasks = _make_tasks(work, fused, kept, keys, apart=compute.scheduler is not None)
    results: dict[tuple[int, int], FoldResult] = {}
    running = run_tasks(_run, work, tasks, workers=compute.workers, scheduler=compute.scheduler)
    for position, found in running:
        task = tasks[position]
        for member, result in zip(task.members, found, strict=True):
            results[member, task.fold] = FoldResult(_thin(result.classifier, work), result.log_odds)
            for k, one in enumerate(_completions_of(result.classifier)):
                if kept is None or (member, k) in task.known:
                    continue
                if isinstance(one, ResponderClassifier):
                    kept.write(keys[member, task.fold, k], one.tuned)
            on_fold()
    for k, halves in fused.items():
        for j in range(len(work.folds)):
            results[k, j] = _join(work, k, j, [results[half, j].classifier for half in halves])
            on_fold()
    return results


def make_classifier(
    family: FamilyName,
    table: Table,
    *,
    inner_folds: InnerFolds,
    seed: int,
    engine: Engine = "fast",
) -> OneFit:
    """Make the unfitted classifier of a table: one model, or one of each half where they fuse."""
    if table.features == "late fusion":
        halves = [table.select("clinical"), table.select("connectivity")]
        return StackedClassifier(
            tuple(
                (
                    make_classifier(
                        family, half, inner_folds=inner_folds, seed=seed, engine=engine
                    ),
                    tuple(map(str, half.X.columns)),
                )
                for half in halves
            )
        )
    return ResponderClassifier(
        family,
        preparer=table.preparer,
        inner_folds=inner_folds,
        random_state=seed,
        engine=engine,
    )


def seed_of(seed: int, fold: Fold) -> int:
    """Return the seed of a fold: the same whatever else is evaluated beside it."""
    state = np.random.SeedSequence([seed, fold.repeat, fold.number]).generate_state(1)
    return int(state[0] >> 1)


def _run(work: Work, task: _Task) -> list[FoldResult]:
    fold = work.folds[task.fold]
    table = work.candidates[task.members[0]][1]
    X, held_out = table.X.iloc[fold.train], table.X.iloc[fold.test]
    results = []
    for fitted in _fit_members(work, task, X):
        classifier = fitted[0] if len(fitted) == 1 else AveragedClassifier(fitted[0]).join(fitted)
        log_odds = classifier.decision_function(held_out) if len(fold.test) else np.zeros(0)
        results.append(FoldResult(classifier, log_odds))
    return results


def _fit_members(work: Work, task: _Task, X: pd.DataFrame) -> list[list[OneFit]]:
    """Fit every member of a task to each completion of the outcomes."""
    labels = work.labels[task.fold]
    places = [(member, k) for member in task.members for k in range(labels.shape[1])]
    classifiers = [
        make_classifier(
            *work.candidates[member],
            inner_folds=work.inner[task.fold],
            seed=work.seeds[task.fold],
            engine=work.engine,
        )
        for member, _ in places
    ]
    single = [c for c in classifiers if isinstance(c, ResponderClassifier)]
    if work.engine == "reference" or len(single) < len(classifiers):
        for classifier, (_, k) in zip(classifiers, places, strict=True):
            classifier.fit(X, labels[:, k])
    else:
        known = [task.known.get(place) for place in places]
        fit_together(single, X, labels[:, [k for _, k in places]], known=known)
    each = labels.shape[1]
    return [classifiers[first : first + each] for first in range(0, len(places), each)]


def _completions_of(classifier: FoldClassifier) -> list[OneFit]:
    return classifier.parts_ if isinstance(classifier, AveragedClassifier) else [classifier]


def _thin(classifier: FoldClassifier, work: Work) -> FoldClassifier:
    """Keep as many completions' models of a fold as its part in a likelihood's interval needs.

    The interval is the spread of the folds' models times ``(1 - d) / d``, where each lacks the
    share ``d`` of the patients. Averaging ``(1 - d) / d`` completions leaves one such part of the
    variance between them, so that the interval has in it once, as by Rubin's rules, what the
    missing outcomes leave open.
    """
    trained = float(np.mean([len(fold.train) for fold in work.folds]))
    left_out = len(work.candidates[0][1]) - trained
    if not isinstance(classifier, AveragedClassifier) or not left_out:
        return classifier
    kept = max(round(trained / left_out), 1)
    return AveragedClassifier(classifier.classifier).join(classifier.parts_[:kept])


def _make_tasks(
    work: Work,
    fused: Mapping[int, tuple[int, int]],
    kept: Checkpoints | None,
    keys: Mapping[tuple[int, int, int], str],
    *,
    apart: bool,
) -> list[_Task]:
    groups: dict[tuple[str, int], list[int]] = {}
    for k, (_, table) in enumerate(work.candidates):
        if k not in fused:
            together = not apart and work.engine == "fast" and table.features != "late fusion"
            groups.setdefault(("table", id(table)) if together else ("candidate", k), []).append(k)
    tasks = []
    for members in groups.values():
        for j, labels in enumerate(work.labels):
            wanted = [(member, k) for member in members for k in range(labels.shape[1])]
            found = {} if kept is None else {(m, k): kept.read(keys[m, j, k]) for m, k in wanted}
            known = {place: tuned for place, tuned in found.items() if tuned is not None}
            tasks.append(_Task(j, tuple(members), known))
    # The longest first, so that no long task is left for one worker at the end.
    return sorted(
        tasks,
        key=lambda t: (
            -(len(t.members) * work.labels[t.fold].shape[1] - len(t.known))
            * work.candidates[t.members[0]][1].X.shape[1]
        ),
    )


def _make_keys(work: Work) -> dict[tuple[int, int, int], str]:
    """Return the digest of all that each fit is made from."""
    tables: dict[int, str] = {}
    keys = {}
    for k, (family, table) in enumerate(work.candidates):
        if id(table) not in tables:
            preparer = None if table.preparer is None else table.preparer.get_params()
            tables[id(table)] = digest_of(table.X, preparer, digest_of_code())
        for j, fold in enumerate(work.folds):
            inner = [rows for split in work.inner[j] for rows in split]
            for completion, y in enumerate(work.labels[j].T):
                keys[k, j, completion] = digest_of(
                    tables[id(table)], family, work.engine, work.seeds[j], fold.train, y, *inner
                )
    return keys


def _join(work: Work, k: int, j: int, halves: Sequence[FoldClassifier]) -> FoldResult:
    """Fuse two halves that were fitted as candidates of their own."""
    table, fold = work.candidates[k][1], work.folds[j]
    parts = [half for half in halves if isinstance(half, ResponderClassifier)]
    stacked = StackedClassifier(()).join(parts, work.labels[j][:, 0])
    held_out = table.X.iloc[fold.test]
    return FoldResult(
        stacked, stacked.decision_function(held_out) if len(held_out) else np.zeros(0)
    )


def _find_halves(candidates: Sequence[Candidate]) -> dict[int, tuple[int, int]]:
    """Find the late fusions whose two halves are candidates too, and need no second fitting."""
    place = {
        (family, table.features): k
        for k, (family, table) in enumerate(candidates)
        if table.reference is None
    }
    return {
        k: (place[family, "clinical"], place[family, "connectivity"])
        for k, (family, table) in enumerate(candidates)
        if table.features == "late fusion"
        and (family, "clinical") in place
        and (family, "connectivity") in place
    }
