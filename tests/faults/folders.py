"""Good studies whose patients come as clinics keep them: BIDS, REDCap, visits long and wide."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort import (
    Dictionary,
    describe_source,
    read_source,
    write_cohort,
    write_columns,
    write_draft,
    write_redcap,
)
from stratify.cohort.values import Cohort
from stratify.datasets import make_cohort

STUDY = """
[study]
name = "a study to damage"
[cohort]
file = "{file}"
columns = "columns.toml"
[question]
kind = "response under treatment"
treatment = "tms+ketamine"
condition = "depression"
[response]
name = "response"
followup = "{followup}"
baseline = "{baseline}"
drop = 0.5
missing = "excluded"
[features]
sets = ["clinical"]
[validation]
folds = 2
repeats = 1
inner_folds = 2
seed = 0
together = "patient"
[models]
families = ["prevalence", "logistic"]
"""
KEPT = (
    "age", "bmi", "sex", "site", "treatment", "condition", "employed", "gad7_baseline",
    "madrs_baseline", "madrs_week3", "madrs_week6",
)  # fmt: skip
SCALES = ("madrs_baseline", "gad7_baseline")


def make_patients() -> Cohort:
    """Make 40 simulated patients with a handful of columns, nothing missing."""
    cohort = make_cohort("realistic", patients=40, regions=12, seed=3, missing=False).cohort
    columns = tuple(column for column in cohort.columns if column.name in KEPT)
    return Cohort(cohort.frame[[c.name for c in columns]], columns, "cohort.csv", simulated=True)


def make_bids(folder: Path) -> None:
    """Write participants, a phenotype and sessions, each with its sidecar; draft the dictionary."""
    frame = make_patients().frame.astype(object)
    frame.index = pd.Index([f"sub-{name}" for name in frame.index], name="participant_id")
    bids = folder / "bids"
    (bids / "phenotype").mkdir(parents=True)
    people = ["age", "bmi", "sex", "site", "treatment", "condition", "employed"]
    frame[people].to_csv(bids / "participants.tsv", sep="\t", lineterminator="\n")
    frame[["gad7_baseline"]].to_csv(bids / "phenotype" / "gad7.tsv", sep="\t", lineterminator="\n")
    sessions = pd.concat(
        [
            pd.DataFrame({"session_id": f"ses-{when}", "madrs": frame[f"madrs_{when}"]})
            for when in ("baseline", "week3", "week6")
        ]
    )
    sessions.to_csv(bids / "sessions.tsv", sep="\t", lineterminator="\n")
    sidecars = {
        "participants.json": {
            "age": {"Description": "Age", "Units": "years", "MinValue": 18, "MaxValue": 90},
            "sex": {"Levels": {"female": "female", "male": "male"}},
        },
        "phenotype/gad7.json": {"gad7_baseline": {"MinValue": 0, "MaxValue": 21}},
        "sessions.json": {"madrs": {"MinValue": 0, "MaxValue": 60, "Units": "points"}},
        "dataset_description.json": {"Name": "simulated", "License": "CC0"},
    }
    for name, values in sidecars.items():
        (bids / name).write_text(json.dumps(values, indent=1))
    _draft(folder, "bids", "madrs@ses-baseline", "madrs@ses-week6")


def make_redcap(folder: Path, *, labelled: bool) -> None:
    """Write an export and its data dictionary, with raw or with labelled headers and cells."""
    folder.mkdir(parents=True, exist_ok=True)
    write_redcap(make_patients(), folder / "redcap", labelled=labelled, labelled_headers=labelled)
    _draft(folder, "redcap", "madrs_baseline", "madrs_week6")


def make_events(folder: Path) -> None:
    """Write an export with events and two arms, and its data dictionary."""
    folder.mkdir(parents=True, exist_ok=True)
    cohort = make_patients()
    write_redcap(cohort, folder / "redcap")
    path = folder / "redcap" / "export.csv"
    flat = pd.read_csv(path, dtype=str, keep_default_na=False)
    once = [c for c in flat if c not in ("record_id", "treatment") and not c.startswith("madrs")]
    arms = {arm: k for k, arm in enumerate(dict.fromkeys(flat["treatment"]), start=1)}
    rows = []
    for row in flat.to_dict("records"):
        for when in ("baseline", "week6"):
            event = {"record_id": row["record_id"]}
            event["redcap_event_name"] = f"{when}_arm_{arms[row['treatment']]}"
            event |= {name: row[name] if when == "baseline" else "" for name in once}
            rows.append({**event, "madrs": row[f"madrs_{when}"]})
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n")
    dictionary = folder / "redcap" / "export_DataDictionary.csv"
    lines = [
        line.replace("madrs_baseline", "madrs").replace(' measured=""followup""', "")
        for line in dictionary.read_text().splitlines()
        if not line.startswith(("madrs_week", "treatment"))
    ]
    dictionary.write_text("\n".join(lines) + "\n")
    words = cohort.frame["treatment"].astype(str).to_numpy()
    codes = dict(zip(flat["treatment"], words, strict=True))
    names = [f"{k},{codes[code]}" for code, k in arms.items()]
    (folder / "redcap" / "arms.csv").write_text("\n".join(["arm_num,name", *names]) + "\n")
    _draft(folder, "redcap", "madrs@baseline", "madrs@week6")


def make_long(folder: Path) -> None:
    """Write the MADRS as a long file of visits, beside the patients and their sessions."""
    cohort = _without_madrs(folder)
    frame = make_patients().frame
    first = _first_sessions(len(frame))
    pieces = []
    for when, visit, day in (("baseline", "baseline", -3), ("week3", "week 3", 21),
                             ("week6", "week 6", 42)):  # fmt: skip
        dates = (first + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d")
        values = {"visit": visit, "date": dates, "instrument": "madrs"}
        pieces.append(
            pd.DataFrame({"patient": frame.index, **values, "value": frame[f"madrs_{when}"].array})
        )
    table = pd.concat(pieces)
    table["value"] = [f"{value:g}" for value in table["value"]]
    table.to_csv(folder / "visits.csv", index=False, lineterminator="\n")
    last = first + pd.to_timedelta(28, unit="D")
    pd.DataFrame(
        {
            "patient": list(cohort.patients),
            "first_session": first.strftime("%Y-%m-%d"),
            "last_session": last.strftime("%Y-%m-%d"),
        }
    ).to_csv(folder / "sessions.csv", index=False, lineterminator="\n")
    _write_study(
        folder,
        "cohort.csv",
        "madrs_baseline",
        "madrs_week_6",
        '[visits]\nfile = "visits.csv"\nsessions = "sessions.csv"\n',
    )


def make_wide_visits(folder: Path) -> None:
    """Write the MADRS as a wide file of visits, beside the patients."""
    _without_madrs(folder)
    frame = make_patients().frame
    names = {"madrs_baseline": "madrs_baseline", "madrs_week3": "madrs_week3",
             "madrs_week6": "madrs_week6"}  # fmt: skip
    wide = frame[list(names)].rename(columns=names).map(lambda value: f"{value:g}")
    wide.to_csv(folder / "visits.csv", index_label="patient", lineterminator="\n")
    days = '{baseline = -3, "week 3" = 21, "week 6" = 42}'
    _write_study(
        folder,
        "cohort.csv",
        "madrs_baseline",
        "madrs_week_6",
        f'[visits]\nfile = "visits.csv"\nformat = "wide"\ndays = {days}\nlast_day = 28\n',
    )


def _first_sessions(count: int) -> pd.DatetimeIndex:
    start = pd.Timestamp(2023, 1, 9)
    return start + pd.to_timedelta(np.arange(count) * 5, unit="D")


def _without_madrs(folder: Path) -> Cohort:
    folder.mkdir(parents=True, exist_ok=True)
    cohort = make_patients()
    columns = tuple(c for c in cohort.columns if not c.name.startswith("madrs"))
    kept = Cohort(cohort.frame[[c.name for c in columns]], columns, "cohort.csv", simulated=True)
    write_cohort(kept, folder / "cohort.csv")
    write_columns(Dictionary.of(kept), folder / "columns.toml")
    return kept


def _draft(folder: Path, file: str, baseline: str, followup: str) -> None:
    write_draft(describe_source(read_source(folder / file)), folder / "columns.toml")
    _write_study(folder, file, baseline, followup, "")


def _write_study(folder: Path, file: str, baseline: str, followup: str, more: str) -> None:
    text = STUDY.format(file=file, baseline=baseline, followup=followup)
    (folder / "study.toml").write_text(text + more)
