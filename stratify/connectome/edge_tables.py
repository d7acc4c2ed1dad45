"""Edge tables: one row a patient and one column an edge, or one row an edge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stratify.connectome.raw import (
    RawMatrices,
    Regions,
    Wanted,
    column_text,
    patient_header,
    ragged_fault,
    wrong_cells,
)
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import Sheet, read_sheet

METADATA_KEY = b"stratify"
BAND_HEADER = "band"
LONG_HEADERS = ("region_a", "region_b", "value")

_LIKELY_SEPARATORS = ("~", ".", "--", "|", ":", "__", "-", "_")


def is_long(sheet: Sheet) -> bool:
    """Tell a table of one row an edge from one of one column an edge."""
    return all(header in sheet.columns for header in LONG_HEADERS)


def matrices_of_table(path: Path, wanted: Wanted) -> RawMatrices:
    """Read an edge table, long or wide; of one with a column ``band``, the rows of one band."""
    sheet, band = _one_band(read_sheet(path), wanted.band)
    raw = _matrices_of_rows(sheet, wanted)
    return replace(raw, band=band) if band else raw


def _one_band(sheet: Sheet, asked: str | None) -> tuple[Sheet, str]:
    """Return the rows of one band of frequencies, and the band; all rows where there is none."""
    if BAND_HEADER not in sheet.columns:
        if asked is None:
            return sheet, ""
        met = f"no column {BAND_HEADER}"
    else:
        cells = column_text(sheet, BAND_HEADER)
        bands = list(dict.fromkeys(cells.tolist()))
        chosen = asked if asked is not None else bands[0] if len(bands) == 1 else None
        if chosen in bands:
            rows = cells == chosen
            columns = {
                name: column.filter(rows)
                for name, column in sheet.columns.items()
                if name != BAND_HEADER
            }
            return replace(sheet, columns=columns, rows=sheet.rows[rows]), str(chosen)
        met = f"the bands {name_some(bands, most=10)}"
    raise DataError(
        Fault(
            where=sheet.name,
            met=met,
            wanted="one band" if asked is None else f"rows of the band {asked}",
            way_out="Say which band to read, as the column band spells it.",
        )
    )


def _matrices_of_rows(sheet: Sheet, wanted: Wanted) -> RawMatrices:
    if is_long(sheet):
        return matrices_of_long(sheet, regions=wanted.regions, patient_column=wanted.patient_column)
    return matrices_of_wide(
        sheet,
        separator=wanted.separator,
        regions=wanted.regions,
        patient_column=wanted.patient_column,
    )


def read_metadata(sheet: Sheet) -> dict[str, Any]:
    """Return what a Parquet file that `write_connectomes` wrote says of itself."""
    text = (sheet.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    try:
        said = json.loads(text)
        regions, networks = said.get("regions", []), said.get("networks", [])
        names = [said.get("kind", ""), said.get("atlas", ""), *regions, *networks]
        names += said.get("hubs", [])
        good = all(isinstance(name, str) for name in names)
        good = good and {len(networks), len(said.get("hubs", []))} <= {0, len(regions)}
        good = good and all(isinstance(said.get(key, ""), str) for key in ("producer", "band"))
        good = good and isinstance(said.get("quality", {}), dict)
    except (ValueError, AttributeError, TypeError):
        good = False
    if not good:
        raise DataError(
            Fault(
                where=sheet.name,
                met="metadata under the key stratify that cannot be used",
                wanted="JSON with kind, atlas, regions, networks and simulated",
                way_out="Write the file again with write_connectomes.",
            )
        )
    return said


def _agree_on_regions(given: Regions | None, said: dict[str, Any]) -> Regions | None:
    """Take the order from what was given, and what the file says where nothing was."""
    names, networks, hubs = (tuple(said.get(key, ())) for key in ("regions", "networks", "hubs"))
    if not names:
        return given
    own = Regions(names, networks or None, hubs or None)
    return own if given is None else given.completed_by(own)


def matrices_of_wide(
    sheet: Sheet, *, separator: str, regions: Regions | None, patient_column: str | None
) -> RawMatrices:
    """Make matrices of a table with one row a patient and a column for each region pair."""
    said = read_metadata(sheet)
    regions = _agree_on_regions(regions, said)
    known = None if regions is None else regions.names
    header = patient_header(sheet, patient_column)
    known_set = None if known is None else frozenset(known)
    pairs = {
        name: pair
        for name in sheet.headers
        if name != header and (pair := _split(name, separator, known_set)) is not None
    }
    others = [name for name in sheet.headers if name not in pairs and name != header]
    ambiguous = [name for name in others if separator in name]
    if not pairs:
        raise DataError(
            _ambiguous(sheet, ambiguous, separator, known)
            if ambiguous
            else _no_edges(sheet, separator, others, header)
        )
    if header is None and len(others) == 1:
        header = others.pop()
    if header is None:
        raise DataError(_no_patients(sheet))
    faults = [*sheet.faults, *ragged_fault(sheet)]
    if ambiguous:
        faults.append(_ambiguous(sheet, ambiguous, separator, known))
        others = [name for name in others if name not in ambiguous]
    if others:
        faults.append(_ignored(sheet, others))
    names = known or tuple(dict.fromkeys(region for pair in pairs.values() for region in pair))
    place = {name: k for k, name in enumerate(names)}
    faults += _pair_faults(sheet.name, list(pairs.values()), names, complete=not ambiguous)
    patients = column_text(sheet, header)
    values, wrong = sheet.numbers(list(pairs), commas=True)
    faults += wrong_cells(sheet, wrong, patients, list(pairs))
    matrices = np.full((len(sheet), len(names), len(names)), np.nan)
    first = np.array([place[a] for a, _ in pairs.values()])
    second = np.array([place[b] for _, b in pairs.values()])
    matrices[:, first, second] = values
    matrices[:, second, first] = values
    return RawMatrices(
        matrices,
        tuple(patients),
        names,
        networks=None if regions is None else regions.networks,
        has_diagonal=all((name, name) in set(pairs.values()) for name in names),
        kind=said.get("kind", ""),
        atlas=said.get("atlas", ""),
        simulated=bool(said.get("simulated", False)),
        quality=_quality_of(said, patients, sheet.name),
        producer=said.get("producer", ""),
        band=said.get("band", ""),
        coordinates=_coordinates_of(said, names),
        hubs=None if regions is None else regions.hubs,
        faults=tuple(faults),
    )


def _quality_of(said: dict[str, Any], patients: np.ndarray, where: str) -> pd.DataFrame | None:
    """Return the quality that the metadata hold, as long as its rows are those of the table."""
    quality = said.get("quality")
    if not quality:
        return None
    if any(not isinstance(v, list) or len(v) != len(patients) for v in quality.values()):
        raise DataError(
            Fault(
                where=where,
                met="a quality of other patients than the rows are",
                wanted="a value for each row",
                way_out="Write the file again with write_connectomes.",
            )
        )
    return pd.DataFrame(quality, index=pd.Index(patients, name="patient"), dtype=float)


def _coordinates_of(said: dict[str, Any], names: Sequence[str]) -> np.ndarray | None:
    """Return the coordinates that the metadata hold, in the order of the regions."""
    if "coordinates" not in said:
        return None
    place = dict(zip(said.get("regions", ()), said["coordinates"], strict=False))
    known = set(names) <= set(place)
    return np.array([place[name] for name in names], dtype=float) if known else None


def matrices_of_long(
    sheet: Sheet, *, regions: Regions | None, patient_column: str | None
) -> RawMatrices:
    """Make matrices of a table with one row for each patient and region pair."""
    header = patient_header(sheet, patient_column)
    if header is None:
        raise DataError(_no_patients(sheet))
    faults = [*sheet.faults, *ragged_fault(sheet)]
    if not len(sheet):
        raise DataError([*faults, _no_rows(sheet)])
    ids, first, second = (column_text(sheet, name) for name in (header, *LONG_HEADERS[:2]))
    table, mask = sheet.numbers(["value"], commas=True)
    faults += wrong_cells(sheet, mask, ids, ["value"])
    patients = tuple(dict.fromkeys(ids))
    if regions is None:
        both = np.stack([first, second], axis=1).ravel()
        regions = Regions(tuple(dict.fromkeys(both)))
    names = regions.names
    strange = sorted((set(first) | set(second)) - set(names))
    if strange:
        raise DataError([*faults, _strange_regions(sheet.name, strange)])
    row_of = {patient: k for k, patient in enumerate(patients)}
    place = {name: k for k, name in enumerate(names)}
    p = np.array([row_of[patient] for patient in ids])
    i = np.array([place[name] for name in first])
    j = np.array([place[name] for name in second])
    values = table[:, 0]
    faults += _repeated_edges(sheet, p, i, j, patients, names)
    matrices = np.full((len(patients), len(names), len(names)), np.nan)
    given = np.zeros(matrices.shape, dtype=bool)
    given[p, i, j] = True
    matrices[p, i, j] = values
    # An edge given in one direction holds for both; given in both, they are compared later.
    mirrored = np.swapaxes(given, 1, 2) & ~given
    matrices = np.where(mirrored, np.swapaxes(matrices, 1, 2), matrices)
    faults += _missing_edges(sheet, given | mirrored, patients, names)
    return RawMatrices(
        matrices,
        patients,
        names,
        networks=regions.networks,
        has_diagonal=bool(np.einsum("kii->ki", given).all()),
        faults=tuple(faults),
    )


def _split(name: str, separator: str, regions: frozenset[str] | None) -> tuple[str, str] | None:
    """Part an edge's name into two regions; None where it cannot be done in one way only."""
    parts = name.split(separator)
    halves = [
        (separator.join(parts[:k]).strip(), separator.join(parts[k:]).strip())
        for k in range(1, len(parts))
    ]
    if regions is not None:
        halves = [half for half in halves if half[0] in regions and half[1] in regions]
    return halves[0] if len(halves) == 1 and all(halves[0]) else None


def _pair_faults(
    where: str, pairs: Sequence[tuple[str, str]], names: Sequence[str], *, complete: bool
) -> list[Fault]:
    """Tell of region pairs that are there twice, or not at all."""
    faults = []
    counts = Counter(frozenset(pair) for pair in pairs)
    twice = [pair for pair in pairs if counts[frozenset(pair)] > 1]
    if twice:
        shown = dict.fromkeys(" and ".join(sorted(pair)) for pair in twice)
        faults.append(
            Fault(
                where=where,
                met=f"pairs of regions given twice: {name_some(shown)}",
                wanted="each pair once, in one direction",
                way_out="Keep the upper triangle only, without A-B and B-A both.",
            )
        )
    missing = [
        f"{a} and {b}"
        for k, a in enumerate(names)
        for b in names[k + 1 :]
        if frozenset((a, b)) not in counts
    ]
    if missing and complete:
        total = len(names) * (len(names) - 1) // 2
        faults.append(
            Fault(
                where=where,
                met=f"{len(missing):,} of {total:,} pairs of the {len(names)} regions are absent: "
                f"{name_some(missing)}",
                wanted="a column for every pair of regions",
                way_out="Add the pairs, with empty cells where a region was not covered; or check "
                "that a region's name is spelt the same everywhere.",
            )
        )
    return faults


def _repeated_edges(
    sheet: Sheet,
    p: np.ndarray,
    i: np.ndarray,
    j: np.ndarray,
    patients: Sequence[str],
    names: Sequence[str],
) -> list[Fault]:
    code = (p * len(names) + i) * len(names) + j
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    again = first[counts > 1]
    if not len(again):
        return []
    some = name_some(f"{names[i[k]]} and {names[j[k]]} for patient {patients[p[k]]}" for k in again)
    return [
        Fault(
            where=sheet.name,
            met=f"edges in more than one row: {some}",
            wanted="each edge of a patient once",
            way_out="Keep one row of each; a second scan of a patient is a table of its own.",
            patients=tuple(dict.fromkeys(patients[p[k]] for k in again)),
        )
    ]


def _missing_edges(
    sheet: Sheet, given: np.ndarray, patients: Sequence[str], names: Sequence[str]
) -> list[Fault]:
    upper = np.triu(np.ones(given.shape[1:], dtype=bool), k=1)
    p, i, j = np.nonzero(~given & upper)
    if not len(p):
        return []
    some = name_some(
        (
            f"{names[b]} and {names[c]} for patient {patients[a]}"
            for a, b, c in np.stack([p, i, j], axis=1)[:3].tolist()
        ),
        total=len(p),
    )
    return [
        Fault(
            where=sheet.name,
            met=f"edges without a row: {some}",
            wanted=f"a row for each pair of the {len(names)} regions, for each patient",
            way_out="Add the rows, with an empty value where a region was not covered.",
            patients=tuple(dict.fromkeys(patients[k] for k in p.tolist())),
        )
    ]


def _no_edges(sheet: Sheet, separator: str, others: Sequence[str], header: str | None) -> Fault:
    candidates = [name for name in others if name != header]
    fits = [
        mark
        for mark in _LIKELY_SEPARATORS
        if mark != separator
        and sum(name.count(mark) == 1 for name in candidates) >= max(1, len(candidates) - 1)
    ]
    hint = (
        f"The names are parted by {fits[0]!r}: give it as the separator."
        if fits
        else ("Give the separator that the names use.")
    )
    return Fault(
        where=sheet.name,
        met=f"no column is named as a pair of regions with {separator!r} between; the first are "
        f"{name_some(sheet.headers)}",
        wanted=f"columns REGION{separator}REGION, or the columns patient, "
        f"{', '.join(LONG_HEADERS)}",
        way_out=hint,
    )


def _no_patients(sheet: Sheet) -> Fault:
    return Fault(
        where=sheet.name,
        met=f"no column of patients; the first columns are {name_some(sheet.headers)}",
        wanted="a column called patient or participant_id",
        way_out="Rename the column, or name it as the patient column.",
    )


def _no_rows(sheet: Sheet) -> Fault:
    return Fault(
        where=sheet.name,
        met="a header and no rows",
        wanted="a row for each edge of each patient",
        way_out="Check that this is the right file.",
    )


def _ambiguous(
    sheet: Sheet, names: Sequence[str], separator: str, regions: Sequence[str] | None
) -> Fault:
    if regions is None:
        return Fault(
            where=sheet.name,
            met=f"{count_of(len(names), 'column')} with {separator!r} more than once: "
            f"{name_some(names)}",
            wanted="two regions and one separator in each name",
            way_out="Give the list of regions, so that it is clear where a name ends.",
        )
    return Fault(
        where=sheet.name,
        met=f"{count_of(len(names), 'column')} outside the pairs of the regions given: "
        f"{name_some(names)}",
        wanted=f"pairs of the {len(regions)} regions",
        way_out="Correct the list of regions, or the columns.",
    )


def _ignored(sheet: Sheet, names: Sequence[str]) -> Fault:
    return Fault(
        where=sheet.name,
        met=f"{count_of(len(names), 'column')} not named as a pair of regions: {name_some(names)}",
        wanted="the patients and their edges",
        way_out="They are ignored.",
        severity="warning",
    )


def _strange_regions(where: str, names: Sequence[str]) -> Fault:
    return Fault(
        where=where,
        met=f"regions that are not in the list given: {name_some(names)}",
        wanted="the regions of one atlas, each spelt in one way",
        way_out="Correct the list of regions, or the file.",
    )
