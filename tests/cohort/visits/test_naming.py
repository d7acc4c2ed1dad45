"""Names written in two ways: patients, visits, instruments, arms and levels of visits."""

from __future__ import annotations

import pandas as pd
import pytest

from stratify.cohort import make_wide, read_visits
from stratify.cohort.visits.naming import find_instruments
from stratify.errors import DataError
from stratify.instruments import list_instruments
from stratify.schema import Column

HEAD = "patient,visit,day,instrument,value"
DAYS = {"baseline": -1, "week 2": 14, "day-1": -1, "day 1": 1}


@pytest.fixture
def read(tmp_path):
    def read(*rows, head=HEAD, **options):
        path = tmp_path / "visits.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return read_visits(path, **options)

    return read


def test_a_visit_in_two_spellings_is_one_and_it_is_told(read):
    visits = read(
        "P1,Week 2,14,madrs,20", "P2,week_2,14,madrs,18", "P3,week 2,14,madrs,15", planned=DAYS
    )
    wide = make_wide(visits)
    assert wide.frame["madrs_week_2"].tolist() == [20, 18, 15]
    (fault,) = (f for f in visits.warnings if f.where == "visits.csv: visit")
    assert fault.met == "names read as others: 'Week 2' as 'week 2', 'week_2' as 'week 2'"
    assert fault.severity == "warning"


def test_two_values_at_a_visit_in_two_spellings_are_refused_by_patient(read):
    with pytest.raises(DataError, match="more than one value of madrs at week 2 of patient P1"):
        read("P1,Week 2,14,madrs,20", "P1,week 2,14,madrs,18", planned=DAYS)


def test_the_day_before_the_first_is_not_the_first(read):
    visits = read("P1,day-1,,madrs,30", "P1,day 1,,madrs,25", planned=DAYS)
    assert visits.frame["day"].tolist() == [-1, 1]
    assert not visits.warnings


def test_a_planned_visit_is_found_whatever_its_capitals_and_a_misspelt_one_named(read):
    row = "P1,WEEK 2,,madrs,20"
    assert read(row, planned=DAYS).frame["day"].tolist() == [14]
    with pytest.raises(DataError, match=r"no known time \(did you mean 'week 2'\?\): wek 2 of pat"):
        read("P1,wek 2,,madrs,20", planned=DAYS)


def test_every_scale_is_found_by_other_spellings_of_its_name():
    for name in list_instruments():
        for other in (name.upper(), name.replace("_", "-"), name.replace("_", " ").title()):
            assert find_instruments([other]).get(other, other) == name
    assert find_instruments(["dose", "Dose", "Dose"]) == {"dose": "Dose"}
    assert find_instruments(["madrs", "hamd17"]) == {}


def test_a_scale_in_capitals_brings_its_range(read):
    visits = read("P1,baseline,-1,MADRS,30", "P2,baseline,-1,madrs,31")
    (column,) = make_wide(visits).columns
    assert (column.name, column.high) == ("madrs_baseline", 60)
    with pytest.raises(DataError, match="MADRS total is a number from 0 to 60"):
        make_wide(read("P1,baseline,-1,Madrs,61"))


@pytest.mark.parametrize(("file", "cohort"), [("01", "sub-01"), ("sub-01", "01")])
def test_the_prefix_of_bids_does_not_part_a_patient_from_the_cohort(read, file, cohort):
    visits = read(f"{file},baseline,-1,madrs,30", known=(cohort, "sub-02"))
    assert visits.patients == (cohort,)
    (fault,) = visits.warnings
    assert fault.where == "visits.csv: patient"
    assert fault.patients == (cohort,)
    assert cohort not in str(fault.anonymous())


def test_both_names_in_one_file_are_not_joined(read):
    rows = ("01,baseline,-1,madrs,30", "sub-01,baseline,-1,madrs,20")
    with pytest.raises(DataError, match="01, not in the cohort"):
        read(*rows, known=("sub-01",))


@pytest.mark.parametrize("stranger", ["s7", "S007", "sub-S0007", "S0007.0"])
def test_a_stranger_who_may_be_a_patient_is_told_which(read, stranger):
    known = ("S0007", "S0008")
    if stranger == "sub-S0007":
        assert read(f"{stranger},baseline,-1,madrs,30", known=known).patients == ("S0007",)
        return
    with pytest.raises(DataError, match=rf"'{stranger}' may be 'S0007'"):
        read(f"{stranger},baseline,-1,madrs,30", known=known)


def test_sessions_may_name_patients_and_periods_as_another_program_wrote_them(read):
    sessions = pd.DataFrame(
        {
            "patient": ["01", "01"],
            "period": [1.0, 2.0],
            "first_session": ["2024-03-10", "2024-06-10"],
        }
    )
    visits = read(
        "sub-01,1,2024-03-08,madrs,30",
        "sub-01,2,2024-06-08,madrs,24",
        head="patient,period,date,instrument,value",
        sessions=sessions,
    )
    assert visits.frame["day"].tolist() == [-2, -2]
    assert {f.where for f in visits.warnings} == {"sessions: patient", "sessions: period"}


def test_levels_that_are_one_number_are_one_level(read):
    rows = ("P1,baseline,-1,grade,1.0", "P2,baseline,-1,grade,2")
    grade = Column(name="grade", kind="category", levels=("1", "2"))
    wide = make_wide(read(*rows), columns=[grade])
    assert wide.frame["grade_baseline"].tolist() == ["1", "2"]
    assert any("'1.0' as '1'" in fault.met for fault in wide.warnings)


def test_decimal_commas_are_read_and_told(read):
    rows = ('P1,baseline,-1,dose,"0,5"', 'P2,baseline,-1,dose,"0,75"', "P3,baseline,-1,dose,1")
    wide = make_wide(read(*rows))
    assert wide.frame["dose_baseline"].tolist() == [0.5, 0.75, 1]
    assert any("decimal commas in 2 cells" in fault.met for fault in wide.warnings)


def test_a_rare_name_that_resembles_a_frequent_one_is_doubted_and_figures_tell_visits_apart(read):
    rows = [f"P{k},week {w},{7 * w},madrs,{20 + k}" for k in range(12) for w in (2, 12)]
    assert read(*rows).warnings == ()
    odd = ("P1,week 21,147,madrs,9", "P2,week 2,14,madrss,9", "P3,wek 12,84,phq9,9")
    warnings = read(*rows, *odd).warnings
    assert {(f.where, f.patients) for f in warnings} == {
        ("visits.csv: instrument", ("P2",)),
        ("visits.csv: visit", ("P3",)),
    }
    assert "'madrss' (did you mean 'madrs'?), of patient P2" in " ".join(f.met for f in warnings)
