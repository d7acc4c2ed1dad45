"""Where fits are made and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stratify.evaluation.checkpoints import Checkpoints
from stratify.model import Engine


@dataclass(frozen=True, slots=True)
class Compute:
    """How the work of an evaluation is done; it changes no result.

    Parameters
    ----------
    workers : int
        Processes on this machine; results are the same to the last digit for any number.
    engine : {"fast", "reference"}
        The reference fits each model and grid point by itself, with plain scikit-learn and XGBoost:
        the same numbers to the solvers' tolerance, slowly.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers are used instead of processes here.
    checkpoints : Path, optional
        A folder where finished fits are kept and found again.

    Examples
    --------
    >>> Compute(workers=2)
    Compute(workers=2, engine='fast', scheduler=None, checkpoints=None)
    """

    workers: int = 1
    engine: Engine = "fast"
    scheduler: str | None = None
    checkpoints: Path | None = None

    def open_checkpoints(self) -> Checkpoints | None:
        """Open the folder of finished fits, if they are kept."""
        return None if self.checkpoints is None else Checkpoints(self.checkpoints)


HERE = Compute()
"""One process, nothing kept."""
