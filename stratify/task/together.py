"""Who stays together in validation, and what each patient is held out by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.task.values import Scheme, Task


def find_groups(task: Task, cohort: Cohort) -> np.ndarray:
    """Find with whom each patient stays: periods of a patient always do."""
    people = cohort.values_of("person")
    if task.together == "patient":
        return np.array(cohort.patients) if people is None else people
    groups = cohort.values_of(task.together)
    if groups is None:
        raise DataError(
            Fault(
                where=cohort.name,
                met=f"no column has the role {task.together!r}",
                wanted=f"validation keeps each {task.together} together",
                way_out=f"Give one column of the dictionary the role {task.together!r}.",
            )
        )
    if people is not None:
        pairs = pd.DataFrame({"person": people, "group": groups}).drop_duplicates()
        several = tuple(pairs["person"][pairs["person"].duplicated()].unique())
        if several:
            raise DataError(
                Fault(
                    where=cohort.name,
                    met=f"several values of {task.together} for {name_some(several)}",
                    wanted="a patient's treatment periods are never split between folds",
                    way_out=f"Give these patients one {task.together}, or validate with "
                    'together = "patient".',
                    patients=several,
                )
            )
    return groups


def find_held_out(scheme: Scheme, by: str | None, cohort: Cohort) -> np.ndarray | None:
    """Return what each patient is held out by: the site, the trial or the time."""
    if scheme == "stratified":
        return None
    if scheme == "leave one site out":
        sites = cohort.values_of("site")
        if sites is None:
            raise DataError(
                Fault(
                    where=cohort.name,
                    met="no column has the role 'site'",
                    wanted="validation leaves one site out",
                    way_out="Give one column of the dictionary the role 'site', or use another "
                    "validation.scheme.",
                )
            )
        return sites
    name = by or ""
    kinds: tuple[str, ...] = ("category", "text", "number", "boolean")
    wanted = "a category known at baseline, which says the trial"
    if scheme == "temporal":
        kinds, wanted = ("date", "number"), "a date or number known at baseline, which says when"
    met = f"no column {name!r}{did_you_mean(name, [column.name for column in cohort.columns])}"
    if name in cohort:
        column = cohort[name]
        met = f"{name}, a {column.kind} measured {column.measured}"
    if name not in cohort or column.kind not in kinds or column.measured != "baseline":
        raise DataError(
            Fault(
                where="validation.by",
                met=met,
                wanted=wanted,
                way_out="Name the column as it is in the dictionary.",
            )
        )
    values = cohort.frame[name]
    if scheme == "temporal":
        return values.to_numpy()
    return values.astype(object).where(values.notna(), "").astype(str).to_numpy()


def tell_periods(cohort: Cohort) -> tuple[Fault, ...]:
    """Tell that rows are periods, of fewer patients."""
    people = cohort.values_of("person")
    if people is None or len(set(people)) == len(people):
        return ()
    return (
        Fault(
            where=cohort.name,
            met=f"{len(people)} treatment periods of {len(set(people))} patients",
            wanted="each row is counted as a patient of its own, though no fold splits a patient",
            way_out="Read the counts as periods, and the intervals as somewhat too narrow.",
            severity="warning",
        ),
    )


def tell_families(task: Task, cohort: Cohort) -> tuple[Fault, ...]:
    """Tell that families are known, and that folds would part them."""
    families = cohort.values_of("family")
    if families is None or task.together != "patient":
        return ()
    people = cohort.values_of("person")
    pairs = pd.DataFrame(
        {"family": families, "person": cohort.patients if people is None else people}
    )
    members = pairs[pairs["family"] != ""].groupby("family")["person"].nunique()
    several = members[members > 1]
    if not len(several):
        return ()
    return (
        Fault(
            where=cohort.name,
            met=f"{count_of(int(several.sum()), 'patient')} share {len(several)} values of the "
            'family, and validation.together = "patient"',
            wanted="whoever is learned from has no relative, and no second row, among those tested",
            way_out='Set validation.together to "family".',
            severity="warning",
        ),
    )
