"""The Maudsley staging and the count of adequate trials, by hand."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.instruments import (
    count_adequate_trials,
    make_msm_parts,
    read_instrument,
    score,
)


def make_history(**columns: list[float]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    usual = {
        "episode_months": [6.0] * n,
        "failed_antidepressants": [1.0] * n,
        "msm_severity": [2.0] * n,
        "msm_augmentation": [0.0] * n,
        "msm_ect": [0.0] * n,
    }
    return pd.DataFrame({**usual, **columns}, index=[f"P{k + 1:02d}" for k in range(n)])


@pytest.mark.parametrize(
    ("months", "points"), [(0, 1), (12, 1), (12.5, 2), (13, 2), (24, 2), (25, 3), (240, 3)]
)
def test_duration_at_its_edges(months, points):
    assert make_msm_parts(make_history(episode_months=[months]))["msm_duration"].iloc[0] == points


@pytest.mark.parametrize(
    ("failed", "points"),
    [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (10, 4), (11, 5), (30, 5)],
)
def test_failed_antidepressants_at_their_edges(failed, points):
    parts = make_msm_parts(make_history(failed_antidepressants=[failed]))
    assert parts["msm_failures"].iloc[0] == points


def test_a_stage_by_hand():
    # 30 months: 3; severe without psychosis: 4; 5 drugs: 3; augmentation: 1; no ECT: 0.
    history = make_history(
        episode_months=[30],
        msm_severity=[4],
        failed_antidepressants=[5],
        msm_augmentation=[1],
        msm_ect=[0],
    )
    scores = score(read_instrument("msm"), make_msm_parts(history))
    assert (scores.total.iloc[0], scores.band.iloc[0]) == (3 + 4 + 3 + 1 + 0, "severe")


def test_parts_that_are_known_are_taken_as_they_stand():
    history = make_history(msm_severity=[5]).drop(
        columns=["episode_months", "failed_antidepressants"]
    )
    history["msm_duration"], history["msm_failures"] = [3.0], [4.0]
    parts = make_msm_parts(history)
    assert parts.loc["P01"].tolist() == [3, 5, 4, 0, 0]


def test_a_missing_length_leaves_its_part_missing():
    parts = make_msm_parts(make_history(episode_months=[np.nan, 12]))
    assert parts["msm_duration"].isna().tolist() == [True, False]
    assert score(read_instrument("msm"), parts).total.isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("episode_months", -1),
        ("failed_antidepressants", 0),
        ("failed_antidepressants", 2.5),
        ("msm_severity", 6),
        ("msm_ect", 2),
    ],
)
def test_impossible_histories_are_refused_by_patient(column, value):
    with pytest.raises(DataError, match=f"history: {column}: {value:g} for patient P02"):
        make_msm_parts(make_history(**{column: [1, value]}))


def test_an_absent_part_is_told_with_what_it_may_come_from():
    history = make_history(msm_severity=[2]).drop(columns=["episode_months", "msm_ect"])
    with pytest.raises(DataError) as refused:
        make_msm_parts(history)
    first, second = refused.value.faults
    assert first.where == "history: msm_duration"
    assert "or episode_months to make it from" in first.wanted
    assert second.where == "history: msm_ect"


# Adequate trials ----------------------------------------------------------------------------------


def count(*trials, patients=None):
    table = pd.DataFrame(
        [("P01", adequate, failed) for adequate, failed in trials],
        columns=["patient", "adequate", "failed"],
    )
    return count_adequate_trials(table, patients=patients)


@pytest.mark.parametrize(
    ("trials", "total", "band"),
    [
        ([(1, 1)], 1, "fewer than two"),
        ([(1, 1), (1, 1)], 2, "treatment-resistant"),
        ([(1, 1), (1, 1), (1, 1)], 3, "treatment-resistant"),
        ([(1, 1), (0, 1), (1, 0), (0, 0)], 1, "fewer than two"),
        ([(1, 1), (0, None), (None, 0)], 1, "fewer than two"),  # these cannot count anyhow
        ([(1, 1), (1, 1), (1, None)], None, "treatment-resistant"),  # settled whatever it was
        ([(1, 1), (1, None)], None, None),
        ([(1, None)], None, "fewer than two"),  # one at most
    ],
)
def test_adequate_failed_trials_are_counted_as_far_as_they_are_known(trials, total, band):
    scores = count(*trials)
    assert scores.total.tolist() == pytest.approx([np.nan if total is None else total], nan_ok=True)
    assert scores.band.astype(object).where(scores.band.notna(), None).tolist() == [band]
    assert scores.answered.iloc[0, 0] == len(trials)


def test_patients_without_a_trial_have_none():
    scores = count((1, 1), patients=["P00", "P01"])
    assert scores.total.to_dict() == {"P00": 0, "P01": 1}


def test_trials_that_make_no_sense_are_refused():
    with pytest.raises(DataError, match="trials: adequate: 2 for patient P01"):
        count((2, 1))
    with pytest.raises(DataError, match="trials: failed: no such column"):
        count_adequate_trials(pd.DataFrame({"patient": ["P01"], "adequate": [1]}))
    with pytest.raises(DataError, match="trials: patient: empty in 1 rows"):
        count_adequate_trials(
            pd.DataFrame({"patient": ["P01", None], "adequate": [1, 1], "failed": [1, 1]})
        )


def test_the_counted_trials_score_the_same_as_the_item():
    counted = count((1, 1), (1, 1), (0, 1))
    table = pd.DataFrame({"athf_sf_failures": counted.total})
    scores = score(read_instrument("athf_sf"), table)
    assert scores.total.tolist() == counted.total.tolist()
    assert scores.band.tolist() == counted.band.tolist()
