"""How far a long piece of work has come, for a person at a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Step = Callable[..., None]
"""Called without arguments after each step, or with the number of steps done since."""


class Progress:
    """Bars on stderr with the time left, for work that lasts longer than a moment.

    Parameters
    ----------
    shown : bool, optional
        Whether to show anything; if not given, whether stderr is a terminal.
    delay : float
        Seconds before a bar appears, so that quick work shows none.

    Examples
    --------
    >>> progress = Progress(shown=False)
    >>> with progress("Cross-validating", total=3) as step:
    ...     for fold in range(3):
    ...         step()
    """

    def __init__(self, *, shown: bool | None = None, delay: float = 1.0) -> None:
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._delay = delay
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._open = 0

    @contextmanager
    def __call__(self, description: str, total: int | None = None) -> Iterator[Step]:
        """Show one bar while the block runs; without a total, only that it is running."""
        if not self._shown:
            yield _no_step
            return
        work = _Work(description, total)
        timer = threading.Timer(self._delay, self._show, [work])
        timer.daemon = True
        timer.start()
        try:
            yield lambda steps=1: self._advance(work, steps)
        finally:
            timer.cancel()
            self._close(work)

    def _show(self, work: _Work) -> None:
        with self._lock:
            if work.closed:
                return
            if self._bars is None:
                self._bars = _make_bars()
                self._bars.start()
            self._open += 1
            work.bar = self._bars.add_task(work.description, total=work.total, completed=work.done)

    def _advance(self, work: _Work, steps: int) -> None:
        with self._lock:
            work.done += steps
            if self._bars is not None and work.bar is not None:
                self._bars.update(work.bar, completed=work.done)  # type: ignore[arg-type]

    def _close(self, work: _Work) -> None:
        with self._lock:
            work.closed = True
            if self._bars is None or work.bar is None:
                return
            self._bars.remove_task(work.bar)  # type: ignore[arg-type]
            self._open -= 1
            if self._open == 0:
                self._bars.stop()
                self._bars = None


class _Work:
    def __init__(self, description: str, total: int | None) -> None:
        self.description = description
        self.total = total
        self.done = 0
        self.bar: int | None = None
        self.closed = False


def _no_step(steps: int = 1) -> None:
    """Show nothing."""


def _make_bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    # A bar is passing news: it is wiped when the work is done, and the result is what stays.
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


quiet = Progress(shown=False)
"""Shows nothing: the default of every pipeline, for use from Python."""
