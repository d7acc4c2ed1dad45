"""Real data sets are read with no dictionary but the one that is drafted.

Counts are taken anew from the files with the csv module, and a few are known from their papers.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stratify.cohort import (
    check_cohort,
    describe_source,
    read_cohort,
    read_columns,
    read_source,
    write_draft,
)

FOLDER = os.environ.get("STRATIFY_DATA")
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="STRATIFY_DATA does not name a folder with the public data sets"
)
DATASETS = {
    "openneuro_ds000030": 272,
    "openneuro_ds002748": 72,
    "openneuro_ds003007": 29,
    "openneuro_ds000208": None,
}


def rows_of(dataset: str, table: str = "participants.tsv") -> list[dict[str, str]]:
    with (Path(FOLDER or "") / dataset / table).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if any(row.values())]


@pytest.fixture(scope="module")
def cohort_of(tmp_path_factory):
    made = {}

    def read(dataset: str):
        if not (Path(FOLDER or "") / dataset).is_dir():
            pytest.skip(f"{dataset} is not in STRATIFY_DATA")
        if dataset not in made:
            source = read_source(Path(FOLDER or "") / dataset)
            path = tmp_path_factory.mktemp(dataset) / "columns.toml"
            write_draft(describe_source(source), path)
            made[dataset] = read_cohort(Path(FOLDER or "") / dataset, read_columns(path))
        return made[dataset]

    return read


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_person_and_every_known_cell_is_there(cohort_of, dataset):
    cohort, rows = cohort_of(dataset), rows_of(dataset)
    assert list(cohort.patients) == [row["participant_id"].strip() for row in rows]
    if DATASETS[dataset]:
        assert len(cohort) == DATASETS[dataset]
    for name in rows[0]:
        if name == "participant_id":
            continue
        known = sum(row[name].strip() not in ("", "n/a") for row in rows)
        assert cohort.frame[name.strip()].notna().sum() == known, name
    for column in cohort.columns:
        if column.name in rows[0] and column.kind == "number":
            truth = [float(row[column.name]) for row in rows if row[column.name] != "n/a"]
            np.testing.assert_array_equal(cohort.frame[column.name].dropna(), truth)


def test_the_diagnoses_of_ds000030_are_those_of_its_table(cohort_of):
    cohort = cohort_of("openneuro_ds000030")
    truth = Counter(row["diagnosis"] for row in rows_of("openneuro_ds000030"))
    assert set(truth) == {"ADHD", "BIPOLAR", "CONTROL", "SCHZ"}
    assert cohort.frame["diagnosis"].value_counts().to_dict() == truth
    assert cohort["diagnosis"].role == "condition"


def test_each_phenotype_of_ds000030_is_joined_to_its_person(cohort_of):
    cohort = cohort_of("openneuro_ds000030")
    tools = sorted((Path(FOLDER or "") / "openneuro_ds000030" / "phenotype").glob("*.tsv"))
    assert len(tools) == 52
    for tool, column in (("hamilton", "hamd_17"), ("ymrs", "ymrs_score"), ("wais", "lns_totalraw")):
        rows = rows_of("openneuro_ds000030", f"phenotype/{tool}.tsv")
        known = {row["participant_id"]: float(row[column]) for row in rows if row[column] != "n/a"}
        assert known
        assert cohort.frame[column].dropna().to_dict() == known
    assert cohort["hamd_17"].high == 52
    assert "Hamilton" not in cohort["hamd_17"].unit


def test_sessions_after_treatment_are_no_features_in_ds003007(cohort_of):
    cohort = cohort_of("openneuro_ds003007")
    for column in cohort.columns:
        assert column.is_feature == ("ses-post" not in column.name and column.role == "feature")
    assert cohort["MADRS_ses-post"].role == "outcome"
    assert cohort["group"].role == "treatment"


def test_the_drug_and_the_response_of_ds000208_are_found(cohort_of):
    cohort = cohort_of("openneuro_ds000208")
    truth = Counter(row["Drug"] for row in rows_of("openneuro_ds000208") if row["Drug"] != "n/a")
    assert cohort.frame["Drug"].value_counts().to_dict() == truth
    assert cohort["Drug"].role == "treatment"
    assert cohort["Response"].role == "outcome"


def test_the_depressed_and_the_healthy_of_ds002748_are_told_apart(cohort_of):
    cohort = cohort_of("openneuro_ds002748")
    truth = Counter(row["group"] for row in rows_of("openneuro_ds002748"))
    assert cohort.frame["group"].value_counts().to_dict() == truth
    assert cohort["group"].role == "condition"
    assert cohort["MADRS"].high == 60


@pytest.mark.parametrize("dataset", DATASETS)
def test_reading_tells_nothing_of_a_person_as_wrong(cohort_of, dataset):
    cohort = cohort_of(dataset)
    assert all(fault.severity == "warning" for fault in cohort.warnings)
    assert all(fault.severity == "warning" for fault in check_cohort(cohort))
