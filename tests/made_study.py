"""A small study with connectivity, for any preparation and way to hold patients out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.folds import Fold, draw_folds
from stratify.preprocess import Preparation
from stratify.task import Scheme, Table, Task, assemble

HUBS = (("sgACC", ""), ("DLPFC", "L"), ("dACC", ""), ("anterior insula", "R"))
"""And hemispheres, of the first regions."""


def make_study(
    preparation: Preparation | None = None,
    *,
    scheme: Scheme = "stratified",
    repeats: int = 1,
    together: str = "patient",
    uncovered: float = 0.0,
    n: int = 60,
    regions: int = 6,
) -> tuple[Table, Sequence[Fold]]:
    """Make patients of three sites with connectivity and motion, and three folds of them.

    A share ``uncovered`` of the edges is not known. The trial, or the time, that ``scheme`` holds
    out is of no column.
    """
    cohort = make_small_cohort(n, effect=2.0)
    connectomes = make_small_connectomes(cohort, regions)
    rng = np.random.default_rng(0)
    quality = pd.DataFrame({"mean_fd": rng.gamma(2, 0.1, n)}, index=connectomes.patients)
    task = Task(rule=RULE, question="prognosis")
    table = assemble(task, cohort, replace(connectomes, quality=quality), preparation=preparation)
    table = replace(table, hubs=dict(zip(connectomes.regions, HUBS, strict=False)))
    if uncovered:
        edges = [column.name for column in table.columns if column.regions is not None]
        X = table.X.copy()
        X[edges] = X[edges].mask(rng.random((n, len(edges))) < uncovered)
        table = replace(table, X=X)
    if together == "family":
        table = replace(table, groups=np.array([f"F{k // 2}" for k in range(n)]))
    by = {
        "leave one site out": table.site,
        "leave one trial out": np.array(["T1", "T2", "T3"])[rng.integers(3, size=n)],
        "temporal": rng.permutation(n).astype(float),
    }
    table = replace(table, scheme=scheme, by=by.get(scheme))
    return table, draw_folds(table, folds=3, repeats=repeats, inner_folds=3, seed=1)
