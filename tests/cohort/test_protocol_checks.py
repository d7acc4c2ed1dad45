from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, check_cohort, check_protocol, check_safety
from stratify.protocol import MISSING, POSITIVE, RECORDED, read_protocol, read_screens
from stratify.schema import Column


def cohort_of(column: Column, values: object) -> Cohort:
    index = pd.Index([f"P{k}" for k in range(len(values))], name="patient")  # type: ignore[arg-type]
    return Cohort(pd.DataFrame({column.name: values}, index=index), (column,), "c.csv")


def state_of(name: str, column: Column, values: object) -> list[str]:
    label = next(screen.label for screen in read_screens() if screen.name == name)
    table = check_safety(cohort_of(column, values))
    return table[table["screen"] == label]["state"].tolist()


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("tms_intensity", [70.0, 120.0, 130.0], [60.0, 131.0]),
        ("ketamine_dose", [0.1, 0.5, 1.0], [0.05, 1.01, 4.7]),
        ("tms_sessions", [10.0, 36.0], [9.0, 60.0]),
        ("ketamine_infusions", [1.0, 8.0], [20.0]),
        ("ketamine_minutes", [20.0, 40.0], [90.0]),
    ],
)
def test_values_at_the_edge_are_inside_and_beyond_it_are_warned_of(name, inside, outside):
    assert check_protocol(cohort_of(Column(name=name), inside)) == ()
    (fault,) = check_protocol(cohort_of(Column(name=name), inside + outside))
    assert fault.severity == "warning"
    assert len(fault.patients) == len(outside)


def test_a_treatment_that_was_not_given_is_not_out_of_protocol():
    assert check_protocol(cohort_of(Column(name="ketamine_dose"), [0.0, np.nan, 0.5])) == ()


def test_contradicting_publications_are_both_told():
    (fault,) = check_protocol(cohort_of(Column(name="ketamine_dose"), [4.7, 0.5]))
    assert "0.2 to 4.7 mg/kg (CNS Spectrums 2021" in fault.wanted
    minutes = next(c for c in read_protocol() if c.name == "ketamine_minutes")
    assert {report.value for report in minutes.reported} == {"20 minutes", "30 minutes"}


def test_another_unit_is_told_and_its_values_are_not_judged():
    (fault,) = check_protocol(cohort_of(Column(name="ketamine_dose", unit="mg"), [35.0, 40.0]))
    assert "the unit mg" in fault.met
    assert "in mg/kg" in fault.wanted


def test_words_outside_the_list_are_told_in_any_case_of_letters():
    column = Column(name="ketamine_timing", kind="category")
    same = pd.Categorical(["Coadministered", "sequential"])
    assert check_protocol(cohort_of(column, same)) == ()
    (fault,) = check_protocol(cohort_of(column, pd.Categorical(["at noon", "sequential"])))
    assert fault.patients == ("P0",)


def test_columns_of_other_things_are_left_alone():
    for name in ("pain_intensity", "intensity", "dose_of_irony", "sessions_of_therapy"):
        assert check_protocol(cohort_of(Column(name=name), [1.0, 900.0])) == ()


def test_every_column_of_the_protocol_is_whole():
    names = [name for column in read_protocol() for name in (column.name, *column.aliases)]
    assert len(set(names)) == len(names)
    for column in read_protocol():
        assert column.source
        if column.kind == "number":
            assert column.unit
            bounds = [column.low, column.usual_low, column.usual_high, column.high]
            assert bounds == sorted(bounds)
        else:
            assert column.levels
        assert column.to_column().name == column.name
    wanted = {"tms_target", "tms_side", "tms_coil", "tms_frequency", "tms_intensity", "tms_pulses",
              "tms_sessions", "ketamine_route", "ketamine_dose", "ketamine_infusions",
              "ketamine_minutes", "ketamine_timing"}  # fmt: skip
    assert wanted <= {column.name for column in read_protocol()}


def test_only_three_things_are_ever_said_of_a_screen():
    assert (RECORDED, MISSING, POSITIVE) == (
        "recorded",
        "missing",
        "positive: follow local protocol",
    )
    column = Column(name="seizure", kind="boolean", levels=("no", "yes"))
    table = check_safety(cohort_of(column, [0.0, 1.0, np.nan]))
    assert set(table["state"]) == {RECORDED, MISSING, POSITIVE}
    assert len(table) == 3 * len(read_screens())


def test_a_screen_without_a_column_is_missing_for_everybody():
    table = check_safety(cohort_of(Column(name="age"), [30.0, 40.0]))
    assert set(table["state"]) == {MISSING}


def test_suicidality_items_are_positive_from_their_thresholds_on():
    assert state_of("phq9_item9", Column(name="phq9_9"), [0.0, 1.0, np.nan]) == [
        RECORDED,
        POSITIVE,
        MISSING,
    ]
    assert state_of("madrs_item10", Column(name="madrs_10"), [3.0, 4.0]) == [RECORDED, POSITIVE]


def test_a_screen_in_words_is_read_and_a_blood_pressure_is_only_recorded():
    column = Column(name="implant", kind="category", levels=("No", "Yes"))
    values = pd.Categorical(["Yes", "No", None], categories=["No", "Yes"])
    assert state_of("metal_or_implant", column, values) == [POSITIVE, RECORDED, MISSING]
    assert state_of("blood_pressure_before", Column(name="bp_pre"), [190.0, np.nan]) == [
        RECORDED,
        MISSING,
    ]


def test_checking_a_cohort_tells_which_screens_are_positive_or_missing_and_gives_no_advice():
    column = Column(name="epilepsy", kind="boolean", role="screen")
    faults = check_cohort(cohort_of(column, [0.0, 1.0, 1.0, np.nan]))
    positive, missing = (fault for fault in faults if "safety screens" in fault.where)
    assert (positive.severity, positive.patients) == ("warning", ("P1", "P2"))
    assert positive.met == "seizure or epilepsy: 2 patients positive: follow local protocol"
    assert missing.patients == ("P3",)
    assert missing.met == "seizure or epilepsy: not recorded for 1 patient"
    for fault in (positive, missing):
        assert "no advice" in fault.wanted
        assert "positive" in fault.anonymous().met or "not recorded" in fault.anonymous().met
        assert not any(who in str(fault.anonymous()) for who in ("P1", "P2", "P3"))
    assert check_cohort(cohort_of(column, [0.0, 0.0, 0.0, 0.0])) == ()


def test_a_column_declared_as_a_screen_is_one_whatever_it_is_called_and_never_a_feature():
    column = Column(name="Cochlear device", kind="boolean", role="screen", label="ear implant")
    (fault,) = check_cohort(cohort_of(column, [0.0, 1.0]))
    assert fault.met == "ear implant: 1 patient positive: follow local protocol"
    assert not column.is_feature
