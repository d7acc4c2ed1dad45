"""A simulation as the files a study is made of."""

from __future__ import annotations

from pathlib import Path

from stratify.cohort import Cohort, Dictionary, write_cohort, write_columns
from stratify.connectome import write_connectomes
from stratify.datasets.assumptions import ARMS, Arm
from stratify.datasets.simulation import Simulation
from stratify.errors import DataError, Fault
from stratify.files import replacing


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
    write_cohort(simulation.cohort, folder / "cohort.csv")
    write_columns(Dictionary.of(simulation.cohort), folder / "columns.toml")
    write_connectomes(simulation.connectomes, folder / "connectivity.parquet")
    with replacing(folder / "truth.csv") as part:
        simulation.truth.to_csv(part, lineterminator="\n")
    with replacing(folder / "study.toml") as part:
        part.write_text(_describe_study(simulation, arm), encoding="utf-8", newline="\n")
    return folder / "study.toml"


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
