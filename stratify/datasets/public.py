"""A public data set as a value."""

from __future__ import annotations

from dataclasses import dataclass

from stratify.cohort import Cohort
from stratify.connectome import Connectomes, RegionalValues


@dataclass(frozen=True, eq=False)
class Dataset:
    """A public data set, ready for `stratify.task.assemble`.

    Parameters
    ----------
    name : str
        Its key in `DATASETS`, and in a study file's ``cohort.dataset``.
    cohort : Cohort
    connectomes : Connectomes, RegionalValues or None
    description : str
        Who the patients are and what was left out, in a few sentences.
    citation : str
    licence : str
        As the source states it. The data are never part of this package.
    source : str
        The public repository and commit.
    """

    name: str
    cohort: Cohort
    connectomes: Connectomes | RegionalValues | None
    description: str
    citation: str
    licence: str
    source: str

    def __repr__(self) -> str:
        return f"Dataset({self.name}: {self.cohort!r}, {self.connectomes!r}; {self.licence})"
