from __future__ import annotations

import gzip
import hashlib
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest

from stratify.cohort import Dictionary, read_cohort
from stratify.errors import DataError
from stratify.schema import Column

COLUMNS = (
    Column(name="id", kind="text", role="patient"),
    Column(name="madrs", label="MADRS total", unit="points", low=0, high=60),
    Column(name="sex", kind="category", levels=("female", "male")),
    Column(name="smoker", kind="boolean"),
    Column(name="seen", kind="date", role="ignore"),
    Column(name="note", kind="text", role="ignore"),
    Column(name="madrs_week6", role="outcome", measured="followup", low=0, high=60),
)
HEADER = "id,madrs,sex,smoker,seen,note,madrs_week6"
ROWS = (
    "007,31,female,no,2024-03-01,calm,12",
    "008,,male,YES,2024-03-02T10:30,,30.5",
    "009,28.5,n/a,1,,says NA often,",
)


def write(tmp_path, *rows: str, header: str = HEADER, name: str = "cohort.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def faults_of(path, columns=COLUMNS, **options) -> list[str]:
    with pytest.raises(DataError) as refused:
        read_cohort(path, columns, **options)
    return [str(fault) for fault in refused.value.faults]


def expected() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "madrs": [31.0, np.nan, 28.5],
            "sex": pd.Categorical(["female", "male", None], categories=["female", "male"]),
            "smoker": [0.0, 1.0, 1.0],
            "seen": pd.to_datetime(["2024-03-01", "2024-03-02T10:30", None], format="ISO8601"),
            "note": ["calm", None, "says NA often"],
            "madrs_week6": [12.0, 30.5, np.nan],
        },
        index=pd.Index(["007", "008", "009"], name="patient"),
    )


def assert_as_expected(cohort) -> None:
    pd.testing.assert_frame_equal(
        cohort.frame, expected(), check_dtype=False, check_column_type=False
    )
    assert [str(dtype) for dtype in cohort.frame.dtypes] == [
        "float64",
        "category",
        "float64",
        "datetime64[us]",
        "str",
        "float64",
    ]


def test_csv_gives_each_cell_the_meaning_of_its_column(tmp_path):
    cohort = read_cohort(write(tmp_path, *ROWS), COLUMNS)
    assert_as_expected(cohort)
    assert cohort.name == "cohort.csv"
    assert cohort.patients == ("007", "008", "009")
    assert cohort.warnings == ()
    assert [column.name for column in cohort.columns] == [c.name for c in COLUMNS[1:]]


def test_tsv_and_gzip_read_as_csv_does(tmp_path):
    tabs = "\n".join([HEADER, *ROWS]).replace(",", "\t") + "\n"
    (tmp_path / "cohort.tsv").write_text(tabs)
    (tmp_path / "cohort.tsv.gz").write_bytes(gzip.compress(tabs.encode()))
    (tmp_path / "cohort.csv.gz").write_bytes(gzip.compress(("\n".join([HEADER, *ROWS])).encode()))
    for name in ("cohort.tsv", "cohort.tsv.gz", "cohort.csv.gz"):
        assert_as_expected(read_cohort(tmp_path / name, COLUMNS))


def test_byte_order_mark_quotes_and_windows_and_old_mac_line_ends_are_no_fault(tmp_path):
    text = "\n".join([HEADER, *ROWS]).replace("calm", '"calm"')
    for k, end in enumerate(("\r\n", "\r")):
        path = tmp_path / f"{k}.csv"
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", end).encode())
        assert_as_expected(read_cohort(path, COLUMNS))


def test_parquet_keeps_types_and_reads_as_csv_does(tmp_path):
    frame = pd.DataFrame(
        {
            "id": ["007", "008", "009"],
            "madrs": np.array([31, np.nan, 28.5], dtype="float32"),
            "sex": pd.Categorical(["female", "male", None]),
            "smoker": [False, True, True],
            "seen": pd.to_datetime(["2024-03-01", "2024-03-02T10:30", None], format="ISO8601"),
            "note": ["calm", None, "says NA often"],
            "madrs_week6": [12.0, 30.5, np.nan],
        }
    )
    frame.to_parquet(tmp_path / "cohort.parquet")
    assert_as_expected(read_cohort(tmp_path / "cohort.parquet", COLUMNS))
    frame.set_index("id").to_parquet(tmp_path / "indexed.parquet")
    assert_as_expected(read_cohort(tmp_path / "indexed.parquet", COLUMNS))


def test_numeric_identifiers_of_parquet_and_xlsx_are_written_without_a_point(tmp_path):
    columns = (Column(name="id", kind="text", role="patient"), Column(name="x"))
    for kind in ("int64", "float64"):
        frame = pd.DataFrame({"id": np.array([7, 8], dtype=kind), "x": [1, 2]})
        frame.to_parquet(tmp_path / "t.parquet")
        assert read_cohort(tmp_path / "t.parquet", columns).patients == ("7", "8")
    book = openpyxl.Workbook()
    for row in (["id", "x"], [7, 1], [8.0, 2]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert read_cohort(tmp_path / "t.xlsx", columns).patients == ("7", "8")


def test_xlsx_reads_as_csv_does(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.append(HEADER.split(","))
    page.append(["007", 31, "female", "no", date(2024, 3, 1), "calm", 12])
    page.append(
        ["008", None, "male", True, pd.Timestamp("2024-03-02T10:30").to_pydatetime(), None, 30.5]
    )
    page.append(["009", 28.5, "n/a", 1, None, "says NA often", None])
    page.append([None] * 7)
    book.save(tmp_path / "cohort.xlsx")
    cohort = read_cohort(tmp_path / "cohort.xlsx", COLUMNS)
    assert_as_expected(cohort)
    book.create_sheet("codes")
    book.save(tmp_path / "cohort.xlsx")
    (warning,) = read_cohort(tmp_path / "cohort.xlsx", COLUMNS).warnings
    assert "one sheet is read, the first: Sheet" in str(warning)


def test_a_formula_saved_without_its_result_is_no_empty_cell(tmp_path):
    book = openpyxl.Workbook()
    for row in (["id", "madrs"], ["P01", 30], ["P02", "=B2+1"]):
        book.active.append(row)
    book.save(tmp_path / "cohort.xlsx")
    (fault,) = faults_of(tmp_path / "cohort.xlsx", COLUMNS[:2])
    assert "1 formula without a result: B3" in fault


def test_reading_leaves_the_file_as_it_was(tmp_path):
    path = write(tmp_path, *ROWS)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    read_cohort(path, COLUMNS)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [file.name for file in tmp_path.iterdir()] == ["cohort.csv"]


def test_order_of_rows_and_columns_does_not_change_a_patient(tmp_path):
    forward = read_cohort(write(tmp_path, *ROWS), COLUMNS)
    turned = "madrs_week6,note,seen,smoker,sex,madrs,id"
    rows = [",".join(row.split(",")[::-1]) for row in ROWS[::-1]]
    backward = read_cohort(write(tmp_path, *rows, header=turned, name="b.csv"), COLUMNS)
    pd.testing.assert_frame_equal(backward.frame.loc[list(forward.patients)], forward.frame)


def test_the_ends_of_a_range_are_inside_it_and_one_end_may_be_open(tmp_path):
    path = write(tmp_path, "a,0,1,7", "b,60,9,-7", header="id,madrs,dose,change")
    columns = (*COLUMNS[:2], Column(name="dose", low=1), Column(name="change", high=7))
    assert read_cohort(path, columns).frame["madrs"].tolist() == [0.0, 60.0]
    path = write(tmp_path, "a,0,0.5,8", header="id,madrs,dose,change")
    faults = faults_of(path, columns)
    assert "dose is at least 1" in faults[0]
    assert "change is at most 7" in faults[1]


def test_a_level_called_na_is_a_level_and_elsewhere_na_is_missing(tmp_path):
    columns = (
        COLUMNS[0],
        Column(name="region", kind="category", levels=("NA", "EU")),
        Column(name="answer", kind="category"),
        Column(name="status", kind="category", levels=("None", "some")),
    )
    path = write(
        tmp_path, "1,NA,no,None", "2,EU,NA,some", "3,,NULL,NaN", header="id,region,answer,status"
    )
    frame = read_cohort(path, columns).frame
    assert frame["region"].astype(object).tolist()[:2] == ["NA", "EU"]
    assert frame["status"].tolist()[:2] == ["None", "some"]
    assert frame.isna().sum().tolist() == [1, 2, 1]
    assert frame["answer"].cat.categories.tolist() == ["no"]


def test_a_category_without_levels_gets_the_seen_ones_sorted(tmp_path):
    columns = (COLUMNS[0], Column(name="race", kind="category"))
    cohort = read_cohort(write(tmp_path, "1,white", "2,asian", "3,", header="id,race"), columns)
    assert cohort["race"].levels == ("asian", "white")
    assert cohort.frame["race"].cat.categories.tolist() == ["asian", "white"]


def test_a_booleans_own_words_go_before_the_usual_ones(tmp_path):
    columns = (
        COLUMNS[0],
        Column(name="sex", kind="boolean", levels=("female", "male")),
        Column(name="coded", kind="boolean", levels=("1", "2")),
    )
    path = write(tmp_path, "a,Male,1", "b,female,2", "c,1,", header="id,sex,coded")
    frame = read_cohort(path, columns).frame
    assert frame["sex"].tolist() == [1.0, 0.0, 1.0]
    assert frame["coded"].tolist()[:2] == [0.0, 1.0]
    # With 1 for no and 2 for yes, the usual 0 could mean anything.
    bad = write(tmp_path, "a,male,0", header="id,sex,coded", name="bad.csv")
    assert "'0' for patient a; coded is 1 or 2" in faults_of(bad, columns)[0]


@pytest.mark.parametrize(
    ("row", "phrase"),
    [
        ("P17,74,male,no,,,", "madrs: 74 for patient P17; MADRS total runs from 0 to 60 points"),
        ("P17,-0.5,male,no,,,", "madrs: -0.5 for patient P17; MADRS total runs from 0 to 60"),
        ("P17,abc,male,no,,,", "madrs: 'abc' for patient P17; MADRS total is a number of points"),
        ('P17,"30,5",male,no,,,', "Write a point for a decimal comma"),
        ("P17,inf,male,no,,,", "inf for patient P17; MADRS total is finite"),
        ("P17,1e999,male,no,,,", "inf for patient P17; MADRS total is finite"),
        ("P17,3,mal,no,,,", "'mal' for patient P17; sex is one of female, male (did you mean"),
        ("P17,3,male,maybe,,,", "'maybe' for patient P17; smoker is no or yes"),
        ("P17,3,male,no,03/01/2024,,", "'03/01/2024' for patient P17; seen is a date written year"),
        ("P17,3,male,no,2024-03,,", "'2024-03' for patient P17; seen is a date written year"),
        ("P17,3,male,no,2024-02-30,,", "'2024-02-30' for patient P17"),
        ("P17,3,male,no,,,,9", "row 5 with 8 cells (patient P17)"),
        ("P17,3", "row 5 with 2 cells (patient P17)"),
        (",3,male,no,,,", "no identifier in row 5"),
        ("008,3,male,no,,,", "008 in 2 rows; one row a patient"),
    ],
)
def test_each_wrong_cell_is_told_with_file_column_and_patient(tmp_path, row, phrase):
    (fault,) = faults_of(write(tmp_path, *ROWS, row))
    assert phrase in fault
    assert fault.startswith("cohort.csv")


@pytest.mark.parametrize(
    ("header", "phrase"),
    [
        ("id,madrs,sex,smoker,seen,note,madrs_weak6", "did you mean 'madrs_weak6'"),
        ("id,madrs,sex,smoker,seen,madrs,madrs_week6", "columns that share a name: madrs"),
        ("ID,madrs,sex,smoker,seen,note,madrs_week6", "cohort.csv: id: no such column"),
    ],
)
def test_each_fault_of_the_header_is_told(tmp_path, header, phrase):
    faults = faults_of(write(tmp_path, *ROWS, header=header))
    assert any(phrase in fault for fault in faults), faults


def test_every_fault_of_every_column_is_told_at_once(tmp_path):
    path = write(
        tmp_path,
        "a,74,woman,maybe,yesterday,x,1",
        "a,x,female,no,2024-01-01,x,99",
        ",1,female,no,2024-01-01,x,1",
        "b,1",
    )
    faults = faults_of(path)
    for phrase in (
        "row 5 with 2 cells (patient b)",
        "no identifier in row 4",
        "a in 2 rows",
        "madrs: 'x' for patient a",
        "madrs: 74 for patient a",
        "'woman' for patient a",
        "'maybe' for patient a",
        "'yesterday' for patient a",
        "madrs_week6: 99 for patient a",
    ):
        assert sum(phrase in fault for fault in faults) == 1, (phrase, faults)
    assert len(faults) == 9


def test_the_same_fault_in_many_rows_is_told_once_and_counted(tmp_path):
    rows = [f"P{k:02d},{60 + k},male,no,,," for k in range(1, 9)]
    path = write(tmp_path, *rows)
    with pytest.raises(DataError) as refused:
        read_cohort(path, COLUMNS)
    (fault,) = refused.value.faults
    assert fault.met == (
        "8 rows out of range: 61 for patient P01, 62 for patient P02, 63 for patient P03 and 5 more"
    )
    assert fault.patients == tuple(f"P{k:02d}" for k in range(1, 9))


def test_columns_without_meaning_and_empty_columns_are_warned_of_and_not_lost(tmp_path):
    path = write(tmp_path, "1,,5", "2,,6", header="id,madrs,shoe_size")
    cohort = read_cohort(path, COLUMNS[:2])
    assert [warning.severity for warning in cohort.warnings] == ["warning", "warning"]
    told = "\n".join(map(str, cohort.warnings))
    assert "1 column that the dictionary does not name: shoe_size" in told
    assert "madrs: every cell is empty" in told
    assert list(cohort.frame.columns) == ["madrs"]


def test_empty_rows_are_passed_over_and_rows_keep_their_numbers(tmp_path):
    path = write(tmp_path, ROWS[0], "", ",,,,,,", ROWS[1], ",3,male,no,,,")
    (fault,) = faults_of(path)
    assert "no identifier in row 6" in fault


def test_new_patients_may_lack_their_outcome_but_no_feature(tmp_path):
    header = "id,madrs,sex,smoker"
    path = write(tmp_path, "1,30,male,no", header=header)
    new = read_cohort(path, COLUMNS, labelled=False)
    old = read_cohort(write(tmp_path, *ROWS, name="old.csv"), COLUMNS)
    assert new.columns == old.columns
    assert new.frame.dtypes.tolist() == old.frame.dtypes.tolist()
    assert new.frame["madrs_week6"].isna().all()
    assert new.warnings == ()
    assert any("madrs_week6: no such column" in fault for fault in faults_of(path))
    lacking = write(tmp_path, "1,30,no", header="id,madrs,smoker", name="lacking.csv")
    (fault,) = faults_of(lacking, labelled=False)
    assert "sex: no such column" in fault


def test_a_simulated_dictionary_makes_a_simulated_cohort(tmp_path):
    path = write(tmp_path, *ROWS)
    assert not read_cohort(path, COLUMNS).simulated
    made = read_cohort(path, Dictionary(COLUMNS, name="pilot", simulated=True))
    assert (made.simulated, made.name) == (True, "pilot")
    assert read_cohort(path, Dictionary(COLUMNS, name="pilot"), name="mine").name == "mine"


def test_the_digest_is_of_the_cells_not_of_the_format(tmp_path):
    cohort = read_cohort(write(tmp_path, *ROWS), COLUMNS)
    quoted = read_cohort(
        write(tmp_path, *[row.replace("31", '"31.0"') for row in ROWS], name="q.csv"), COLUMNS
    )
    assert cohort.digest == quoted.digest
    other = read_cohort(write(tmp_path, *ROWS[:2], name="o.csv"), COLUMNS)
    assert cohort.digest != other.digest


def test_levels_that_are_one_number_are_one_level(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text("id,grade,site,sex\nP1,1.0,01,1.0\nP2,2,1,2.0\nP3,02,2,1\n")
    columns = (
        Column(name="id", kind="text", role="patient"),
        Column(name="grade", kind="category", levels=("1", "2")),
        Column(name="site", kind="category", role="site"),
        Column(name="sex", kind="boolean", levels=("1", "2")),
    )
    cohort = read_cohort(path, columns)
    assert cohort.frame["grade"].tolist() == ["1", "2", "2"]
    assert cohort.frame["site"].tolist() == ["1", "1", "2"]
    assert cohort["site"].levels == ("1", "2")
    assert cohort.frame["sex"].tolist() == [0, 1, 0]
    told = {fault.where: fault.met for fault in cohort.warnings}
    assert "'1.0' as '1', '02' as '2'" in told["cohort.csv: grade"]
    assert set(told) == {"cohort.csv: grade", "cohort.csv: site", "cohort.csv: sex"}


def test_levels_given_in_both_spellings_stay_two(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text("id,site\nP1,01\nP2,1\n")
    site = Column(name="site", kind="category", role="site", levels=("01", "1"))
    cohort = read_cohort(path, (Column(name="id", kind="text", role="patient"), site))
    assert cohort.frame["site"].tolist() == ["01", "1"]
    assert cohort.warnings == ()
