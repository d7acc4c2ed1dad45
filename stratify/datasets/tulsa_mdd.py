"""Tulsa: depression and health from resting connectivity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome.values import EDGE_SEPARATOR, Connectomes
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.schema import Column

TULSA_FILE = PublicFile(
    url=f"{RAW}/insilico/privateEC/99af6c8236c08e950ee9dc873a945b7ee001b4c5/data/rsfMRIcorrMDD.rda",
    sha256="2c4782a0f755454e28ffdd5a4092a3b9e2e244a93fb33a8a3617bf33eab69b69",
    mirror="tulsa_mdd_rsfc/rsfMRIcorrMDD.rda",
)
# Networks of the Stanford functional atlas that we have a word for; others keep their own name.
STANFORD_NETWORKS = {
    "dorsal_DMN": "DMN",
    "ventral_DMN": "DMN",
    "Precuneus": "DMN",
    "anterior_Salience": "SN",
    "post_Salience": "SN",
    "LECN": "CEN",
    "RECN": "CEN",
}


def fetch_tulsa_mdd(*, mirror: str | Path | None = None) -> Dataset:
    """Fetch the Tulsa depression connectomes: 157 people, 78 regions, depressed or healthy.

    Edges are Fisher z of resting correlations. The diagonal is not published; it is set to 0. No
    clinical column comes with them, so connectivity is the only feature set.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else the file is downloaded.

    Source
    ------
    Le TT et al. 2017, Bioinformatics, doi:10.1093/bioinformatics/btx298. Regions: Shirer et al.
    2012, Cerebral Cortex 22, the 90 functional regions of which 78 are in the file.
    """
    import rdata

    table = rdata.read_rda(fetch_file(TULSA_FILE, mirror=mirror))["rsfMRIcorrMDD"]
    patients = tuple(map(str, table.index))
    diagnosis = Column(
        name="diagnosis",
        kind="category",
        levels=("HC", "MDD"),
        role="outcome",
        label="diagnosis (HC healthy, MDD major depressive disorder)",
    )
    frame = pd.DataFrame(
        {"diagnosis": pd.Categorical(table["class"].astype(str), categories=diagnosis.levels)},
        index=pd.Index(patients, name="patient"),
    )
    edges = table.drop(columns="class")
    regions = _regions_of(tuple(edges.columns), between=".")
    matrices = np.zeros((len(edges), len(regions), len(regions)))
    first, second = np.triu_indices(len(regions), k=1)
    matrices[:, first, second] = matrices[:, second, first] = edges.to_numpy(float)
    return Dataset(
        name="tulsa_mdd",
        cohort=Cohort(frame, (diagnosis,), "tulsa_mdd"),
        connectomes=Connectomes(
            matrices,
            patients,
            regions,
            tuple(_stanford_network(region) for region in regions),
            "fisher z",
            "Stanford functional atlas (Shirer 2012), 78 regions",
            "tulsa_mdd",
        ),
        description="157 people scanned at rest in Tulsa, 79 with major depressive disorder and "
        "78 healthy: 3,003 edges, no clinical column. A diagnosis at the time of the scan, not a "
        "response to treatment.",
        citation="Le TT et al. 2017, Bioinformatics, doi:10.1093/bioinformatics/btx298",
        licence="GPL-3",
        source="insilico/privateEC at 99af6c8236c08e950ee9dc873a945b7ee001b4c5",
    )


def _regions_of(edges: tuple[str, ...], *, between: str) -> tuple[str, ...]:
    """Return the regions whose upper triangle, row by row, these edges are."""
    count = round((1 + np.sqrt(1 + 8 * len(edges))) / 2)
    regions = (
        edges[0].split(between)[0],
        *(edge.split(between)[1] for edge in edges[: count - 1]),
    )
    first, second = np.triu_indices(count, k=1)
    named = tuple(f"{regions[i]}{between}{regions[j]}" for i, j in zip(first, second, strict=True))
    # The checksum has been verified, so another order would be our mistake, not the user's.
    assert named == edges
    assert EDGE_SEPARATOR not in "".join(regions)
    return regions


def _stanford_network(region: str) -> str:
    network = region.rsplit("_", 1)[0]
    return STANFORD_NETWORKS.get(network, network)
