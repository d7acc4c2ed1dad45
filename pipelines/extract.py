"""Take the signals of an atlas's regions from fMRIPrep's images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.progress import Progress, quiet
from stratify.errors import DataError, Fault, count_of

if TYPE_CHECKING:
    from stratify.connectome.extract import ExtractedScan, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractResult:
    """What was written.

    Parameters
    ----------
    out : Path
    atlas : str
    regions : int
    scans : tuple of ExtractedScan
        Also those that failed.
    """

    out: Path
    atlas: str
    regions: int
    scans: tuple[ExtractedScan, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """What was wrong with the scans that failed."""
        return tuple(fault for scan in self.scans for fault in scan.faults)

    @property
    def ok(self) -> bool:
        """Whether every scan was written."""
        return not self.errors

    @property
    def written(self) -> tuple[ExtractedScan, ...]:
        """The scans that were written."""
        return tuple(scan for scan in self.scans if not scan.faults)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, for JSON."""
        return {
            "out": str(self.out),
            "atlas": self.atlas,
            "regions": self.regions,
            "scans": [
                {
                    "patient": scan.patient,
                    "file": scan.place,
                    "volumes": scan.volumes,
                    "scanned": scan.scanned,
                    "uncovered": scan.uncovered,
                    "faults": [fault.to_dict() for fault in scan.faults],
                }
                for scan in self.scans
            ],
        }

    def words(self) -> str:
        """Return the result in words."""
        written = self.written
        patients = len({scan.patient for scan in written})
        lines = [
            f"The signals of {count_of(self.regions, 'region')} of {self.atlas} of "
            f"{count_of(patients, 'patient')} ({count_of(len(written), 'scan')}) are in "
            f"{self.out}."
        ]
        scrubbed = sum(scan.scanned - scan.volumes for scan in written)
        if scrubbed:
            total = sum(scan.scanned for scan in written)
            lines.append(f"{scrubbed:,} of {total:,} volumes were left out.")
        gaps = sum(scan.uncovered > 0 for scan in written)
        if gaps:
            lines.append(f"Regions are not covered in {count_of(gaps, 'scan')}.")
        failed = len(self.scans) - len(written)
        if failed:
            lines.append(f"{count_of(failed, 'scan')} failed.")
        lines.append(f'Read them in a study with [connectivity] file = "{self.out}" and a kind.')
        return "\n".join(lines)


def extract(
    folder: Path,
    *,
    atlas: Path,
    labels: Path,
    out: Path,
    atlas_name: str = "",
    strategy: Strategy = "simple",
    global_signal: bool = False,
    fd_threshold: float | None = None,
    least_coverage: float = 0.5,
    session: str | None = None,
    run: str | None = None,
    entities: Mapping[str, str] | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> ExtractResult:
    """Take the signals of an atlas's regions from fMRIPrep's images, one worker a patient.

    Parameters
    ----------
    folder : Path
        fMRIPrep's derivatives.
    atlas, labels : Path
        An image of labels, and the names of its regions.
    out : Path
        The folder to write.
    strategy, global_signal, fd_threshold, least_coverage
        As `stratify.connectome.extract.Extraction` takes them.
    session, run, entities
        Which scans; all, if not given.
    workers : int
        Processes at once, 0 for one a core.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers are used instead; they read and write the
        same folders.

    Raises
    ------
    DataError
        If nothing can be written at all.
    """
    import stratify
    from stratify.connectome.atlas import read_atlas
    from stratify.connectome.extract import (
        Extraction,
        extract_scans,
        find_images,
        write_description,
    )
    from stratify.evaluation.workers import run_tasks

    extraction = Extraction(
        atlas=read_atlas(atlas, labels, name=atlas_name),
        out=out,
        strategy=strategy,
        global_signal=global_signal,
        fd_threshold=fd_threshold,
        least_coverage=least_coverage,
    )
    images = list(find_images(folder, session=session, run=run, entities=entities).values())
    scans: dict[int, list[ExtractedScan]] = {}
    with progress("Extracting signals", total=len(images)) as step:
        for position, found in run_tasks(
            extract_scans,
            extraction,
            images,
            workers=workers or os.cpu_count() or 1,
            scheduler=scheduler,
        ):
            scans[position] = found
            step()
    result = ExtractResult(
        out=out,
        atlas=extraction.atlas.name,
        regions=len(extraction.atlas.regions),
        scans=tuple(scan for position in sorted(scans) for scan in scans[position]),
    )
    if not result.written:
        raise DataError(result.errors)
    write_description(extraction, stratify.__version__)
    return result
