"""Whether columns were known in time, and none tells the outcome."""

from __future__ import annotations

import numpy as np

from stratify.evaluation.certificate.values import Check
from stratify.metrics import compute_auc, compute_aucs
from stratify.task import Table

NEAR_COPY_AUC = 0.98
"""A single baseline column that separates the outcome this well is a copy of it until shown not."""


def check_columns(table: Table) -> Check:
    """Look whether every feature was known when the model is to be used."""
    task = table.task
    late = [
        column.name
        for column in table.columns
        if not (
            # What only serves to adjust or to refer to, as the site, is no feature, but must be
            # known then.
            column.measured == "baseline"
            if column.name in table.unused or table.reference is not None
            else task.allows(column, table.columns)
        )
    ]
    by = "before treatment" if task.landmark is None else f"by the landmark visit, {task.landmark}"
    return Check(
        f"every feature was known {by}",
        not late and not set(task.rule.outcomes) & set(table.X.columns),
        f"{len(table.columns)} columns, {len(late)} measured later",
    )


def check_near_copies(table: Table) -> Check:
    """Look for numbers that separate the outcome by themselves."""
    assert table.y is not None
    numbers = table.X.select_dtypes("number")
    values = numbers.to_numpy(dtype=float)
    known = ~np.isnan(values)
    auc = np.full(values.shape[1], 0.5)
    whole = known.all(axis=0)
    auc[whole] = compute_aucs(table.y, values[:, whole])
    for k in np.flatnonzero(~whole):
        rows = known[:, k]
        auc[k] = compute_auc(table.y[rows], values[rows, k])
    tells = (np.maximum(auc, 1 - auc) > NEAR_COPY_AUC) & (known.sum(axis=0) >= 20)
    copies = [str(name) for name in numbers.columns[tells]]
    shown = f": {', '.join(copies[:3])}" if copies else ""
    return Check(
        "no single column is a near-copy of the outcome",
        not copies,
        f"{len(copies)} columns alone reach an AUC above {NEAR_COPY_AUC}{shown}",
    )
