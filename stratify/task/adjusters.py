"""The columns that preparing connectivity reads, beside connectivity itself."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import QUALITY, Connectomes
from stratify.errors import DataError, Fault, name_some
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task.values import Task


def require_held(preparation: Preparation, where: str, clinical: Sequence[Column]) -> None:
    """Refuse to hold constant what is no clinical feature."""
    names = [column.name for column in clinical]
    absent = [name for name in preparation.hold_constant if name not in names]
    if absent:
        raise DataError(
            Fault(
                where=f"{where}: preparation.hold_constant",
                met=f"{name_some(absent)}, which no model sees",
                wanted="edges are selected holding clinical features constant: "
                f"{name_some(names, most=12)}",
                way_out="Correct the name; or take its effect out of connectivity with "
                "preparation.remove, which needs no feature.",
            )
        )


def find_adjusters(
    preparation: Preparation, task: Task, cohort: Cohort, connectomes: Connectomes
) -> tuple[tuple[Column, ...], pd.DataFrame]:
    """Find the columns that preparing reads: in the cohort, or in what is known of the scans."""
    site = next((column.name for column in cohort.columns if column.role == "site"), None)
    if preparation.harmonise != "none" and site is None:
        raise DataError(
            Fault(
                where=cohort.name,
                met="no column has the role 'site'",
                wanted="harmonising between sites needs to know each patient's",
                way_out="Give one column of the dictionary the role 'site', or take "
                "connectivity.harmonise out of the study file.",
            )
        )
    quality = connectomes.quality
    columns, values, faults = [], {}, []
    for name in preparation.adjusters(site):
        if name in cohort:
            column = cohort[name]
            if column.measured != "baseline" or column.kind in ("date", "text"):
                faults.append(_no_adjuster(cohort.name, column))
            columns.append(column)
            values[name] = cohort.frame[name].to_numpy()
            if column.kind in ("category", "text"):
                values[name] = cohort.frame[name].array
        elif quality is not None and name in quality:
            label, unit = QUALITY[name]
            columns.append(
                Column(name=name, label=label, unit=unit, role="confound", source="connectivity")
            )
            values[name] = quality[name].to_numpy(dtype=float)
        else:
            faults.append(_unknown_adjuster(name, cohort, quality))
    if faults:
        raise DataError(faults)
    return tuple(columns), pd.DataFrame(values, index=cohort.frame.index)


def _no_adjuster(where: str, column: Column) -> Fault:
    return Fault(
        where=f"{where}: {column.name}",
        met=f"a {column.kind} measured {column.measured}",
        wanted="connectivity is adjusted for numbers, categories or booleans known at baseline",
        way_out="Take it out of the confounds in the study file.",
    )


def _unknown_adjuster(name: str, cohort: Cohort, quality: pd.DataFrame | None) -> Fault:
    of_scans = "" if quality is None else f", and of the scans {', '.join(quality.columns)}"
    return Fault(
        where=cohort.name,
        met=f"no column {name!r}",
        wanted=f"a confound is one of {name_some([c.name for c in cohort.columns], most=12)}"
        f"{of_scans}",
        way_out="Correct the name, or add the column; what is known of each scan comes with the "
        "connectivity file.",
    )
