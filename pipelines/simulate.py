"""Write a simulated cohort and a study file that runs on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratify.errors import DataError, Fault
from stratify.files import make_folder

FILES = ("cohort.csv", "columns.toml", "connectivity.parquet", "truth.csv", "study.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateResult:
    """What was simulated, and where it was written."""

    preset: str
    patients: int
    regions: int
    seed: int
    folder: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files written."""
        return tuple(self.folder / name for name in FILES)

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "preset": self.preset,
            "patients": self.patients,
            "regions": self.regions,
            "seed": self.seed,
            "simulated": True,
            "folder": str(self.folder),
            "files": [str(file) for file in self.files],
            "study": str(self.folder / "study.toml"),
        }

    def words(self) -> str:
        """Return the result in words."""
        return (
            f"Wrote {self.patients} simulated patients with {self.regions} brain regions "
            f"(preset {self.preset}, seed {self.seed}) to {self.folder}: {', '.join(FILES)}.\n"
            f"None of them is a real person. Next: stratify train {self.folder / 'study.toml'}"
        )


def simulate(
    preset: str,
    *,
    patients: int,
    seed: int,
    out: Path,
    regions: int | None = None,
) -> SimulateResult:
    """Simulate a cohort and write it with its truth and a study file.

    Parameters
    ----------
    preset : str
        One of the presets of `stratify.datasets.make_cohort`.
    patients, seed : int
    out : Path
        The folder to write to; it is made if absent. A folder with somebody's own study is
        refused, an earlier simulation is replaced.
    regions : int, optional
        How many brain regions; the simulator's own number, if not given.
    """
    from stratify.datasets import make_cohort, write_simulation

    _require_room(out)
    size: dict[str, Any] = {} if regions is None else {"regions": regions}
    simulation = make_cohort(preset, patients=patients, seed=seed, **size)
    write_simulation(simulation, out)
    return SimulateResult(
        preset=preset,
        patients=len(simulation.cohort),
        regions=len(simulation.connectomes.regions),
        seed=seed,
        folder=out,
    )


def _require_room(out: Path) -> None:
    """Make the folder; refuse one with files no simulation wrote, for only those have a truth."""
    taken = [name for name in FILES if (out / name).exists()]
    if taken and "truth.csv" not in taken:
        raise DataError(
            Fault(
                where=str(out),
                met=f"{', '.join(taken)} there already, and not from a simulation",
                wanted="a simulation never writes over a study of your own",
                way_out="Name another folder with --out.",
            )
        )
    make_folder(out)
