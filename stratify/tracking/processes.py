"""Which process writes a run, whether it is still alive, and how it may be ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping

HOST, PROCESS, STARTED = "stratify.host", "stratify.process", "stratify.process_started"


def process_tags() -> dict[str, str]:
    """Return tags that name this process so that no later one can be taken for it."""
    import psutil

    return {
        HOST: socket.gethostname(),
        PROCESS: str(os.getpid()),
        STARTED: f"{psutil.Process().create_time():.2f}",
    }


def is_dead(tags: Mapping[str, str]) -> bool:
    """Tell whether the process named by some tags ran on this machine and is gone.

    Of another machine's processes nothing can be said, so they count as alive.
    """
    import psutil

    if tags.get(HOST) != socket.gethostname() or PROCESS not in tags:
        return False
    try:
        process = psutil.Process(int(tags[PROCESS]))
        same = abs(process.create_time() - float(tags.get(STARTED, "nan"))) < 1
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


@contextlib.contextmanager
def termination_as_exit() -> Iterator[None]:
    """Let a request to terminate end the program as `sys.exit` would, closing what is open.

    Only where nobody else has decided what the signal does.
    """
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    )
    if not ours:
        yield
        return

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
