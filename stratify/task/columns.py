"""Which columns of a cohort may answer a task."""

from __future__ import annotations

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, did_you_mean
from stratify.schema import Column
from stratify.task.landmark import require_landmark
from stratify.task.values import Task


def choose_columns(task: Task, cohort: Cohort, *, labelled: bool) -> tuple[Column, ...]:
    """Choose the features; tell at once whatever the task asks for that the cohort has not."""
    if task.landmark is not None:
        require_landmark(task, cohort)
    if task.clinical is None:
        columns = tuple(c for c in cohort.columns if task.allows(c, cohort.columns))
    else:
        columns = tuple(cohort[name] for name in task.clinical if name in cohort)
    columns = tuple(column for column in columns if column.kind not in ("date", "text"))
    faults = [
        _not_allowed(task, cohort, column)
        for column in columns
        if not task.allows(column, cohort.columns)
    ]
    faults = [*_unknown_features(task, cohort), *_unusable_features(task, cohort), *faults]
    if labelled:
        faults += _unknown_arms(task, cohort)
    if faults:
        raise DataError(faults)
    if task.landmark is not None and not any(map(task.is_at_landmark, columns)):
        raise DataError(
            Fault(
                where="features.clinical",
                met=f"nothing measured at {task.landmark}",
                wanted="a landmark model uses what was seen at its visit",
                way_out="Add a column of that visit, or take question.landmark out.",
            )
        )
    return columns


def _unknown_features(task: Task, cohort: Cohort) -> list[Fault]:
    names = [column.name for column in cohort.columns]
    return [
        Fault(
            where=f"{cohort.name}: features.clinical",
            met=f"no column {name!r}{did_you_mean(name, names)}",
            wanted=f"one of {', '.join(names)}",
            way_out="Correct the name in the study file.",
        )
        for name in task.clinical or ()
        if name not in cohort
    ]


def _unknown_arms(task: Task, cohort: Cohort) -> list[Fault]:
    """Tell a treatment or condition that no patient has, with the nearest that one has."""
    faults = []
    for role, wanted in (("condition", task.condition), ("treatment", task.treatment)):
        values = cohort.values_of(role)  # type: ignore[arg-type]
        if wanted is None or (values is not None and (values == wanted).any()):
            continue
        there = () if values is None else sorted(set(map(str, values)))
        faults.append(
            Fault(
                where=f"{cohort.name}: {role}",
                met="no such column" if values is None else f"only {', '.join(there)}",
                wanted=f"patients whose {role} is {wanted!r}{did_you_mean(wanted, there)}",
                way_out=f"Correct the {role} in the study file, or give a column the role {role}.",
            )
        )
    return faults


def _unusable_features(task: Task, cohort: Cohort) -> list[Fault]:
    """Tell dates and text that were asked for by name; unasked, they are passed over."""
    return [
        Fault(
            where=f"{cohort.name}: {name}",
            met=f"a column of the kind {cohort[name].kind}",
            wanted="features are numbers, categories or booleans",
            way_out="Take it out of features.clinical in the study file; make a number of a date, "
            "such as the days since onset.",
        )
        for name in task.clinical or ()
        if name in cohort and cohort[name].kind in ("date", "text")
    ]


def _not_allowed(task: Task, cohort: Cohort, column: Column) -> Fault:
    at = f" at {column.visit}" if column.visit and task.landmark else ""
    if task.landmark is None:
        wanted = "only what was known before treatment may be a feature"
        way_out = "Take it out of features.clinical in the study file."
        if column.measured == "during" and column.name not in task.rule.outcomes:
            way_out += (
                " A model that predicts from an early response is another question: declare it "
                "with question.landmark, the visit."
            )
    else:
        wanted = f"only what was known by {task.landmark} may be a feature of this landmark model"
        way_out = "Take it out of features.clinical in the study file"
        day = column.measured == "during" and column.day is None
        way_out += ", or say its visit and day in the dictionary." if day else "."
    return Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"measured {column.measured}{at}, role {column.role}",
        wanted=wanted,
        way_out=way_out,
    )
