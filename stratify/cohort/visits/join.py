"""Visits beside what else is known of the patients."""

from __future__ import annotations

import pandas as pd

from stratify.cohort.values import Cohort
from stratify.cohort.visits.placing import tell_strangers
from stratify.cohort.visits.values import WideVisits, stop
from stratify.errors import Fault, name_some
from stratify.schema import Column


def add_visits(cohort: Cohort, wide: WideVisits) -> Cohort:
    """Put visits beside what else is known of the patients.

    Returns
    -------
    cohort : Cohort
        One row a patient, or one for each treatment period that has a value; then a column with
        the role ``person`` says whom a row is of, and folds keep a patient's periods together.

    Raises
    ------
    DataError
        If both have a column of one name, or both say the arm, or a patient is not in the cohort.
    """
    faults = _clashes(cohort, wide)
    members, seen = set(cohort.patients), set(wide.people)
    unknown = tuple(dict.fromkeys(p for p in wide.people if p not in members))
    if unknown:
        faults.append(tell_strangers(wide.name, unknown, cohort.patients))
    stop(faults)
    without = tuple(p for p in cohort.patients if p not in seen)
    warnings = [*cohort.warnings, *wide.warnings]
    if without:
        warnings.append(
            Fault(
                where=wide.name,
                met=f"no value for {name_some(without)}",
                wanted="values of each patient of the cohort",
                way_out="Their visits count as missing.",
                patients=without,
                severity="warning",
            )
        )
    columns = (*cohort.columns, *wide.columns)
    if wide.row == "patient":
        later = wide.frame.reindex(cohort.frame.index)
        frame = pd.concat([cohort.frame, later], axis=1)
    else:
        frame = cohort.frame.loc[list(wide.people)].set_axis(wide.frame.index, axis=0)
        people = pd.Series(list(wide.people), index=frame.index, dtype="str", name="person")
        frame = pd.concat([frame, wide.frame, people], axis=1)
        columns = (*columns, Column(name="person", kind="text", role="person"))
    frame.index.name = "patient"
    return Cohort(frame, columns, cohort.name, cohort.simulated, tuple(warnings))


def _clashes(cohort: Cohort, wide: WideVisits) -> list[Fault]:
    faults = []
    both = [column.name for column in wide.columns if column.name in cohort]
    if wide.row == "period" and "person" in cohort:
        both.append("person")
    if both:
        faults.append(
            Fault(
                where=wide.name,
                met=f"{name_some(both)} in the cohort and among the visits",
                wanted="each value comes from one file",
                way_out="Take the columns out of one of them.",
            )
        )
    arm, role = "arm" in wide.frame, cohort.named("treatment")
    if arm and role is not None and "arm" not in both:
        faults.append(
            Fault(
                where=wide.name,
                met=f"arms beside the cohort's {role.name}",
                wanted="the treatment comes from one file",
                way_out=f'Give {role.name} the role "ignore", or take the arms out.',
            )
        )
    return faults
