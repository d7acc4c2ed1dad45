"""Time and memory of whole studies: where the minutes go, and how they grow.

Run: python benchmarks/study.py [standard | wide | registry | growth] [--workers 2]

standard   300 simulated patients x 4,990 columns, the default study as `stratify train` runs it:
           elastic net, support vector machine, random trees and XGBoost on clinical columns,
           connectivity and both, 5 x 5 nested folds, 1,000 permutations, SHAP values, logging
wide       the same at 1,000 x 19,940
registry   20,000 patients x 300 clinical columns, and half of them
growth     seconds as patients, columns, folds and permutations double; benchmarks/growth.png
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import psutil
from measure import describe_machine

from stratify.cohort import Cohort
from stratify.evaluation import compute_permutation_test, cross_validate_many, refit_many
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.outcome import ResponseRule
from stratify.schema import Column
from stratify.task import Table, Task, assemble

FAMILIES = ("prevalence", "logistic", "svm", "forest", "xgboost")


class Clock:
    """Seconds of each phase, as a training tells its progress."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, description: str, total: int | None = None):
        start = time.perf_counter()
        yield lambda *_: None
        self.seconds[description] = time.perf_counter() - start


class Memory(threading.Thread):
    """The most memory that this process and its children held together, looked at each 0.2 s."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.stopped = 0.0, threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self.stopped.wait(0.2):
            held = 0
            for process in [me, *me.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    # Shared pages are counted once a process: this is an upper bound.
                    held += process.memory_info().rss
            self.most = max(self.most, held / 1e9)

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()


def train_study(patients: int, regions: int, workers: int) -> None:
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
        clock = Clock()
        start = time.perf_counter()
        with Memory() as memory:
            result = train(
                Path(folder) / "study.toml",
                overrides=[
                    "validation.repeats=1",
                    f"models.families={','.join(FAMILIES)}",
                ],
                workers=workers,
                store=str(Path(folder) / "mlruns"),
                progress=clock,
            )
        whole = time.perf_counter() - start
        again = time.perf_counter()
        train(
            Path(folder) / "study.toml",
            overrides=["validation.repeats=1", f"models.families={','.join(FAMILIES)}"],
            workers=workers,
            store=str(Path(folder) / "mlruns"),
        )
        again = time.perf_counter() - again
    print(f"{len(result.evaluations)} models, {result.flow[-1][1]} patients, {regions} regions")
    print(f"whole study: {whole:.0f} s on {workers} workers, {memory.most:.1f} GB at most")
    print(f"the same again, resumed from its checkpoints: {again:.0f} s")
    for phase, seconds in [*clock.seconds.items(), ("rest", whole - sum(clock.seconds.values()))]:
        print(f"| {phase} | {seconds:.1f} s | {100 * seconds / whole:.0f} % |")


def time_families(table: Table) -> None:
    """Processor seconds of each family on each feature set, one after the other."""
    folds = make_folds(table.y, table.groups, folds=5)
    print("\n| family | " + " | ".join(table.has[:3]) + " |")
    print("| --- |" + " ---: |" * len(table.has[:3]))
    for family in FAMILIES[1:]:
        spent = []
        for features in table.has[:3]:
            start = time.process_time()
            cross_validate_many([(family, table.select(features))], folds)
            spent.append(f"{time.process_time() - start:.1f} s")
        print(f"| {family} | " + " | ".join(spent) + " |")


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
        found = cross_validate_many([(family, table)], folds, workers=workers)
        models += refit_many(found, [table])
        spent[family] = time.perf_counter() - start
    start = time.perf_counter()
    compute_permutation_test(table, folds, "ridge", workers=workers)
    spent["1,000 permutations"] = time.perf_counter() - start
    start = time.perf_counter()
    for model in models:
        explain(model, table.X)
    spent["SHAP"] = time.perf_counter() - start
    return spent


def time_registry(workers: int) -> None:
    print("| patients | " + " | ".join([*FAMILIES[1:], "1,000 permutations", "SHAP", "memory"]))
    for patients in (5_000, 10_000, 20_000):
        table = make_registry(patients, 300)
        with Memory() as memory:
            spent = run_by_hand(table, FAMILIES[1:], workers)
        cells = [f"{seconds:.0f} s" for seconds in spent.values()]
        print(
            f"| {patients:,} | " + " | ".join([*cells, f"{memory.most:.1f} GB"]) + " |", flush=True
        )


GROWTH = {
    "patients": [(n, 2000, 5, 200) for n in (100, 200, 400, 800)],
    "columns": [(200, p, 5, 200) for p in (500, 1000, 2000, 4000, 8000)],
    "folds": [(200, 2000, k, 200) for k in (3, 6, 12)],
    "permutations": [(200, 2000, 5, b) for b in (250, 500, 1000, 2000)],
}


def time_growth() -> None:
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
    for (what, sizes), axes in zip(GROWTH.items(), panels, strict=True):
        position = list(GROWTH).index(what)
        print(f"\n| {what} | " + " | ".join(f"{size[position]:,}" for size in sizes) + " | slope |")
        print("| --- |" + " ---: |" * (len(sizes) + 1))
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
            print(f"| {name} | {shown} | {slope:.1f} |", flush=True)
            axes.loglog(x, seconds, marker=marker, label=name, color="#1f3a5f", alpha=0.8)
        axes.set(xlabel=what, title=f"{what} doubled")
    panels[0].set_ylabel("processor seconds")
    panels[0].legend(fontsize=7, frameon=False)
    figure.savefig(Path(__file__).with_name("growth.png"), dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "case", nargs="?", default="standard", choices=("standard", "wide", "registry", "growth")
    )
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print(describe_machine())
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"load of the machine before: {load}; {os.cpu_count()} cores\n")
    if asked.case == "standard":
        train_study(320, 100, asked.workers)
        time_families(make_standard_table())
    elif asked.case == "wide":
        train_study(1070, 200, asked.workers)
    elif asked.case == "registry":
        time_registry(asked.workers)
    else:
        time_growth()


def make_standard_table() -> Table:
    from stratify.datasets import make_cohort

    made = make_cohort(
        "realistic",
        patients=320,
        seed=1,
        regions=100,
        shares={"tms": 0.0, "ketamine": 0.0, "tms+ketamine": 1.0},
    )
    rule = ResponseRule(
        name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5
    )
    return assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort, made.connectomes)


if __name__ == "__main__":
    main()
