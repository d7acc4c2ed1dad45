"""A simulation as the files a study is made of."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from stratify.cohort import Cohort
from stratify.connectome import Connectomes
from stratify.datasets.assumptions import ARMS, Arm
from stratify.datasets.simulation import Simulation
from stratify.errors import DataError, Fault
from stratify.schema import Column

_PATIENT = Column(name="patient", kind="text", role="patient", label="patient")


def write_simulation(
    simulation: Simulation, folder: str | Path, *, treatment: Arm | None = None
) -> Path:
    """Write a simulation as a study: its table, dictionary, connectivity, truth and study file.

    Each file appears whole or not at all, and ``study.toml`` last.

    Parameters
    ----------
    simulation : Simulation
    folder : path
        Made where it does not exist. Files of the same names in it are replaced.
    treatment : {"tms", "ketamine", "tms+ketamine"}, optional
        The arm the study asks about; TMS + ketamine, or the first arm there is.

    Returns
    -------
    study : Path
        The path of ``study.toml``.

    Raises
    ------
    DataError
        If no patient is under the treatment asked about.
    """
    folder = Path(folder)
    arm = _choose_arm(simulation.cohort, treatment)
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Callable[[Path], None]] = {
        "cohort.csv": lambda path: _write_table(simulation.cohort, path),
        "columns.toml": lambda path: _write_text(path, describe_columns(simulation.cohort)),
        "connectivity.parquet": lambda path: _write_edges(simulation.connectomes, path),
        "truth.csv": lambda path: simulation.truth.to_csv(path, lineterminator="\n"),
        "study.toml": lambda path: _write_text(path, _describe_study(simulation, arm)),
    }
    for name, write in files.items():
        draft = folder / f".{name}.{uuid.uuid4().hex}"
        try:
            write(draft)
            os.replace(draft, folder / name)
        finally:
            draft.unlink(missing_ok=True)
    return folder / "study.toml"


def describe_columns(cohort: Cohort) -> str:
    """Return a cohort's column dictionary as TOML: what is not said has its default."""
    import tomlkit

    document = tomlkit.document()
    head = tomlkit.table()
    head.add("name", cohort.name)
    head.add("simulated", cohort.simulated)
    document.add("cohort", head)
    columns = tomlkit.table(is_super_table=True)
    for column in (_PATIENT, *cohort.columns):
        entry = tomlkit.table()
        for key, value in column.to_dict().items():
            if key != "name":
                entry.add(key, value)
        columns.add(column.name, entry)
    document.add("columns", columns)
    return tomlkit.dumps(document)


def _choose_arm(cohort: Cohort, treatment: Arm | None) -> Arm:
    present = set(cohort.frame["treatment"])
    if treatment is None:
        return next(arm for arm in reversed(ARMS) if arm in present)
    if treatment not in present:
        raise DataError(
            Fault(
                where=f"{cohort.name}: treatment",
                met=f"no patient under {treatment!r}",
                wanted=f"one of {', '.join(sorted(present))}",
                way_out="Name an arm that has patients, or simulate some with `shares`.",
            )
        )
    return treatment


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_table(cohort: Cohort, path: Path) -> None:
    """Write yes and no in the words of the dictionary, and whole numbers without a point."""
    table = cohort.frame.copy()
    for column in cohort.columns:
        values = table[column.name]
        if column.kind == "boolean":
            table[column.name] = values.map(dict(enumerate(column.levels)))
        elif column.kind == "number" and (values.dropna() % 1 == 0).all():
            table[column.name] = values.astype("Int64")
    table.to_csv(path, index_label=_PATIENT.name, lineterminator="\n")


def _write_edges(connectomes: Connectomes, path: Path) -> None:
    """Write one row a patient, one column an edge; what regions mean stands in the schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    edges = connectomes.edges
    about = {
        "kind": connectomes.kind,
        "atlas": connectomes.atlas,
        "regions": list(connectomes.regions),
        "networks": list(connectomes.networks),
        "simulated": True,
    }
    table = pa.table(
        {
            _PATIENT.name: pa.array(list(connectomes.patients), pa.string()),
            **{name: pa.array(edges[name].to_numpy()) for name in edges.columns},
        }
    ).replace_schema_metadata({b"stratify": json.dumps(about).encode()})
    pq.write_table(table, path)


def _describe_study(simulation: Simulation, arm: Arm) -> str:
    import tomlkit

    name = f"{simulation.preset.name}-depression"
    sections: dict[str, dict[str, object]] = {
        "study": {"name": name, "description": simulation.description},
        "cohort": {"file": "cohort.csv", "columns": "columns.toml"},
        "connectivity": {
            "file": "connectivity.parquet",
            "kind": simulation.connectomes.kind,
            "atlas": simulation.connectomes.atlas,
        },
        "question": {
            "kind": "response under treatment",
            "treatment": arm,
            "condition": "depression",
        },
        "response": {
            "name": "response (MADRS fell by half or more at week 6)",
            "followup": "madrs_week6",
            "baseline": "madrs_baseline",
            "drop": 0.5,
            "missing": "excluded",
        },
        "features": {"sets": ["clinical", "connectivity", "both"]},
        "validation": {
            "folds": 5,
            "repeats": 4,
            "inner_folds": 5,
            "seed": 0,
            "together": "patient",
        },
        "models": {"families": ["prevalence", "logistic", "xgboost"]},
        "tracking": {"experiment": name},
    }
    if simulation.preset.leaky:
        baseline = [column.name for column in simulation.cohort.columns if column.is_feature]
        sections["features"]["clinical"] = [*baseline, "madrs_week1"]
    document = tomlkit.document()
    for title, values in sections.items():
        table = tomlkit.table()
        for key, value in values.items():
            table.add(key, value)
        document.add(title, table)
    return tomlkit.dumps(document)
