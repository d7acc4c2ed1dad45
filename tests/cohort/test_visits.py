"""Visits: which value is baseline, what was during treatment, and one row a patient or a period."""

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import (
    Cohort,
    Dictionary,
    add_visits,
    make_sessions,
    make_wide,
    read_columns,
    read_visits,
    write_columns,
)
from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.folds import make_folds
from stratify.outcome import compute_response, make_rule
from stratify.schema import Column
from stratify.task import Task, assemble

HEAD = "patient,visit,date,instrument,value"
SESSIONS = pd.DataFrame(
    {
        "patient": ["P1", "P2"],
        "first_session": ["2024-03-10", "2024-03-20"],
        "last_session": ["2024-04-10", "2024-04-20"],
    }
)


@pytest.fixture
def read(tmp_path):
    def read(*rows, head=HEAD, sessions=SESSIONS, **options):
        path = tmp_path / "visits.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return read_visits(path, sessions=sessions, **options)

    return read


def cohort_of(*patients, **columns):
    frame = pd.DataFrame({"age": np.arange(30.0, 30 + len(patients))}, index=list(patients))
    frame.index.name = "patient"
    return Cohort(frame, (Column(name="age"),), name="made")


# Baseline


def test_baseline_is_the_last_value_before_the_first_session(read):
    visits = read(
        "P1,screening,2024-03-01,madrs,33",
        "P1,baseline,2024-03-08,madrs,30",
        "P1,first day,2024-03-10,madrs,25",
        "P2,screening,2024-03-01,madrs,28",
        "P2,first day,2024-03-20,madrs,22",
    )
    used = visits.baseline_used
    assert used["visit"].tolist() == ["baseline", "screening"]
    assert used["days_before"].tolist() == [2, 19]
    assert used["value"].tolist() == ["30", "28"]
    assert used["earlier"].tolist() == [1, 0]
    wide = make_wide(visits)
    assert wide.frame["madrs_baseline"].tolist() == [30, 28]
    assert wide.frame["madrs_first_day"].tolist() == [25, 22]
    assert [c.measured for c in wide.columns] == ["baseline", "during"]


def test_a_value_on_the_first_day_is_baseline_only_if_the_study_says_so(read):
    rows = (
        "P1,baseline,2024-03-10,madrs,30",
        "P2,baseline,2024-03-18,madrs,28",
        "P1,week 6,2024-04-21,madrs,15",
    )
    said = read(*rows, on_first_day="before")
    assert said.baseline_used["days_before"].tolist() == [0, 2]
    unsaid = read(*rows)
    assert unsaid.baseline_used["patient"].tolist() == ["P2"]
    assert "baseline of patient P1 (day 0)" in unsaid.warnings[0].met
    assert unsaid.warnings[0].patients == ("P1",)
    # What is no baseline is no value during treatment either.
    frame = make_wide(unsaid).frame
    assert list(frame) == ["madrs_baseline", "madrs_week_6"]
    np.testing.assert_array_equal(frame["madrs_baseline"], [28, np.nan])


def test_times_of_day_tell_before_from_after_on_the_first_day(read):
    sessions = pd.DataFrame({"patient": ["P1"], "first_session": ["2024-03-10T10:00"]})
    visits = read(
        "P1,before infusion,2024-03-10T09:30,madrs,30",
        "P1,after infusion,2024-03-10T14:00,madrs,12",
        sessions=sessions,
    )
    assert visits.frame["before"].tolist() == [True, False]
    assert visits.baseline_used["value"].tolist() == ["30"]


def test_two_last_values_of_one_day_are_refused(read):
    visits = read("P1,screening,2024-03-08,madrs,33", "P1,baseline,2024-03-08,madrs,30")
    with pytest.raises(DataError, match="two values of madrs of patient P1 on day -2"):
        make_wide(visits)


def test_each_instrument_has_its_own_baseline(read):
    visits = read(
        "P1,screening,2024-03-01,phq9,20",
        "P1,screening,2024-03-01,madrs,33",
        "P1,baseline,2024-03-08,madrs,30",
    )
    wide = make_wide(visits).frame
    assert wide.loc["P1"].to_dict() == {"phq9_baseline": 20, "madrs_baseline": 30}


# During and follow-up


def test_during_and_followup_are_computed_from_the_last_session(read):
    visits = read(
        "P1,week 2,2024-03-24,madrs,20",
        "P2,week 2,2024-04-03,madrs,20",
        "P1,end,2024-04-10,madrs,18",
        "P1,week 6,2024-04-21,madrs,15",
    )
    found = {c.visit: (c.measured, c.role, c.day) for c in make_wide(visits).columns}
    assert found == {
        "week 2": ("during", "feature", 14),
        "end": ("during", "feature", 31),
        "week 6": ("followup", "outcome", 42),
    }


def test_without_a_last_session_nothing_counts_as_during_treatment(read):
    row = "P1,week 2,2024-03-24,madrs,20"
    bare = SESSIONS[["patient", "first_session"]]
    assert make_wide(read(row, sessions=bare)).columns[0].measured == "followup"
    planned = read(row, sessions=bare, last_day=28)
    assert make_wide(planned).columns[0].measured == "during"


def test_a_visit_within_treatment_of_some_only_is_told(read):
    wide = make_wide(read("P1,x,2024-04-10,madrs,20", "P2,x,2024-04-21,madrs,20"))
    assert wide.columns[0].measured == "during"
    assert wide.warnings[0].patients == ("P2",)


# Days and wide files


def test_days_or_planned_visits_do_instead_of_dates(read):
    by_day = read(
        "P1,-1,madrs,30", "P1,14,madrs,20", head="patient,day,instrument,value", sessions=None
    )
    assert list(make_wide(by_day).frame) == ["madrs_baseline", "madrs_day_14"]
    by_visit = read(
        "P1,start,madrs,30",
        "P1,week 2,madrs,20",
        head="patient,visit,instrument,value",
        sessions=None,
        planned={"start": -1, "week 2": 14},
    )
    assert list(make_wide(by_visit).frame) == ["madrs_baseline", "madrs_week_2"]
    with pytest.raises(DataError, match="no known time: start of patient P1"):
        read("P1,start,madrs,30", head="patient,visit,instrument,value", sessions=None)


def test_a_wide_file_says_the_same_as_a_long_one(read):
    planned = {"baseline": -1, "week 2": 14, "week 6": 42}
    options = {"sessions": None, "planned": planned, "last_day": 28}
    wide = read(
        "P1,30,20,15",
        "P2,28,,12",
        head="patient,madrs_baseline,madrs_week2,madrs_week_6",
        format="wide",
        **options,
    )
    long = read(
        "P1,baseline,madrs,30",
        "P2,baseline,madrs,28",
        "P1,week 2,madrs,20",
        "P1,week 6,madrs,15",
        "P2,week 6,madrs,12",
        head="patient,visit,instrument,value",
        **options,
    )
    one, other = make_wide(wide), make_wide(long)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert one.columns == other.columns


def test_a_simulated_cohort_in_long_format_gives_the_same_table_as_wide(tmp_path):
    cohort = make_cohort("optimistic", patients=60, seed=1, regions=12).cohort
    names = {
        "madrs_baseline": "start", "pain_nrs_baseline": "start", "madrs_week1": "week1",
        "madrs_week3": "week3", "madrs_week6": "week6", "pain_nrs_week6": "week6",
    }  # fmt: skip
    days = {"start": -3, "week1": 7, "week3": 21, "week6": 42}
    first = pd.to_datetime("2024-01-08") + pd.to_timedelta(np.arange(60), unit="D")
    rows = [
        (patient, visit, (start + pd.Timedelta(days=days[visit])).date(), name.rsplit("_", 1)[0], v)
        for name, visit in names.items()
        for patient, start, v in zip(cohort.patients, first, cohort.frame[name], strict=True)
        if np.isfinite(v)
    ]
    table = pd.DataFrame(rows, columns=HEAD.split(",")).sample(frac=1, random_state=0)
    table.to_csv(tmp_path / "visits.csv", index=False)
    kept = [c for c in cohort.columns if c.name not in names]
    dated = Cohort(
        cohort.frame[[c.name for c in kept]].assign(first_session=first.astype("datetime64[us]")),
        (*kept, Column(name="first_session", kind="date", role="ignore")),
        cohort.name,
        simulated=True,
    )
    sessions = make_sessions(dated, first_session="first_session")
    visits = read_visits(
        tmp_path / "visits.csv", sessions=sessions, known=cohort.patients, last_day=28
    )
    joined = add_visits(dated, make_wide(visits))
    for name in names:
        pd.testing.assert_series_equal(joined.frame[name], cohort.frame[name])
        assert joined[name].measured == cohort[name].measured
        assert joined[name].role == cohort[name].role
        assert (joined[name].day, cohort[name].day) in ((None, None), (cohort[name].day,) * 2)
    rules = [
        make_rule("madrs_response_50", columns=c.columns, visit="week 6") for c in (joined, cohort)
    ]
    assert rules[0] == rules[1]
    np.testing.assert_array_equal(
        compute_response(rules[0], joined), compute_response(rules[1], cohort)
    )


# Periods


CROSSOVER = "patient,period,arm,day,instrument,value,visit"


def crossover(read, n=20):
    rows = [
        f"P{k:02d},{period},{'tms' if period == k % 2 else 'tms+ketamine'},{day},madrs,{value},{v}"
        for k in range(n)
        for period in (0, 1)
        for day, value, v in ((-1, 30, "start"), (42, 15 if (k + period) % 3 else 16, "week 6"))
    ]
    return read(*rows, head=CROSSOVER, sessions=None)


def test_crossover_patients_have_a_row_a_period_and_never_straddle_folds(read):
    visits = crossover(read)
    wide = make_wide(visits, row="period")
    cohort = add_visits(cohort_of(*visits.patients), wide)
    assert len(cohort) == 40
    assert cohort.patients[:2] == ("P00/0", "P00/1")
    rule = make_rule("madrs_response_50", columns=cohort.columns, visit="week 6")
    table = assemble(Task(rule=rule, question="prognosis"), cohort)
    assert "person" not in table.X
    assert "arm" not in table.X
    for fold in make_folds(table.y, table.groups, folds=5, repeats=3):
        train, test = (
            {patient.split("/")[0] for patient in np.array(table.patients)[part]}
            for part in (fold.train, fold.test)
        )
        assert not train & test
    both = Task(rule=rule, treatment="tms")
    assert len(assemble(both, cohort)) == 20


def test_several_periods_and_one_row_a_patient_are_refused(read):
    with pytest.raises(DataError, match=r"several treatment periods of P00, P01, P02 and 17 more"):
        make_wide(crossover(read))


def test_baseline_of_a_period_is_from_that_period(read):
    sessions = pd.DataFrame(
        {
            "patient": ["P1", "P1"],
            "period": ["1", "2"],
            "first_session": ["2024-03-10", "2024-06-10"],
        }
    )
    visits = read(
        "P1,1,start,2024-03-08,madrs,30",
        "P1,1,week 6,2024-04-21,madrs,20",
        "P1,2,start,2024-06-08,madrs,24",
        head="patient,period,visit,date,instrument,value",
        sessions=sessions,
    )
    assert visits.baseline_used["value"].tolist() == ["30", "24"]
    frame = make_wide(visits, row="period").frame
    assert frame["madrs_baseline"].to_dict() == {"P1/1": 30, "P1/2": 24}


def test_a_dictionary_of_periods_can_be_written_and_read(read, tmp_path):
    visits = crossover(read)
    cohort = add_visits(cohort_of(*visits.patients), make_wide(visits, row="period"))
    write_columns(Dictionary.of(cohort), tmp_path / "columns.toml")
    assert read_columns(tmp_path / "columns.toml").columns[1:] == cohort.columns


# What is refused


GOOD = "P1,baseline,2024-03-08,madrs,30"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (GOOD, "more than one value of madrs at baseline of patient P1"),
        ("P9,baseline,2024-03-08,madrs,30", "P9, not in the cohort"),
        ("P1,week 2,24/03/2024,madrs,20", "'24/03/2024' for patient P1"),
        ("P1,week 2,2024-02-30,madrs,20", "'2024-02-30' for patient P1"),
        (",week 2,2024-03-24,madrs,20", "no identifier in row 3"),
        ("P1,week 2,2024-03-24,,20", "nothing in row 3"),
        ("P1,week 2,,madrs,20", "no known time: week 2 of patient P1"),
        ("P3,baseline,2024-03-08,madrs,30", "no first session for P3"),
    ],
)
def test_a_wrong_row_is_refused_with_its_patient(read, row, told):
    with pytest.raises(DataError) as caught:
        read(GOOD, row, known=("P1", "P2", "P3"))
    assert told in str(caught.value)
    assert all(fault.way_out for fault in caught.value.faults)


def test_a_visit_before_treatment_that_is_after_it_for_others_is_refused(read):
    with pytest.raises(DataError, match=r"week 2 of patient P1 \(day -352\)"):
        read(
            "P1,week 2,2023-03-24,madrs,20",
            "P2,week 2,2024-04-03,madrs,20",
            "P1,week 2,2024-03-24,phq9,20",
        )


def test_values_outside_their_scale_or_that_are_no_number_are_refused(read):
    for value in ("61", "-1", "2O", "inf"):
        with pytest.raises(DataError, match="MADRS total is a number from 0 to 60 points"):
            make_wide(read(f"P1,baseline,2024-03-08,madrs,{value}"))


def test_visits_that_would_share_a_column_are_refused(read):
    two = read("P1,week 2,2024-03-24,madrs,20", "P1,Week-2,2024-03-25,madrs,20")
    with pytest.raises(DataError, match="'week 2' and 'Week-2', both madrs_week_2"):
        make_wide(two)
    late = read("P1,screening,2024-03-08,madrs,30", "P1,baseline,2024-03-12,madrs,20")
    with pytest.raises(DataError, match="none after the first session called baseline"):
        make_wide(late)


def test_missing_columns_and_sessions_that_make_no_sense_are_refused(read):
    with pytest.raises(DataError, match=r"no column instrument \(did you mean 'instrumnt'\?\)"):
        read("P1,b,2024-03-08,madrs,30", head="patient,visit,date,instrumnt,value")
    reversed_dates = SESSIONS.rename(
        columns={"first_session": "last_session", "last_session": "first_session"}
    )
    with pytest.raises(DataError, match="the last session before the first for P1, P2"):
        read(GOOD, sessions=reversed_dates)
    with pytest.raises(DataError, match="sessions given twice for P1"):
        read(GOOD, sessions=pd.concat([SESSIONS, SESSIONS.iloc[:1]]))


def test_a_column_or_an_arm_in_both_files_is_refused(read):
    wide = make_wide(read(GOOD))
    cohort = cohort_of("P1")
    clash = Cohort(
        cohort.frame.rename(columns={"age": "madrs_baseline"}), (Column(name="madrs_baseline"),)
    )
    with pytest.raises(DataError, match="madrs_baseline in the cohort and among the visits"):
        add_visits(clash, wide)


def test_patients_without_visits_are_kept_and_told(read):
    joined = add_visits(cohort_of("P1", "P2"), make_wide(read(GOOD)))
    np.testing.assert_array_equal(joined.frame["madrs_baseline"], [30, np.nan])
    assert joined.warnings[-1].patients == ("P2",)


def test_values_of_levels_become_a_category(read):
    levels = ("low", "high")
    visits = read("P1,baseline,2024-03-08,risk,high", "P1,week 2,2024-03-24,risk,low")
    meaning = Column(name="risk", kind="category", levels=levels)
    wide = make_wide(visits, columns=[meaning])
    assert wide.frame["risk_baseline"].tolist() == ["high"]
    assert all(column.levels == levels for column in wide.columns)


def test_visits_measured_later_are_no_features_unless_a_landmark_is_declared(read):
    rows = []
    for k in range(8):
        for visit, day, value in (
            ("start", -1, 30),
            ("week 2", 14, 20),
            ("week 6", 42, 15 + k % 2),
        ):
            rows.append(f"P{k},{visit},{day},madrs,{value}")
    visits = read(*rows, head="patient,visit,day,instrument,value", sessions=None, last_day=28)
    cohort = add_visits(cohort_of(*visits.patients), make_wide(visits))
    rule = make_rule("madrs_response_50", columns=cohort.columns, visit="week 6")
    base = Task(rule=rule, question="prognosis")
    assert list(assemble(base, cohort).X) == ["age", "madrs_baseline"]
    at = Task(rule=rule, question="prognosis", landmark="week 2")
    assert list(assemble(at, cohort).X) == ["age", "madrs_baseline", "madrs_week_2"]


# Days that cannot be


def test_visits_years_from_the_first_session_are_refused_or_doubted_by_patient(read):
    good = "P1,week 2,2024-03-24,madrs,18"
    assert not [f for f in read(good).warnings if "years from" in f.met]
    visits = read(good, "P2,early,2021-03-24,madrs,18")
    (fault,) = (f for f in visits.warnings if "years from" in f.met)
    assert fault.patients == ("P2",)
    assert "more than 2 years" in fault.met
    with pytest.raises(DataError, match="more than 10 years from the first session: madrs of") as e:
        read(good, "P2,week 2,2004-03-24,madrs,18")
    assert e.value.faults[0].patients == ("P2",)


def test_visits_and_sessions_to_come_or_of_another_century_are_refused(read):
    with pytest.raises(DataError, match="1 date after today: 2924-03-24 for patient P1"):
        read("P1,week 2,2924-03-24,madrs,18")
    with pytest.raises(DataError, match="1 date before 1990: 1924-03-24 for patient P1"):
        read("P1,week 2,1924-03-24,madrs,18")
    wrong = SESSIONS.assign(first_session=["2024-03-10", "1902-03-20"])
    with pytest.raises(DataError, match="first_session: 1 date before 1990: 1902-03-20 for"):
        read("P1,week 2,2024-03-24,madrs,18", sessions=wrong)
