import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info

from stratify.errors import DataError
from stratify.evaluation.workers import run_tasks


def multiply(shared, task):
    return shared @ np.full(shared.shape[1], float(task))


def tell_process(shared, task):
    time.sleep(0.2)
    return os.getpid(), max((pool["num_threads"] for pool in threadpool_info()), default=1)


def dawdle(shared, task):
    time.sleep(0.5)
    return float(shared.sum()) * task


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_run_once_and_found_by_its_position(workers):
    matrix = np.random.default_rng(0).normal(size=(50, 400))
    found = dict(run_tasks(multiply, matrix, [3, 1, 2], workers=workers))
    assert sorted(found) == [0, 1, 2]
    for position, task in enumerate([3, 1, 2]):
        np.testing.assert_array_equal(found[position], matrix @ np.full(400, float(task)))


def test_workers_are_other_processes_of_one_thread_each():
    told = [result for _, result in run_tasks(tell_process, None, range(4), workers=2)]
    assert os.getpid() not in {process for process, _ in told}
    assert len({process for process, _ in told}) == 2
    assert {threads for _, threads in told} == {1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_workers_of_a_killed_process_end_too(tmp_path):
    (tmp_path / "long_task.py").write_text(
        textwrap.dedent("""
            import os, time

            def wait(folder, task):
                (folder / str(os.getpid())).touch()
                time.sleep(120)
        """)
    )
    code = (
        "import pathlib, sys\n"
        "from long_task import wait\n"
        "from stratify.evaluation.workers import run_tasks\n"
        "list(run_tasks(wait, pathlib.Path(sys.argv[1]), range(4), workers=2))\n"
    )
    began = tmp_path / "began"
    began.mkdir()
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(began)], env={**os.environ, "PYTHONPATH": paths}
    )
    wait_until(lambda: len(list(began.iterdir())) == 2)
    workers = [psutil.Process(int(file.name)) for file in began.iterdir()]
    parent.kill()
    parent.wait(timeout=30)
    try:
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []
    finally:
        for worker in workers:
            if worker.is_running():
                worker.kill()


def wait_until(happened, seconds=60):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def cluster(start_cluster):
    with start_cluster(2) as made:
        yield made


# Bokeh, the dashboard, is not ours; sockets of a killed worker close when they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_lost_worker_costs_its_task_alone_and_changes_no_result(cluster):
    matrix = np.ones((30, 20))
    running = run_tasks(dawdle, matrix, range(8), scheduler=cluster.scheduler_address)
    found = dict([next(running)])
    worker = next(iter(cluster.workers.values()))
    os.kill(worker.pid, signal.SIGKILL)
    found |= dict(running)
    assert found == {k: 600.0 * k for k in range(8)}


def test_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed")
    with pytest.raises(DataError, match=r"no answer from tcp://127\.0\.0\.1:9"):
        list(run_tasks(pow, 2, [1], scheduler="tcp://127.0.0.1:9"))
