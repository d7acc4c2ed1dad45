"""Checks of connectivity matrices, whatever file they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from stratify.connectome.raw import RawMatrices
from stratify.connectome.values import ConnectivityKind
from stratify.errors import Fault, count_of, name_some

BOUNDED_KINDS: dict[str, tuple[float, float]] = {
    "pearson r": (-1.0, 1.0),
    "partial correlation": (-1.0, 1.0),
    "envelope correlation": (-1.0, 1.0),
    "coherence": (0.0, 1.0),
    "imaginary coherence": (0.0, 1.0),
    "plv": (0.0, 1.0),
    "ciplv": (0.0, 1.0),
    "pli": (0.0, 1.0),
    "wpli": (0.0, 1.0),
    # Debiased estimates fall below 0 where there is nothing to find.
    "ppc": (-1.0, 1.0),
    "debiased wpli": (-1.0, 1.0),
}
"""Kinds whose values are bounded, and between which two numbers they lie. Imaginary coherence is
its size: its sign is that of the order of the two regions."""

ABSOLUTE_TOLERANCE = 1e-6
RELATIVE_TOLERANCE = 1e-5
"""How far the two halves of a matrix may differ, and a correlation exceed 1: float32 rounding."""

SHRUNK_KINDS = ("partial correlation", "covariance")
"""Kinds that estimators shrink towards no connectivity at all."""

_LAGGED_KINDS = ("imaginary coherence", "ciplv", "pli", "wpli", "debiased wpli")

DIAGONALS: dict[str, float] = {
    **dict.fromkeys(BOUNDED_KINDS, 1.0),
    **dict.fromkeys(_LAGGED_KINDS, 0.0),
    "fisher z": 0.0,
}
"""What the diagonal is set to: a region has no lag to itself. The Fisher z of 1 is infinite, so 0
stands for it. No diagonal is ever a feature; a covariance keeps its own, the variances."""


def check_matrices(raw: RawMatrices, kind: ConnectivityKind, where: str) -> list[Fault]:
    """Tell of everything wrong with the values of the matrices.

    Symmetric; finite, or missing as the whole row of a region that was not covered; and of the
    size that their kind allows.

    Parameters
    ----------
    raw : RawMatrices
    kind : str
        One of `CONNECTIVITY_KINDS`.
    where : str
        The file, for messages.
    """
    checks = _Checks(raw, kind, where)
    return [
        *checks.infinite(),
        *checks.missing(),
        *checks.asymmetric(),
        *checks.too_large(),
        *checks.diagonal(),
        *checks.flat(),
        *checks.identical(),
    ]


def clean_matrices(matrices: np.ndarray, kind: ConnectivityKind) -> np.ndarray:
    """Return checked matrices exactly symmetric, in range, and with the diagonal of their kind.

    The rows and columns of regions that were not covered are NaN throughout, diagonal included.
    """
    cleaned = (matrices + np.swapaxes(matrices, 1, 2)) / 2
    if kind in BOUNDED_KINDS:
        cleaned = np.clip(cleaned, *BOUNDED_KINDS[kind])
    uncovered = uncovered_regions(matrices)
    every = np.arange(matrices.shape[1])
    if kind in DIAGONALS:
        cleaned[:, every, every] = np.where(uncovered, np.nan, DIAGONALS[kind])
    else:
        cleaned[:, every, every] = np.where(uncovered, np.nan, cleaned[:, every, every])
    return cleaned


def uncovered_regions(matrices: np.ndarray) -> np.ndarray:
    """Return where every edge of a region is missing, shape (n_patients, n_regions)."""
    missing = _missing_both_ways(matrices) | np.eye(matrices.shape[1], dtype=bool)
    return np.asarray(missing.all(axis=2))


def _missing_both_ways(matrices: np.ndarray) -> np.ndarray:
    return np.isnan(matrices) & np.isnan(np.swapaxes(matrices, 1, 2))


def check_patients(raw: RawMatrices, known: Collection[str] | None, where: str) -> Iterator[Fault]:
    """Tell of patients without a name, named twice, or not of the cohort."""
    empty = sum(not patient for patient in raw.patients)
    if empty:
        yield Fault(
            where=where,
            met=f"{count_of(empty, 'patient')} without an identifier",
            wanted="each patient has one",
            way_out="Name the patient, or delete the row.",
        )
    twice = [patient for patient, count in Counter(raw.patients).items() if count > 1 and patient]
    if twice:
        yield Fault(
            where=where,
            met=f"more than one matrix for patient {name_some(twice)}",
            wanted="one matrix a patient",
            way_out="Keep one scan of each patient.",
            patients=tuple(twice),
        )
    if known is None:
        return
    of_cohort = set(known)
    strangers = [patient for patient in raw.patients if patient and patient not in of_cohort]
    if strangers:
        nobody = len(strangers) == len(raw.patients)
        yield Fault(
            where=where,
            met=f"{len(strangers)} of {len(raw.patients)} patients are not in the cohort: "
            f"{name_some(strangers)} (the cohort has {name_some(known)})"
            f"{_name_hint(strangers, known)}",
            wanted="the cohort's patients",
            way_out="Write the identifiers the same way in both files."
            if nobody
            else "They are left out; write the identifiers the same way in both files, if they "
            "are patients of the cohort.",
            summary=f"{len(strangers)} of {len(raw.patients)} patients are not in the cohort",
            patients=tuple(strangers),
            severity="error" if nobody else "warning",
        )


def _name_hint(strangers: Sequence[str], known: Collection[str]) -> str:
    """Return how the names would match, if they differ in a prefix or in zeros only."""
    plain = {patient.removeprefix("sub-").lstrip("0").lower() for patient in known}
    near = [p for p in strangers if p.removeprefix("sub-").lstrip("0").lower() in plain]
    if not near:
        return ""
    return (
        f"; {near[0]} differs from a patient of the cohort only in the prefix sub-, in leading "
        "zeros or in capitals"
    )


def check_regions(regions: Sequence[str], where: str) -> Iterator[Fault]:
    """Tell of regions without a name, named twice, or too few to have an edge."""
    twice = [region for region, count in Counter(regions).items() if count > 1]
    if twice or not all(regions):
        met = f"regions named twice: {name_some(twice)}" if twice else "a region without a name"
        yield Fault(
            where=where,
            met=met,
            wanted="each region once, by its name",
            way_out="Correct the names.",
        )
    if len(regions) < 2:
        yield Fault(
            where=where,
            met=f"{count_of(len(regions), 'region')}",
            wanted="two at least, to connect",
            way_out="Check that this is the right file.",
        )


class _Checks:
    """The checks of one set of matrices, which share their masks."""

    def __init__(self, raw: RawMatrices, kind: ConnectivityKind, where: str) -> None:
        self.raw, self.kind, self.where = raw, kind, where
        self.matrices = raw.matrices
        self.upper = np.triu(np.ones(self.matrices.shape[1:], dtype=bool), k=1)
        self.off_diagonal = self.upper | self.upper.T
        self.uncovered = uncovered_regions(self.matrices)

    def tell(
        self, wrong: np.ndarray, *, wanted: str, way_out: str, what: str = "", size: bool = True
    ) -> Iterator[Fault]:
        """Tell of the edges in a mask of shape (n_patients, n_regions, n_regions)."""
        if not wrong.any():
            return
        p, i, j = np.nonzero(wrong)
        _, first = np.unique(p, return_index=True)
        names = self.raw.regions

        def one(k: int) -> str:
            value = f"{self.matrices[p[k], i[k], j[k]]:.4g} " if size else ""
            file = f" ({self.raw.places[p[k]]})" if self.raw.places else ""
            pair = names[i[k]] if i[k] == j[k] else f"{names[i[k]]} and {names[j[k]]}"
            return f"{value}at {pair} for patient {self.raw.patients[p[k]]}{file}"

        many = (
            ""
            if len(p) == 1
            else f"{count_of(len(p), 'value')} of {count_of(len(first), 'patient')}, "
        )
        yield Fault(
            where=self.where,
            met=f"{what}{many}{name_some((one(k) for k in first[:3]), total=len(first))}",
            wanted=wanted,
            way_out=way_out,
            patients=tuple(self.raw.patients[k] for k in p[first]),
        )

    def infinite(self) -> Iterator[Fault]:
        yield from self.tell(
            np.isinf(self.matrices) & self.off_diagonal,
            wanted="finite values",
            way_out="A correlation of exactly 1 between two regions, or a constant signal, does "
            "this; leave such a region empty as not covered.",
        )

    def missing(self) -> Iterator[Fault]:
        by_region = self.uncovered[:, :, None] | self.uncovered[:, None, :]
        stray = _missing_both_ways(self.matrices) & ~by_region & self.upper
        nobody = np.asarray(self.uncovered.all(axis=1))
        yield from self.tell(
            stray & ~nobody[:, None, None],
            what="missing: ",
            size=False,
            wanted="a region's edges are all there, or all missing where it was not covered",
            way_out="Fill the edges, or empty every edge of the region.",
        )
        blank = [self.raw.patients[k] for k in np.flatnonzero(nobody)]
        if blank:
            yield Fault(
                where=self.where,
                met=f"no value at all for patient {name_some(blank)}",
                wanted="a matrix for each patient",
                way_out="Leave these patients out of the file.",
                patients=tuple(blank),
            )
        partly = self.uncovered & ~nobody[:, None]
        if partly.any():
            patients = [self.raw.patients[k] for k in np.flatnonzero(partly.any(axis=1))]
            gaps = [self.raw.regions[k] for k in np.flatnonzero(partly.any(axis=0))]
            yield Fault(
                where=self.where,
                met=f"{count_of(len(gaps), 'region')} not covered in "
                f"{count_of(len(patients), 'patient')}: "
                f"{name_some(gaps)} (patient {name_some(patients)})",
                wanted="every region in everybody",
                way_out="Their edges are imputed inside each training fold.",
                summary=f"{count_of(len(gaps), 'region')} not covered in "
                f"{count_of(len(patients), 'patient')}: {name_some(gaps)}",
                patients=tuple(patients),
                severity="warning",
            )

    def asymmetric(self) -> Iterator[Fault]:
        turned = np.swapaxes(self.matrices, 1, 2)
        with np.errstate(invalid="ignore"):
            allowed = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * np.abs(turned)
            differs = np.abs(self.matrices - turned) > allowed
        lone = np.isnan(self.matrices) != np.isnan(turned)
        half = not np.nan_to_num(np.where(self.upper.T, self.matrices, 0.0)).any()
        yield from self.tell(
            (differs | lone) & self.upper,
            what="the two halves of the matrix differ: ",
            wanted="symmetric matrices",
            way_out="Only the upper half is filled: fill the lower half with the same values."
            if half
            else "Connectivity with a direction is not supported; check how the matrix was made.",
        )

    def too_large(self) -> Iterator[Fault]:
        size = np.abs(self.matrices)
        if self.kind in BOUNDED_KINDS:
            low, high = BOUNDED_KINDS[self.kind]
            with np.errstate(invalid="ignore"):
                above = (self.matrices > high + ABSOLUTE_TOLERANCE) & np.isfinite(size)
                below = (self.matrices < low - ABSOLUTE_TOLERANCE) & np.isfinite(size)
            correlation = self.kind in ("pearson r", "partial correlation")
            yield from self.tell(
                (above | below) & self.upper,
                wanted=f"a {self.kind} lies between {low:g} and {high:g}",
                way_out='It looks like Fisher z: say kind = "fisher z", if that is what it is.'
                if correlation
                else "Check the kind of connectivity.",
            )
        if self.kind == "covariance" and self.raw.has_diagonal:
            variances = np.einsum("kii->ki", self.matrices)
            with np.errstate(invalid="ignore"):
                limit = np.sqrt(variances[:, :, None] * variances[:, None, :])
                above = (size > limit * (1 + RELATIVE_TOLERANCE)) & self.upper
            yield from self.tell(
                above,
                wanted="a covariance is at most the product of the two standard deviations",
                way_out="Check that the file holds covariances, with variances on the diagonal.",
            )

    def diagonal(self) -> Iterator[Fault]:
        every = np.arange(self.matrices.shape[1])
        values = self.matrices[:, every, every]
        wrong = np.zeros(self.matrices.shape, dtype=bool)
        if self.kind == "covariance":
            if not self.raw.has_diagonal:
                yield Fault(
                    where=self.where,
                    met="edges without the variances of the regions",
                    wanted="a covariance matrix has its diagonal",
                    way_out="Add the edge of each region with itself, or give correlations.",
                )
                return
            with np.errstate(invalid="ignore"):
                wrong[:, every, every] = ~(values > 0) & ~self.uncovered
            yield from self.tell(
                wrong,
                wanted="a variance is above 0",
                way_out="Leave a region without signal empty, as not covered.",
            )
        elif self.raw.has_diagonal:
            plain = np.isnan(values) | (np.abs(values) < 1e-3) | (np.abs(values - 1) < 1e-3)
            if self.kind in BOUNDED_KINDS:
                wrong[:, every, every] = ~plain
                yield from self.tell(
                    wrong,
                    what="on the diagonal: ",
                    wanted=f"the {self.kind} of a region with itself is {DIAGONALS[self.kind]:g}",
                    way_out='Say kind = "covariance", if the diagonal holds variances.',
                )
            elif (np.abs(values - 1) < 1e-3).all() and (np.nan_to_num(self.matrices) <= 1).all():
                yield Fault(
                    where=self.where,
                    met="values no larger than 1, with a diagonal of 1",
                    wanted="the Fisher z of a region with itself is infinite, missing or 0",
                    way_out='It looks like Pearson r: say kind = "pearson r", if that is what it '
                    "is.",
                    severity="warning",
                )

    def flat(self) -> Iterator[Fault]:
        """Tell of patients whose edges are all one number, as a failed scan leaves them."""
        edges = self.matrices[:, self.upper]
        if edges.shape[1] < 2 or not len(edges):
            return
        known = ~np.isnan(edges)
        low = np.where(known, edges, np.inf).min(axis=1)
        high = np.where(known, edges, -np.inf).max(axis=1)
        flat = np.flatnonzero((low == high) & (known.sum(axis=1) > 1))
        if not len(flat):
            return
        first = flat[0]
        file = f" ({self.raw.places[first]})" if self.raw.places else ""
        more = f", and one number for {len(flat) - 1} more" if len(flat) > 1 else ""
        patients = tuple(self.raw.patients[k] for k in flat)
        yield Fault(
            where=self.where,
            met=f"each edge is {low[first] + 0.0:g} for patient {patients[0]}{file}{more}",
            wanted="connectivity that differs between pairs of regions",
            way_out="Leave the patient out; a scan that failed has no matrix.",
            patients=patients,
            # Shrinkage may rightly leave nothing of short signals.
            severity="warning" if self.kind in SHRUNK_KINDS else "error",
        )

    def identical(self) -> Iterator[Fault]:
        if not self.matrices.size:
            return
        seen: dict[bytes, list[str]] = {}
        for patient, matrix in zip(self.raw.patients, self.matrices, strict=True):
            seen.setdefault(matrix[self.upper].tobytes(), []).append(patient)
        same = [group for group in seen.values() if len(set(group)) > 1]
        if same:
            yield Fault(
                where=self.where,
                met=f"the very same matrix for patients {name_some(same[0])}"
                + (f" and {count_of(len(same) - 1, 'other group')}" if len(same) > 1 else ""),
                wanted="no two people have the same connectivity",
                way_out="Check whether one scan was saved under two names.",
                summary=f"the very same matrix for {count_of(sum(map(len, same)), 'patient')}",
                patients=tuple(patient for group in same for patient in group),
                severity="warning",
            )
