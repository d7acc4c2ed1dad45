"""Connectivity files: from matrices to a table that reads back as the same matrices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from stratify.connectome.edge_tables import METADATA_KEY
from stratify.connectome.raw import PATIENT_HEADERS
from stratify.connectome.values import EDGE_SEPARATOR, Connectomes
from stratify.errors import DataError, Fault, name_some
from stratify.files import replacing


def write_connectomes(connectomes: Connectomes, path: str | Path) -> None:
    """Write connectomes as a wide Parquet edge table that `read_connectomes` reads back equal.

    One row a patient; a column ``patient``, then ``REGION~REGION`` for each pair, row by row of the
    upper triangle. A covariance has its variances too, as ``REGION~REGION`` of a region with
    itself. The kind, atlas, regions, networks, producer, band, quality, hubs,
    coordinates, and whether
    the patients are simulated, are kept in the file's metadata under the key ``stratify``, as JSON.

    Parameters
    ----------
    connectomes : Connectomes
    path : str or Path
        ``.parquet``. Replaced as a whole, if it exists.

    Raises
    ------
    DataError
        If the ending is another, or a region's name holds the separator.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    _require_writable(connectomes, path)
    offset = 0 if connectomes.kind == "covariance" else 1
    first, second = np.triu_indices(len(connectomes.regions), k=offset)
    names = [
        f"{connectomes.regions[i]}{EDGE_SEPARATOR}{connectomes.regions[j]}"
        for i, j in zip(first, second, strict=True)
    ]
    values = connectomes.matrices[:, first, second]
    said = {
        "kind": connectomes.kind,
        "atlas": connectomes.atlas,
        "regions": list(connectomes.regions),
        "networks": list(connectomes.networks),
        "simulated": connectomes.simulated,
        **_measured(connectomes),
    }
    columns = [pa.array(column) for column in np.ascontiguousarray(values.T)]
    table = pa.table(
        [pa.array(connectomes.patients, pa.string()), *columns],
        names=[PATIENT_HEADERS[0], *names],
        metadata={METADATA_KEY: json.dumps(said, ensure_ascii=False).encode()},
    )
    with replacing(path) as part:
        pq.write_table(table, part)


def _measured(connectomes: Connectomes) -> dict[str, object]:
    """Return what is known beside the matrices, as JSON has it, where there is any."""
    said: dict[str, object] = {
        name: value for name in ("producer", "band") if (value := getattr(connectomes, name))
    }
    if connectomes.quality is not None:
        said["quality"] = {
            str(column): [None if np.isnan(value) else float(value) for value in values]
            for column, values in connectomes.quality.items()
        }
    if connectomes.coordinates is not None:
        # JSON has no NaN.
        said["coordinates"] = [
            [None if np.isnan(mm) else float(mm) for mm in row] for row in connectomes.coordinates
        ]
    if connectomes.hubs:
        said["hubs"] = list(connectomes.hubs)
    return said


def _require_writable(connectomes: Connectomes, path: Path) -> None:
    if path.suffix.lower() != ".parquet":
        raise DataError(
            Fault(
                where=path.name,
                met=f"the ending {path.suffix!r}",
                wanted=".parquet",
                way_out="Name the file so.",
            )
        )
    parted = [region for region in connectomes.regions if EDGE_SEPARATOR in region]
    if parted:
        raise DataError(
            Fault(
                where=connectomes.name,
                met=f"regions whose name holds {EDGE_SEPARATOR!r}: {name_some(parted)}",
                wanted="names that can be told apart in a pair",
                way_out="Rename the regions.",
            )
        )
