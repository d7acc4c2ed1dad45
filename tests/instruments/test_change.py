"""Reliable change, by hand and against the paper's own example."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import SettingsError
from stratify.instruments import reliable_change


def test_the_worked_example_of_jacobson_and_truax():
    # 1991, p. 14: 32.5 before, 47.5 after, SD 7.5, r = .80: SE = 3.35, Sdiff = 4.74, RC = 3.16.
    change = reliable_change([32.5], [47.5], sd_before=7.5, reliability=0.80, higher_is="better")
    assert change["index"].iloc[0] == pytest.approx(3.16, abs=0.005)
    assert change["change"].tolist() == ["improved"]


def test_the_formula_by_hand():
    # SD 6, r = 0.82: 6 x 1.41421 x 0.42426 = 3.6; (24 - 30) / 3.6 = -1.6667.
    change = reliable_change([30], [24], sd_before=6, reliability=0.82)
    assert change["index"].iloc[0] == pytest.approx(-6 / 3.6)


@pytest.mark.parametrize(
    ("fall", "word"),
    [
        (7.05, "no reliable change"),  # 7.05 / 3.6 = 1.958
        (7.06, "improved"),  # 1.961
        (-7.05, "no reliable change"),
        (-7.06, "worsened"),
        (0, "no reliable change"),
    ],
)
def test_a_change_is_reliable_beyond_1_96_errors(fall, word):
    change = reliable_change([30], [30 - fall], sd_before=6, reliability=0.82)
    assert change["change"].tolist() == [word]


def test_the_direction_turns_the_words_and_not_the_index():
    worse = reliable_change([30], [10], sd_before=6, reliability=0.82)
    better = reliable_change([30], [10], sd_before=6, reliability=0.82, higher_is="better")
    assert worse["index"].equals(better["index"])
    assert (worse["change"].iloc[0], better["change"].iloc[0]) == ("improved", "worsened")


def test_exchanging_before_and_after_turns_the_sign():
    rng = np.random.default_rng(1)
    before, after = rng.uniform(0, 60, 20), rng.uniform(0, 60, 20)
    there = reliable_change(before, after, sd_before=8, reliability=0.7)["index"]
    back = reliable_change(after, before, sd_before=8, reliability=0.7)["index"]
    np.testing.assert_allclose(there, -back)


def test_missing_totals_give_no_change_and_the_index_is_kept():
    before = pd.Series({"b": 30.0, "a": np.nan})
    change = reliable_change(before, before - 20, sd_before=6, reliability=0.8)
    assert change.index.tolist() == ["b", "a"]
    assert change["change"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sd_before": 0, "reliability": 0.8}, "sd_before: 0; a standard deviation is above 0"),
        ({"sd_before": 6, "reliability": 1.0}, "reliability: 1; a reliability is from 0 to below"),
        ({"sd_before": 6, "reliability": -0.1}, "reliability: -0.1"),
        ({"sd_before": 6, "reliability": 0.8, "criterion": 0}, "criterion: 0"),
        ({"sd_before": 6, "reliability": 0.8, "higher_is": "neither"}, "worse or better"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        reliable_change([1], [2], **settings)


def test_other_rows_are_refused():
    with pytest.raises(SettingsError, match="other rows than before"):
        reliable_change([1, 2], [2], sd_before=6, reliability=0.8)
    with pytest.raises(SettingsError, match="other rows than before"):
        reliable_change(pd.Series({"a": 1}), pd.Series({"b": 1}), sd_before=6, reliability=0.8)
