"""Times to relapse, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.instruments import Threshold, read_instrument
from stratify.outcome import compute_relapse

HALF = read_instrument("madrs").response[0]
NAN = np.nan


def relapse_of(*rows, days=(14, 28, 56, 84), baseline=30.0, **options):
    values = pd.DataFrame(list(rows), columns=list(days), index=[f"P{k}" for k in range(len(rows))])
    before = pd.Series(baseline, index=values.index)
    return compute_relapse(values, responds=HALF, baseline=before, **options)


def test_time_runs_from_response_to_the_first_visit_without_it():
    found = relapse_of([20, 15, 12, 16])
    assert found.loc["P0"].tolist() == [28, 56, 1]


def test_who_never_relapses_is_censored_at_the_last_value():
    found = relapse_of([15, 14, NAN, 13], [15, 14, 13, NAN], [NAN, NAN, NAN, 15])
    assert found["duration"].tolist() == [70, 42, 0]
    assert found["event"].tolist() == [0, 0, 0]


def test_a_missing_value_is_no_relapse():
    assert relapse_of([15, NAN, 15, 20]).loc["P0"].tolist() == [14, 70, 1]


def test_who_never_responds_cannot_relapse():
    assert list(relapse_of([20, 20, 20, 20], [15, 15, 15, 15]).index) == ["P1"]


def test_response_may_be_judged_at_one_day_for_everyone():
    found = relapse_of([15, 15, 20, 20], [20, 15, 15, 15], [15, 20, 20, 15], start=28)
    assert list(found.index) == ["P0", "P1"]
    assert found.loc["P0"].tolist() == [28, 28, 1]
    with pytest.raises(DataError, match="day 30; one of 14, 28, 56, 84"):
        relapse_of([15, 15, 20, 20], start=30)


def test_relapse_may_be_a_threshold_of_its_own():
    severe = Threshold(
        name="relapse", purpose="change", total="madrs_total", measure="value",
        comparison="at least", amount=22, source="by hand", evidence="verified",
    )  # fmt: skip
    assert relapse_of([15, 18, 21, 22], relapses=severe).loc["P0"].tolist() == [14, 70, 1]


def test_days_out_of_order_give_the_same_times():
    ordered = relapse_of([20, 15, 12, 16])
    pd.testing.assert_frame_equal(relapse_of([16, 12, 15, 20], days=(84, 56, 28, 14)), ordered)


def test_a_missing_baseline_is_refused_by_patient():
    with pytest.raises(DataError, match="no value above 0 for 1") as caught:
        relapse_of([15, 15, 15, 15], [15, 15, 15, 15], baseline=[30.0, NAN])
    assert caught.value.faults[0].patients == ("P1",)
