from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_redcap import FIELDS, LABELLED, RAW, write_project, write_rows

from stratify.cohort import (
    describe_source,
    guess_format,
    read_cohort,
    read_redcap,
    write_redcap,
)
from stratify.cohort.values import Cohort
from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.schema import Column


@pytest.mark.parametrize("headers", ["raw headers", "labelled headers"])
@pytest.mark.parametrize("cells", ["raw cells", "labelled cells"])
@pytest.mark.parametrize("preset", ["realistic", "leaky"])
def test_a_simulated_cohort_goes_through_redcap_and_comes_back_equal(
    tmp_path, preset, cells, headers
):
    cohort = make_cohort(preset, patients=60, seed=3, regions=12).cohort
    labelled, labelled_headers = cells == "labelled cells", headers == "labelled headers"
    data, _ = write_redcap(cohort, tmp_path, labelled=labelled, labelled_headers=labelled_headers)
    assert data.read_text().startswith("Record ID" if labelled_headers else "record_id")
    source = read_redcap(data)
    back = read_cohort(source, describe_source(source).dictionary)
    pd.testing.assert_frame_equal(back.frame, cohort.frame)
    assert back.columns == cohort.columns
    assert back.digest == cohort.digest


def test_fields_of_one_label_come_back_apart(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=pd.Index(["1", "2"], dtype=str))
    columns = tuple(Column(name=name, label="Total", high=9) for name in "ab")
    data, _ = write_redcap(Cohort(frame, columns), tmp_path, labelled_headers=True)
    assert data.read_text().splitlines()[0] == "Record ID,Total,Total"
    source = read_redcap(data)
    back = read_cohort(source, describe_source(source).dictionary)
    assert back.frame.to_dict("list") == frame.to_dict("list")
    assert back.columns == columns


def test_every_kind_goes_through_redcap_and_comes_back_equal(tmp_path):
    frame = pd.DataFrame(
        {
            "dose": [0.1 + 0.2, np.nan, 1e-9],
            "grade": pd.Categorical(["2", "1", None], categories=["1", "2", "3"]),
            "smoker": [0.0, 1.0, np.nan],
            "sex": [0.0, 1.0, np.nan],
            "seen": pd.to_datetime(
                ["2024-03-01", "2024-03-02 10:30", None], format="ISO8601"
            ).astype("datetime64[us]"),
            "town": pd.Series(["Graz, West", 'the "old" town', None], dtype="str").to_numpy(),
        },
        index=pd.Index(["007", "008", "9"], name="patient", dtype="str"),
    )
    frame["town"] = frame["town"].astype("str")
    cohort = Cohort(
        frame,
        (
            Column(name="dose", unit="mg/kg", low=0, high=5, label="dose, planned"),
            Column(name="grade", kind="category", levels=("1", "2", "3"), measured="during"),
            Column(name="smoker", kind="boolean", levels=("never", "now")),
            Column(name="sex", kind="boolean", levels=("1", "2")),
            Column(name="seen", kind="date", role="ignore"),
            Column(name="town", kind="text", role="ignore"),
        ),
    )
    write_redcap(cohort, tmp_path)
    source = read_redcap(tmp_path)
    back = read_cohort(source, describe_source(source).dictionary)
    pd.testing.assert_frame_equal(back.frame, frame)
    assert [c.to_dict() | {"label": ""} for c in back.columns] == [
        c.to_dict() | {"label": ""} for c in cohort.columns
    ]


def test_raw_and_labelled_exports_are_one_source(tmp_path):
    cohorts = []
    for name, rows in (("raw", RAW), ("labelled", LABELLED)):
        (tmp_path / name).mkdir()
        source = read_redcap(write_project(tmp_path / name, rows))
        cohorts.append(read_cohort(source, describe_source(source).dictionary))
    raw, labelled = cohorts
    shared = [column for column in raw.frame if "omplete" not in column]
    pd.testing.assert_frame_equal(raw.frame[shared], labelled.frame[shared])
    assert raw.frame["sex"].tolist() == ["Female", "Male, trans incl.", "Male, trans incl."]
    assert raw.frame["nausea___1"].tolist() == [1, 0, 0]
    assert raw["nausea___2"].label == "Effects: Headache"
    assert raw["madrs"].high == 60
    assert raw["q1"].kind == "number"
    assert raw["q1"].high == 2
    assert raw.frame["remarks"].iloc[0] == "fine,\nor so"


def test_what_the_dictionary_marks_as_an_identifier_is_never_a_feature(tmp_path):
    draft = describe_source(read_redcap(write_project(tmp_path, RAW)))
    by_name = {column.name: column for column in draft.dictionary.columns}
    for name in ("full_name", "ward"):
        assert by_name[name].role == "ignore"
        assert by_name[name].levels == ()
        assert "marked as an identifier" in draft.reasons[name]["role"]
    assert not {"seen", "remarks", "intake_complete"} & {
        column.name for column in draft.dictionary.columns if column.is_feature
    }
    assert by_name["record_id"].role == "patient"


def test_events_become_columns_and_a_follow_up_is_no_feature(tmp_path):
    rows = [
        ["record_id", "redcap_event_name", "sex", "madrs"],
        ["1", "baseline_arm_1", "1", "31"],
        ["1", "week_6_arm_1", "", "12"],
        ["2", "baseline_arm_2", "2", "40"],
        ["2", "week_6_arm_2", "", ""],
    ]
    source = read_redcap(write_project(tmp_path, rows))
    fields = ("sex@baseline", "madrs@baseline", "madrs@week_6")
    assert source.sheet.headers == ("record_id", *fields, "redcap_arm")
    cohort = read_cohort(source, describe_source(source).dictionary)
    assert cohort.frame["madrs@week_6"].iloc[0] == 12
    assert cohort["madrs@baseline"].is_feature
    assert cohort["madrs@week_6"].measured == "followup"
    assert cohort["madrs@week_6"].role == "outcome"
    assert cohort.frame["redcap_arm"].tolist() == ["arm 1", "arm 2"]
    assert cohort["redcap_arm"].role == "treatment"


def test_each_value_of_an_event_belongs_to_its_patient(tmp_path):
    rows = [
        ["record_id", "redcap_event_name", "madrs"],
        *[[who, "bl_arm_1", score] for who, score in (("1", "31"), ("2", "32"), ("3", "33"))],
        ["3", "week_6_arm_1", "13"],
        ["2", "week_6_arm_1", "12"],
    ]
    source = read_redcap(write_project(tmp_path, rows))
    assert source.sheet.text("madrs@bl").tolist() == ["31", "32", "33"]
    assert source.sheet.text("madrs@week_6").tolist() == [None, "12", "13"]


def test_a_new_patient_without_a_value_has_the_column_all_the_same(tmp_path):
    head = ["record_id", "redcap_event_name", "madrs", "sex"]
    (tmp_path / "new").mkdir()
    trained = write_project(
        tmp_path, [head, ["1", "bl_arm_1", "31", "1"], ["1", "week_6_arm_1", "9", ""]]
    )
    draft = describe_source(read_redcap(trained))
    new = write_project(tmp_path / "new", [head, ["7", "bl_arm_1", "", "2"]])
    cohort = read_cohort(new, draft.dictionary, labelled=False)
    assert cohort.frame["madrs@bl"].isna().all()
    assert cohort.frame["sex@bl"].tolist() == ["Male, trans incl."]
    assert cohort.frame["madrs@week_6"].isna().all()


def test_labels_that_are_other_choices_codes_are_not_taken_for_codes(tmp_path):
    fields = [FIELDS[0], {"name": "n", "type": "radio", "label": "N", "choices": "1, 0 | 2, 1"}]
    for cells, values in ((["1", "2"], ["0", "1"]), (["0", "1"], ["0", "1"])):
        path = write_project(
            tmp_path, [["record_id", "n"], ["a", cells[0]], ["b", cells[1]]], fields
        )
        assert read_redcap(path).sheet.text("n").tolist() == values


def test_codes_that_a_spreadsheet_wrote_as_decimals_are_the_same_codes(tmp_path):
    path = write_project(tmp_path, [["record_id", "sex"], ["a", "1.0"], ["b", "2.0"], ["c", ""]])
    assert read_redcap(path).sheet.text("sex").tolist() == ["Female", "Male, trans incl.", None]


def test_the_records_are_found_wherever_their_column_stands(tmp_path):
    rows = [["sex", "record_id", "madrs"], ["1", "a", "30"], ["1", "b", "31"]]
    source = read_redcap(write_project(tmp_path, rows))
    assert source.patient == "record_id"
    assert source.sheet.text("record_id").tolist() == ["a", "b"]
    assert source.sheet.text("madrs").tolist() == ["30", "31"]


def test_events_of_two_arms_stay_apart_for_a_patient_in_both(tmp_path):
    rows = [
        ["record_id", "redcap_event_name", "madrs"],
        ["1", "baseline_arm_1", "31"],
        ["1", "baseline_arm_2", "12"],
    ]
    source = read_redcap(write_project(tmp_path, rows))
    assert source.sheet.headers[1:] == ("madrs@baseline_arm_1", "madrs@baseline_arm_2")


@pytest.mark.parametrize(
    ("rows", "phrase"),
    [
        (
            [
                ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance", "madrs"],
                ["1", "", "", "3"],
                ["1", "visits", "1", "4"],
            ],
            r"1 row of repeating instruments \(visits\).*decision of the study.*Export a report",
        ),
        ([["record_id", "madrs"], ["1", "3"], ["1", "4"]], "1 in 2 rows; one row a patient"),
        (
            [
                ["record_id", "redcap_event_name", "madrs"],
                ["1", "bl_arm_1", "3"],
                ["1", "bl_arm_1", "4"],
            ],
            "1 in bl_arm_1 in 2 rows; one row a patient and event",
        ),
        ([["record_id", "madrs"], ["", "3"]], "no identifier in row 2"),
    ],
)
def test_an_export_without_one_value_a_patient_is_refused(tmp_path, rows, phrase):
    with pytest.raises(DataError, match=phrase):
        read_redcap(write_project(tmp_path, rows))


def test_what_is_odd_in_the_dictionary_is_told_and_not_fatal(tmp_path):
    fields = [FIELDS[0], {"name": "sex", "type": "radio", "label": "Sex", "choices": "1 F | 2, M"}]
    path = write_project(tmp_path, [["record_id", "sex", "extra"], ["1", "2", "5"]], fields)
    told = " ".join(map(str, read_redcap(path).sheet.faults))
    assert "the choice '1 F'" in told
    assert "1 column that project_DataDictionary.csv does not name: extra" in told


def test_an_export_is_known_by_its_own_columns_or_its_dictionary(tmp_path):
    write_project(tmp_path, RAW)
    assert guess_format(tmp_path) == "redcap"
    assert guess_format(tmp_path / "export.csv") == "redcap"
    (tmp_path / "alone").mkdir()
    write_rows(tmp_path / "alone" / "cohort.csv", [["id", "x"], ["1", "2"]])
    assert guess_format(tmp_path / "alone" / "cohort.csv") == "table"
    write_rows(tmp_path / "alone" / "events.csv", [["id", "redcap_event_name"], ["1", "bl"]])
    assert guess_format(tmp_path / "alone" / "events.csv") == "redcap"
    write_rows(tmp_path / "cohort.csv", [["patient", "x"], ["1", "2"]])
    assert guess_format(tmp_path / "cohort.csv") == "table"


def test_names_and_levels_redcap_has_not_are_refused_before_anything_is_written(tmp_path):
    for column in (
        Column(name="MADRS total"),
        Column(name="grade", kind="category", levels=("a | b",)),
    ):
        values = ["a | b"] if column.levels else [1.0]
        frame = pd.DataFrame({column.name: values}, index=["1"])
        with pytest.raises(DataError, match=r"as REDCap has them|stands between choices"):
            write_redcap(Cohort(frame, (column,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["export.csv", "project_DataDictionary.csv"]),
    st.integers(0, 900),
    st.binary(max_size=8),
)
def test_random_damage_is_read_or_refused_in_words(tmp_path, name, place, damage):
    write_project(tmp_path, RAW)
    good = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(good[:place] + damage + good[place + 2 :])
    with contextlib.suppress(DataError):
        source = read_redcap(tmp_path / "export.csv")
        read_cohort(source, describe_source(source).dictionary)
