"""Connectivity files: from the many forms they have to matrices that were checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from stratify.connectome.atlas import read_regions_or_atlas
from stratify.connectome.check import (
    check_matrices,
    check_patients,
    check_regions,
    clean_matrices,
)
from stratify.connectome.fingerprint import find_twin_scans
from stratify.connectome.formats import FORMATS, OPTIONS, Format, guess_format
from stratify.connectome.networks import NetworkMap
from stratify.connectome.raw import (
    PatientNames,
    RawMatrices,
    Regions,
    Wanted,
    read_patients,
)
from stratify.connectome.region_networks import networks_of_regions
from stratify.connectome.values import (
    CONNECTIVITY_KINDS,
    EDGE_SEPARATOR,
    ConnectivityKind,
    Connectomes,
)
from stratify.errors import DataError, Fault, did_you_mean, name_some


def read_connectomes(
    path: str | Path,
    *,
    format: Format | None = None,
    kind: ConnectivityKind | None = None,
    separator: str = EDGE_SEPARATOR,
    regions: str | Path | Sequence[str] | None = None,
    networks: Mapping[str, str] | Sequence[str] | NetworkMap | None = None,
    atlas: str = "",
    name: str | None = None,
    patients: str | Path | Sequence[str] | Mapping[str, str] | None = None,
    known: Collection[str] | None = None,
    patient_column: str | None = None,
    session: str | None = None,
    run: str | None = None,
    entities: Mapping[str, str] | None = None,
    band: str | None = None,
    repetition_time: float | None = None,
    fd_threshold: float | None = None,
    motion: str | Path | None = None,
) -> Connectomes:
    r"""Read the connectivity of a study's patients, and check every matrix.

    What the path is, is guessed from its names (`guess_format`), if ``format`` does not say it:

    - a wide edge table (``.parquet``, ``.csv``, ``.tsv``): one row a patient, a column for each
      pair of regions, named ``REGION~REGION``;
    - a long edge table: the columns ``patient``, ``region_a``, ``region_b`` and ``value``;
    - a stack: ``.npy`` of shape (patients, regions, regions), or ``.npz`` or ``.mat`` with
      ``matrices``, ``patients`` and ``regions`` (MATLAB's with the patients last);
    - one matrix file a patient (``.csv``, ``.tsv``, ``.npy``, ``.mat``, ``.txt``,
      ``.pconn.nii``): a folder, or a path with ``{patient}`` or one ``*`` where the patient's name
      stands. A header of region names, with or without the same names down the first column, puts
      the regions in order;
    - one file of signals a patient (``.tsv``, ``.csv``, ``.1D``, ``.npy``, ``.mat``,
      ``.ptseries.nii``; volumes down, regions across), found in the same ways, with
      ``format="timeseries"``: the kind asked for is computed (`compute_connectivity`);
    - the folder of derivatives of XCP-D (0.5 and later) or C-PAC: ``format="xcpd"``, ``"cpac"``;
    - ``resultsROI_*.mat`` of CONN, or the folder with them, with the list of ``patients`` in the
      order of the project: ``format="conn"``;
    - one netCDF file of MNE-Connectivity a patient, of an EEG or MEG: ``format="mne"``;
    - a folder of DPABI's ``ROICorrelation_*`` files: ``format="dpabi"``.

    Parameters
    ----------
    path : str or Path
    format : str, optional
        A key of `FORMATS`.
    kind : str
        One of `CONNECTIVITY_KINDS`. May be left out where the file states it; where it is given,
        the two must agree.
    separator : str
        What stands between the two regions in the name of a column.
    regions : path, or sequence of str, optional
        The regions in their order. Needed for files that name none; a file has one a line, or is a
        table with a column ``region`` and perhaps ``network``, ``hub``, ``x``, ``y`` and ``z``; or
        it is the image of an atlas, beside its table of labels, and their centres come of it.
    networks : mapping of str to str, sequence of str, or NetworkMap, optional
        Each region's network, by name or in order, or a map that was edited. Regions without one
        are mapped by `map_regions`.
    atlas : str
        What the regions are of, for reports. Of a folder that holds several atlases, the one to
        read, by its name in the files.
    name : str, optional
        For messages and reports; the file's, without it.
    patients : path, sequence of str, or mapping of str to str, optional
        Whose matrix is whose: in the order of a stack that does not say it itself, or by what the
        files call the patients (a mapping, or a table with the columns ``file`` and ``patient``).
        A list for a file that does say it gives the patients ``known``.
    known : collection of str, optional
        The cohort's patients. Matrices of nobody among them are refused, and of a few others told.
    patient_column : str, optional
        The column of an edge table that holds the patients; ``patient`` or ``participant_id`` are
        found without it.
    session, run : str, optional
        Which scan of a patient to read, as the names of derivatives have it; ``"average"`` for the
        average of all, taken in Fisher z. Patients with several scans are refused without.
    entities : mapping of str to str, optional
        What else the names of the files to read say: ``{"task": "rest", "space": "fsLR"}``.
    band : str, optional
        The band of frequencies to read of files that hold several, by its name in `BANDS` or as
        ``"8-12 Hz"``; in edge tables with a column ``band``, by what stands in it.
    repetition_time : float, optional
        Seconds between two volumes, where the files do not say it; minutes of scan follow from it.
    fd_threshold : float, optional
        In mm: volumes of signals that moved further are left out before anything is computed.
    motion : path, optional
        The files of framewise displacement, with ``{patient}`` where the patient's name stands;
        files beside the signals, such as ``PATIENT_motion.tsv``, are found without it.

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
    names = None if patients is None else read_patients(patients)
    wanted = Wanted(
        kind=kind,
        atlas=atlas,
        separator=separator,
        patient_column=patient_column,
        regions=None if regions is None else read_regions_or_atlas(regions),
        patients=None if names is None else names.names,
        by_file=None if names is None else names.by_file,
        known=frozenset(known or ()),
        session=session,
        run=run,
        band=band,
        entities=dict(entities or {}),
        repetition_time=repetition_time,
        fd_threshold=fd_threshold,
        motion=None if motion is None else Path(motion),
    )
    raw = _as_known(_rename(_read(path, format, wanted), names, where), known)
    if known is None and names is not None and names.names != raw.patients:
        known = names.names
    faults = [*raw.faults, *check_patients(raw, known, where)]
    if raw.patients or not raw.faults:  # else what is wrong with every file has been told
        faults += check_regions(raw.regions, where)
    agreed, kind_faults = _agree_on_kind(kind, raw, where)
    faults += kind_faults
    beside = Regions(raw.regions, raw.networks, raw.hubs, raw.coordinates)
    beside = beside if wanted.regions is None else beside.completed_by(wanted.regions)
    mapped, network_faults = networks_of_regions(networks, beside, where, atlas=atlas or raw.atlas)
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
    assert mapped is not None
    cleaned = clean_matrices(raw.matrices, agreed)
    faults += find_twin_scans(cleaned, raw.patients, where)
    return Connectomes(
        cleaned,
        raw.patients,
        raw.regions,
        mapped.networks,
        agreed,
        atlas or raw.atlas,
        where,
        raw.simulated,
        tuple(faults),
        raw.quality,
        raw.producer,
        raw.band,
        beside.coordinates,
        mapped.hubs if any(mapped.hubs) else (),
        mapped,
    )


def _read(path: Path, format: str | None, wanted: Wanted) -> RawMatrices:
    if format is not None and format not in FORMATS:
        raise DataError(
            Fault(
                where=path.name,
                met=f"format {format!r}{did_you_mean(format, FORMATS)}",
                wanted=f"one of {', '.join(FORMATS)}",
                way_out="Correct the format, or leave it out to have it guessed.",
            )
        )
    format = format or guess_format(path)
    for option, formats in OPTIONS.items():
        if getattr(wanted, option) not in (None, {}) and format not in formats:
            raise DataError(
                Fault(
                    where=path.name,
                    met=f"{option} = {getattr(wanted, option)}, for format {format!r}",
                    wanted=f"{option} for one of {', '.join(formats)}",
                    way_out=f"Take {option} out, or correct the format.",
                )
            )
    return FORMATS[format](path, wanted)


def _rename(raw: RawMatrices, names: PatientNames | None, where: str) -> RawMatrices:
    """Give patients the names of the cohort, where a table says what the files call them."""
    if names is None or names.by_file is None or set(raw.patients) <= set(names.names):
        return raw
    strangers = [patient for patient in raw.patients if patient not in names.by_file]
    faults = list(raw.faults)
    if strangers:
        faults.append(
            Fault(
                where=where,
                met=f"{name_some(strangers)}, not in the table of patients",
                wanted="a row for what the files call each patient",
                way_out="Add the rows, or take the files away.",
            )
        )
    renamed = tuple(names.by_file.get(patient, patient) for patient in raw.patients)
    return replace(_with_patients(raw, renamed), faults=tuple(faults))


def _as_known(raw: RawMatrices, known: Collection[str] | None) -> RawMatrices:
    """Leave out the prefix ``sub-`` of derivatives' names, where the cohort does without it."""
    if not raw.producer or known is None or set(raw.patients) & set(known):
        return raw
    plain = tuple(patient.removeprefix("sub-") for patient in raw.patients)
    return _with_patients(raw, plain) if set(plain) & set(known) else raw


def _with_patients(raw: RawMatrices, patients: tuple[str, ...]) -> RawMatrices:
    quality = raw.quality
    if quality is not None:
        quality = quality.set_axis(pd.Index(patients, name="patient"), axis=0)
    return replace(raw, patients=patients, quality=quality)


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
        if not raw.patients and raw.faults:
            return None, []
        return None, [
            Fault(
                where=where,
                met="no kind of connectivity",
                wanted=f"one of {kinds}",
                way_out="Say what the values are; the file does not.",
            )
        ]
    return (asked or raw.kind), []  # type: ignore[return-value]
