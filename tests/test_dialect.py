from __future__ import annotations

import contextlib
import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratify.cohort import read_cohort
from stratify.dialect import decode, read_decimal_commas, read_written_numbers
from stratify.errors import DataError
from stratify.schema import Column
from stratify.sheet import read_sheet

ROWS = [
    ["id", "score", "city"],
    ["01", "2.5", "Zürich"],
    ["02", "31", "two\nlines"],
    ["03", "", "Graz"],
]
COLUMNS = (
    Column(name="id", kind="text", role="patient"),
    Column(name="score"),
    Column(name="city", kind="category"),
)


def render(rows, delimiter=",", end="\n") -> str:
    page = io.StringIO(newline="")
    csv.writer(page, delimiter=delimiter, lineterminator=end).writerows(rows)
    return page.getvalue()


def met_in(cohort) -> list[str]:
    return [fault.met for fault in cohort.warnings]


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_dialect_gives_the_same_patients_and_tells_what_was_assumed(
    tmp_path, ending, delimiter, encoding, end
):
    path = tmp_path / f"t{ending}"
    path.write_bytes(render(ROWS, delimiter, end).encode(encoding))
    cohort = read_cohort(path, COLUMNS)
    assert cohort.patients == ("01", "02", "03")
    np.testing.assert_array_equal(cohort.frame["score"], [2.5, 31, np.nan])
    assert cohort.frame["city"].tolist() == ["Zürich", "two\nlines", "Graz"]
    promised = {".csv": ",", ".tsv": "\t"}[ending]
    phrases = [] if delimiter == promised else ["cells parted by"]
    phrases += {"utf-8": [], "utf-8-sig": ["byte-order mark"], "cp1252": ["byte 0xfc"]}.get(
        encoding, ["UTF-16"]
    )
    told = met_in(cohort)
    assert len(told) == len(phrases)
    assert all(any(phrase in met for met in told) for phrase in phrases)


def test_old_mac_line_ends_are_read_and_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,score,city\r01,2.5,Graz\r02,,Graz\r")
    cohort = read_cohort(path, COLUMNS)
    assert cohort.patients == ("01", "02")
    assert "old Mac" in met_in(cohort)[0]


def test_what_was_assumed_of_an_encoding_is_told_with_the_character(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("id,score,city\n1,2,Orléans\n".encode("latin-1"))
    (warning,) = read_sheet(path).faults
    assert "line 2 holds the byte 0xe9" in warning.met
    assert "that byte as 'é'" in warning.wanted


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["2,5", "3", None], [2.5, 3, np.nan]),
        (["1,234", "2,5"], [1.234, 2.5]),
        (["0,125"], [0.125]),
        (["-1,5e3"], [-1500]),
        (["1,234"], None),
        (["1,234", "999"], None),
        (["1.234,5"], None),
        (["2,5", "3.5"], None),
        (["1,234,567"], None),
        (["2,5", "high"], None),
        (["2"], None),
    ],
)
def test_a_comma_is_decimal_only_if_nothing_else_can_be_meant(cells, values):
    found = read_decimal_commas(cells)
    if values is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, values)


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1))
def test_decimal_commas_read_back_as_what_was_written(values):
    cells = [f"{value!r}".replace(".", ",") for value in values]
    found = read_decimal_commas([*cells, "0,5"])
    np.testing.assert_array_equal(found[:-1], values)


def test_decimal_commas_are_read_and_told_and_thousands_are_refused_by_patient(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id;score;city\n01;2,5;Graz\n02;3;Graz\n", encoding="utf-8")
    cohort = read_cohort(path, COLUMNS)
    assert cohort.frame["score"].tolist() == [2.5, 3]
    assert "decimal commas in 1 cell" in met_in(cohort)
    path.write_text('id,score,city\n01,"1,234",Graz\n02,3,Graz\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"t.csv: score: '1,234' for patient 01.*cannot be told"):
        read_cohort(path, COLUMNS)


def test_delimiters_after_the_last_cell_are_passed_over_in_place(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,score,city\n01,1,a\n02,2,b,,\n\n03,3,c,\n04,4,d,x\n")
    sheet = read_sheet(path)
    assert sheet.text("id").tolist() == ["01", "02", "03"]
    assert sheet.rows.tolist() == [2, 3, 5]
    assert [row.row for row in sheet.ragged] == [6]
    assert "2 rows with delimiters after the last cell" in sheet.faults[0].met


def test_a_first_line_that_names_the_delimiter_is_passed_over(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"sep=;\r\nid;score\r\n1;2\r\n3\r\n")
    sheet = read_sheet(path)
    assert sheet.headers == ("id", "score")
    assert sheet.rows.tolist() == [3]
    assert sheet.ragged[0].row == 4
    assert "names the delimiter" in sheet.faults[0].met


def test_a_comma_in_one_of_two_names_does_not_part_a_file_of_tabs(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("id\tscore, total, week 6\n1\t2\n")
    assert read_sheet(path).headers == ("id", "score, total, week 6")


@given(st.binary(max_size=300))
def test_random_bytes_are_decoded_or_refused_in_words(data):
    with contextlib.suppress(DataError):
        decode("t.csv", data, ",").data.decode("utf-8")


def test_commas_in_names_of_a_file_with_semicolons_do_not_part_it():
    data = b"id;sex;age, in years;dose, mg;site\n1;f;31;20;A\n2;m;40;30;B\n"
    assert decode("t.csv", data, ",").delimiter == ";"
    # And the other way round: rows that commas part as well keep what the ending promises.
    data = b"id,age;sex;site,dose;unit;x\n1,a;b;c,2;3;4\n"
    assert decode("t.csv", data, ",").delimiter == ","


# Numbers written otherwise

COMMAS, POINTS = "commas between thousands", "points between thousands and decimal commas"


@pytest.mark.parametrize(
    ("cells", "values", "how"),
    [
        (["1,234.5", "12"], [1234.5, 12], COMMAS),
        (["1,234,567", "1,000"], [1234567, 1000], COMMAS),
        (["-1,234.50", "3e2"], [-1234.5, 300], COMMAS),
        (["1.234,5", "12", "2,5"], [1234.5, 12, 2.5], POINTS),
        (["1.234.567"], [1234567], POINTS),
        (["2,5", "31"], [2.5, 31], "decimal commas"),
        (["1 234.5", "12"], [1234.5, 12], "spaces or apostrophes between thousands"),
        (["1\u202f234,5"], [1234.5], "spaces or apostrophes between thousands, and decimal commas"),
        (["1'234", "1\u2019000"], [1234, 1000], "spaces or apostrophes between thousands"),
        (["\uff13\uff10", "\u22125", "\uff13\uff0e\uff15"], [30, -5, 3.5],
         "digits or signs of another script"),
        (["\u0661\u0662"], [12], "digits or signs of another script"),
        (["1.5", ".5", "5.", "+2", "1e-3"], [1.5, 0.5, 5, 2, 0.001], ""),
    ],
)  # fmt: skip
def test_what_a_comma_means_is_told_by_the_column(cells, values, how):
    found = read_written_numbers([*cells, None])
    assert found is not None
    np.testing.assert_array_equal(found[0], [*values, np.nan])
    assert found[1] == how


@pytest.mark.parametrize(
    "cells",
    [
        ["1,234"],  # either
        ["1,234", "2.5"],  # the comma stands between thousands, or it is another's decimal comma
        ["1,23.4"],
        ["12,34,567"],
        ["1.234,5", "1,234.5"],  # both conventions
        ["1 23"],
        ["0,123.5"],
        ["12", "high"],
        ["inf"],
        ["1_000"],
        [""],
    ],
)
def test_numbers_that_may_mean_another_are_left_alone(cells):
    assert read_written_numbers(cells) is None


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda v: round(v, 2)), min_size=1),
    st.sampled_from([",.", ".,", " .", " ,", "'."]),
)
def test_numbers_written_in_any_convention_come_back_or_are_left_alone(values, convention):
    group, point = convention
    cells = [f"{v:,.2f}".replace(",", "#").replace(".", point).replace("#", group) for v in values]
    found = read_written_numbers(cells)
    if found is not None:
        np.testing.assert_allclose(found[0], values)
    elif max(map(abs, values)) >= 1000:
        assert group in ",." and all(abs(v) < 1e6 for v in values)  # noqa: PT018


def test_marks_nobody_sees_are_taken_out_and_told():
    found = decode("t.csv", "\u200bid,x\nP\u00ad1\u200e,2\n".encode(), ",")
    assert found.data == b"id,x\nP1,2\n"
    assert [fault.met for fault in found.faults] == [
        "3 marks without width, such as come with text from web pages"
    ]
    persian = "\u0645\u06cc\u200c\u0631\u0648\u0645,x\n1,2\n".encode()
    assert decode("t.csv", persian, ",").data == persian  # there it is part of the word
