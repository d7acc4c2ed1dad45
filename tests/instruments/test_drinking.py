"""Drinking by days, by hand."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError, SettingsError
from stratify.instruments import (
    count_levels_fallen,
    read_instrument,
    summarise_drinking,
    summarise_drinking_counts,
)
from stratify.instruments.drinking import COUNT_COLUMNS

SEX = pd.Series({"P01": "male", "P02": "female"})


def make_days(**drinks: list[float | None]) -> pd.DataFrame:
    rows = [
        (patient, day, drink)
        for patient, one in drinks.items()
        for day, drink in enumerate(one, start=1)
    ]
    return pd.DataFrame(rows, columns=["patient", "day", "tlfb_drinks"])


def totals_of(scores, patient):
    return {
        column.removeprefix("tlfb_"): value for column, value in scores.totals.loc[patient].items()
    }


def test_a_week_of_a_man_by_hand():
    # 0+2+4+5+0+6+0 = 17 drinks of 14 g: 238 g in 7 days, 34 g a day; heavy from 5 drinks: 2 days.
    scores = summarise_drinking(make_days(P01=[0, 2, 4, 5, 0, 6, 0]), window_days=7, sex=SEX)
    assert totals_of(scores, "P01") == {
        "grams_per_day": 34,
        "drinking_days": 4,
        "heavy_days": 2,
        "percent_drinking_days": pytest.approx(400 / 7),
        "percent_heavy_days": pytest.approx(200 / 7),
        "any_drinking": 1,
        "any_heavy_day": 1,
    }
    assert scores.band["P01"] == "low"  # up to 40 g for men


def test_the_same_week_of_a_woman_has_a_heavy_day_more_and_a_higher_level():
    scores = summarise_drinking(make_days(P02=[0, 2, 4, 5, 0, 6, 0]), window_days=7, sex=SEX)
    assert scores.totals.loc["P02", "tlfb_heavy_days"] == 3  # from 4 drinks
    assert scores.band["P02"] == "medium"  # 34 g lies above 20 and up to 40


@pytest.mark.parametrize(
    ("sex", "drinks", "heavy"),
    [("male", 4, 0), ("male", 4.9, 0), ("male", 5, 1), ("female", 3, 0), ("female", 4, 1)],
)
def test_heavy_days_at_their_threshold(sex, drinks, heavy):
    scores = summarise_drinking(make_days(P01=[drinks]), window_days=1, sex=pd.Series({"P01": sex}))
    assert scores.totals.loc["P01", "tlfb_heavy_days"] == heavy


@pytest.mark.parametrize(
    ("sex", "grams", "level"),
    [
        ("male", 40, "low"),
        ("male", 41, "medium"),
        ("male", 60, "medium"),
        ("male", 61, "high"),
        ("male", 100, "high"),
        ("male", 101, "very high"),
        ("female", 20, "low"),
        ("female", 21, "medium"),
        ("female", 40, "medium"),
        ("female", 41, "high"),
        ("female", 60, "high"),
        ("female", 61, "very high"),
    ],
)
def test_the_who_level_at_its_edges(sex, grams, level):
    scores = summarise_drinking(
        make_days(P01=[grams / 10]),
        window_days=1,
        sex=pd.Series({"P01": sex}),
        grams_per_drink=10,
    )
    assert scores.band.tolist() == [level]


def test_a_patient_without_a_drink_is_abstinent():
    scores = summarise_drinking(make_days(P01=[0, 0, 0]), window_days=3, sex=SEX)
    assert scores.band.tolist() == ["abstinent"]
    tlfb = read_instrument("tlfb")
    no_heavy, abstinent, low = tlfb.remission
    assert abstinent.is_met(scores.totals["tlfb_any_drinking"]).tolist() == [1]
    assert no_heavy.is_met(scores.totals["tlfb_any_heavy_day"]).tolist() == [1]
    assert low.is_met(scores.band).tolist() == [1]


def test_levels_fall_from_before_to_after():
    before = summarise_drinking(make_days(P01=[8, 8], P02=[3, 3]), window_days=2, sex=SEX)
    after = summarise_drinking(make_days(P01=[2, 2], P02=[3, 2]), window_days=2, sex=SEX)
    # A man from 112 g (very high) to 28 g (low): 3 levels; a woman from 42 (high) to 35 (medium).
    assert count_levels_fallen(before.band, after.band).tolist() == [3, 1]
    one, two = read_instrument("tlfb").response
    assert one.is_met(after.band, baseline=before.band).tolist() == [1, 1]
    assert two.is_met(after.band, baseline=before.band).tolist() == [1, 0]


def test_a_day_not_recorded_is_never_a_day_without_drink():
    days = make_days(P01=[0, None, 0], P02=[0, 6])
    scores = summarise_drinking(days, window_days=3, sex=SEX)
    first, second = totals_of(scores, "P01"), totals_of(scores, "P02")
    assert np.isnan(list(first.values())).all()  # the missing day may have been any
    # P02 drank, and heavily, whatever the third day was; how often is not known.
    assert (second.pop("any_drinking"), second.pop("any_heavy_day")) == (1, 1)
    assert np.isnan(list(second.values())).all()
    assert scores.answered["tlfb_heavy_days"].tolist() == [2, 2]
    assert not scores.prorated.to_numpy().any()


def test_shares_may_stand_on_fewer_days_and_that_is_recorded():
    days = make_days(P01=[0, None, 5, 0], P02=[0, 0, None, None])
    scores = summarise_drinking(days, window_days=4, sex=SEX, fewest_days=3)
    first = totals_of(scores, "P01")
    assert first["percent_drinking_days"] == pytest.approx(100 / 3)
    assert first["grams_per_day"] == pytest.approx(70 / 3)
    assert np.isnan(first["drinking_days"])
    assert scores.totals.loc["P02"].isna().all()
    made = scores.prorated.loc["P01"]
    assert made.index[made].tolist() == [
        "tlfb_grams_per_day",
        "tlfb_percent_drinking_days",
        "tlfb_percent_heavy_days",
    ]
    assert not scores.prorated.loc["P02"].any()
    assert "prorated" in str(scores.warnings[0])


def test_without_sex_heavy_days_and_levels_are_missing_and_that_is_told():
    scores = summarise_drinking(make_days(P01=[6, 0]), window_days=2)
    found = totals_of(scores, "P01")
    assert found["drinking_days"] == 1
    assert np.isnan(
        [found["heavy_days"], found["percent_heavy_days"], found["any_heavy_day"]]
    ).all()
    assert scores.band.isna().all()
    assert "sex is not known, patient P01" in str(scores.warnings[0])


def test_patients_without_a_row_are_kept_when_named():
    scores = summarise_drinking(
        make_days(P02=[1], P09=[3]), window_days=1, sex=SEX, patients=["P01", "P02"]
    )
    assert scores.totals.index.tolist() == ["P01", "P02"]
    assert scores.totals["tlfb_drinking_days"].isna().tolist() == [True, False]
    assert scores.answered["tlfb_drinking_days"].tolist() == [0, 1]


def test_daily_drinks_and_their_counts_agree():
    rng = np.random.default_rng(5)
    drinks = rng.poisson(3, size=(6, 28)) * (rng.random((6, 28)) < 0.4)
    days = make_days(**{f"P{k}": row.tolist() for k, row in enumerate(drinks)})
    sex = pd.Series({f"P{k}": "male" if k % 2 else "female" for k in range(6)})
    heavy = (drinks >= np.where(sex == "male", 5, 4)[:, None]).sum(axis=1)
    counts = pd.DataFrame(
        np.column_stack([[28] * 6, (drinks > 0).sum(axis=1), heavy, drinks.sum(axis=1)]),
        index=sex.index,
        columns=COUNT_COLUMNS,
    )
    one = summarise_drinking(days, window_days=28, sex=sex)
    other = summarise_drinking_counts(counts, window_days=28, sex=sex)
    pd.testing.assert_frame_equal(one.totals, other.totals)
    pd.testing.assert_frame_equal(one.bands, other.bands)


def test_rows_alone_equal_rows_together_and_their_order_does_not_matter():
    days = make_days(P01=[0, 2, 6], P02=[4, 0, None])
    together = summarise_drinking(days, window_days=3, sex=SEX, fewest_days=2)
    shuffled = summarise_drinking(
        days.sample(frac=1, random_state=1), window_days=3, sex=SEX, fewest_days=2
    )
    for patient in ("P01", "P02"):
        alone = summarise_drinking(
            days[days["patient"] == patient], window_days=3, sex=SEX, fewest_days=2
        )
        for other in (alone, shuffled):
            pd.testing.assert_series_equal(other.totals.loc[patient], together.totals.loc[patient])
            assert other.band[patient] == together.band[patient]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"tlfb_drinks": [-1.0, 0, 0]}, "tlfb_drinks: -1 for patient P01; .* 0 or more"),
        ({"tlfb_drinks": ["some", 0, 0]}, "tlfb_drinks: 'some' for patient P01"),
        ({"tlfb_drinks": [np.inf, 0, 0]}, "tlfb_drinks: inf for patient P01"),
        ({"day": [1, 1, 2]}, "a day given twice, '1' for patient P01"),
        ({"day": [1, None, 2]}, "day: empty, patient P01"),
        ({"patient": ["P01", None, "P01"]}, "patient: empty in 1 rows"),
    ],
)
def test_days_that_make_no_sense_are_refused(damage, message):
    days = make_days(P01=[0, 1, 2]).astype(object).assign(**damage)
    with pytest.raises(DataError, match=message):
        summarise_drinking(days, window_days=3)


def test_more_days_than_the_window_are_refused():
    with pytest.raises(
        DataError, match="days: 4 for patient P01; no more days than the window's 3"
    ):
        summarise_drinking(make_days(P01=[0, 0, 0, 0]), window_days=3)


def test_absent_columns_are_told():
    with pytest.raises(DataError, match="days: tlfb_drinks: no such column"):
        summarise_drinking(pd.DataFrame({"patient": [], "day": []}), window_days=3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_days": 0}, "a window has at least one day"),
        ({"window_days": 7, "fewest_days": 8}, "between 1 and the window's 7 days"),
        ({"window_days": 7, "grams_per_drink": 100}, "a standard drink has 8 to 20 g"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        summarise_drinking(make_days(P01=[0]), **settings)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([29, 3, 1, 12], "tlfb_days_recorded: 29 for patient P01"),
        ([28, 3.5, 1, 12], "tlfb_drinking_days: 3.5 for patient P01; .* in whole numbers"),
        ([5, 6, 1, 12], "no more drinking days than days recorded"),
        ([28, 3, 4, 30], "no more heavy days than drinking days"),
        ([28, 0, 0, 5], "no drinks without a drinking day"),
        ([28, 3, 0, 0], "drinks on drinking days"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(row, message):
    counts = pd.DataFrame([row], index=["P01"], columns=COUNT_COLUMNS)
    with pytest.raises(DataError, match=message):
        summarise_drinking_counts(counts, window_days=28)


def test_missing_counts_leave_their_totals_missing():
    counts = pd.DataFrame([[28, 3, None, 12]], index=["P01"], columns=COUNT_COLUMNS, dtype=float)
    found = totals_of(summarise_drinking_counts(counts, window_days=28, sex=SEX), "P01")
    assert found["drinking_days"] == 3
    assert found["grams_per_day"] == 6
    assert np.isnan([found["heavy_days"], found["any_heavy_day"]]).all()
