"""A small REDCap project, raw and labelled, as its export and data dictionary have it."""

from __future__ import annotations

import csv
from pathlib import Path

from stratify.cohort.redcap import DICTIONARY_HEADERS

FIELDS = [
    {"name": "record_id", "type": "text", "label": "Record ID"},
    {"name": "full_name", "type": "text", "label": "Name of patient", "identifier": "y"},
    {"name": "ward", "type": "text", "label": "Ward", "identifier": "y"},
    {"name": "sex", "type": "radio", "label": "Sex", "choices": "1, Female | 2, Male, trans incl."},
    {"name": "smoker", "type": "yesno", "label": "Smokes?"},
    {
        "name": "nausea",
        "type": "checkbox",
        "label": "Effects",
        "choices": "1, Nausea | 2, Headache",
    },
    {
        "name": "madrs",
        "type": "text",
        "label": "MADRS",
        "valid": "integer",
        "low": "0",
        "high": "60",
    },
    {"name": "seen", "type": "text", "label": "Seen on", "valid": "date_ymd"},
    {
        "name": "q1",
        "type": "radio",
        "label": "Item 1",
        "choices": "0, Never | 1, Days | 2, Daily",
        "matrix": "scale",
    },
    {"name": "remarks", "type": "notes", "label": "Remarks"},
]
RAW = [
    [
        "record_id",
        "full_name",
        "ward",
        "sex",
        "smoker",
        "nausea___1",
        "nausea___2",
        "madrs",
        "seen",
        "q1",
        "remarks",
        "intake_complete",
    ],
    ["1", "A B", "w1", "1", "1", "1", "0", "31", "2024-03-01", "2", "fine,\nor so", "2"],
    ["2", "C D", "w2", "2", "0", "0", "0", "28", "2024-03-02", "0", "", "2"],
    ["3", "E F", "w1", "2", "", "0", "1", "", "", "1", "", "0"],
]
LABELLED = [
    [
        "Record ID",
        "Name of patient",
        "Ward",
        "Sex",
        "Smokes?",
        "Effects (choice=Nausea)",
        "Effects (choice=Headache)",
        "MADRS",
        "Seen on",
        "Item 1",
        "Remarks",
        "Complete?",
    ],
    [
        "1",
        "A B",
        "w1",
        "Female",
        "Yes",
        "Checked",
        "Unchecked",
        "31",
        "2024-03-01",
        "Daily",
        "fine,\nor so",
        "Complete",
    ],
    [
        "2",
        "C D",
        "w2",
        "Male, trans incl.",
        "No",
        "Unchecked",
        "Unchecked",
        "28",
        "2024-03-02",
        "Never",
        "",
        "Complete",
    ],
    [
        "3",
        "E F",
        "w1",
        "Male, trans incl.",
        "",
        "Unchecked",
        "Checked",
        "",
        "",
        "Days",
        "",
        "Incomplete",
    ],
]


def write_rows(path: Path, rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def write_project(folder: Path, rows, fields=FIELDS) -> Path:
    """Write an export and the data dictionary of its fields; return the export."""
    heads = dict(
        zip(
            (
                "name",
                "form",
                "section",
                "type",
                "label",
                "choices",
                "note",
                "valid",
                "low",
                "high",
                "identifier",
                "branching",
                "required",
                "align",
                "question",
                "matrix",
                "rank",
                "annotation",
            ),
            DICTIONARY_HEADERS,
            strict=True,
        )
    )
    lines = [[one.get(key, "intake" if key == "form" else "") for key in heads] for one in fields]
    write_rows(folder / "project_DataDictionary.csv", [list(DICTIONARY_HEADERS), *lines])
    write_rows(folder / "export.csv", rows)
    return folder / "export.csv"
