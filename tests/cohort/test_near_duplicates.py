"""Patients entered twice whose values differ a little."""

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, check_cohort
from stratify.cohort.checks.duplicates import find_duplicates
from stratify.cohort.checks.near_duplicates import find_near_duplicates
from stratify.schema import Column

SPREAD = np.linspace(1.0, 9.0, 20)


def make_values(n=120, columns=20, seed=0):
    """Numbers that go together by three causes, each column of another size."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n, 3)) @ rng.normal(size=(3, columns))
    return (0.8 * causes + rng.normal(size=(n, columns))) * SPREAD[:columns] + 30


def make_cohort(values, **more):
    columns = tuple(Column(name=f"c{k}") for k in range(values.shape[1]))
    frame = pd.DataFrame(
        values, index=[f"P{k:03d}" for k in range(len(values))], columns=[c.name for c in columns]
    )
    extra = tuple(Column(name=name, kind="text", role=name) for name in more)
    return Cohort(frame.assign(**more), columns + extra)


def find(values, **more):
    return list(find_duplicates(make_cohort(values, **more)))


def enter_again(values, row=7, into=40, noise=0.05, seed=3):
    jittered = values.copy()
    jitter = np.random.default_rng(seed).normal(size=values.shape[1]) * values.std(axis=0) * noise
    jittered[into] = jittered[row] + jitter
    return jittered


def test_a_patient_entered_twice_with_small_noise_is_a_warning_that_names_nobody():
    (fault,) = find(enter_again(make_values()))
    assert fault.severity == "warning"
    assert fault.patients == ("P007", "P040")
    assert fault.met.startswith("1 pair of patients whose 20 numbers lie closer together")
    assert "P007" not in str(fault)
    assert "check --json" in fault.way_out
    assert "P007" not in str(fault.anonymous())


def test_a_patient_entered_twice_rounded_is_seen():
    values = make_values()
    values[40] = np.round(values[7])
    (fault,) = find(values)
    assert fault.patients == ("P007", "P040")


def test_several_such_patients_and_one_entered_three_times_are_counted():
    values = enter_again(enter_again(make_values(300)), row=9, into=50, seed=4)
    values = enter_again(values, row=9, into=60, seed=5)
    (fault,) = find(values)
    assert "pairs of patients whose" in fault.met
    assert set(fault.patients) == {"P007", "P040", "P009", "P050", "P060"}


@pytest.mark.parametrize("kind", ["numbers", "scale points", "few points", "healthy", "gaps"])
def test_different_people_are_not_taken_for_one(kind):
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = make_values(int(rng.choice([40, 90])), int(rng.choice([6, 12, 20])), seed)
        if kind == "scale points":
            values = np.round(values)
        elif kind == "few points":
            values = np.clip(np.round((values - 30) / 4) + 4, 0, 8)
        elif kind == "healthy":
            values = np.round(np.abs(values - 30))
            values[rng.random(len(values)) < 0.1] = 0
        elif kind == "gaps":
            values[rng.random(values.shape) < 0.3] = np.nan
        alarms += bool(list(find_near_duplicates(make_cohort(values), set())))
    assert alarms <= 2


def test_what_was_told_as_the_same_values_is_not_told_again():
    values = make_values()
    values[40] = values[7]
    assert [fault.severity for fault in find(values)] == ["error"]
    values[40, 3] += 0.01
    (fault,) = find(values)
    assert "the same values but for at most" in fault.met


def test_relatives_told_as_such_may_be_alike():
    families = [f"family {k}" for k in range(120)]
    families[40] = families[7]
    assert find(enter_again(make_values()), family=families) == []


def test_the_order_of_rows_and_the_size_of_numbers_change_nothing():
    values = enter_again(make_values())
    (fault,) = find(values[::-1] * 1000 - 5)
    assert {f"P{119 - int(name[1:]):03d}" for name in fault.patients} == {"P007", "P040"}


def test_tables_too_small_to_tell_are_left_alone():
    values = make_values(columns=5)
    values[40] = values[7] + 1e-6
    assert find(values) == []
    assert find(enter_again(make_values(29), into=20)) == []


def test_it_is_part_of_checking_a_cohort_and_leaves_the_cohort_as_it_was():
    cohort = make_cohort(enter_again(make_values()))
    before = cohort.frame.copy(deep=True)
    assert any("lie closer together" in fault.met for fault in check_cohort(cohort))
    pd.testing.assert_frame_equal(cohort.frame, before)
