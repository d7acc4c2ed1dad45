"""Regional values of a derivatives folder: XCP-D's amplitude and homogeneity of fluctuations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.connectome.cifti import read_pscalar
from stratify.connectome.conventions import Holding
from stratify.connectome.derivatives import TABLES_FIRST, Derivatives, find_files, read_scan
from stratify.connectome.entities import NamedFile
from stratify.connectome.raw import Wanted
from stratify.connectome.regional_files import RawValues
from stratify.connectome.selection import AVERAGE, choose_atlas, choose_scans
from stratify.errors import DataError, Fault
from stratify.sheet import read_sheet


def values_of_derivatives(
    folder: Path,
    asked: Mapping[str, str],
    session: str | None,
    run: str | None,
    entities: Mapping[str, str],
    known: Collection[str] | None,
) -> RawValues:
    """Read one regional measure of one scan a patient; of a declared average, the mean."""
    found = find_files(folder, "xcpd")
    measure = asked.get("measure", "")
    files = [file for file, holding in found.files.get("regional", ()) if holding.what == measure]
    if not files:
        raise DataError(_no_files(found.files.get("regional", ()), measure, folder))
    wanted = Wanted(atlas=asked.get("atlas", ""), session=session, run=run, entities=dict(entities))
    chosen, atlas = choose_atlas(files, wanted, folder.name, prefer=TABLES_FIRST)
    scans = choose_scans(chosen, wanted, folder.name)
    patients, rows, faults = [], [], list(scans.faults)
    for file in scans.files:
        try:
            rows.append(_read_one(file))
            patients.append(f"sub-{file.entities['sub']}")
        except DataError as error:
            faults += error.faults
    table = pd.DataFrame(rows, index=pd.Index(patients, name="patient"))
    quality = _quality(found, scans.files)
    if AVERAGE in (session, run):
        table = table.groupby(level=0, sort=False).mean()
        quality = quality.groupby(level=0, sort=False).mean()
    if known is not None and not set(table.index) & set(known):
        plain = table.index.str.removeprefix("sub-")
        if set(plain) & set(known):
            table, quality = table.set_axis(plain), quality.set_axis(plain)
    return RawValues(
        table.to_numpy(dtype=float),
        tuple(table.index),
        tuple(map(str, table.columns)),
        said={"measure": measure, "atlas": atlas},
        quality=quality if quality.shape[1] and len(quality) == len(table) else None,
        producer=found.producer,
        faults=tuple(faults),
    )


def _no_files(there: Collection[tuple[NamedFile, Holding]], measure: str, folder: Path) -> Fault:
    measures = sorted({holding.what for _, holding in there})
    return Fault(
        where=folder.name,
        met=f"no files of {measure}" if measure else "no measure asked for",
        wanted=f"one of {', '.join(measures)}" if measures else "regional values of XCP-D",
        way_out="Say the measure." if measures else "Correct the path.",
    )


def _read_one(file: NamedFile) -> dict[str, float]:
    """Read one value a region: beside the names in the column ``Node``, or below a header."""
    if file.ending == ".pscalar.nii":
        found = read_pscalar(file.path)
        return dict(zip(found.names or (), found.values[0].tolist(), strict=True))
    sheet = read_sheet(file.path)
    if "Node" in sheet.columns and len(sheet.headers) == 2:
        names = sheet.text("Node", missing=("",))
        values, wrong = sheet.numbers(sheet.headers[1:], commas=True)
        cells = values[:, 0]
    else:
        names = np.array([header for header in sheet.headers if header != "Node"], dtype=object)
        values, wrong = sheet.numbers(list(names), commas=True)
        cells = values[0] if len(values) == 1 else np.array([])
    if wrong.any() or len(cells) != len(names):
        raise DataError(
            Fault(
                where=file.path.name,
                met=f"{len(cells)} values for {len(names)} regions"
                if not wrong.any()
                else "cells that are no numbers",
                wanted="one number for each region",
                way_out="Write the file again.",
            )
        )
    return dict(zip(map(str, names), cells.tolist(), strict=True))


def _quality(found: Derivatives, files: Collection[NamedFile]) -> pd.DataFrame:
    scans = [read_scan(found, file) for file in files]
    rows = [
        {
            "mean_fd": np.nan if s.displacement is None else float(np.nanmean(s.displacement)),
            "coverage": np.nan if s.coverage is None else s.coverage,
        }
        for s in scans
    ]
    index = pd.Index([scan.patient for scan in scans], name="patient")
    return pd.DataFrame(rows, index=index).dropna(axis=1, how="all")
