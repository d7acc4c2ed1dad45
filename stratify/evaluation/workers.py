"""One level of parallelism: tasks in this process, in processes beside it, or on a cluster."""

from __future__ import annotations

import os
import pickle
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from stratify.errors import DataError, Fault

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_WATCHER = "stratify-ends-with-its-parent"
_WATCHED_EVERY_SECONDS = 0.5


def run_tasks(
    call: Callable[[Shared, Task], Result],
    shared: Shared,
    tasks: Sequence[Task],
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[int, Result]]:
    """Run tasks that share what they read; yield each result with its position once it is done.

    Each task runs on one thread, so that sums come out the same wherever and beside whatever it
    runs. Processes on this machine have begun when this returns; elsewhere tasks begin when the
    first result is asked for.

    Parameters
    ----------
    call : callable
        Of what is shared and one task; importable by name, without side effects.
    shared : object
        Read alone. Arrays in it are mapped into the workers' memory, or sent to each machine once.
    tasks : sequence
    workers : int
        Processes on this machine.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers are then used instead. A task whose worker
        is lost runs again on another.

    Yields
    ------
    position : int
        Of the task.
    result : object

    Raises
    ------
    DataError
        If the scheduler does not answer.

    Examples
    --------
    >>> sorted(run_tasks(pow, 2, [3, 1, 2]))
    [(0, 8), (1, 2), (2, 4)]
    """
    if scheduler is not None:
        return _run_on_cluster(call, shared, tasks, scheduler)
    if workers == 1 or len(tasks) < 2:
        return (_run(call, shared, position, task) for position, task in enumerate(tasks))
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        begun: Iterator[tuple[int, Result]] = Parallel(return_as="generator_unordered")(
            delayed(_run_beside)(os.getpid(), call, shared, position, task)
            for position, task in enumerate(tasks)
        )
    return begun


def _run(
    call: Callable[[Shared, Task], Result], shared: Shared, position: int, task: Task
) -> tuple[int, Result]:
    # One thread everywhere: sums in another order would change the last digits.
    with threadpool_limits(1):
        return position, call(shared, task)


def _run_beside(
    parent: int,
    call: Callable[[Shared, Task], Result],
    shared: Shared,
    position: int,
    task: Task,
) -> tuple[int, Result]:
    _end_with(parent)
    return _run(call, shared, position, task)


def _end_with(parent: int) -> None:
    """Let this process end soon after its parent, even one that was killed and could not say so."""
    watched = any(thread.name == _WATCHER for thread in threading.enumerate())
    if os.getpid() == parent or watched:
        return

    def watch() -> None:
        while _lives(parent):
            time.sleep(_WATCHED_EVERY_SECONDS)
        os._exit(1)

    # A thread, since Linux's own signal comes when the parent's thread ends, not its process.
    threading.Thread(target=watch, name=_WATCHER, daemon=True).start()


def _lives(parent: int) -> bool:
    if os.name == "nt":  # where an orphan is not told of another parent
        import psutil

        return psutil.pid_exists(parent)
    return os.getppid() == parent


def _run_packed(
    call: Callable[[Any, Task], Result], shared: Any, position: int, task: Task
) -> tuple[int, Result]:
    return _run(call, shared, position, task)


def _run_on_cluster(
    call: Callable[[Shared, Task], Result], shared: Shared, tasks: Sequence[Task], scheduler: str
) -> Iterator[tuple[int, Result]]:
    from distributed import as_completed

    client = _connect(scheduler)
    try:
        with warnings.catch_warnings():
            # What is shared is sent as a task of its own, so that it is made again where a lost
            # worker held it; that it is large is known.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            held = client.submit(pickle.loads, pickle.dumps(shared), pure=False)
        futures = [
            client.submit(_run_packed, call, held, position, task, pure=False)
            for position, task in enumerate(tasks)
        ]
        for future in as_completed(futures, loop=client.loop):
            yield future.result()
            # Its memory on the cluster is free once the result is here.
            future.release()
    finally:
        client.close()


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise DataError(
            Fault(
                where="compute.backend",
                met="dask is not installed",
                wanted="a cluster is reached through it",
                way_out="Install stratify with its extra named cluster: pip install "
                "'stratify[cluster]'.",
            )
        ) from None
    try:
        return Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise DataError(
            Fault(
                where="compute.scheduler",
                met=f"no answer from {scheduler} ({error})".split("\n")[0],
                wanted="the address of a Dask scheduler that runs, such as tcp://10.0.0.5:8786",
                way_out="Start one with `dask scheduler`, or correct the address.",
            )
        ) from None
