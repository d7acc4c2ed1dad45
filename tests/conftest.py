"""Fixtures shared by the tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.task import Table, Task, assemble


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Table]:
    def make(n: int = 90, *, regions: int = 0, together: str = "patient", **how: float) -> Table:
        cohort = make_small_cohort(n, **how)  # type: ignore[arg-type]
        connectomes = make_small_connectomes(cohort, regions) if regions else None
        task = Task(rule=RULE, question="prognosis", together=together)  # type: ignore[arg-type]
        return assemble(task, cohort, connectomes)

    return make
