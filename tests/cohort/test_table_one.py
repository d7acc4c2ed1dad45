from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, make_table_one
from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.schema import Column

COHORT = make_cohort(patients=120, regions=12, seed=2).cohort


def cell(table, variable, column, level=""):
    rows = table[table["variable"].str.startswith(variable)]
    if level:
        rows = rows[rows["level"] == level]
    return rows[column].iloc[0]


def test_numbers_are_told_as_mean_and_standard_deviation_in_each_arm():
    table = make_table_one(COHORT).table
    for arm, ages in COHORT.frame.groupby("treatment", observed=True)["age"]:
        assert cell(table, "age", arm) == f"{ages.mean():.1f} ({ages.std():.1f})"


def test_levels_are_counted_and_gaps_left_out_of_the_per_cent():
    table = make_table_one(COHORT, smallest_cell=0).table
    for arm, values in COHORT.frame.groupby("treatment", observed=True)["employed"]:
        known = values.dropna()
        expected = f"{int(known.sum())} ({100 * known.mean():.1f})"
        assert cell(table, "in paid work", arm, "yes") == expected
    assert cell(table, "in paid work", "missing") == str(COHORT.frame["employed"].isna().sum())


def test_standardised_differences_are_those_of_the_formula():
    table = make_table_one(COHORT).table
    by_arm = COHORT.frame.groupby("treatment", observed=True)["madrs_baseline"]
    mean, variance = by_arm.mean(), by_arm.var()
    for column in [c for c in table.columns if c.startswith("SMD")]:
        a, b = column.removeprefix("SMD (").removesuffix(")").split(",")
        expected = (mean[b] - mean[a]) / np.sqrt((variance[a] + variance[b]) / 2)
        assert float(cell(table, "MADRS before", column)) == pytest.approx(expected, abs=6e-4)


def test_a_table_by_site_has_a_column_for_each():
    table = make_table_one(COHORT, "site").table
    assert {"site A", "site B", "site C"} <= set(table.columns)


def test_small_counts_are_hidden_with_another_that_would_give_them_away():
    table = make_table_one(COHORT, smallest_cell=5).table
    shown = make_table_one(COHORT, smallest_cell=0).table
    groups = ["overall", "tms", "ketamine", "tms+ketamine"]
    few = 0
    for row, original in zip(table.to_dict("records"), shown.to_dict("records"), strict=True):
        if not row["variable"].endswith("n (%)"):
            continue
        hidden = [row[g].startswith("<") or row[g] == "hidden" for g in groups]
        counts = [int(original[g].split(" ")[0] or 0) if original[g] else 0 for g in groups]
        few += any(0 < count < 5 for count in counts)
        assert all(h for h, count in zip(hidden, counts, strict=True) if 0 < count < 5)
        assert sum(hidden) != 1
    assert few > 0


def test_no_patient_is_named_and_simulated_patients_are_labelled():
    made = make_table_one(COHORT)
    page = made.to_html()
    assert "SIMULATED" in page
    assert not any(patient in page for patient in COHORT.patients)


def test_words_from_a_file_cannot_become_markup():
    frame = pd.DataFrame({"arm": pd.Categorical(["<b>x</b>", "y"] * 10), "age": np.arange(20.0)})
    columns = (Column(name="arm", kind="category", role="treatment"), Column(name="age"))
    assert "<b>x</b>" not in make_table_one(Cohort(frame, columns, "<i>c</i>")).to_html()
    assert "<i>c</i>" not in make_table_one(Cohort(frame, columns, "<i>c</i>")).to_html()


def test_a_cohort_without_arms_has_no_table_by_arm():
    with pytest.raises(DataError, match="treatment"):
        make_table_one(Cohort(pd.DataFrame({"age": [1.0]}), (Column(name="age"),)))


def test_without_groups_all_patients_are_described_together():
    table = make_table_one(COHORT, None).table
    assert list(table.columns) == ["variable", "level", "missing", "overall"]
    assert cell(table, "age", "overall").startswith(f"{COHORT.frame['age'].mean():.1f} (")


def test_patients_of_whom_nothing_is_described_are_counted():
    frame = pd.DataFrame({"group": pd.Categorical(["a", "b", "b"] * 7)})
    outcome = Column(name="group", kind="category", role="outcome", measured="followup")
    table = make_table_one(Cohort(frame, (outcome,)), None).table
    assert table[["variable", "overall"]].to_numpy().tolist() == [["n", "21"]]
