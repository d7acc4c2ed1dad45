"""Severity bands at each of their edges, from tables written by hand."""

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError, SettingsError
from stratify.instruments import list_instruments, read_instrument, severity
from stratify.instruments.bands import read_sex

PHQ9 = {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "moderately severe": (15, 19)}

# (instrument, total): {band: its lowest and highest total}
EDGES = {
    ("madrs", "total"): {
        "no symptoms": (0, 6),
        "mild": (7, 19),
        "moderate": (20, 34),
        "severe": (35, 60),
    },
    ("hamd17", "total"): {
        "none": (0, 7),
        "mild": (8, 13),
        "moderate": (14, 18),
        "severe": (19, 22),
        "very severe": (23, 52),
    },
    ("phq9", "total"): {**PHQ9, "severe": (20, 27)},
    ("phq8", "total"): {**PHQ9, "severe": (20, 24)},
    ("qids_sr16", "total"): {
        "none": (0, 5),
        "mild": (6, 10),
        "moderate": (11, 15),
        "severe": (16, 20),
        "very severe": (21, 27),
    },
    ("bdi2", "total"): {
        "minimal": (0, 13),
        "mild": (14, 19),
        "moderate": (20, 28),
        "severe": (29, 63),
    },
    ("gad7", "total"): {
        "minimal": (0, 4),
        "mild": (5, 9),
        "moderate": (10, 14),
        "severe": (15, 21),
    },
    ("hama", "total"): {
        "none to mild": (0, 17),
        "mild to moderate": (18, 24),
        "moderate to severe": (25, 30),
        "very severe": (31, 56),
    },
    ("bpi_severity", "worst"): {
        "none": (0, 0),
        "mild": (1, 4),
        "moderate": (5, 6),
        "severe": (7, 10),
    },
    ("dn4", "total"): {"neuropathic pain unlikely": (0, 3), "neuropathic pain likely": (4, 10)},
    ("dn4_interview", "total"): {
        "neuropathic pain unlikely": (0, 2),
        "neuropathic pain likely": (3, 7),
    },
    ("paindetect", "total"): {
        "neuropathic component unlikely": (-1, 12),
        "unclear": (13, 18),
        "neuropathic component likely": (19, 38),
    },
    **{
        (name, "total"): {
            "neuropathic mechanisms unlikely": (0, 11),
            "neuropathic mechanisms likely": (12, 24),
        }
        for name in ("lanss", "s_lanss")
    },
    ("audit", "total"): {
        "low risk": (0, 7),
        "hazardous": (8, 15),
        "harmful": (16, 19),
        "possible dependence": (20, 40),
    },
    ("dast10", "total"): {
        "no problems": (0, 0),
        "low": (1, 2),
        "moderate": (3, 5),
        "substantial": (6, 8),
        "severe": (9, 10),
    },
    ("msm", "total"): {"mild": (3, 6), "moderate": (7, 10), "severe": (11, 15)},
    ("athf_sf", "total"): {"fewer than two": (0, 1), "treatment-resistant": (2, 40)},
    ("ctq_sf", "emotional_abuse"): {
        "none": (5, 8),
        "low": (9, 12),
        "moderate": (13, 15),
        "severe": (16, 25),
    },
    ("ctq_sf", "physical_abuse"): {
        "none": (5, 7),
        "low": (8, 9),
        "moderate": (10, 12),
        "severe": (13, 25),
    },
    ("ctq_sf", "sexual_abuse"): {
        "none": (5, 5),
        "low": (6, 7),
        "moderate": (8, 12),
        "severe": (13, 25),
    },
    ("ctq_sf", "emotional_neglect"): {
        "none": (5, 9),
        "low": (10, 14),
        "moderate": (15, 17),
        "severe": (18, 25),
    },
    ("ctq_sf", "physical_neglect"): {
        "none": (5, 7),
        "low": (8, 9),
        "moderate": (10, 12),
        "severe": (13, 25),
    },
}
BY_SEX = {("audit_c", "total"), ("tlfb", "grams_per_day")}


@pytest.mark.parametrize(("name", "total"), sorted(EDGES))
def test_each_band_begins_and_ends_where_it_should(name, total):
    instrument, bands = read_instrument(name), EDGES[name, total]
    for band, (lowest, highest) in bands.items():
        found = severity(instrument, [lowest, highest], name=total)
        assert found.tolist() == [band, band]
    assert list(found.cat.categories) == list(bands)
    assert found.cat.ordered


@pytest.mark.parametrize(("name", "total"), sorted(EDGES))
def test_one_beyond_the_range_is_refused(name, total):
    instrument = read_instrument(name)
    which = instrument.total(total)
    beyond = [which.low - 1] + ([] if which.high is None else [which.high + 1])
    for value in beyond:
        totals = pd.Series([which.low, value], index=["P01", "P02"])
        with pytest.raises(DataError, match=f"{value:g} for patient P02"):
            severity(instrument, totals, name=total)


def test_every_band_is_in_the_tables_above():
    found = {
        (name, total.name)
        for name in list_instruments()
        for total in read_instrument(name).totals
        if total.bands
    }
    assert found == set(EDGES) | BY_SEX


@pytest.mark.parametrize(
    ("sex", "negative", "positive"), [("female", (0, 2), (3, 12)), ("male", (0, 3), (4, 12))]
)
def test_the_audit_c_has_a_cut_for_each_sex(sex, negative, positive):
    audit_c = read_instrument("audit_c")
    found = severity(audit_c, [*negative, *positive], sex=[sex] * 4)
    assert found.tolist() == ["negative", "negative", "positive", "positive"]


GRAMS = {
    "female": [0, 0.1, 20, 20.1, 40, 40.1, 60, 60.1, 500],
    "male": [0, 0.1, 40, 40.1, 60, 60.1, 100, 100.1, 500],
}
LEVELS = ["abstinent", "low", "low", "medium", "medium", "high", "high", "very high", "very high"]


@pytest.mark.parametrize("sex", sorted(GRAMS))
def test_who_risk_levels_include_their_upper_edges(sex):
    assert severity(read_instrument("tlfb"), GRAMS[sex], sex=[sex] * 9).tolist() == LEVELS


def test_bands_by_sex_need_a_sex():
    with pytest.raises(SettingsError, match="the bands of the AUDIT-C differ by sex"):
        severity(read_instrument("audit_c"), [3])
    known = severity(read_instrument("audit_c"), [3, 3], sex=["male", None])
    assert known.tolist()[0] == "negative"
    assert known.isna().tolist() == [False, True]


def test_a_total_between_two_bands_has_not_reached_the_higher():
    # Prorated totals only: 9.99 is below the cut of 10.
    assert severity(read_instrument("phq9"), [9.99, 10.0]).tolist() == ["mild", "moderate"]


def test_a_missing_total_has_no_band():
    assert severity(read_instrument("madrs"), [np.nan, 7]).isna().tolist() == [True, False]


def test_severity_is_refused_where_no_bands_are_agreed():
    with pytest.raises(SettingsError, match="no bands for mean"):
        severity(read_instrument("bpi_severity"), [5])
    with pytest.raises(SettingsError, match=r"no total 'worse'.*did you mean 'worst'"):
        severity(read_instrument("bpi_severity"), [5], name="worse")


def test_sex_may_be_given_by_patient_for_rows_of_visits():
    rows = pd.MultiIndex.from_tuples([("P02", 1), ("P01", 1), ("P02", 2)], names=["patient", "v"])
    sex = pd.Series({"P01": "Male", "P02": "female "})
    assert read_sex(sex, rows).tolist() == ["female", "male", "female"]


def test_another_word_for_sex_is_refused_by_patient():
    sex = pd.Series({"P01": "female", "P02": "F"})
    with pytest.raises(DataError, match="sex: 'F' for patient P02; female or male"):
        read_sex(sex, sex.index)
    with pytest.raises(DataError, match="1 values for 2 rows"):
        read_sex(["male"], sex.index)


def test_index_and_order_of_rows_are_kept():
    totals = pd.Series([60, 0], index=["b", "a"])
    found = severity(read_instrument("madrs"), totals)
    assert found.to_dict() == {"b": "severe", "a": "no symptoms"}
