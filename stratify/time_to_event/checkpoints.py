"""What tuning Cox models came to, kept on disk, so that a study that was stopped goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stratify.evaluation.checkpoints import Checkpoints, digest_of, digest_of_code
from stratify.evaluation.compute import Compute
from stratify.time_to_event.outcome import FollowedTable


@dataclass(frozen=True, slots=True)
class KeptNumbers:
    """A few numbers for each piece of work on a table, found again by all they were made from.

    Parameters
    ----------
    checkpoints : Checkpoints
    digest : str
        Of the table, its times and events, and the code.
    size : int
        How many numbers a piece of work comes to.
    """

    checkpoints: Checkpoints
    digest: str
    size: int

    @classmethod
    def of(cls, compute: Compute, followed: FollowedTable, size: int) -> KeptNumbers | None:
        """Return those of a table, or None where nothing is kept."""
        checkpoints = compute.open_checkpoints()
        if checkpoints is None:
            return None
        table = followed.table
        preparer = None if table.preparer is None else table.preparer.get_params()
        code = digest_of_code("time_to_event")
        digest = digest_of(table.X, preparer, followed.time, followed.event, code)
        return cls(checkpoints, digest, size)

    def read(self, *work: Any) -> tuple[float, ...] | None:
        """Return what a piece of work came to, or None where it is not known."""
        found = self.checkpoints.read_array(self._key(work))
        if found is None or found.shape != (self.size,):
            return None
        return tuple(map(float, found))

    def write(self, numbers: tuple[float, ...], *work: Any) -> None:
        """Keep what a piece of work came to."""
        self.checkpoints.write_array(self._key(work), np.array(numbers, dtype=float))

    def _key(self, work: tuple[Any, ...]) -> str:
        return digest_of("cox", self.digest, *work)
