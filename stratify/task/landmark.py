"""The visit during treatment at which a landmark model speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, name_some
from stratify.outcome import tell_early_response
from stratify.schema import Column
from stratify.task.values import Task, find_day_of_landmark


def require_landmark(task: Task, cohort: Cohort) -> None:
    """Refuse a landmark that is no visit during treatment, or not before the outcome."""
    at = [column for column in cohort.columns if task.is_at_landmark(column)]
    visits = dict.fromkeys(c.visit for c in cohort.columns if c.visit and c.measured == "during")
    if not any(column.measured == "during" for column in at):
        raise DataError(
            Fault(
                where="question.landmark",
                met=f"{task.landmark!r}, with "
                + (f"{at[0].name} measured {at[0].measured}" if at else "no column of that visit"),
                wanted="a visit during treatment"
                + (f": {name_some(visits, most=8)}" if visits else ""),
                way_out="Correct the visit, or say each column's visit and day in the dictionary.",
            )
        )
    day = find_day_of_landmark(task, cohort.columns)
    for column in map(cohort.__getitem__, task.rule.outcomes):
        known = day is not None and column.day is not None
        later = column.day > day if known else column.measured == "followup"  # type: ignore[operator]
        if column.measured == "baseline" or task.is_at_landmark(column) or not later:
            raise DataError(
                Fault(
                    where=f"{cohort.name}: {column.name}",
                    met=f"measured {column.measured}"
                    + (f" at {column.visit}" if column.visit else "")
                    + ("" if column.day is None else f", on day {column.day:g}"),
                    wanted=f"the outcome of a landmark model is later than its visit, "
                    f"{task.landmark}",
                    way_out="Name an outcome that is later, an earlier landmark, or say the days "
                    "of both in the dictionary.",
                )
            )


def find_seen(task: Task, cohort: Cohort, columns: Sequence[Column]) -> np.ndarray:
    """Find who was seen at the landmark visit, shape (n_patients,)."""
    names = [column.name for column in columns if task.is_at_landmark(column)]
    return cohort.frame[names].notna().any(axis=1).to_numpy()


def say_unseen(task: Task, cohort: Cohort, unseen: np.ndarray) -> Fault:
    """Say of whom a landmark model cannot speak."""
    patients = tuple(np.array(cohort.patients)[unseen])
    return Fault(
        where=cohort.name,
        met=f"nothing measured at {task.landmark} for {name_some(patients)}",
        wanted=f"the model is a landmark model at {task.landmark}: it can speak only of patients "
        "who were seen then",
        way_out="Add what was measured at that visit, or take these patients out.",
        patients=patients,
    )


def tell_early(task: Task, cohort: Cohort, labelled: bool) -> tuple[Fault, ...]:
    """Tell how many have responded by the landmark visit already."""
    if task.landmark is None or not labelled:
        return ()
    return tell_early_response(task.rule, cohort, task.landmark)
