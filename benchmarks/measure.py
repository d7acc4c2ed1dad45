"""Time a peer and ours in turn, in one process, on the same input, and print what came of it.

Times are those of the processor, so that other work on the machine is not counted; ratios in one
run are what counts, since the times themselves move with the machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass
class Timing:
    """Seconds of each run; ``scale`` stands for work that was not all done."""

    seconds: list[float] = field(default_factory=list)
    scale: float = 1.0

    @property
    def median(self) -> float:
        return self.scale * statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = (self.scale * end(self.seconds) for end in (min, max))
        return f"{_seconds(self.median)} ({_seconds(low)} to {_seconds(high)})"


@dataclass
class Row:
    """One job: a peer's time, ours, and how it was seen that both did the same."""

    job: str
    peer: str
    theirs: Timing
    ours: Timing
    agreement: str
    goal: str

    @property
    def ratio(self) -> float:
        return self.theirs.median / self.ours.median


def compare(
    job: str,
    *,
    peer: str,
    theirs: Callable[[], object],
    ours: Callable[[], object],
    agree: Callable[[object, object], str],
    goal: str,
    times: int = 3,
    theirs_scale: float = 1.0,
    ours_scale: float = 1.0,
) -> Row:
    """Run both in turn, warm; ``agree`` raises unless their results are the same."""
    said = agree(theirs(), ours())
    timings = Timing(scale=theirs_scale), Timing(scale=ours_scale)
    for _ in range(times):
        for timing, call in zip(timings, (theirs, ours), strict=True):
            start = time.process_time()
            call()
            timing.seconds.append(time.process_time() - start)
    row = Row(job, peer, *timings, said, goal)
    print(
        f"{row.job}: {row.peer} {row.theirs}, ours {row.ours}, {_times(row.ratio)} times",
        flush=True,
    )
    return row


def measure_peak(run: Callable[..., object], *given: object, warm: tuple[object, ...]) -> float:
    """Return by how many MB memory grows at most while a function runs in a process of its own.

    Parameters
    ----------
    run : function of a module
    *given : what it is given
    warm : tuple
        What it is given first and little of, so that what it imports is not counted.
    """
    processes = multiprocessing.get_context("spawn")
    found = processes.SimpleQueue()
    child = processes.Process(target=_watch, args=(found, run, given, warm))
    child.start()
    child.join()
    return float("nan") if found.empty() else found.get()


def _watch(found, run, given, warm) -> None:
    run(*warm)
    # Not there in the environments of peers that are compared and not timed.
    import psutil

    process = psutil.Process()
    before = highest = process.memory_info().rss
    done = threading.Event()

    def look() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, process.memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    run(*given)
    done.set()
    looking.join()
    found.put((highest - before) / 1e6)


HEAD = (
    "| job | peer | peer's time (lowest to highest) | ours | ratio | goal | agreement |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def render(rows: list[Row]) -> str:
    """Return the table in markdown."""
    return "\n".join([HEAD, *map(_render_row, rows)])


def keep(row: Row, path: Path) -> None:
    """Write a row into a table that is kept, in the place of what the same job took before."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if HEAD.splitlines()[0] not in lines:
        lines = [describe_machine(), "", *HEAD.splitlines()]
    same = f"| {row.job} | {row.peer} |"
    place = next((k for k, line in enumerate(lines) if line.startswith(same)), len(lines))
    lines[place : place + 1] = [_render_row(row)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _render_row(row: Row) -> str:
    return (
        f"| {row.job} | {row.peer} | {row.theirs} | {row.ours} | **{_times(row.ratio)}×** "
        f"| {row.goal} | {row.agreement} |"
    )


def run_rows(
    description: str, rows: Mapping[str, Callable[[bool], Row | None]], kept: Path
) -> None:
    """Run the rows that the command line names, or all of them; keep each as it is done."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=rows,
        default=list(rows),
        metavar="ROW",
        help=f"some of {', '.join(rows)}",
    )
    parser.add_argument("--keep", action="store_true", help=f"write each row into {kept.name}")
    asked = parser.parse_args()
    done = []
    for name in asked.rows:
        row = rows[name](asked.quick)
        if row is None:
            print(f"{name}: its peer is not installed; it is left out", flush=True)
            continue
        done.append(row)
        if asked.keep:
            keep(row, kept)
    print(f"\n{describe_machine()}\n\n{render(done)}")


def describe_machine() -> str:
    """Name the processor and the packages, for the head of a table."""
    model = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        pass
    packages = (
        "numpy",
        "scipy",
        "scikit-learn",
        "xgboost-cpu",
        "skglm",
        "shap",
        "mlflow",
        "stratify",
    )
    named = [f"{name} {_version(name)}" for name in packages if _version(name)]
    return f"{model}, one thread; Python {platform.python_version()}, {', '.join(named)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.5 else f"{ratio:.1f}"


def _seconds(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f} s"
    if value >= 0.1:
        return f"{value:.2g} s"
    return f"{1000 * value:.2g} ms" if value < 0.0995 else f"{1000 * value:.0f} ms"
