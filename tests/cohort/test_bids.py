from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratify.cohort import describe_source, guess_format, read_bids, read_cohort, read_source
from stratify.errors import DataError

PARTICIPANTS = [
    ["participant_id", "age", "sex", "site"],
    ["sub-01", "31", "F", "a"],
    ["sub-02", "n/a", "M", "a"],
    ["sub-03", "44", "F", "a"],
]


def write(path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n", encoding="utf-8")


def write_json(path, values) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "participants.tsv", PARTICIPANTS)
    write_json(
        tmp_path / "participants.json",
        {
            "age": {"Description": "Age at entry", "Units": "years"},
            "sex": {"Levels": {"F": "female", "M": "male"}},
        },
    )
    write(
        tmp_path / "phenotype" / "phq9.tsv",
        [
            ["participant_id", "phq9_total", "smoker", "age"],
            ["sub-03", "20", "1.0", "45"],
            ["sub-01", "12", "0.0", "32"],
        ],
    )
    write_json(
        tmp_path / "phenotype" / "phq9.json",
        {
            "MeasurementToolMetadata": {
                "Description": "Patient Health Questionnaire",
                "TermURL": "urn:phq9",
            },
            "smoker": {"LongName": "Smokes", "Levels": {"0": "No", "1": "Yes"}},
            "phq9_total": {"MinValue": "0", "MaxValue": "27"},
        },
    )
    write_json(
        tmp_path / "dataset_description.json",
        {"Name": "Small", "License": "CC0", "Authors": ["A", "B"]},
    )
    return tmp_path


def told(source) -> str:
    return " ".join(map(str, source.sheet.faults))


def test_tables_are_joined_by_person_whatever_their_order(folder):
    source = read_bids(folder)
    assert source.sheet.headers == (
        "participant_id",
        "age",
        "sex",
        "site",
        "phq9_total",
        "smoker",
        "phq9_age",
    )
    cohort = read_cohort(source, describe_source(source).dictionary)
    assert cohort.patients == ("sub-01", "sub-02", "sub-03")
    np.testing.assert_array_equal(cohort.frame["phq9_total"], [12, np.nan, 20])
    np.testing.assert_array_equal(cohort.frame["age"], [31, np.nan, 44])
    np.testing.assert_array_equal(cohort.frame["phq9_age"], [32, np.nan, 45])
    np.testing.assert_array_equal(cohort.frame["smoker"], [0, np.nan, 1])


def test_meaning_comes_from_the_sidecars(folder):
    draft = describe_source(read_bids(folder))
    by_name = {column.name: column for column in draft.dictionary.columns}
    assert by_name["age"].unit == "years"
    assert by_name["age"].label == "Age at entry"
    assert by_name["sex"].levels == ("F", "M")
    assert by_name["smoker"].kind == "boolean"
    assert by_name["smoker"].label == "Smokes"
    assert (by_name["phq9_total"].low, by_name["phq9_total"].high) == (0, 27)
    assert draft.reasons["phq9_total"]["high"] == "from phq9.json"
    assert by_name["site"].role == "site"
    assert draft.dictionary.licence == "CC0"
    assert "phq9: Patient Health Questionnaire (urn:phq9)" in draft.dictionary.citation


def test_a_level_written_with_a_point_is_read_as_the_level_and_told(folder):
    assert "whole numbers written with a point (2.0) in 1 column: smoker" in told(read_bids(folder))


def test_sessions_become_columns(folder):
    write(
        folder / "phenotype" / "madrs.tsv",
        [
            ["participant_id", "session_id", "madrs"],
            ["sub-01", "ses-pre", "30"],
            ["sub-01", "ses-post", "10"],
            ["sub-02", "ses-pre", "35"],
        ],
    )
    write(folder / "sub-01" / "sub-01_sessions.tsv", [["session_id", "weight"], ["ses-pre", "70"]])
    write(folder / "sub-02" / "sub-02_sessions.tsv", [["session_id", "weight"], ["ses-pre", "80"]])
    source = read_bids(folder)
    cohort = read_cohort(source, describe_source(source).dictionary)
    np.testing.assert_array_equal(cohort.frame["madrs@ses-pre"], [30, 35, np.nan])
    np.testing.assert_array_equal(cohort.frame["madrs@ses-post"], [10, np.nan, np.nan])
    np.testing.assert_array_equal(cohort.frame["weight@ses-pre"], [70, 80, np.nan])
    assert cohort["madrs@ses-pre"].is_feature
    assert cohort["madrs@ses-post"].role == "outcome"


def test_people_participants_tsv_does_not_name_are_kept_and_told(folder):
    write(folder / "phenotype" / "x.tsv", [["participant_id", "x"], ["sub-09", "1"], ["01", "2"]])
    source = read_bids(folder)
    assert len(source) == 4
    assert source.sheet.text("x").tolist() == ["2", None, None, "1"]
    assert "1 person whom participants.tsv does not name" in told(source)
    assert "identifiers with and without sub-: '01' as 'sub-01'" in told(source)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("{not json", "phq9.json: it cannot be read"),
        ("[1, 2]", "it holds no object of columns"),
        ('{"smoker": "yes"}', "phq9.json: smoker: it is no object"),
        ('{"smoker": {"Levels": "0 or 1"}}', "phq9.json: smoker: Levels is no object"),
        ('{"phq9_total": {"MaxValue": "many"}}', "phq9.json: phq9_total: MaxValue is no number"),
        ("\xff", "phq9.json: it cannot be read"),
    ],
)
def test_a_malformed_sidecar_is_told_and_not_fatal(folder, text, phrase):
    (folder / "phenotype" / "phq9.json").write_bytes(text.encode("latin-1"))
    source = read_bids(folder)
    assert phrase in told(source)
    cohort = read_cohort(source, describe_source(source).dictionary)
    np.testing.assert_array_equal(cohort.frame["phq9_total"], [12, np.nan, 20])


@pytest.mark.parametrize(
    ("rows", "phrase"),
    [
        ([["id", "x"], ["sub-01", "1"]], "x.tsv: no column participant_id"),
        ([["participant_id", "x"], ["sub-01", "1"], ["sub-01", "2"]], "sub-01 in 2 rows"),
        ([["participant_id", "x"], ["n/a", "1"]], "no identifier in row 2"),
    ],
)
def test_a_table_that_cannot_be_joined_is_refused_by_name(folder, rows, phrase):
    write(folder / "phenotype" / "x.tsv", rows)
    with pytest.raises(DataError, match=phrase):
        read_bids(folder)


def test_ragged_rows_are_refused_when_the_cohort_is_read(folder):
    (folder / "participants.tsv").write_text("participant_id\tage\nsub-01\t3\nsub-02\t3\t4\n")
    source = read_bids(folder)
    with pytest.raises(DataError, match=r"participants.tsv: row 3 with 3 cells"):
        read_cohort(source, describe_source(source).dictionary)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no participants.tsv"):
        read_bids(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_bids(tmp_path / "none")
    assert guess_format(tmp_path) == "bids"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(
        [
            "participants.tsv",
            "participants.json",
            "phenotype/phq9.tsv",
            "phenotype/phq9.json",
            "dataset_description.json",
        ]
    ),
    st.integers(0, 400),
    st.binary(max_size=8),
)
def test_random_damage_is_read_or_refused_in_words(folder, name, place, bytes_):
    path = folder / name
    good = path.read_bytes()
    path.write_bytes(good[:place] + bytes_ + good[place + 2 :])
    try:
        source = read_bids(folder)
        read_cohort(source, describe_source(source).dictionary)
    except DataError as refused:
        faults = refused.faults
        assert faults
    finally:
        path.write_bytes(good)


def test_a_folder_of_plain_tables_is_told_what_is_amiss(tmp_path):
    (tmp_path / "export_2024.csv").write_text("record_id,age\n1,30\n")
    with pytest.raises(DataError) as caught:
        read_source(tmp_path)
    (fault,) = caught.value.faults
    assert "1 table: export_2024.csv" in fault.met
    assert "Name the table itself" in fault.way_out
    assert "data dictionary" in fault.way_out


def test_who_has_no_row_in_a_table_or_no_session_is_told(folder):
    write(folder / "phenotype" / "x.tsv", [["participant_id", "x"], ["sub-01", "1"]])
    faults = [fault for fault in read_bids(folder).sheet.faults if fault.where == "x.tsv"]
    assert [fault.met for fault in faults] == ["no row of 2 people: sub-02, sub-03"]
    assert faults[0].patients == ("sub-02", "sub-03")
    assert "sub-" not in str(faults[0].anonymous())
    rows = [["participant_id", "session_id", "y"], ["sub-01", "ses-1", "1"], ["sub-01", "n/a", "2"]]
    write(folder / "sessions.tsv", rows)
    with pytest.raises(DataError, match=r"sessions.tsv: session_id: no session in row 3"):
        read_bids(folder)


def test_identifiers_with_the_prefix_in_one_table_only_are_one_person(folder):
    register = folder / "participants.tsv"
    register.write_text(register.read_text().replace("sub-", ""))
    source = read_bids(folder)
    assert source.sheet.text("participant_id").tolist() == ["01", "02", "03"]
    assert "'sub-01' as '01'" in told(source)
