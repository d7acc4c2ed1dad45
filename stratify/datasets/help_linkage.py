"""HELP: who reaches primary care after detoxification."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stratify.cohort import Cohort
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.schema import Column

HELP_FILE = PublicFile(
    url=f"{RAW}/vincentarelbundock/Rdatasets/e38552ac3cb40a532941b09d7332b03d19409919/csv/mosaicData/HELPrct.csv",
    sha256="2bc91041b92a57520535b2297b4db8dcb6fb33426684292abe56e7faa7d391ad",
    mirror="trials/HELPrct.csv",
    mirror_sha256="3a1c60ce0144cbd8d17e5b2164ab6f2a40fd33fa1cafe32436b872fa52bc5cf3",
)
# Columns that the file holds twice under two names are taken once:
# female = sex, avg_drinks = i1, max_drinks = i2, hospitalizations = d1, *status = *.
_HELP_NUMBERS: dict[str, tuple[float, float | None, str, str]] = {
    "age": (18, 90, "years", "age"),
    "cesd": (0, 60, "points", "depressive symptoms (CES-D)"),
    "d1": (0, None, "times", "times in hospital for a medical problem, ever"),
    "drugrisk": (0, None, "points", "drug risk (Risk Assessment Battery)"),
    "e2b": (0, None, "times", "times entered a detoxification programme, last 6 months"),
    "i1": (0, None, "drinks", "drinks a day on average, last 30 days"),
    "i2": (0, None, "drinks", "most drinks in a day, last 30 days"),
    "indtot": (0, None, "points", "consequences of drug use (InDUC)"),
    "mcs": (0, 100, "points", "mental health (SF-36; higher is better)"),
    "pcs": (0, 100, "points", "physical health (SF-36; higher is better)"),
    "pss_fr": (0, 14, "points", "support by friends"),
    "sexrisk": (0, None, "points", "sexual risk (Risk Assessment Battery)"),
}
_HELP_BOOLEANS = {
    "g1b": "serious thoughts of suicide, last 30 days",
    "satreat": "in treatment for substance use at baseline",
}
_HELP_CATEGORIES = {
    "sex": (("female", "male"), "sex"),
    "homeless": (("housed", "homeless"), "housing"),
    "racegrp": (("black", "hispanic", "other", "white"), "race or ethnicity"),
    "substance": (("alcohol", "cocaine", "heroin"), "main substance"),
}


def fetch_help(*, mirror: str | Path | None = None) -> Dataset:
    """Fetch HELP: 453 adults leaving detoxification, randomised to a link clinic or usual care.

    Outcome ``link``: whether they reached primary care, unknown for 22. Days to linkage, and
    substance use after detoxification, are follow-up and no feature. ``treat`` is the arm;
    ``help_clinic`` says the same as a feature, known at baseline, for questions asked of both arms.

    The mirror's copy was exported from a later release of the same table: one more column, which
    repeats another, and no row names. Both copies are read to the same cohort. The checksum of the
    public copy was worked out from the values, in the public copy's layout; its length and parts of
    its text agree with the public copy, which has not been downloaded here as a whole.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else the file is downloaded.

    Source
    ------
    Samet JH et al. 2003, Addiction 98(4):509-516. Column meanings and times of measurement: the
    documentation of ``HELPrct`` in the R package mosaicData.
    """
    table = pd.read_csv(fetch_file(HELP_FILE, mirror=mirror))
    index = pd.Index(table["id"].astype(int).astype(str), name="patient")
    yes_no = {"no": 0.0, "yes": 1.0}
    frame = pd.DataFrame(
        {
            "treat": pd.Categorical(table["treat"], categories=("no", "yes")),
            "help_clinic": table["treat"].map(yes_no),
            **{name: table[name].astype(float) for name in _HELP_NUMBERS},
            **{name: table[name].map(yes_no) for name in _HELP_BOOLEANS},
            **{
                name: pd.Categorical(table[name], categories=levels)
                for name, (levels, _) in _HELP_CATEGORIES.items()
            },
            "link": table["link"].map(yes_no),
            "dayslink": table["dayslink"].astype(float),
            "anysub": table["anysub"].map(yes_no),
            "daysanysub": table["daysanysub"].astype(float),
        }
    ).set_index(index)
    return Dataset(
        name="help",
        cohort=Cohort(frame, _help_columns(), "help"),
        connectomes=None,
        description="453 adults of a detoxification unit in Boston without a primary care "
        "physician, randomised to a multidisciplinary clinic or usual care. Outcome: linkage to "
        "primary care.",
        citation="Samet JH, Larson MJ, Horton NJ, Doyle K, Winter M, Saitz R 2003, Addiction "
        "98(4):509-516",
        licence="GPL (>= 2), as the R package mosaicData states it",
        source="vincentarelbundock/Rdatasets at e38552ac3cb40a532941b09d7332b03d19409919",
    )


def _help_columns() -> tuple[Column, ...]:
    return (
        Column(
            name="treat",
            kind="category",
            levels=("no", "yes"),
            role="treatment",
            label="HELP clinic by lot",
        ),
        Column(
            name="help_clinic", kind="boolean", levels=("no", "yes"), label="HELP clinic by lot"
        ),
        *(
            Column(name=name, low=low, high=high, unit=unit, label=label)
            for name, (low, high, unit, label) in _HELP_NUMBERS.items()
        ),
        *(
            Column(name=name, kind="boolean", levels=("no", "yes"), label=label)
            for name, label in _HELP_BOOLEANS.items()
        ),
        *(
            Column(name=name, kind="category", levels=levels, label=label)
            for name, (levels, label) in _HELP_CATEGORIES.items()
        ),
        Column(
            name="link",
            kind="boolean",
            levels=("no", "yes"),
            label="linked to primary care",
            measured="followup",
            role="outcome",
        ),
        Column(
            name="dayslink",
            low=0.0,
            unit="days",
            label="days to linkage",
            measured="followup",
            role="outcome",
        ),
        Column(
            name="anysub",
            kind="boolean",
            levels=("no", "yes"),
            label="any substance use after detoxification",
            measured="followup",
            role="outcome",
        ),
        Column(
            name="daysanysub",
            low=0.0,
            unit="days",
            label="days to first use after detoxification",
            measured="followup",
            role="outcome",
        ),
    )
