"""Scans: the signals of one patient each, to connectivity and to how good the scan is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stratify.connectome.connectivity import (
    COMPUTED_KINDS,
    LEAST_VOLUMES,
    compute_connectivity,
    covered_regions,
)
from stratify.connectome.raw import RawMatrices, Regions, Wanted
from stratify.connectome.signals import Signals
from stratify.errors import DataError, Fault, count_of, name_some

MOST_STANDARD_ERROR = 0.2
"""Of a Fisher z: about as much as people differ in, so that more would be mostly noise."""

ENOUGH_VOLUMES = 3 + round(1 / MOST_STANDARD_ERROR**2)
"""So many independent volumes tell a Fisher z to that error; those of a scan tell less."""


@dataclass(eq=False)
class Scan:
    """One patient's signals as read, and what is known of the scan.

    Parameters
    ----------
    patient, place : str
    signals : Signals or None
        None where they could not be read.
    displacement : array, shape (n_volumes_scanned,), optional
        Framewise displacement of the volumes that were scanned, in mm.
    censored : array of bool, shape (n_volumes_scanned,), optional
        Which of them were marked as outliers.
    seconds : float, optional
        The repetition time.
    coverage : float, optional
        As the producer's own table has it.
    degrees_of_freedom : float, optional
        As the producer's sidecar has it.
    faults : list of Fault
    """

    patient: str
    place: str
    signals: Signals | None = None
    displacement: np.ndarray | None = None
    censored: np.ndarray | None = None
    seconds: float | None = None
    coverage: float | None = None
    degrees_of_freedom: float | None = None
    faults: list[Fault] = field(default_factory=list)

    def tell(self, met: str, wanted: str, way_out: str, *, warning: bool = False) -> None:
        """Keep a fault of this scan."""
        self.faults.append(
            Fault(
                where=self.place,
                met=f"{met} (patient {self.patient})",
                wanted=wanted,
                way_out=way_out,
                patients=(self.patient,),
                severity="warning" if warning else "error",
            )
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """One scan's connectivity, and its row of the table of quality."""

    scan: Scan
    matrix: np.ndarray
    quality: dict[str, float]


def require_kind_to_compute(wanted: Wanted, where: str) -> str:
    """Return the kind to compute of signals, which has to be asked for.

    Raises
    ------
    DataError
        If none is asked for, or one that cannot be computed of signals.
    """
    if wanted.kind in COMPUTED_KINDS:
        return wanted.kind
    raise DataError(
        Fault(
            where=where,
            met="signals of regions, and "
            + (f"kind {wanted.kind!r}" if wanted.kind else "no kind of connectivity to compute"),
            wanted=f"one of {', '.join(COMPUTED_KINDS)}",
            way_out="Say which kind of connectivity to compute of the signals.",
        )
    )


def measure_scans(
    scans: Sequence[Scan], wanted: Wanted, where: str
) -> tuple[tuple[str, ...], list[Measured], list[Fault]]:
    """Compute the connectivity of each scan by itself.

    Returns
    -------
    regions : tuple of str
    measured : list of Measured
        Of the scans without a fault.
    faults : list of Fault
    """
    kind = require_kind_to_compute(wanted, where)
    reference = wanted.regions.names if wanted.regions is not None else most_common_names(scans)
    measured = []
    for scan in scans:
        if scan.signals is None:
            continue
        values = _arrange(scan, scan.signals, reference)
        if values is not None:
            kept = _censor(scan, values, wanted.fd_threshold)
            if kept is not None and _has_no_gap(scan, values[kept], reference):
                one = _measure(scan, values[kept], kind, wanted.repetition_time)
                measured += [] if one is None else [one]
    faults = [fault for scan in scans for fault in scan.faults]
    return reference, measured, [*_told_once(faults), *_ignored(scans, reference, where)]


def matrices_of_scans(scans: Sequence[Scan], wanted: Wanted, where: str) -> RawMatrices:
    """Compute the connectivity of one scan a patient."""
    regions, measured, faults = measure_scans(scans, wanted, where)
    return gather(regions, measured, faults, wanted.regions, kind=wanted.kind or "")


def gather(
    regions: tuple[str, ...],
    measured: Sequence[Measured],
    faults: Sequence[Fault],
    given: Regions | None,
    *,
    kind: str,
    atlas: str = "",
    producer: str = "",
) -> RawMatrices:
    """Put measured scans together."""
    patients = tuple(one.scan.patient for one in measured)
    quality = pd.DataFrame(
        [one.quality for one in measured], index=pd.Index(patients, name="patient"), dtype=float
    )
    shape = (0, len(regions), len(regions))
    return RawMatrices(
        np.stack([one.matrix for one in measured]) if measured else np.empty(shape),
        patients,
        regions,
        networks=None if given is None else given.networks,
        kind=kind,
        atlas=atlas,
        producer=producer,
        places=tuple(one.scan.place for one in measured),
        quality=quality if quality.shape[1] else None,
        faults=tuple(faults),
    )


def most_common_names(scans: Sequence[Scan]) -> tuple[str, ...]:
    """Return the regions that most scans name, in the order of the first such scan."""
    named = [scan.signals.names for scan in scans if scan.signals and scan.signals.names]
    if not named:
        return ()
    most, _ = Counter(frozenset(names) for names in named).most_common(1)[0]
    return next(names for names in named if set(names) == most)


def _arrange(scan: Scan, signals: Signals, reference: tuple[str, ...]) -> np.ndarray | None:
    """Return the columns of the regions that everybody shares, in their order."""
    names, values = signals.names, signals.values
    if not reference:
        scan.tell("signals without the names of their regions", "the name of each region",
                  "Write the names as the first row, or give the list of regions.")  # fmt: skip
        return None
    if names is None:
        if values.shape[1] == len(reference):
            return values
        turned = " They stand along the first axis: turn it." * (len(values) == len(reference))
        scan.tell(
            f"{values.shape[1]} columns",
            f"one for each of the {len(reference)} regions",
            f"Check that the file is of the same atlas.{turned}",
        )
        return None
    if len(set(names)) < len(names):
        return _arrange_by_position(scan, names, values, reference)
    if not set(reference) <= set(names):
        lacking = [name for name in reference if name not in names]
        strange = [name for name in names if name not in reference]
        scan.tell(
            f"without {name_some(lacking)}"
            + (f" and with {name_some(strange)}" if strange else ""),
            f"the {len(reference)} regions that the others have",
            "Check that the file is of the same atlas; write n/a for a region not covered.",
        )
        return None
    return values[:, [names.index(name) for name in reference]]


def _arrange_by_position(
    scan: Scan, names: tuple[str, ...], values: np.ndarray, reference: tuple[str, ...]
) -> np.ndarray | None:
    """Take columns that share a name by their place, where the names given only add to theirs."""
    if len(names) == len(reference) == len(set(reference)) and all(
        given.startswith(name) for given, name in zip(reference, names, strict=True)
    ):
        return values
    twice = sorted({name for name in names if names.count(name) > 1})
    scan.tell(
        f"regions named twice: {name_some(twice)}",
        "each region once",
        "Give the list of regions in the order of the columns, each name as in the file with "
        "a number added.",
    )
    return None


def _censor(scan: Scan, values: np.ndarray, threshold: float | None) -> np.ndarray | None:
    """Return which volumes to keep: not missing, no outliers, and not above the threshold."""
    kept = ~np.isnan(values).all(axis=1)
    for mask in (scan.censored, _above(_displacement_of(scan, len(values)), threshold)):
        if mask is None:
            continue
        if len(mask) == len(values):
            kept &= ~mask
        elif len(values) != int((~mask).sum()):
            # Signals as long as the volumes that are not marked were censored by their producer.
            scan.tell(
                f"{len(values)} volumes of signals and {len(mask)} of motion",
                "as many of each, so that volumes can be told apart",
                "Give the motion of these very volumes, or ask for no threshold.",
            )
            return None
    if threshold is not None and scan.displacement is None:
        scan.tell(
            "no framewise displacement",
            f"one for each volume, to censor above {threshold:g} mm",
            "Give the files of motion, or ask for no threshold.",
        )
        return None
    return kept


def _displacement_of(scan: Scan, volumes: int) -> np.ndarray | None:
    """Return the displacement of the volumes of signals, which their producer may have censored."""
    whole, censored = scan.displacement, scan.censored
    if whole is None or censored is None or len(whole) != len(censored) or len(whole) == volumes:
        return whole
    return whole[~censored] if (~censored).sum() == volumes else whole


def _above(displacement: np.ndarray | None, threshold: float | None) -> np.ndarray | None:
    if displacement is None or threshold is None:
        return None
    with np.errstate(invalid="ignore"):
        return np.asarray(displacement > threshold)


def _measure(
    scan: Scan, values: np.ndarray, kind: str, repetition_time: float | None
) -> Measured | None:
    if len(values) < LEAST_VOLUMES:
        scan.tell(
            f"{len(values)} volumes left",
            f"{LEAST_VOLUMES} or more",
            "Leave this patient out, or censor less.",
        )
        return None
    _warn_of_few(scan, len(values))
    try:
        matrix = compute_connectivity(values, kind)
    except DataError as error:
        for fault in error.faults:
            scan.tell(fault.met, fault.wanted, fault.way_out)
        return None
    return Measured(scan, matrix, quality_of(scan, values, repetition_time))


def _has_no_gap(scan: Scan, values: np.ndarray, regions: tuple[str, ...]) -> bool:
    """Tell of regions that have a value in some volumes only."""
    missing = np.isnan(values)
    partly = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    if not len(partly):
        return True
    volumes = int(missing[:, partly].any(axis=1).sum())
    scan.tell(
        f"{count_of(volumes, 'volume')} without a value of {name_some(regions[k] for k in partly)}",
        "in each volume a value of every region that was covered",
        "Leave out the volumes that were not measured, or the region as a whole.",
    )
    return False


def _warn_of_few(scan: Scan, volumes: int) -> None:
    if volumes >= ENOUGH_VOLUMES:
        return
    error = f"{1 / np.sqrt(volumes - 3):.2g}" if volumes > 3 else "any size"
    scan.tell(
        f"{volumes} volumes, which tell a Fisher z to a standard error of {error}",
        f"{ENOUGH_VOLUMES} or more, for {MOST_STANDARD_ERROR:g} at most",
        "Censor less, or leave such scans out with quality.least_volumes.",
        warning=True,
    )


def quality_of(scan: Scan, values: np.ndarray, repetition_time: float | None) -> dict[str, float]:
    """Return what is known of how good a scan is, by the names of `QUALITY`.

    Mean framewise displacement is that of all volumes that were scanned, also of those censored.
    """
    coverage = scan.coverage
    if coverage is None:
        coverage = float(covered_regions(values).mean())
    quality = {"volumes": float(len(values)), "coverage": coverage}
    if scan.displacement is not None and np.isfinite(scan.displacement).any():
        quality["mean_fd"] = float(np.nanmean(scan.displacement))
    seconds = repetition_time or scan.seconds
    if seconds is not None:
        quality["minutes"] = len(values) * seconds / 60
    if scan.degrees_of_freedom is not None and scan.signals is not None:
        # Each volume that is left out further costs one.
        left_out = len(scan.signals.values) - len(values)
        quality["degrees_of_freedom"] = scan.degrees_of_freedom - left_out
    return quality


def _ignored(scans: Sequence[Scan], reference: tuple[str, ...], where: str) -> Iterator[Fault]:
    named = {name for scan in scans if scan.signals for name in scan.signals.names or ()}
    others = sorted(named - set(reference))
    clean = not any(fault.severity == "error" for scan in scans for fault in scan.faults)
    if others and clean and set(reference) <= named:
        yield Fault(
            where=where,
            met=f"columns that are not among the regions given: {name_some(others)}",
            wanted="the signals of the regions",
            way_out="They are left out.",
            severity="warning",
        )


def _told_once(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Tell once what many scans share."""
    alike: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        if fault.severity == "error":
            yield fault
        else:
            alike.setdefault((fault.wanted, fault.way_out), []).append(fault)
    for some in alike.values():
        first, more = some[0], f" (and in {len(some) - 1:,} more)" if len(some) > 1 else ""
        yield Fault(
            where=first.where,
            met=first.met + more,
            wanted=first.wanted,
            way_out=first.way_out,
            patients=tuple(patient for fault in some for patient in fault.patients),
            severity="warning",
        )
