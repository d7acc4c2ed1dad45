"""Fixtures shared by the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


@pytest.fixture
def start_cluster() -> Callable[[int], Any]:
    """Starts a Dask cluster of worker processes; the test closes it, as a context."""
    distributed = pytest.importorskip("distributed")

    def start(n_workers: int) -> Any:
        # Any free port: tests run beside each other, and no dashboard would still take 8787.
        return distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0"
        )

    return start
