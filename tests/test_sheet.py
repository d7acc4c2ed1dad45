from __future__ import annotations

import gzip

import numpy as np
import openpyxl
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.sheet import read_sheet


def refusal(path) -> str:
    with pytest.raises(DataError) as refused:
        read_sheet(path)
    (fault,) = refused.value.faults
    assert fault.where == path.name
    return str(fault)


@pytest.mark.parametrize(
    ("name", "data", "phrase"),
    [
        ("t.csv", b"id,x\n1,caf\xe9\x81\n", "neither UTF-8 nor Latin-1"),
        ("t.csv", b"id,x\n1,\x00\n", "bytes that no text holds"),
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"\n\n", "the file is empty"),
        ("t.csv", b",,\n1,2,3\n", "the first row is empty"),
        ("t.csv", b"\nid,x\n1,2\n", "the first row is empty"),
        ("t.csv.gz", b"id,x\n", "no whole gzip file"),
        ("t.csv.gz", gzip.compress(b"id,x\n1,2\n" * 99, mtime=0)[:-9], "no whole gzip file"),
        ("t.parquet", b"id,x\n1,2\n", "no Parquet file"),
        ("t.xlsx", b"id,x\n1,2\n", "no spreadsheet that can be read"),
        ("t.sav", b"", "a table in one of .csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_way_out(tmp_path, name, data, phrase):
    path = tmp_path / name
    path.write_bytes(data)
    assert phrase in refusal(path)


def test_a_path_that_is_no_file_is_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "t.csv")
    (tmp_path / "d.csv").mkdir()
    assert "this is a folder" in refusal(tmp_path / "d.csv")


def test_a_quotation_mark_that_never_closes_does_not_swallow_patients(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,note\n1,"open\n2,b\n3,c\n')
    assert "never closed" in str(read_sheet(path).faults[0])
    path.write_text('id,note\n1,5" disc\n2,"two\nlines"\n')
    assert read_sheet(path).text("note").tolist() == ['5" disc', "two\nlines"]


def test_every_ragged_row_is_kept_aside_with_its_number(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x\n1,2\n3\n\n4,5,6\n7,8\n")
    sheet = read_sheet(path)
    assert [(row.row, row.cells) for row in sheet.ragged] == [(3, ("3",)), (5, ("4", "5", "6"))]
    assert sheet.rows.tolist() == [2, 6]


def test_ragged_rows_of_a_workbook_are_kept_aside_too(tmp_path):
    book = openpyxl.Workbook()
    for row in (["id", "x"], ["1", 2], ["3", 4, 5], [], ["6"]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    sheet = read_sheet(tmp_path / "t.xlsx")
    assert [row.row for row in sheet.ragged] == [3]
    assert sheet.rows.tolist() == [2, 5]
    assert sheet.text("x").tolist() == ["2", None]


def test_a_column_without_a_name_is_warned_of_whether_it_holds_something_or_not(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x,,\n1,2,,\n")
    (warning,) = read_sheet(path).faults
    assert warning.severity == "warning"
    assert "2 columns without a name and without a value" in warning.met
    path.write_text(",id,x\n0,1,2\n")
    (warning,) = read_sheet(path).faults
    assert warning.severity == "warning"
    assert "no name above column 1" in warning.met


def test_numbers_of_text_equal_numbers_of_each_column_alone(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1, 2.5 ,x\n,1e3,-4\nNaN,n/a,+.5\n")
    sheet = read_sheet(path)
    values, wrong = sheet.numbers(["a", "b", "c"])
    nan = np.nan
    np.testing.assert_array_equal(values, [[1, 2.5, nan], [nan, 1000, -4], [nan, nan, 0.5]])
    assert np.argwhere(wrong).tolist() == [[0, 2]]
    for k, header in enumerate("abc"):
        alone, bad = sheet.numbers([header])
        np.testing.assert_array_equal(alone[:, 0], values[:, k])
        np.testing.assert_array_equal(bad[:, 0], wrong[:, k])


def test_a_file_with_a_header_only_is_a_table_without_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x")
    sheet = read_sheet(path)
    assert (sheet.headers, len(sheet)) == (("id", "x"), 0)
    path.write_text("1,2\n,\n3,4\n")
    bare = read_sheet(path, header=False)
    assert bare.rows.tolist() == [1, 2, 3]
    assert bare.text("2").tolist() == ["2", None, "4"]


def test_lists_in_parquet_are_refused_by_column(tmp_path):
    pd.DataFrame({"id": ["1"], "scores": [[1, 2]]}).to_parquet(tmp_path / "t.parquet")
    assert "column scores holds lists" in str(read_sheet(tmp_path / "t.parquet").faults[0])


def test_a_title_above_the_names_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Export of March\n\n" + "id,x,y\n1,2,3\n4,5,6\n")
    (fault,) = (fault for fault in read_sheet(path).faults if fault.severity == "error")
    assert "1 name in the first row, and 3 cells in 3 rows below" in fault.met
    assert "Delete the lines above the names" in fault.way_out
    path.write_text("id,x,y\n1,2,3\n4,5,6,7\n8,9,10\n")
    assert read_sheet(path).faults == ()  # one long row is no header's fault


def test_text_kept_by_a_formula_is_read_as_the_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,x\n="007",1\n"=""008""",=2\n')
    sheet = read_sheet(path)
    assert sheet.text("id").tolist() == ["007", "008"]
    assert sheet.text("x").tolist() == ["1", "=2"]
    (warning,) = sheet.faults
    assert "2 cells written as a formula" in warning.met


def test_headers_given_twice_are_numbered_where_that_is_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,a,a,a (2)\n1,2,3,4,5\n")
    sheet = read_sheet(path, repeated="numbered")
    assert sheet.headers[:4] == ("a", "b", "a (2)", "a (3)")
    assert len(set(sheet.headers)) == 5
    assert [sheet.title(header) for header in sheet.headers] == ["a", "b", "a", "a", "a (2)"]
    assert [sheet.text(header)[0] for header in sheet.headers] == ["1", "2", "3", "4", "5"]
    assert any("share a name: a" in fault.met for fault in read_sheet(path).faults)
