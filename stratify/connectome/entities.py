"""File names of BIDS derivatives: what each part says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SCAN_ENTITIES = ("sub", "ses", "task", "acq", "ce", "rec", "dir", "run", "echo")
"""What tells one scan from another; the other entities tell files of one scan apart."""

ENDINGS = (
    ".ptseries.nii",
    ".pconn.nii",
    ".pscalar.nii",
    ".nii.gz",
    ".tsv.gz",
    ".tsv",
    ".csv",
    ".1D",
    ".json",
    ".npy",
    ".nii",
    ".txt",
)

# Old releases of C-PAC leave out the underscores behind the atlas.
_GLUED = re.compile(r"(?P<atlas>.+?)_?space-(?P<space>.+?)(?:_?res-(?P<res>.+))?")


@dataclass(frozen=True)
class NamedFile:
    """A file whose name is made of entities.

    Parameters
    ----------
    path : Path
    entities : mapping of str to str
        ``{"sub": "01", "task": "rest", "atlas": "Tian"}``; an old ``seg`` is kept as ``atlas``
        too.
    suffix : str
        The last part of the name, such as ``"relmat"``.
    ending : str
        ``".tsv"``.
    """

    path: Path
    entities: Mapping[str, str]
    suffix: str
    ending: str

    @property
    def scan(self) -> tuple[tuple[str, str], ...]:
        """What tells the scan from others."""
        return tuple((k, self.entities[k]) for k in SCAN_ENTITIES if k in self.entities)

    @property
    def named_by(self) -> str:
        """By which entity the atlas is named: ``atlas`` or ``seg``."""
        return "seg" if "seg" in self.entities else "atlas"


def parse_name(path: Path) -> NamedFile | None:
    """Take the name of a file apart; None, where it is no name of a patient's derivative.

    Examples
    --------
    >>> found = parse_name(Path("sub-01_task-rest_atlas-Tian_stat-coverage_bold.tsv"))
    >>> found.suffix, found.entities["atlas"], found.scan
    ('bold', 'Tian', (('sub', '01'), ('task', 'rest')))
    >>> parse_name(Path("sub-1_atlas-AALspace-MNIres-2x2x2_desc-Mean_timeseries.1D")).entities
    {'sub': '1', 'atlas': 'AAL', 'space': 'MNI', 'res': '2x2x2', 'desc': 'Mean'}
    """
    ending = next((end for end in ENDINGS if path.name.lower().endswith(end.lower())), None)
    if ending is None or not path.name.startswith("sub-"):
        return None
    *parts, suffix = path.name[: -len(ending)].split("_")
    entities: dict[str, str] = {}
    for part in parts:
        key, dash, value = part.partition("-")
        if not dash:
            return None
        glued = _GLUED.fullmatch(value) if key == "atlas" else None
        if glued:
            entities |= {name: text for name, text in glued.groupdict().items() if text}
        else:
            entities[key] = value
    if "seg" in entities and "atlas" not in entities:
        entities["atlas"] = entities["seg"]
    return NamedFile(path, entities, suffix, ending)


def find_derivatives(folder: Path) -> Iterator[NamedFile]:
    """Find the files of a folder whose names are those of patients' derivatives."""
    for path in sorted(folder.rglob("sub-*")):
        found = parse_name(path)
        if found is not None and "figures" not in path.parts and path.is_file():
            yield found
