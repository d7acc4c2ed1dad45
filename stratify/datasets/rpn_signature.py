"""RPN: pain sensitivity and sex from the resting time series of two scanners."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import Connectomes, compute_connectivity, map_regions
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.schema import Column

COMMIT = "7870554122551af270b3fa4be63592fa2df98e1f"
REPOSITORY = f"{RAW}/spisakt/RPN-signature/{COMMIT}/data"
SAMPLES = {
    "bochum": PublicFile(
        url=f"{REPOSITORY}/bochum-sample/bochum_sample.csv",
        sha256="ddd9c4d349112d0906328396c19661861542c0421e670af9a746f0184a61594e",
        mirror="rpn_signature/bochum_sample.csv",
    ),
    "szeged": PublicFile(
        url=f"{REPOSITORY}/szeged-sample/szeged_sample.csv",
        sha256="2205b3df96880fa04e54b4c8efc42716a590b1c9b61f614238c07dfedc15112f",
        mirror="rpn_signature/szeged_sample.csv",
    ),
}
THRESHOLDS = ("cold", "heat", "mechanical")
GLOBAL_SIGNAL = "GlobSig"


def fetch_rpn_signature(*, mirror: str | Path | None = None) -> Dataset:
    """Fetch the RPN time series: 70 healthy people on two scanners, 122 regions.

    Edges are Pearson correlations of the whole series, the column of the global signal left out; a
    region without signal is not covered. Pain sensitivity is the mean of three pain thresholds
    (cold, heat, mechanical), each standardised on the people of Bochum and turned so that more is
    more sensitive; the split at its median is an outcome made for a test, not a clinical one. Two
    people whom the authors excluded have neither outcome.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else files are downloaded.

    Source
    ------
    Spisak T et al. 2020, Nature Communications 11, 187, doi:10.1038/s41467-019-13785-z. Regions:
    the 122 parcels of the Multiresolution Intrinsic Segmentation Template (Urchs et al. 2019, MNI
    Open Research 1, 3).
    """
    people = tomllib.loads(
        files("stratify.datasets").joinpath("rpn_signature.toml").read_text(encoding="utf-8")
    )["person"]
    patients = tuple(_patient_of(person["name"]) for person in people)
    frame = pd.concat(
        [_read_sample(name, fetch_file(file, mirror=mirror)) for name, file in SAMPLES.items()]
    ).loc[list(patients)]
    frame = _add_outcomes(frame)
    matrices, volumes, motion = [], [], []
    regions: tuple[str, ...] = ()
    for person in people:
        series = pd.read_csv(fetch_file(_series_of(person), mirror=mirror), sep="\t")
        series = series.drop(columns=GLOBAL_SIGNAL)
        regions = _tell_apart(series.columns)
        matrices.append(compute_connectivity(series.to_numpy(dtype=float), "pearson r"))
        volumes.append(float(len(series)))
        displacement = np.loadtxt(fetch_file(_motion_of(person), mirror=mirror), skiprows=1)
        motion.append(float(displacement.mean()))
    stacked = np.stack(matrices)
    index = pd.Index(patients, name="patient")
    quality = pd.DataFrame(
        {
            "mean_fd": motion,
            "volumes": volumes,
            "coverage": 1 - np.isnan(stacked).all(axis=2).mean(axis=1),
        },
        index=index,
    )
    return Dataset(
        name="rpn_signature",
        cohort=Cohort(frame[[c.name for c in COLUMNS]], COLUMNS, "rpn_signature"),
        connectomes=Connectomes(
            stacked,
            patients,
            regions,
            map_regions(regions, atlas="mist").networks,
            "pearson r",
            "MIST, 122 parcels",
            "rpn_signature",
            quality=quality,
        ),
        description="70 healthy people scanned at rest in Bochum (41) and Szeged (29), with pain "
        "thresholds and head motion. No patient and no treatment: sex is a positive control, and "
        "pain sensitivity, split at its median, a hard question.",
        citation="Spisak T et al. 2020, Nature Communications 11, 187, "
        "doi:10.1038/s41467-019-13785-z",
        licence="BSD-3-Clause",
        source=f"spisakt/RPN-signature at {COMMIT}",
    )


COLUMNS = (
    Column(name="age", unit="years", low=18, high=60),
    Column(name="bmi", unit="kg/m²", low=10, high=60, label="body mass index"),
    Column(
        name="anxiety_state", unit="points", low=20, high=80, label="state anxiety (STAI), points"
    ),
    Column(
        name="anxiety_trait", unit="points", low=20, high=80, label="trait anxiety (STAI), points"
    ),
    Column(name="ads_k", unit="points", low=0, high=45, label="depressive symptoms (ADS-K)"),
    Column(
        name="site",
        kind="category",
        role="site",
        levels=("bochum", "szeged"),
        label="scanner",
    ),
    Column(name="sex", kind="category", role="outcome", levels=("F", "M"), label="sex"),
    Column(
        name="pain_sensitivity",
        role="outcome",
        label="pain sensitivity, mean of three standardised thresholds",
    ),
    Column(
        name="pain_sensitive",
        kind="category",
        role="outcome",
        levels=("less", "more"),
        label="pain sensitivity above the median",
    ),
)


def _series_of(person: dict[str, str]) -> PublicFile:
    name, sample = person["name"], person["sample"]
    return PublicFile(
        url=f"{REPOSITORY}/{sample}/regional_timeseries/{name}.tsv",
        sha256=person["series"],
        mirror=f"rpn_signature/timeseries/{sample}/{name}.tsv.gz",
        mirror_sha256=person["series_gzip"],
    )


def _motion_of(person: dict[str, str]) -> PublicFile:
    name, sample = person["name"].removeprefix("ts_"), person["sample"]
    return PublicFile(
        url=f"{REPOSITORY}/{sample}/framewise_displacement/FD_{name}.txt",
        sha256=person["motion"],
        mirror=f"rpn_signature/framewise_displacement/FD_{name}.txt",
    )


def _patient_of(name: str) -> str:
    sample, number = name.removeprefix("ts_").split("_")[0].split("-")
    return f"{sample}{int(number):03d}"


def _read_sample(sample: str, path: Path) -> pd.DataFrame:
    """Read one sample's people, its thresholds under common names."""
    table = pd.read_csv(path)
    table = table.apply(pd.to_numeric, errors="coerce")
    if sample == "bochum":
        thresholds = table[["CPT", "HPT", "MPT_log_geom"]]
    else:
        pinprick = table.filter(regex=r"^qst_mpt_\d_(pain|no_pain)$")
        thresholds = pd.DataFrame(
            {
                "cold": table.filter(regex=r"^qst_cpt_\d$").mean(axis=1),
                "heat": table.filter(regex=r"^qst_hpt_\d$").mean(axis=1),
                "mechanical": np.log(pinprick).mean(axis=1),
            }
        )
    made = pd.DataFrame(
        {
            "age": table["Age"],
            "bmi": table["BMI"],
            "anxiety_state": table["anx_state"],
            "anxiety_trait": table["anx_trait"],
            "ads_k": table["ads_k"],
            "site": sample,
            "male": table["Male"],
            "excluded": table["Excluded"] == 1,
            **dict(zip(THRESHOLDS, thresholds.to_numpy(dtype=float).T, strict=True)),
        }
    )
    made.index = pd.Index([f"{sample}{int(k):03d}" for k in table["ID"]], name="patient")
    return made


def _add_outcomes(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    thresholds = frame[list(THRESHOLDS)]
    reference = thresholds[frame["site"] == "bochum"]
    z = (thresholds - reference.mean()) / reference.std(ddof=0)
    # Cold pain at a higher temperature is more sensitive; heat and pinprick are the other way.
    composite = (z["cold"] - z["heat"] - z["mechanical"]) / 3
    composite[frame["excluded"]] = np.nan
    above = np.where(composite > composite.median(), "more", "less").astype(object)
    above[composite.isna().to_numpy()] = None
    sex = frame["male"].map({0.0: "F", 1.0: "M"}).astype(object)
    sex[frame["excluded"]] = None
    frame["pain_sensitivity"] = composite
    frame["pain_sensitive"] = pd.Categorical(above, categories=["less", "more"])
    frame["sex"] = pd.Categorical(sex, categories=["F", "M"])
    frame["site"] = pd.Categorical(frame["site"], categories=["bochum", "szeged"])
    return frame


def _tell_apart(names: pd.Index) -> tuple[str, ...]:
    """Return the regions' names; where pandas has numbered a repeated one, number it from 2."""
    told = []
    for name in map(str, names):
        stem, _, number = name.rpartition(".")
        told.append(f"{stem}_{int(number) + 1}" if stem and number.isdigit() else name)
    return tuple(told)
