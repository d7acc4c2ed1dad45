"""Treatment periods: one after another, with one arm, and each value in its own."""

from __future__ import annotations

import pandas as pd
import pytest

from stratify.cohort import make_wide, read_visits
from stratify.errors import DataError

HEAD = "patient,period,arm,visit,date,instrument,value"
GOOD = (
    "P1,1,tms,start,2024-03-08,madrs,30",
    "P1,1,tms,week 6,2024-04-20,madrs,20",
    "P1,2,tms+ketamine,start,2024-06-08,madrs,26",
    "P1,2,tms+ketamine,week 6,2024-07-20,madrs,12",
)


@pytest.fixture
def read(tmp_path):
    def read(*rows, sessions, **options):
        path = tmp_path / "visits.csv"
        path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
        return read_visits(path, sessions=sessions, **options)

    return read


def sessions(*rows):
    names = ["patient", "period", "first_session", "last_session", "arm"]
    return pd.DataFrame([[*row, None][:5] for row in rows], columns=names)


APART = sessions(("P1", "1", "2024-03-10", "2024-04-10"), ("P1", "2", "2024-06-10", "2024-07-10"))


def test_periods_one_after_another_are_read(read):
    visits = read(*GOOD, sessions=APART)
    assert visits.periods["arm"].to_dict() == {("P1", "1"): "tms", ("P1", "2"): "tms+ketamine"}
    assert make_wide(visits, row="period").frame["madrs_week_6"].tolist() == [20, 12]


@pytest.mark.parametrize("begins", ["2024-03-20", "2024-04-10", "2024-03-10"])
def test_a_period_that_begins_before_the_last_has_ended_is_refused(read, begins):
    table = sessions(("P1", "1", "2024-03-10", "2024-04-10"), ("P1", "2", begins, None))
    with pytest.raises(DataError, match=rf"period 2 of patient P1 begins {begins}, and one be"):
        read(*GOOD, sessions=table)


def test_a_long_period_overlaps_all_that_begin_within_it(read):
    table = sessions(
        ("P1", "1", "2024-01-01", "2024-12-01"),
        ("P1", "2", "2024-03-10", "2024-04-10"),
        ("P1", "3", "2024-06-10", "2024-07-10"),
        ("P2", "1", "2024-06-10", "2024-07-10"),
    )
    with pytest.raises(DataError, match=r"period 2 of .*2024-12-01, period 3 of .*2024-12-01;"):
        read(*GOOD, sessions=table)


def test_periods_of_different_patients_may_be_at_one_time(read):
    table = pd.concat([APART, sessions(("P2", "1", "2024-03-10", "2024-07-10"))])
    assert len(read(*GOOD, sessions=table)) == 4


def test_a_value_from_after_the_next_period_began_is_refused_by_patient(read):
    late = "P1,1,tms,week 20,2024-06-20,madrs,9"
    with pytest.raises(DataError, match=r"madrs at week 20 of patient P1 in period 1, measured"):
        read(*GOOD, late, sessions=APART)


def test_a_baseline_from_within_the_period_before_is_told(read):
    early = "P1,2,tms+ketamine,screening,2024-04-08,madrs,28"
    visits = read(*GOOD, early, sessions=APART)
    (fault,) = (f for f in visits.warnings if "the period before had ended" in f.met)
    assert fault.patients == ("P1",)


def test_two_arms_in_one_period_are_refused_whichever_file_says_them(read):
    other = "P1,1,ketamine,week 2,2024-03-24,madrs,25"
    with pytest.raises(DataError, match="'tms' and 'ketamine' in period 1 of patient P1"):
        read(*GOOD, other, sessions=APART)
    table = APART.assign(arm=["sham", "tms+ketamine"])
    with pytest.raises(DataError, match="'tms' and 'sham' in period 1 of patient P1"):
        read(*GOOD, sessions=table)


def test_an_arm_in_other_capitals_is_the_same_arm(read):
    table = APART.assign(arm=["TMS", "TMS+Ketamine"])
    visits = read(*GOOD, sessions=table)
    assert visits.periods["arm"].tolist() == ["tms", "tms+ketamine"]
