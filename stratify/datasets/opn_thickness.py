"""OpenNeuro: cortical thickness of healthy people from six scanners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import RegionalValues, map_regions
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.errors import Fault
from stratify.schema import Column

COMMIT = "81967c1e158feeaa3651aed6decee80f3018a563"
PARTS = (
    PublicFile(
        url=f"{RAW}/predictive-clinical-neuroscience/PCNtoolkit-demo/{COMMIT}"
        "/data/OpenNeuroTransfer_ct_tr.csv",
        sha256="6f47f58152b1ab2821c5b93f4fa9e81e8cc1abeeaa95f04019a8b89c3bd333f9",
        mirror="opn_multisite_thickness/OpenNeuroTransfer_ct_tr.csv",
    ),
    PublicFile(
        url=f"{RAW}/predictive-clinical-neuroscience/PCNtoolkit-demo/{COMMIT}"
        "/data/OpenNeuroTransfer_ct_te.csv",
        sha256="672fc3ba5934744e207af20718308d7b5e01a6a5979cbd87309954d82b134536",
        mirror="opn_multisite_thickness/OpenNeuroTransfer_ct_te.csv",
    ),
)
SUFFIX = "_thickness"


def fetch_opn_multisite_thickness(*, mirror: str | Path | None = None) -> Dataset:
    """Fetch the OpenNeuro thickness tables: 518 healthy people of six sites, 148 regions.

    The two published parts are one cohort here, since people of one site are in both. Twenty-eight
    children of one site stand in two rows with the very same brain and two ages about a year
    apart: one row is kept of each, and the age left missing. Columns that are 0 in everybody (names
    of another release of FreeSurfer) are left out, and so are the means of the hemispheres; a
    thickness of 0 is a region that was not found.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else files are downloaded.

    Source
    ------
    Rutherford S et al. 2022, Nature Protocols 17, 1711-1734, doi:10.1038/s41596-022-00696-5.
    Regions: Destrieux C et al. 2010, NeuroImage 53(1). That 1 is male is inferred: at every site
    the intracranial volume of these people is the larger.
    """
    table = pd.concat(
        [pd.read_csv(fetch_file(part, mirror=mirror)) for part in PARTS], ignore_index=True
    )
    twice = table["sub_id"].duplicated(keep=False)
    table.loc[twice, "age"] = np.nan
    table = table[~table["sub_id"].duplicated()]
    patients = tuple(map(str, table["sub_id"]))
    index = pd.Index(patients, name="patient")
    sites = tuple(sorted(table["site"].unique()))
    frame = pd.DataFrame(
        {
            "site": pd.Categorical(table["site"], categories=sites),
            "age": table["age"].to_numpy(dtype=float),
            "sex": pd.Categorical(
                table["sex"].map({0: "female", 1: "male"}), categories=("female", "male")
            ),
        },
        index=index,
    )
    doubled = tuple(str(name) for name in table.loc[table["age"].isna(), "sub_id"])
    warning = Fault(
        where="opn_multisite_thickness: age",
        met=f"{len(doubled)} people in two rows, with one brain and two ages",
        wanted="a row a person",
        way_out="One row is kept, and the age left missing.",
        patients=doubled,
        severity="warning",
    )
    columns = (
        Column(name="site", kind="category", role="site", levels=sites, label="site"),
        Column(name="age", low=0.0, high=100.0, unit="years", label="age"),
        Column(name="sex", kind="category", levels=("female", "male"), role="outcome", label="sex"),
    )
    return Dataset(
        name="opn_multisite_thickness",
        cohort=Cohort(frame, columns, "opn_multisite_thickness", warnings=(warning,)),
        connectomes=_thickness(table, patients),
        description="518 healthy people of six sites, from 5 to 73 years old: the thickness of 148 "
        "cortical regions. For tests of what sites do to features.",
        citation="Rutherford S et al. 2022, Nature Protocols, doi:10.1038/s41596-022-00696-5",
        licence="GPL-3.0 (repository); the images are those of OpenNeuro ds000115, ds000222, "
        "ds003416, ds003469, ds003653 and ds003826",
        source=f"predictive-clinical-neuroscience/PCNtoolkit-demo at {COMMIT}",
    )


def _thickness(table: pd.DataFrame, patients: tuple[str, ...]) -> RegionalValues:
    named = [
        name
        for name in map(str, table.columns)
        if name.endswith(SUFFIX) and "MeanThickness" not in name and (table[name] > 0).any()
    ]
    values = table[named].to_numpy(dtype=float)
    regions = tuple(name.removesuffix(SUFFIX) for name in named)
    return RegionalValues(
        np.where(values > 0, values, np.nan),
        patients,
        regions,
        map_regions(regions).networks,
        "thickness",
        "mm",
        "Destrieux 2009",
        name="opn_multisite_thickness",
    )
