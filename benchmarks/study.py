"""Time and memory of whole studies: where the minutes go, and how they grow.

Run: python benchmarks/study.py [standard | wide | registry | growth] [--workers 2] [--keep]

standard   300 simulated patients x 4,990 columns, the default study as `stratify train` runs it:
           elastic net, support vector machine, random trees and XGBoost on clinical columns,
           connectivity and both, 5 x 5 nested folds, 1,000 permutations, SHAP values, logging
wide       the same at 1,000 x 19,940
registry   5,000 to 20,000 patients x 300 clinical columns
growth     seconds as patients, columns, folds and permutations double
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import psutil
from measure import describe_machine

from stratify.cohort import Cohort
from stratify.evaluation import Compute, compute_permutation_test, cross_validate_many, refit_many
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.outcome import ResponseRule
from stratify.schema import Column
from stratify.task import Table, Task, assemble

FAMILIES = ("prevalence", "logistic", "svm", "forest", "xgboost")


@dataclass
class Phase:
    """What a part of a training took: seconds, and seconds of processors here and in workers."""

    name: str
    seconds: float = 0.0
    here: float = 0.0
    workers: float = 0.0


class Clock:
    """Seconds of each phase, as a training tells its progress; the first is what no phase is of."""

    def __init__(self) -> None:
        self.phases = [Phase("between")]
        self._last = self._look()

    @contextlib.contextmanager
    def __call__(self, description: str, total: int | None = None):
        self._add(self.phases[0])
        self.phases.append(Phase(description))
        yield lambda *_: None
        self._add(self.phases[-1])

    def stop(self) -> None:
        self._add(self.phases[0])

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)

    def _add(self, phase: Phase) -> None:
        now = self._look()
        for name, before, after in zip(
            ("seconds", "here", "workers"), self._last, now, strict=True
        ):
            setattr(phase, name, getattr(phase, name) + max(after - before, 0.0))
        self._last = now

    @staticmethod
    def _look() -> tuple[float, float, float]:
        spent = 0.0
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                times = child.cpu_times()
                spent += times.user + times.system
        return time.perf_counter(), time.process_time(), spent


class Memory(threading.Thread):
    """The most memory that this process and its children held together, looked at each second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.stopped = 0.0, threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self.stopped.wait(1):
            held = 0
            for process in [me, *me.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    # Where it is known, a page that processes share is counted once.
                    info = process.memory_full_info()
                    held += getattr(info, "pss", info.rss)
            self.most = max(self.most, held / 1e9)

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()


def train_study(patients: int, regions: int, workers: int, picture: Path | None) -> list[str]:
    """Train a study twice, the second time from its checkpoints; return the table of phases."""
    from pipelines.train import train
    from stratify.datasets import make_cohort, write_simulation

    with tempfile.TemporaryDirectory() as folder:
        made = make_cohort(
            "realistic",
            patients=patients,
            seed=1,
            regions=regions,
            shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
        )
        write_simulation(made, Path(folder))

        def train_once(clock: Clock):
            result = train(
                Path(folder) / "study.toml",
                overrides=["validation.repeats=1", f"models.families={','.join(FAMILIES)}"],
                workers=workers,
                store=str(Path(folder) / "mlruns"),
                progress=clock,
            )
            clock.stop()
            return result

        first = Clock()
        with Memory() as memory:
            result = train_once(first)
        second = Clock()
        again = train_once(second)
    for one, other in zip(result.evaluations, again.evaluations, strict=True):
        assert one.predictions.equals(other.predictions), one.name
    if picture is not None:
        draw_phases(first, picture)
    return [
        f"{len(result.evaluations)} models, {result.flow[-1][1]} patients, {regions} regions, "
        "5 x 5 folds, 1,000 permutations",
        f"whole study: {first.seconds:.0f} s on {workers} workers, {memory.most:.1f} GB at most",
        f"the same again, resumed from its checkpoints: {second.seconds:.0f} s, every "
        "likelihood the same to the last digit",
        "",
        *tabulate_phases(first),
    ]


def tabulate_phases(clock: Clock) -> list[str]:
    rows = [
        f"| {phase.name} | {phase.seconds:.1f} s | {100 * phase.seconds / clock.seconds:.0f} % "
        f"| {phase.here:.1f} s | {phase.workers:.1f} s |"
        for phase in [*clock.phases[1:], clock.phases[0]]
    ]
    return [
        "| phase | seconds | share | processor, this process | processor, workers |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
    ]


def draw_phases(clock: Clock, path: Path) -> None:
    """Stack the phases in one bar of seconds, and of each what the processors did."""
    from matplotlib.figure import Figure

    phases = [*clock.phases[1:], clock.phases[0]]
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [1, len(phases) / 2]})
    start = 0.0
    for k, phase in enumerate(phases):
        shade = str(0.25 + 0.6 * (k % 2))
        above.barh(0, phase.seconds, left=start, color=shade, edgecolor="white")
        if phase.seconds > 0.06 * clock.seconds:
            above.text(start + phase.seconds / 2, 0.5, phase.name, ha="center", fontsize=7)
        start += phase.seconds
    above.set(yticks=[], xlim=(0, clock.seconds), ylim=(-0.5, 0.8), xlabel="seconds")
    names = [phase.name for phase in phases]
    here = np.array([phase.here for phase in phases])
    below.barh(names, here, color="#1f3a5f", label="this process")
    below.barh(names, [p.workers for p in phases], left=here, color="#9bb3cf", label="its workers")
    below.invert_yaxis()
    below.set(xlabel="processor seconds")
    below.tick_params(labelsize=8)
    below.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)


def time_families(table: Table) -> list[str]:
    """Processor seconds of each family on each feature set, one after the other."""
    folds = make_folds(table.y, table.groups, folds=5)
    lines = ["| family | " + " | ".join(table.has[:3]) + " |", "| --- |" + " ---: |" * 3]
    for family in FAMILIES[1:]:
        spent = []
        for features in table.has[:3]:
            start = time.process_time()
            cross_validate_many([(family, table.select(features))], folds)
            spent.append(f"{time.process_time() - start:.1f} s")
        lines.append(f"| {family} | " + " | ".join(spent) + " |")
    return ["", "processor seconds of 5 x 5 folds, one family at a time", "", *lines]


def make_registry(patients: int, columns: int, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(patients, columns)) + 0.5 * rng.normal(size=(patients, 1))
    names = [f"item{k}" for k in range(columns)]
    frame = pd.DataFrame(values, columns=names).mask(rng.random(values.shape) < 0.02)
    frame.index = pd.Index([f"P{k}" for k in range(patients)], name="patient")
    frame["responded"] = (values[:, :5].sum(axis=1) + 4 * rng.normal(size=patients) > 0) * 1.0
    described = [Column(name=name) for name in names]
    described.append(
        Column(
            name="responded",
            kind="boolean",
            levels=("no", "yes"),
            role="outcome",
            measured="followup",
        )
    )
    rule = ResponseRule(name="response", followup="responded", responder="yes")
    cohort = Cohort(frame, tuple(described), name="registry", simulated=True)
    return assemble(Task(rule=rule, question="prognosis"), cohort)


def run_by_hand(table: Table, families: tuple[str, ...], workers: int) -> dict[str, float]:
    """What a training does but for logging; seconds of each part."""
    folds = make_folds(table.y, table.groups, folds=5)
    spent: dict[str, float] = defaultdict(float)
    models = []
    for family in families:
        start = time.perf_counter()
        found = cross_validate_many([(family, table)], folds, compute=Compute(workers=workers))
        models += refit_many(found, [table])
        spent[family] = time.perf_counter() - start
    start = time.perf_counter()
    compute_permutation_test(table, folds, "ridge", compute=Compute(workers=workers))
    spent["1,000 permutations"] = time.perf_counter() - start
    start = time.perf_counter()
    for model in models:
        explain(model, table.X)
    spent["SHAP"] = time.perf_counter() - start
    return spent


def time_registry(sizes: Sequence[int], columns: int, workers: int) -> list[str]:
    lines: list[str] = []
    for patients in sizes:
        table = make_registry(patients, columns)
        with Memory() as memory:
            spent = run_by_hand(table, FAMILIES[1:], workers)
        if not lines:
            lines = ["| patients | " + " | ".join([*spent, "memory"]) + " |"]
            lines.append("| ---: |" + " ---: |" * (len(spent) + 1))
        cells = [f"{seconds:.0f} s" for seconds in spent.values()]
        lines.append(f"| {patients:,} | " + " | ".join([*cells, f"{memory.most:.1f} GB"]) + " |")
        print(lines[-1], flush=True)
    return [f"{columns} clinical columns, {workers} workers, 5 x 5 folds", "", *lines]


GROWTH = {
    "patients": [(n, 2000, 5, 200) for n in (100, 200, 400, 800)],
    "columns": [(200, p, 5, 200) for p in (500, 1000, 2000, 4000, 8000)],
    "folds": [(200, 2000, k, 200) for k in (3, 6, 12)],
    "permutations": [(200, 2000, 5, b) for b in (250, 500, 1000, 2000)],
}


def time_growth(shrink: int, picture: Path | None) -> list[str]:
    """Draw processor seconds as each size doubles, all other sizes kept."""
    from matplotlib.figure import Figure

    jobs = {
        "elastic net": lambda t, f, b: cross_validate_many([("logistic", t)], f),
        "SVM": lambda t, f, b: cross_validate_many([("svm", t)], f),
        "random trees": lambda t, f, b: cross_validate_many([("forest", t)], f),
        "XGBoost": lambda t, f, b: cross_validate_many([("xgboost", t)], f),
        "ridge permuted": lambda t, f, b: compute_permutation_test(t, f, "ridge", permutations=b),
        "SVM permuted": lambda t, f, b: compute_permutation_test(t, f, "svm", permutations=b),
    }
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, len(GROWTH), sharey=True)
    lines: list[str] = []
    for (what, sizes), axes in zip(GROWTH.items(), panels, strict=True):
        position = list(GROWTH).index(what)
        sizes = [(n // min(shrink, 2), p // shrink, k, b // shrink) for n, p, k, b in sizes]
        lines += ["", f"| {what} | " + " | ".join(f"{size[position]:,}" for size in sizes)]
        lines[-1] += " | slope |"
        lines.append("| --- |" + " ---: |" * (len(sizes) + 1))
        for (name, job), marker in zip(jobs.items(), "osv^Dx", strict=True):
            if what == "permutations" and "permuted" not in name:
                continue
            seconds = []
            for n, p, k, b in sizes:
                table = make_registry(n, p)
                folds = make_folds(table.y, table.groups, folds=k)
                start = time.process_time()
                job(table, folds, b)
                seconds.append(time.process_time() - start)
            x = np.array([size[position] for size in sizes], dtype=float)
            slope = np.polyfit(np.log(x), np.log(seconds), 1)[0]
            shown = " | ".join(f"{s:.2f} s" for s in seconds)
            lines.append(f"| {name} | {shown} | {slope:.1f} |")
            print(lines[-1], flush=True)
            axes.loglog(x, seconds, marker=marker, label=name, color="#1f3a5f", alpha=0.8)
        shown = sorted({size[position] for size in sizes})
        axes.set_xticks(shown, [f"{size:,}" for size in shown])
        axes.set_xticks([], minor=True)
        axes.set(xlabel=what, title=f"{what} doubled")
    panels[0].set_ylabel("processor seconds")
    panels[0].legend(fontsize=7, frameon=False)
    if picture is not None:
        figure.savefig(picture, dpi=110)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "case", nargs="?", default="standard", choices=("standard", "wide", "registry", "growth")
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--keep", action="store_true", help="write the table beside this script")
    asked = parser.parse_args()
    here = Path(__file__).parent
    picture = here / f"study-{asked.case}.png" if asked.keep else None
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    head = [
        describe_machine(),
        f"load of the machine before: {load}; {os.cpu_count()} cores",
        "",
    ]
    if asked.case == "standard":
        size = (120, 12) if asked.quick else (320, 100)
        lines = train_study(*size, asked.workers, picture)
        lines += time_families(make_standard_table(*size))
    elif asked.case == "wide":
        lines = train_study(*((150, 16) if asked.quick else (1070, 200)), asked.workers, picture)
    elif asked.case == "registry":
        sizes = (200, 400) if asked.quick else (5_000, 10_000, 20_000)
        lines = time_registry(sizes, 20 if asked.quick else 300, asked.workers)
    else:
        lines = time_growth(20 if asked.quick else 1, picture)
    text = "\n".join([*head, *lines])
    print(text)
    if asked.keep:
        kept = here / f"study-{asked.case}.txt"
        kept.write_text(f"python benchmarks/study.py {asked.case}\n{text}\n", encoding="utf-8")


def make_standard_table(patients: int = 320, regions: int = 100) -> Table:
    from stratify.datasets import make_cohort

    made = make_cohort(
        "realistic",
        patients=patients,
        seed=1,
        regions=regions,
        shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
    )
    rule = ResponseRule(
        name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5
    )
    return assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort, made.connectomes)


if __name__ == "__main__":
    main()
