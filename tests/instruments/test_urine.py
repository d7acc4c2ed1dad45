"""Urine screens over visits, by hand, with missing ones counted both ways."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.instruments import summarise_urine_screens

N = None
BY_HAND = [
    # screens, worst case: % negative, longest, final; observed: % negative, longest, final
    ([0, 0, 0, 0], (100, 4, 4), (100, 4, 4)),
    ([1, 1, 1, 1], (0, 0, 0), (0, 0, 0)),
    ([0, 0, 1, 0], (75, 2, 1), (75, 2, 1)),
    ([0, N, 0, 0], (75, 2, 2), (100, 3, 3)),
    ([0, 0, N, N], (50, 2, 0), (100, 2, 2)),
    ([0, 1, N, 0], (50, 1, 1), (200 / 3, 1, 1)),
    ([N, N, N, 1], (0, 0, 0), (0, 0, 0)),
    ([N, N, N, N], (0, 0, 0), (np.nan, np.nan, np.nan)),
]


@pytest.mark.parametrize(("screens", "worst", "observed"), BY_HAND)
def test_screens_by_hand(screens, worst, observed):
    scores = summarise_urine_screens(pd.DataFrame([screens], index=["P01"], dtype=float))
    row = scores.totals.loc["P01"]
    for how, expected in (("worst_case", worst), ("observed", observed)):
        found = [
            row[f"uds_{what}_{how}"] for what in ("percent_negative", "longest_run", "final_run")
        ]
        assert found == pytest.approx(expected, nan_ok=True)
    assert scores.answered.iloc[0, 0] == sum(screen is not None for screen in screens)


def test_the_worst_case_is_never_better_than_the_screens_done():
    rng = np.random.default_rng(3)
    screens = rng.integers(0, 2, (200, 12)).astype(float)
    screens[rng.random(screens.shape) < 0.3] = np.nan
    totals = summarise_urine_screens(pd.DataFrame(screens)).totals.dropna()
    for what in ("percent_negative", "longest_run", "final_run"):
        assert (totals[f"uds_{what}_worst_case"] <= totals[f"uds_{what}_observed"] + 1e-9).all()


def test_both_ways_agree_where_nothing_is_missing_and_rows_stand_for_themselves():
    screens = pd.DataFrame(np.random.default_rng(4).integers(0, 2, (30, 8)))
    totals = summarise_urine_screens(screens).totals
    for what in ("percent_negative", "longest_run", "final_run"):
        assert (totals[f"uds_{what}_worst_case"] == totals[f"uds_{what}_observed"]).all()
    for k in range(30):
        alone = summarise_urine_screens(screens.iloc[k : k + 1]).totals
        pd.testing.assert_frame_equal(alone, totals.iloc[k : k + 1])


def test_a_result_that_is_neither_0_nor_1_is_refused_by_visit_and_patient():
    screens = pd.DataFrame({"week1": [0, 2], "week2": [1, 0.5]}, index=["P01", "P02"])
    with pytest.raises(DataError) as refused:
        summarise_urine_screens(screens)
    first, second = refused.value.faults
    assert first.where == "screens: week1"
    assert first.met == "2 for patient P02"
    assert second.met == "0.5 for patient P02"


def test_a_table_without_visits_is_refused():
    with pytest.raises(DataError, match="screens: no visits"):
        summarise_urine_screens(pd.DataFrame(index=["P01"]))
