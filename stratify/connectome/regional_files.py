"""Tables of regional values: one row a region and patient, or one row a patient; and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.connectome.check import check_patients, check_regions
from stratify.connectome.raw import (
    RawMatrices,
    Regions,
    column_text,
    patient_header,
    ragged_fault,
    read_regions,
    wrong_cells,
)
from stratify.connectome.region_networks import networks_of_regions
from stratify.connectome.regional import RegionalValues
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import Sheet, read_sheet

SESSION_HEADERS = ("session_id", "session", "visit")
ROI_HEADERS = ("roi", "region")
WHAT_HEADERS = ("measure", "tracer", "atlas", "unit", "reconstruction", "reader")
"""What a table says of its values: each may have one value only, or the one asked for."""


@dataclass(frozen=True, eq=False)
class RawValues:
    """What files of regional values hold, nothing checked."""

    values: np.ndarray
    patients: tuple[str, ...]
    regions: tuple[str, ...]
    networks: tuple[str, ...] | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    quality: pd.DataFrame | None = None
    producer: str = ""
    faults: tuple[Fault, ...] = ()


def read_regional_values(
    path: str | Path,
    *,
    measure: str = "",
    unit: str = "",
    tracer: str = "",
    atlas: str = "",
    session: str | None = None,
    run: str | None = None,
    entities: Mapping[str, str] | None = None,
    chosen: Mapping[str, str] | None = None,
    regions: str | Path | Sequence[str] | None = None,
    networks: Mapping[str, str] | Sequence[str] | None = None,
    name: str | None = None,
    known: Collection[str] | None = None,
    patient_column: str | None = None,
) -> RegionalValues:
    r"""Read one value for each patient and region, and check them all.

    Three forms are known:

    - a long table with the columns ``participant_id`` (or ``patient``), ``roi`` (or ``region``) and
      ``value``, and perhaps ``session_id``, ``measure``, ``tracer``, ``atlas``, ``unit``,
      ``reconstruction`` and ``reader``, as proposed for ``phenotype/spect_roi.tsv``;
    - a wide table: one row a patient, a column for each region;
    - the folder of derivatives of XCP-D, for its ``alff`` and ``reho``.

    Parameters
    ----------
    path : str or Path
    measure, unit, tracer, atlas : str
        What the values are; needed where the file does not say it. Where it does, the two must
        agree, and of several it is the one to read. The measure is always needed, and so is the
        unit of a table.
    session : str, optional
        Which of a patient's sessions to read. Patients with several are refused without.
    run, entities : optional
        Of a folder, as in `read_connectomes`.
    chosen : mapping of str to str, optional
        Of a long table, which ``reconstruction`` or ``reader`` to read, where there are several.
    regions : path, or sequence of str, optional
        The columns of a wide table that are regions, where it has others; sets the order.
    networks, name, known, patient_column
        As in `read_connectomes`.

    Returns
    -------
    values : RegionalValues

    Raises
    ------
    DataError
        With every fault of the file; also where values of several tracers, atlases, units,
        sessions or readers would be mixed.

    Source
    ------
    No standard for SPECT exists; the long form follows BIDS 1.11.1, "Phenotypic and assessment
    data".

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "spect_roi.tsv"
    ...     _ = path.write_text("participant_id\troi\tvalue\ttracer\tunit\n"
    ...                         "sub-1\tACC\t0.91\tHMPAO\tratio to cerebellum\n")
    ...     read_regional_values(path, measure="perfusion")
    RegionalValues(spect_roi.tsv: 1 patients, 1 regions, perfusion of HMPAO, ratio to cerebellum)
    """
    path = Path(path)
    where = name or path.name
    asked = {"measure": measure, "unit": unit, "tracer": tracer, "atlas": atlas, **(chosen or {})}
    given = None if regions is None else read_regions(regions)
    if path.is_dir():
        from stratify.connectome.regional_derivatives import values_of_derivatives

        raw = values_of_derivatives(path, asked, session, run, entities or {}, known)
    else:
        raw = _values_of_table(path, asked, session, given, patient_column)
    raw = replace(raw, faults=(*raw.faults, *_check(raw, known, where)))
    mapped, network_faults = networks_of_regions(
        networks, Regions(raw.regions, raw.networks), where
    )
    what = {key: asked.get(key) or raw.said.get(key, "") for key in ("measure", "unit", *_MORE)}
    faults = [*raw.faults, *network_faults, *_check_measure(raw, what, where)]
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    assert mapped is not None
    return RegionalValues(
        raw.values,
        raw.patients,
        raw.regions,
        mapped.networks,
        what["measure"],
        what["unit"],
        what["atlas"],
        what["tracer"],
        where,
        warnings=tuple(faults),
        quality=raw.quality,
        producer=raw.producer,
    )


_MORE = ("tracer", "atlas")


def _values_of_table(
    path: Path,
    asked: Mapping[str, str],
    session: str | None,
    regions: Regions | None,
    patient_column: str | None,
) -> RawValues:
    sheet = read_sheet(path)
    header = patient_header(sheet, patient_column)
    if header is None:
        raise DataError(
            Fault(
                where=sheet.name,
                met=f"no column of patients; the first columns are {name_some(sheet.headers)}",
                wanted="a column called patient or participant_id",
                way_out="Rename the column, or name it as the patient column.",
            )
        )
    sheet = _one_session(sheet, session)
    sheet, said = _one_of_each(sheet, asked)
    roi = next((name for name in ROI_HEADERS if name in sheet.columns), None)
    if roi is not None and "value" in sheet.columns:
        return _of_long(sheet, header, roi, said, regions)
    return _of_wide(sheet, header, said, regions)


def _rows(sheet: Sheet, rows: np.ndarray, drop: str) -> Sheet:
    columns = {name: column.filter(rows) for name, column in sheet.columns.items() if name != drop}
    return replace(sheet, columns=columns, rows=sheet.rows[rows])


def _one_session(sheet: Sheet, asked: str | None) -> Sheet:
    """Return the rows of one session, where the table has sessions."""
    header = next((name for name in SESSION_HEADERS if name in sheet.columns), None)
    if header is None:
        if asked is None:
            return sheet
        met = "no column session_id"
    else:
        cells = column_text(sheet, header)
        sessions = list(dict.fromkeys(cells.tolist()))
        plain = {one.removeprefix("ses-"): one for one in sessions}
        if asked is None and len(sessions) == 1:
            return _rows(sheet, np.ones(len(cells), dtype=bool), header)
        if asked is not None and asked.removeprefix("ses-") in plain:
            return _rows(sheet, cells == plain[asked.removeprefix("ses-")], header)
        met = f"the sessions {name_some(sessions, most=10)}"
    raise DataError(
        Fault(
            where=sheet.name,
            met=met,
            wanted="one session, so that no later scan is taken for a baseline"
            if asked is None
            else f"rows of the session {asked}",
            way_out="Say which session to read.",
        )
    )


def _one_of_each(sheet: Sheet, asked: Mapping[str, str]) -> tuple[Sheet, dict[str, str]]:
    """Return the rows of one measure, tracer, atlas, unit, reconstruction and reader."""
    said: dict[str, str] = {}
    faults = []
    for header in WHAT_HEADERS:
        if header not in sheet.columns:
            continue
        cells = column_text(sheet, header)
        there = list(dict.fromkeys(cells.tolist()))
        one = asked.get(header) or (there[0] if len(there) == 1 else "")
        if one not in there:
            faults.append(
                Fault(
                    where=f"{sheet.name}: {header}",
                    met=name_some(there, most=10),
                    wanted=asked.get(header) or f"one {header}, since values of several differ",
                    way_out=f"Say which {header} to read."
                    if not asked.get(header)
                    else f"Correct the {header}.",
                )
            )
            continue
        said[header] = one
        sheet = _rows(sheet, cells == one, header)
    if faults:
        raise DataError(faults)
    return sheet, said


def _of_long(
    sheet: Sheet, header: str, roi: str, said: dict[str, str], given: Regions | None
) -> RawValues:
    faults = [*sheet.faults, *ragged_fault(sheet)]
    ids, rois = (column_text(sheet, name) for name in (header, roi))
    numbers, wrong = sheet.numbers(["value"], commas=True)
    faults += wrong_cells(sheet, wrong, ids, ["value"])
    patients = tuple(dict.fromkeys(ids.tolist()))
    regions = tuple(dict.fromkeys(rois.tolist())) if given is None else given.names
    known = np.isin(rois, regions)
    ids, rois, numbers = ids[known], rois[known], numbers[known]
    pairs = Counter(zip(ids.tolist(), rois.tolist(), strict=True))
    twice = [pair for pair, count in pairs.items() if count > 1]
    if twice:
        faults.append(
            Fault(
                where=sheet.name,
                met="values in more than one row: "
                + name_some(f"{region} for patient {patient}" for patient, region in twice),
                wanted="each region of a patient once",
                way_out="Keep one row of each.",
                patients=tuple(dict.fromkeys(patient for patient, _ in twice)),
            )
        )
    row = {patient: k for k, patient in enumerate(patients)}
    column = {region: k for k, region in enumerate(regions)}
    values = np.full((len(patients), len(regions)), np.nan)
    values[[row[one] for one in ids], [column[one] for one in rois]] = numbers[:, 0]
    networks = None if given is None else given.networks
    return RawValues(values, patients, regions, networks, said, faults=tuple(faults))


def _of_wide(sheet: Sheet, header: str, said: dict[str, str], given: Regions | None) -> RawValues:
    faults = [*sheet.faults, *ragged_fault(sheet)]
    patients = column_text(sheet, header)
    there = [name for name in sheet.headers if name != header]
    regions = tuple(there) if given is None else given.names
    lacking = [name for name in regions if name not in there]
    if lacking:
        raise DataError(
            Fault(
                where=sheet.name,
                met=f"no column {name_some(lacking)}",
                wanted="a column for each region given",
                way_out="Correct the list of regions, or the table.",
            )
        )
    values, wrong = sheet.numbers(list(regions), commas=True)
    faults += wrong_cells(sheet, wrong, patients, list(regions))
    networks = None if given is None else given.networks
    return RawValues(values, tuple(patients), regions, networks, said, faults=tuple(faults))


def _as_matrices(raw: RawValues) -> RawMatrices:
    """Return what the checks of connectomes look at: patients, regions, networks."""
    n = len(raw.regions)
    return RawMatrices(np.empty((0, n, n)), raw.patients, raw.regions, networks=raw.networks)


def _check(raw: RawValues, known: Collection[str] | None, where: str) -> list[Fault]:
    faults = [*check_patients(_as_matrices(raw), known, where)]
    if len(raw.regions) != 1:
        faults += check_regions(raw.regions, where)
    if not raw.patients:
        faults.append(_fault(where, "no patient", "a value for each patient and region"))
    infinite = np.isinf(raw.values)
    if infinite.any():
        faults.append(
            _fault(where, _some_cells(raw, infinite), "finite values", "Empty these cells.")
        )
    missing = np.isnan(raw.values)
    if missing.any():
        gaps = [raw.regions[k] for k in np.flatnonzero(missing.any(axis=0))]
        who = tuple(raw.patients[k] for k in np.flatnonzero(missing.any(axis=1)))
        met = (
            f"{count_of(len(gaps), 'region')} without a value in {count_of(len(who), 'patient')}: "
            f"{name_some(gaps)}"
        )
        faults.append(
            Fault(
                where=where,
                met=f"{met} (patient {name_some(who)})",
                wanted="every region in everybody",
                way_out="They are imputed inside each training fold.",
                summary=met,
                patients=who,
                severity="warning",
            )
        )
    return faults


def _some_cells(raw: RawValues, wrong: np.ndarray) -> str:
    rows, columns = np.nonzero(wrong)
    cells = (
        f"{raw.values[i, j]:g} at {raw.regions[j]} for patient {raw.patients[i]}"
        for i, j in list(zip(rows, columns, strict=True))[:3]
    )
    return name_some(cells, total=len(rows))


def _check_measure(raw: RawValues, what: Mapping[str, str], where: str) -> list[Fault]:
    faults = []
    for key in ("measure", "unit"):
        if not what[key] and not (key == "unit" and raw.producer):
            faults.append(_fault(where, f"no {key}", f"the {key} of the values", f"Say the {key}."))
    ratio = what["unit"].lower().startswith("ratio")
    with np.errstate(invalid="ignore"):
        wrong = raw.values <= 0
    if ratio and wrong.any():
        faults.append(
            _fault(
                where,
                _some_cells(raw, wrong),
                f"a {what['unit']} is above 0",
                "Empty the cells of regions that were not covered, or correct the unit.",
            )
        )
    return faults


def _fault(where: str, met: str, wanted: str, way_out: str = "") -> Fault:
    return Fault(
        where=where, met=met, wanted=wanted, way_out=way_out or "Check that this is the right file."
    )
