"""SUDMEX: craving under rTMS in cocaine use disorder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stratify.cohort import Cohort
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.errors import Fault, SettingsError
from stratify.schema import Column

SUDMEX_FILE = PublicFile(
    url=f"{RAW}/egarza/sudmex_tms_main/135e0f2f38559dc8d9485b86090a4db76f439e12/data/clinical/data2w.csv",
    sha256="528f4ab599487e95c925021abaf4e3f1c6b1b58914db647c78c03918169b0e8c",
    mirror="sudmex_tms/clinical/data2w.csv",
)
_SUDMEX_SCALES = {
    "vas": (0, 10, "cm", "craving, visual analogue scale"),
    "ccq_g": (45, 315, "points", "cocaine craving in general"),
    "ccq_n": (45, 315, "points", "cocaine craving now"),
    "bis11t": (0, 120, "points", "impulsivity (BIS-11)"),
    "bis11cog": (0, 40, "points", "cognitive impulsivity (BIS-11)"),
    "bis11mot": (0, 50, "points", "motor impulsivity (BIS-11)"),
    "bis11nonp": (0, 50, "points", "impulsivity, non-planning (BIS-11)"),
    "hars_tot": (0, 56, "points", "anxiety (Hamilton)"),
    "hdrs_tot": (0, 52, "points", "depression (Hamilton)"),
    "pitt_score": (0, 21, "points", "sleep quality (PSQI; higher is worse)"),
}
_SUDMEX_CONNECTIVITY = {
    "conn_dlvm": "connectivity of left DLPFC and vmPFC",
    "vmpfc_cluster": "connectivity of vmPFC and right angular gyrus",
}


def fetch_sudmex_tms(*, mirror: str | Path | None = None, lowest_craving: float = 1.0) -> Dataset:
    """Fetch the SUDMEX trial: 44 patients with cocaine use disorder, two weeks of rTMS or sham.

    One row a patient: what was known before treatment (T0), and craving at two weeks (T1).
    ``craving_response`` is a fall of the craving scale (0 to 10 cm) by half or more. A proportion
    says nothing about patients who hardly crave at baseline: below ``lowest_craving`` the response
    is left missing, and the cohort carries a warning with their number. (A cut at 1 cm leaves 30 of
    44; any cut that keeps all baselines above 0 leaves 37, of whom those below 1 cm fall "by half"
    on a change of millimetres.)

    Columns that were standardised over both visits, or derived from others, are left out: the first
    would carry follow-up information into the baseline.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else the file is downloaded.
    lowest_craving : float
        In cm; above 0.

    Source
    ------
    Garza-Villarreal EA et al. 2021, Biol Psychiatry CNNI, doi:10.1016/j.bpsc.2021.01.003;
    NCT02986438. Column meanings: the labels in the authors' own analysis code.
    """
    if not lowest_craving > 0:
        raise SettingsError(
            Fault(
                where="lowest_craving",
                met=repr(lowest_craving),
                wanted="a proportional fall needs a baseline above 0",
                way_out="Give a length in cm above 0.",
            )
        )
    visits = pd.read_csv(fetch_file(SUDMEX_FILE, mirror=mirror), dtype={"rid": str})
    before, after = (
        visits[visits["stage"] == stage].set_index("rid").rename_axis("patient")
        for stage in ("T0", "T1")
    )
    after = after.reindex(before.index)
    columns = _sudmex_columns()
    low = (before["vas"] < lowest_craving).to_numpy()
    fall = (before["vas"] - after["vas"]) / before["vas"].where(~low)
    response = (fall >= 0.5 - 1e-12).astype(float).where(fall.notna())
    frame = pd.DataFrame(
        {
            "arm": pd.Categorical(before["group"].str.lower(), categories=("sham", "active")),
            "active_stimulation": (before["group"] == "ACTIVE").astype(float),
            "age": before["age"].astype(float),
            "sex": pd.Categorical(
                before["sex"].map({"M": "male", "F": "female"}), categories=("female", "male")
            ),
            "education": before["educ"].astype(float),
            **{f"{name}_baseline": before[name].astype(float) for name in _SUDMEX_SCALES},
            "urine_cocaine": (before["ut_coc"] == "positive").astype(float),
            **{name: before[name].astype(float) for name in _SUDMEX_CONNECTIVITY},
            "vas_week2": after["vas"].astype(float),
            "craving_response": response,
        }
    )
    warning = Fault(
        where="sudmex_tms: craving_response",
        met=f"{int(low.sum())} of {len(low)} patients crave less than {lowest_craving:g} cm before "
        "treatment",
        wanted="a proportional fall needs a baseline that can fall",
        way_out="Their response is left missing, and they are left out of the study.",
        severity="warning",
    )
    return Dataset(
        name="sudmex_tms",
        cohort=Cohort(frame, columns, "sudmex_tms", warnings=(warning,) if low.any() else ()),
        connectomes=None,
        description="44 patients with cocaine use disorder in Mexico City, randomised to two weeks "
        "of 5-Hz rTMS of the left DLPFC or sham. Outcome: craving fell by half or more at two "
        "weeks.",
        citation="Garza-Villarreal EA et al. 2021, Biol Psychiatry CNNI, "
        "doi:10.1016/j.bpsc.2021.01.003; NCT02986438",
        licence="GPL-3.0 (repository); the BIDS release of the same trial, ds003037, is CC0",
        source="egarza/sudmex_tms_main at 135e0f2f38559dc8d9485b86090a4db76f439e12",
    )


def _sudmex_columns() -> tuple[Column, ...]:
    return (
        Column(
            name="arm",
            kind="category",
            levels=("sham", "active"),
            role="treatment",
            label="treatment by lot",
        ),
        Column(
            name="active_stimulation",
            kind="boolean",
            levels=("no", "yes"),
            label="active stimulation by lot",
        ),
        Column(name="age", low=18.0, high=90.0, unit="years", label="age"),
        Column(name="sex", kind="category", levels=("female", "male"), label="sex"),
        Column(name="education", low=0.0, high=40.0, unit="years", label="years of education"),
        *(
            Column(
                name=f"{name}_baseline",
                low=float(low),
                high=float(high),
                unit=unit,
                label=f"{label}, before treatment",
            )
            for name, (low, high, unit, label) in _SUDMEX_SCALES.items()
        ),
        Column(
            name="urine_cocaine",
            kind="boolean",
            levels=("negative", "positive"),
            label="cocaine in urine before treatment",
        ),
        *(
            Column(name=name, unit="fisher z", label=label, source="connectivity")
            for name, label in _SUDMEX_CONNECTIVITY.items()
        ),
        Column(
            name="vas_week2",
            low=0.0,
            high=10.0,
            unit="cm",
            measured="followup",
            role="outcome",
            label="craving at two weeks",
        ),
        Column(
            name="craving_response",
            kind="boolean",
            levels=("no", "yes"),
            measured="followup",
            role="outcome",
            label="craving fell by half or more at two weeks",
        ),
    )
