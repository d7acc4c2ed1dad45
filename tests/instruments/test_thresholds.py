"""Response, remission and change at each edge, one below and one above."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import SettingsError
from stratify.instruments import count_levels_fallen, list_instruments, read_instrument, severity

# instrument: [(purpose, total, measure, amount)], in the order of the file
EXPECTED = {
    "madrs": [
        ("response", "total", "proportional fall", 0.5),
        ("remission", "total", "value", 10),
        ("remission", "total", "value", 12),
        ("remission", "total", "value", 9),
    ],
    "hamd17": [
        ("response", "total", "proportional fall", 0.5),
        ("remission", "total", "value", 7),
    ],
    "phq9": [("response", "total", "proportional fall", 0.5), ("remission", "total", "value", 5)],
    "phq8": [("response", "total", "proportional fall", 0.5), ("remission", "total", "value", 5)],
    "qids_sr16": [
        ("response", "total", "proportional fall", 0.5),
        ("remission", "total", "value", 5),
    ],
    "bdi2": [
        ("response", "total", "proportional fall", 0.5),
        ("remission", "total", "value", 12),
        ("remission", "total", "value", 13),
        ("change", "total", "fall", 5),
    ],
    "cgi_s": [("remission", "total", "value", 2), ("remission", "total", "value", 1)],
    "cgi_i": [("response", "total", "value", 2)],
    "gad7": [("response", "total", "proportional fall", 0.5), ("remission", "total", "value", 5)],
    "hama": [("response", "total", "proportional fall", 0.5), ("remission", "total", "value", 7)],
    "bpi_severity": [
        ("response", "mean", "proportional fall", 0.3),
        ("response", "mean", "proportional fall", 0.5),
        ("response", "worst", "proportional fall", 0.3),
        ("response", "worst", "proportional fall", 0.5),
    ],
    "bpi_interference": [("change", "mean", "fall", 1)],
    "nrs": [
        ("response", "total", "proportional fall", 0.3),
        ("response", "total", "proportional fall", 0.5),
        ("response", "total", "fall", 2),
        ("change", "total", "proportional fall", 0.1),
        ("change", "total", "proportional fall", 0.2),
    ],
    "vas": [
        ("response", "total", "proportional fall", 0.3),
        ("response", "total", "proportional fall", 0.5),
        ("change", "total", "proportional fall", 0.1),
        ("change", "total", "proportional fall", 0.2),
    ],
    "ocds": [
        ("response", "original_total", "proportional fall", 0.3),
        ("response", "original_total", "proportional fall", 0.5),
    ],
    "craving_vas": [
        ("response", "total", "proportional fall", 0.3),
        ("response", "total", "proportional fall", 0.5),
    ],
    "tlfb": [
        ("response", "grams_per_day", "levels fallen", 1),
        ("response", "grams_per_day", "levels fallen", 2),
        ("remission", "any_heavy_day", "value", 0),
        ("remission", "any_drinking", "value", 0),
        ("remission", "grams_per_day", "level", 1),
    ],
}
BELOW = {"phq9", "phq8", "gad7"}  # remission is below 5, not at most 5
ALL = [(n, k) for n in EXPECTED for k in range(len(EXPECTED[n]))]


def test_thresholds_are_those_of_the_clinical_facts():
    found = {
        name: [
            (one.purpose, one.total.removeprefix(f"{name}_"), one.measure, one.amount)
            for one in read_instrument(name).thresholds
        ]
        for name in list_instruments()
        if read_instrument(name).thresholds
    }
    assert found == EXPECTED


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, k in ALL if EXPECTED[n][k][2] == "value"])
def test_a_total_at_the_edge_and_on_either_side_of_it(name, k):
    threshold = read_instrument(name).thresholds[k]
    edge = threshold.amount
    met = threshold.is_met([edge - 1, edge, edge + 1, np.nan]).tolist()
    at_edge = 0.0 if name in BELOW and threshold.purpose == "remission" else 1.0
    assert met[:3] == [1.0, at_edge, 0.0]
    assert np.isnan(met[3])
    assert not threshold.needs_baseline


@pytest.mark.parametrize(
    ("name", "k"), [(n, k) for n, k in ALL if EXPECTED[n][k][2] == "proportional fall"]
)
def test_a_proportional_fall_at_the_edge_and_on_either_side_of_it(name, k):
    threshold = read_instrument(name).thresholds[k]
    # From 10, a fall of one half is to 5, of 30 % to 7, of 20 % to 8, of 10 % to 9.
    edge = {0.5: 5, 0.3: 7, 0.2: 8, 0.1: 9}[threshold.amount]
    met = threshold.is_met([edge - 1, edge, edge + 1], baseline=[10, 10, 10])
    assert met.tolist() == [1, 1, 0]


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, k in ALL if EXPECTED[n][k][2] == "fall"])
def test_a_fall_in_points_at_the_edge_and_on_either_side_of_it(name, k):
    threshold = read_instrument(name).thresholds[k]
    after = [9 - threshold.amount - 1, 9 - threshold.amount, 9 - threshold.amount + 1]
    assert threshold.is_met(after, baseline=[9, 9, 9]).tolist() == [1, 1, 0]


@pytest.mark.parametrize("baseline", [7, 13, 21, 29, 33, 49])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_fall_of_exactly_the_share_is_met_in_floating_point(baseline, share):
    name = "response (moderate, 30 %)" if share == 0.3 else "response (substantial, 50 %)"
    threshold = next(one for one in read_instrument("vas").response if one.name == name)
    after = baseline - share * baseline
    assert threshold.is_met([after], baseline=[baseline]).tolist() == [1]
    assert threshold.is_met([after + 0.001], baseline=[baseline]).tolist() == [0]


def test_a_proportion_of_a_baseline_of_0_is_undefined():
    response = read_instrument("madrs").response[0]
    assert response.is_met([0, 5, -3, 0], baseline=[0, 0, -1, np.nan]).isna().all()
    fall = read_instrument("nrs").response[2]
    assert fall.is_met([0], baseline=[0]).tolist() == [0]


def test_who_levels_fallen_are_counted_between_bands():
    tlfb = read_instrument("tlfb")
    sex = ["male"] * 5
    before = severity(tlfb, [120, 120, 120, 50, 0], sex=sex)  # very high x 3, medium, abstinent
    after = severity(tlfb, [120, 80, 60, 61, np.nan], sex=sex)  # very high, high, medium, high
    fallen = count_levels_fallen(before, after)
    assert fallen.tolist()[:4] == [0, 1, 2, -1]
    assert np.isnan(fallen[4])
    one, two = tlfb.response
    assert one.is_met(after, baseline=before).tolist()[:4] == [0, 1, 1, 0]
    assert two.is_met(after, baseline=before).tolist()[:4] == [0, 0, 1, 0]


def test_a_risk_level_of_low_or_abstinent_is_remission():
    tlfb = read_instrument("tlfb")
    low = tlfb.remission[2]
    levels = severity(tlfb, [0, 40, 40.1, np.nan], sex=["male"] * 4)
    assert low.is_met(levels).tolist()[:3] == [1, 1, 0]
    assert low.describe() == "tlfb_grams_per_day: level at most 'low'"


def test_levels_of_other_rows_are_refused():
    tlfb = read_instrument("tlfb")
    before = severity(tlfb, pd.Series([10.0], index=["a"]), sex=["male"])
    after = severity(tlfb, pd.Series([10.0], index=["b"]), sex=["male"])
    with pytest.raises(SettingsError, match="other rows"):
        count_levels_fallen(before, after)


def test_a_fall_needs_the_baseline_of_the_same_rows():
    response = read_instrument("madrs").response[0]
    with pytest.raises(SettingsError, match="madrs_total: response: no baseline"):
        response.is_met([10])
    with pytest.raises(SettingsError, match="a baseline of other rows"):
        response.is_met([10], baseline=[20, 30])
    with pytest.raises(SettingsError, match="a baseline of other rows"):
        response.is_met(pd.Series([10], index=["a"]), baseline=pd.Series([20], index=["b"]))


def test_the_index_is_kept():
    response = read_instrument("madrs").response[0]
    after, before = pd.Series({"b": 10, "a": 16}), pd.Series({"b": 30, "a": 30})
    assert response.is_met(after, baseline=before).to_dict() == {"b": 1.0, "a": 0.0}


def test_the_first_of_each_is_the_default():
    madrs = read_instrument("madrs")
    assert madrs.response[0].amount == 0.5
    assert [one.amount for one in madrs.remission] == [10, 12, 9]
