"""Connectivity files: from the many forms they have to matrices that were checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from stratify.connectome.check import (
    check_matrices,
    check_patients,
    check_regions,
    clean_matrices,
)
from stratify.connectome.edge_tables import is_long, matrices_of_long, matrices_of_wide
from stratify.connectome.matrix_files import matrices_of_files, matrices_of_stack
from stratify.connectome.networks import network_of
from stratify.connectome.raw import RawMatrices, Regions, read_patients, read_regions
from stratify.connectome.values import (
    CONNECTIVITY_KINDS,
    EDGE_SEPARATOR,
    ConnectivityKind,
    Connectomes,
)
from stratify.errors import DataError, Fault, did_you_mean
from stratify.sheet import read_sheet


def read_connectomes(
    path: str | Path,
    *,
    kind: ConnectivityKind | None = None,
    separator: str = EDGE_SEPARATOR,
    regions: str | Path | Sequence[str] | None = None,
    networks: Mapping[str, str] | Sequence[str] | None = None,
    atlas: str = "",
    name: str | None = None,
    patients: str | Path | Sequence[str] | None = None,
    known: Collection[str] | None = None,
    patient_column: str | None = None,
) -> Connectomes:
    r"""Read the connectivity of a study's patients, and check every matrix.

    Four forms are known, by the path:

    - a wide edge table (``.parquet``, ``.csv``, ``.tsv``): one row a patient, a column for each
      pair of regions, named ``REGION~REGION``;
    - a long edge table: the columns ``patient``, ``region_a``, ``region_b`` and ``value``;
    - a stack: ``.npy`` of shape (patients, regions, regions), or ``.npz`` with ``matrices``,
      ``patients`` and ``regions``;
    - one matrix file a patient (``.csv``, ``.tsv``, ``.npy``): a folder, or a path with
      ``{patient}`` or one ``*`` where the patient's name stands. A header of region names, with
      or without the same names down the first column, puts the regions in order.

    Parameters
    ----------
    path : str or Path
    kind : {"pearson r", "fisher z", "partial correlation", "covariance"}
        May be left out where the file states it; where it is given, the two must agree.
    separator : str
        What stands between the two regions in the name of a column.
    regions : path, or sequence of str, optional
        The regions in their order. Needed for files that name none; a file has one a line, or is a
        table with a column ``region`` and perhaps ``network``, ``hub``, and ``x``, ``y``, ``z``
        (MNI millimetres).
    networks : mapping of str to str, or sequence of str, optional
        Each region's network, by name or in order. Regions without one get `network_of` their name.
    atlas : str
        What the regions are of, for reports.
    name : str, optional
        For messages and reports; the file's, without it.
    patients : path, or sequence of str, optional
        Whose matrix is whose, in the order of a stack that does not say it itself. For a file that
        does, they are the patients ``known``.
    known : collection of str, optional
        The cohort's patients. Matrices of nobody among them are refused, and of a few others told.
    patient_column : str, optional
        The column of an edge table that holds the patients; ``patient`` or ``participant_id`` are
        found without it.

    Returns
    -------
    connectomes : Connectomes
        In the order of the file, exactly symmetric. The diagonal is 1 for correlations, 0 for
        Fisher z (where it would be infinite) and the variances for covariances; it is never a
        feature. The edges of a region that was not covered are NaN.

    Raises
    ------
    DataError
        With every fault of every file and patient.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("patient,LECN_01~RECN_01\nP01,0.4\nP02,-0.1\n")
    ...     connectomes = read_connectomes(path, kind="pearson r")
    >>> connectomes, connectomes.networks
    (Connectomes(edges.csv: 2 patients, 2 regions, pearson r), ('CEN', 'CEN'))
    """
    path = Path(path)
    where = name or path.name
    given = None if regions is None else read_regions(regions)
    rows = None if patients is None else read_patients(patients)
    raw = _read(path, separator, given, rows, patient_column)
    beside = Regions(raw.regions, raw.networks, raw.hubs, raw.coordinates)
    beside = beside if given is None else beside.completed_by(given)
    if known is None and rows is not None and tuple(rows) != raw.patients:
        known = rows
    faults = [*raw.faults, *check_patients(raw, known, where), *check_regions(raw.regions, where)]
    agreed, kind_faults = _agree_on_kind(kind, raw, where)
    faults += kind_faults
    named, network_faults = _networks(networks, beside, where)
    faults += network_faults
    if agreed is not None and len(raw.patients):
        faults += check_matrices(raw, agreed, where)
    if not len(raw.patients) and not any(fault.severity == "error" for fault in faults):
        faults.append(
            Fault(
                where=where,
                met="no patient",
                wanted="a matrix for each patient",
                way_out="Check that this is the right file.",
            )
        )
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    assert agreed is not None
    return Connectomes(
        clean_matrices(raw.matrices, agreed),
        raw.patients,
        raw.regions,
        named,
        agreed,
        atlas or raw.atlas,
        where,
        raw.simulated,
        tuple(faults),
        hubs=beside.hubs or (),
        coordinates=beside.coordinates,
    )


def _read(
    path: Path,
    separator: str,
    regions: Regions | None,
    patients: Sequence[str] | None,
    patient_column: str | None,
) -> RawMatrices:
    if path.is_dir() or "{patient}" in str(path) or "*" in str(path):
        return matrices_of_files(path, regions=regions)
    if path.suffix.lower() in (".npy", ".npz"):
        return matrices_of_stack(path, regions=regions, patients=patients)
    sheet = read_sheet(path)
    if is_long(sheet):
        return matrices_of_long(sheet, regions=regions, patient_column=patient_column)
    return matrices_of_wide(
        sheet, separator=separator, regions=regions, patient_column=patient_column
    )


def _agree_on_kind(
    asked: str | None, raw: RawMatrices, where: str
) -> tuple[ConnectivityKind | None, list[Fault]]:
    kinds = ", ".join(CONNECTIVITY_KINDS)
    for said in (asked, raw.kind):
        if said and said not in CONNECTIVITY_KINDS:
            return None, [
                Fault(
                    where=where,
                    met=f"kind {said!r}{did_you_mean(said, CONNECTIVITY_KINDS)}",
                    wanted=f"one of {kinds}",
                    way_out="Correct the kind of connectivity.",
                )
            ]
    if asked and raw.kind and asked != raw.kind:
        return None, [
            Fault(
                where=where,
                met=f"the file says {raw.kind} and the study asks for {asked}",
                wanted="the two agree",
                way_out="Correct the kind in the study, or give the file "
                "that holds what it asks for.",
            )
        ]
    if not asked and not raw.kind:
        return None, [
            Fault(
                where=where,
                met="no kind of connectivity",
                wanted=f"one of {kinds}",
                way_out="Say what the values are; the file does not.",
            )
        ]
    return (asked or raw.kind), []  # type: ignore[return-value]


def _networks(
    given: Mapping[str, str] | Sequence[str] | None, regions: Regions, where: str
) -> tuple[tuple[str, ...], list[Fault]]:
    if given is not None and not isinstance(given, Mapping):
        if len(given) == len(regions.names):
            return tuple(given), []
        return (), [
            Fault(
                where=where,
                met=f"{len(given)} networks for {len(regions.names)} regions",
                wanted="one network for each region, in their order",
                way_out="Correct the list, or name the network of each region by its name.",
            )
        ]
    overrides = dict(given or {})
    strange = sorted(set(overrides) - set(regions.names))
    if strange:
        return (), [
            Fault(
                where=where,
                met=f"a network for {strange[0]!r}{did_you_mean(strange[0], regions.names)}",
                wanted="networks of regions that the file has",
                way_out="Correct the names of the regions.",
            )
        ]
    if regions.networks is not None:
        overrides = dict(zip(regions.names, regions.networks, strict=True)) | overrides
    return tuple(network_of(region, overrides) for region in regions.names), []
