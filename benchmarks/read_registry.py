"""Time the reading and checking of a registry: 100,000 patients, 300 columns, one CSV.

    .venv/bin/python benchmarks/read_registry.py [PATIENTS] [COLUMNS] [--commas]

With --commas the file is as European spreadsheets write it: semicolons and decimal commas. Makes
the file in a temporary folder, reads it in a process of its own, and prints how long that took and
the most memory it held. The patients are simulated: random numbers, levels and words. What must
hold is held against processor time, which others on the same machine do not lengthen.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort import Dictionary, check_cohort, read_cohort, read_columns, write_columns
from stratify.schema import Column

MOST_SECONDS = 20
MOST_GIGABYTES = 2


def make_registry(folder: Path, patients: int, columns: int, *, commas: bool = False) -> None:
    rng = np.random.default_rng(0)
    meaning = [Column(name="patient_id", kind="text", role="patient")]
    values: dict[str, object] = {"patient_id": [f"P{k:06d}" for k in range(patients)]}
    for k in range(columns - 3):
        name = f"feature_{k}"
        part = k % 10
        if part < 6:
            cells = np.round(rng.normal(50, 10, patients), 2)
            cells[rng.random(patients) < 0.05] = np.nan
            column = Column(name=name, low=-100, high=200, unit="points")
        elif part < 8:
            cells = rng.choice(["none", "mild", "moderate", "severe"], patients)
            column = Column(
                name=name, kind="category", levels=("none", "mild", "moderate", "severe")
            )
        elif part == 8:
            cells = rng.choice(["no", "yes"], patients)
            column = Column(name=name, kind="boolean")
        else:
            cells = rng.integers(0, 28, patients)
            column = Column(name=name, low=0, high=27, unit="points")
        values[name] = cells
        meaning.append(column)
    values["site"] = rng.choice([f"site {k}" for k in range(20)], patients)
    meaning.append(Column(name="site", kind="category", role="site"))
    values["responded"] = rng.choice(["no", "yes"], patients)
    meaning.append(Column(name="responded", kind="boolean", role="outcome", measured="followup"))
    dialect = {"sep": ";", "decimal": ","} if commas else {}
    pd.DataFrame(values).to_csv(folder / "registry.csv", index=False, **dialect)
    write_columns(Dictionary(tuple(meaning), simulated=True), folder / "columns.toml")


def read_registry(folder: Path) -> dict[str, float]:
    start = time.perf_counter()
    cohort = read_cohort(folder / "registry.csv", read_columns(folder / "columns.toml"))
    read = time.perf_counter()
    findings = check_cohort(cohort)
    done = time.perf_counter()
    # Linux counts in kilobytes, macOS in bytes.
    scale = 1e9 if sys.platform == "darwin" else 1e6
    return {
        "patients": len(cohort),
        "columns": len(cohort.columns) + 1,
        "findings": len(findings) + len(cohort.warnings),
        "reading": read - start,
        "checking": done - read,
        "processor": time.process_time(),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale,
    }


def main() -> int:
    if sys.argv[1:2] == ["--read"]:
        print(json.dumps(read_registry(Path(sys.argv[2]))))
        return 0
    commas = "--commas" in sys.argv
    sizes = [word for word in sys.argv[1:] if word != "--commas"]
    patients, columns = (int(word) for word in (*sizes, *("100000", "300")[len(sizes) :])[:2])
    with tempfile.TemporaryDirectory() as name:
        make_registry(Path(name), patients, columns, commas=commas)
        size = (Path(name) / "registry.csv").stat().st_size / 1e6
        print(
            f"{patients:,} simulated patients, {columns} columns, {size:.0f} MB of CSV; "
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        command = [sys.executable, __file__, "--read", name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(said)
    total = found["reading"] + found["checking"]
    print(f"reading   {found['reading']:6.1f} s")
    print(f"checking  {found['checking']:6.1f} s   {found['findings']} findings")
    print(f"together  {total:6.1f} s")
    print(
        f"processor {found['processor']:6.1f} s   (imports among it; to hold: under {MOST_SECONDS})"
    )
    print(f"memory    {found['gigabytes']:6.2f} GB  (to hold: under {MOST_GIGABYTES})")
    return int(found["processor"] >= MOST_SECONDS or found["gigabytes"] >= MOST_GIGABYTES)


if __name__ == "__main__":
    sys.exit(main())
