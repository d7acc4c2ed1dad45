"""Each check of a whole cohort finds what was planted, and is silent on what is sound."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, check_cohort, check_response, examine_cohort
from stratify.cohort.checks.spelling import find_twin_names
from stratify.datasets import fetch_help, make_cohort
from stratify.errors import DataError, Fault
from stratify.outcome import ResponseRule, compute_response
from stratify.schema import Column

N = 100
TODAY = datetime.date(2024, 6, 1)


def rng_of(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def cohort_of(*pairs: tuple[Column, object]) -> Cohort:
    index = pd.Index([f"P{k:03d}" for k in range(N)], name="patient")
    frame = pd.DataFrame({column.name: values for column, values in pairs}, index=index)
    return Cohort(frame, tuple(column for column, _ in pairs), "cohort.csv")


def found(*pairs: tuple[Column, object]) -> tuple[Fault, ...]:
    return check_cohort(cohort_of(*pairs), today=TODAY)


def words(kind: str, values: object, name: str = "remark", **more: object):
    values = pd.Categorical(values) if kind == "category" else pd.array(list(values), dtype="str")
    return Column(name=name, kind=kind, **more), values  # type: ignore[arg-type]


# Duplicates


def distinct_patients(columns: int = 8):
    rng = rng_of(3)
    return [(Column(name=f"x{k}"), np.round(rng.normal(50, 10, N), 1)) for k in range(columns)]


def test_a_patient_under_two_names_is_an_error_that_names_both():
    pairs = distinct_patients()
    for _, values in pairs:
        values[40] = values[7]
    (fault,) = found(*pairs)
    assert fault.severity == "error"
    assert "P007 and P040" in fault.met
    assert fault.patients == ("P007", "P040")
    assert "P007" not in str(fault.anonymous())
    assert fault.anonymous().patients == ()


def test_a_patient_under_two_names_with_a_changed_value_is_a_warning():
    pairs = distinct_patients(12)
    for _, values in pairs:
        values[40] = values[7]
    pairs[0][1][40] += 3
    (fault,) = found(*pairs)
    assert (fault.severity, fault.patients) == ("warning", ("P007", "P040"))


def test_different_people_and_relatives_told_as_such_are_no_duplicates():
    assert found(*distinct_patients()) == ()
    pairs = distinct_patients()
    for _, values in pairs:
        values[40] = values[7]
    families = np.array([f"family {k}" for k in range(N)], dtype=object)
    families[40] = families[7]
    family = (Column(name="family", kind="text", role="family"), pd.array(families, dtype="str"))
    assert found(*pairs, family) == ()


def test_few_answers_that_many_share_make_no_duplicates():
    rng = rng_of(4)
    pairs = [(Column(name=f"q{k}"), rng.integers(0, 2, N).astype(float)) for k in range(8)]
    assert found(*pairs) == ()


# Names and identifiers


@pytest.mark.parametrize(
    ("kind", "values", "what"),
    [
        ("text", [f"{a} {b}" for a in ("Ada", "Emmy") for b in ("Abel", "Noether")], "names"),
        ("text", ["ada@example.org", "emmy@example.org"], "e-mail"),
        ("category", ["+44 20 7946 0958", "020 7946 0123"], "telephone"),
        ("text", ["1961-04-03 Leeds", "1972-05-06 York"], "dates"),
        ("text", ["spoke at length of work, of home and of the last winter " + c for c in "ab"],
         "free text"),
    ],
)  # fmt: skip
def test_personal_details_are_warned_of_and_not_repeated(kind, values, what):
    many = [values[k % len(values)] + ("" if what != "free text" else str(k)) for k in range(N)]
    if what == "names":
        many = [f"{value}{'abcdefghijklmnopqrstuvwxyz'[k % 26]}" for k, value in enumerate(many)]
    (fault,) = found(words(kind, many, role="ignore"))
    assert fault.severity == "warning"
    assert what in fault.met
    assert not any(value in str(fault) for value in values)


def test_a_date_of_birth_is_warned_of():
    born = pd.Series(pd.date_range("1960-01-01", periods=N, freq="30D")).astype("datetime64[us]")
    (fault,) = found((Column(name="date_of_birth", kind="date"), born.array))
    assert f"{N} dates of birth" in fault.met


def test_plain_words_are_not_taken_for_personal_details():
    drugs = rng_of().choice(["Sertraline", "Lithium salt", "none", "Vitamin D"], N)
    assert found(words("text", drugs)) == ()
    assert found(words("category", drugs, name="drug")) == ()
    assert found(
        words("category", rng_of().choice(["St Mary", "St John"], N), "s", role="site")
    ) == (())


# Units and sentinels


@pytest.mark.parametrize(
    ("column", "centre", "spread", "factor"),
    [
        (Column(name="weight"), 78, 11, 2.20462),
        (Column(name="body_weight", unit="lb"), 172, 24, 1 / 2.20462),
        (Column(name="height", unit="cm"), 170, 9, 1 / 2.54),
        (Column(name="height_m", label="height", unit=""), 1.7, 0.09, None),
        (Column(name="dose", unit="mg/kg"), 0.6, 0.1, 75),
    ],
)
@pytest.mark.parametrize("share", [0.1, 0.35])
def test_a_second_unit_is_found_in_the_rows_that_have_it(column, centre, spread, factor, share):
    values = rng_of(5).normal(centre, spread, N)
    assert found((column, values)) == ()
    if factor is None:
        return
    wrong = np.arange(N) < share * N
    values[wrong] *= factor
    faults = [fault for fault in found((column, values)) if "look like" in fault.met]
    (fault,) = faults
    planted = {f"P{k:03d}" for k in np.flatnonzero(wrong)}
    assert len(planted & set(fault.patients)) >= 0.9 * len(planted)
    assert len(set(fault.patients) - planted) <= 2


def test_fahrenheit_among_celsius_is_found():
    values = rng_of(6).normal(36.8, 0.4, N)
    values[:9] = values[:9] * 1.8 + 32
    (fault,) = found((Column(name="temperature"), values))
    assert len(fault.patients) == 9


def test_two_kinds_of_people_are_not_two_units():
    rng = rng_of(7)
    weights = np.where(rng.random(N) < 0.5, rng.normal(62, 8, N), rng.normal(86, 11, N))
    assert found((Column(name="weight"), weights)) == ()
    children = np.where(np.arange(N) < 20, rng.normal(22, 2.5, N), rng.normal(80, 10, N))
    assert found((Column(name="weight"), children)) == ()
    heavy = np.where(np.arange(N) < 20, rng.normal(240, 20, N), rng.normal(80, 8, N))
    assert found((Column(name="weight"), heavy)) == ()


@pytest.mark.parametrize("code", [999.0, -9.0, 99.0, -99.0, 888.0])
def test_codes_for_missing_values_are_found(code):
    values = rng_of(8).integers(0, 25, N).astype(float)
    assert found((Column(name="score"), values)) == ()
    values[:4] = code
    (fault,) = found((Column(name="score"), values))
    assert f"4 patients with {code:g}" in fault.met
    assert fault.patients == ("P000", "P001", "P002", "P003")


def test_a_99_within_the_range_of_the_others_is_a_measurement():
    assert found((Column(name="vas"), np.r_[99, 99, np.linspace(0, 100, N - 2)])) == ()
    assert found((Column(name="vas"), np.r_[99, 99, np.linspace(0, 97, N - 2)])) == ()


# Variation


def test_a_column_that_hardly_varies_is_warned_of():
    values = np.zeros(N)
    values[3] = 1
    (fault,) = found((Column(name="rare"), values))
    assert "all but 1 of 100 patients" in fault.met
    values[:5] = 1
    assert found((Column(name="rare"), values)) == ()


def test_a_row_without_any_value_is_warned_of():
    pairs = distinct_patients()
    for _, values in pairs:
        values[9] = np.nan
    (fault,) = found(*pairs)
    assert fault.patients == ("P009",)
    assert "without any value" in fault.met


# Dates


def dates(start: str, **more: object):
    days = pd.to_timedelta(rng_of(9).integers(0, 200, N), unit="D")
    return Column(kind="date", **more), (pd.Timestamp(start) + days).astype("datetime64[us]")


def test_dates_that_cannot_be_are_errors_by_patient():
    column, values = dates("2023-01-01", name="scan")
    late, early = values.to_series().array.copy(), values.to_series().array.copy()
    late[5], early[6] = pd.Timestamp(2024, 6, 3), pd.Timestamp(1823, 1, 1)
    assert found((column, values)) == ()
    (fault,) = found((column, late))
    assert (fault.severity, fault.patients) == ("error", ("P005",))
    assert "after today: 2024-06-03 for patient P005" in fault.met
    (fault,) = found((column, early))
    assert "before 1990" in fault.met
    (fault,) = found((Column(name="onset", kind="date"), early))
    assert "before 1900" in fault.met


def test_dates_that_were_all_shifted_to_hide_the_days_are_let_be():
    assert found(dates("1850-01-01", name="scan", role="ignore")) == ()


def test_a_session_before_baseline_and_a_visit_before_birth_are_errors():
    baseline = dates("2023-01-01", name="scan")
    session = dates("2023-09-01", name="session", measured="during")
    assert found(baseline, session) == ()
    wrong = session[1].to_series().array.copy()
    wrong[4] = pd.Timestamp(2022, 1, 1)
    (fault,) = found(baseline, (session[0], wrong))
    assert (fault.severity, fault.patients) == ("error", ("P004",))
    assert "before scan" in fault.met
    born = pd.Series(pd.Timestamp(1980, 1, 1), index=range(N)).astype("datetime64[us]").array
    scanned = baseline[1].to_series().array.copy()
    scanned[2] = pd.Timestamp(1979, 1, 1)
    faults = found((baseline[0], scanned), (Column(name="birth_date", kind="date"), born))
    assert any("before birth date" in f.met and f.patients == ("P002",) for f in faults)


def test_dates_no_model_uses_are_checked_all_the_same():
    session = dates("2023-09-01", name="first_session", role="ignore")
    last = dates("2024-04-01", name="last_session", role="ignore")
    birth = (
        Column(name="birth_date", kind="date", role="ignore"),
        pd.Series(pd.Timestamp(1980, 1, 1), index=range(N)).astype("datetime64[us]").array,
    )
    later = dates("2024-04-15", name="seen", role="ignore", measured="followup")
    assert [f.where for f in found(session, birth)] == ["cohort.csv: birth_date"]
    for (column, values), day, others, told in (
        (session, "2031-01-01", (), "after today"),
        (session, "1982-01-01", (), "before 1990"),
        (session, "1979-12-31", (birth,), "before birth date"),
        (last, "2023-01-01", (session,), "before first session"),
        (later, "2023-01-01", (session,), "before first session"),
    ):
        wrong = values.to_series().array.copy()
        wrong[3] = pd.Timestamp(day)
        faults = found(*others, (column, wrong))
        assert any(
            f.severity == "error" and told in f.met and f.patients == ("P003",) for f in faults
        ), told
    onset = dates("1961-01-01", name="onset", role="ignore")
    assert found(onset) == ()


# Missingness, sites and order

SITE = pd.Categorical(np.where(np.arange(N) % 2, "south", "north"))
SITE_COLUMN = Column(name="clinic", kind="category", role="site")


def test_gaps_that_tell_the_site_are_warned_of():
    values = rng_of(10).normal(size=N)
    values[rng_of(11).random(N) < 0.3] = np.nan
    assert found((Column(name="bdi"), values), (SITE_COLUMN, SITE)) == ()
    values = rng_of(10).normal(size=N)
    values[(np.arange(N) % 2 == 1) & (np.arange(N) % 10 != 3)] = np.nan
    (fault,) = found((Column(name="bdi"), values), (SITE_COLUMN, SITE))
    assert "missing for 80 % where site is south, for 0 % where it is north" in fault.met


def test_gaps_that_tell_the_outcome_are_warned_of():
    response = pd.Series((rng_of(12).random(N) < 0.5).astype(float))
    values = rng_of(10).normal(size=N)
    values[(response == 1) & (np.arange(N) % 4 > 0)] = np.nan
    cohort = cohort_of((Column(name="bdi"), values))
    (fault,) = check_response(cohort, response.set_axis(cohort.frame.index))
    assert "where the outcome is responder" in fault.met
    shuffled = pd.Series(rng_of(13).permutation(response), index=cohort.frame.index)
    assert check_response(cohort, shuffled) == ()


def test_the_level_of_the_gap_test_holds_over_many_columns():
    rng = rng_of(14)
    alarms = 0
    for _ in range(60):
        pairs = [
            (Column(name=f"x{k}"), np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)))
            for k in range(25)
        ]
        alarms += bool(found(*pairs, (SITE_COLUMN, SITE)))
    assert alarms <= 1


def test_an_arm_of_one_site_is_warned_of():
    arm = Column(name="arm", kind="category", role="treatment")
    given = np.where((np.arange(N) % 4 == 1), "ketamine", "tms")
    (fault,) = found((SITE_COLUMN, SITE), (arm, pd.Categorical(given)))
    assert "all 25 patients under ketamine come from south" in fault.met
    mixed = np.where(np.arange(N) % 3 == 1, "ketamine", "tms")
    assert found((SITE_COLUMN, SITE), (arm, pd.Categorical(mixed))) == ()


def respond(values: np.ndarray, *pairs: tuple[Column, object]) -> tuple[Fault, ...]:
    cohort = cohort_of(*(pairs or ((SITE_COLUMN, SITE),)))
    return check_response(cohort, pd.Series(values.astype(float), index=cohort.frame.index))


def test_a_site_of_one_class_and_a_site_that_tells_the_outcome_are_warned_of():
    mixed = rng_of(15).random(N) < 0.5
    assert respond(mixed) == ()
    (fault,) = respond(mixed & (SITE == "north"))
    assert "none of 50 at south" in fault.met
    shares = np.where(SITE == "north", 0.85, 0.25)
    (fault,) = respond(rng_of(16).random(N) < shares)
    assert "% with the outcome at north" in fault.met


def test_a_file_sorted_by_outcome_is_warned_of():
    (fault,) = respond(np.arange(N) < 45, (Column(name="x"), rng_of().normal(size=N)))
    assert "the order of the rows tells the outcome (AUC 1.00)" in fault.met
    assert respond(rng_of(17).random(N) < 0.45, (Column(name="x"), rng_of().normal(size=N))) == ()


def test_patients_whose_outcome_is_unknown_are_left_out():
    values = np.where(np.arange(N) % 2, np.nan, (np.arange(N) < 45).astype(float))
    (fault,) = respond(values, (Column(name="x"), rng_of().normal(size=N)))
    assert "AUC 1.00" in fault.met


# Whole cohorts


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_realistic_cohort_raises_no_finding(seed):
    cohort = make_cohort("realistic", patients=300, regions=12, seed=seed).cohort
    rule = ResponseRule(name="r", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)
    assert check_cohort(cohort) == ()
    assert check_response(cohort, compute_response(rule, cohort)) == ()


def test_a_confounded_cohort_is_told_by_its_site():
    cohort = make_cohort("site_confounded", patients=300, regions=12, seed=0).cohort
    rule = ResponseRule(name="r", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)
    (fault,) = check_response(cohort, compute_response(rule, cohort))
    assert "with the outcome at site A" in fault.met


@pytest.mark.skipif("STRATIFY_DATA" not in os.environ, reason="needs a folder of public data sets")
def test_the_help_trial_s_only_finding_is_that_one_arm_lost_more_outcomes():
    cohort = fetch_help(mirror=Path(os.environ["STRATIFY_DATA"])).cohort
    faults = check_cohort(cohort) + check_response(cohort, cohort.frame["link"])
    assert {fault.where for fault in faults} == {"help: link", "help: dayslink"}
    lost = cohort.frame["link"].isna().groupby(cohort.frame["treat"], observed=True).mean()
    assert lost["no"] > 5 * lost["yes"]


def test_examining_a_cohort_keeps_warnings_and_raises_errors():
    pairs = distinct_patients()
    constant = (Column(name="constant"), np.ones(N))
    cohort = examine_cohort(cohort_of(*pairs, constant))
    assert [warning.where for warning in cohort.warnings] == ["cohort.csv: constant"]
    assert examine_cohort(cohort).warnings == cohort.warnings
    for _, values in pairs:
        values[40] = values[7]
    with pytest.raises(DataError, match="P007 and P040"):
        examine_cohort(cohort_of(*pairs))


# Spellings, and rows of sums


def test_one_level_in_two_spellings_is_warned_of_with_the_patients_of_the_rarer():
    values = np.array(["H1 coil", "figure of eight"] * (N // 2), dtype=object)
    sound = words("category", values, name="coil")
    assert found(sound) == ()
    values[4] = "h1-coil"
    (fault,) = found(words("category", values, name="coil"))
    assert (fault.severity, fault.patients) == ("warning", ("P004",))
    assert "'H1 coil' and 'h1-coil'" in fault.met


@pytest.mark.parametrize("name", ["Mean", "TOTAL", "average:", "SD"])
def test_a_row_that_sums_up_the_others_is_refused(name):
    index = [*(f"P{k:03d}" for k in range(N - 1)), name]
    frame = pd.DataFrame({"age": rng_of().normal(40, 9, N)}, index=index)
    (fault,) = check_cohort(Cohort(frame, (Column(name="age"),), "cohort.csv"))
    assert (fault.severity, fault.patients) == ("error", (name,))
    assert "seems to sum up the others" in fault.wanted


def test_patients_who_differ_in_a_prefix_zeros_or_capitals_only_are_doubted():
    names = ["01", "sub-01", "S007", "s7", "S70", "A-1-1", "A-11"]
    frame = pd.DataFrame({"age": np.arange(30.0, 37.0)}, index=names)
    (fault,) = find_twin_names(Cohort(frame, (Column(name="age"),)))
    assert fault.patients == ("01", "sub-01", "S007", "s7")
    assert fault.severity == "warning"
    assert "01" not in str(fault.anonymous())
