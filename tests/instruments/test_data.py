"""The data files against tables written by hand, from the clinical facts and not from the files."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from stratify.instruments import describe_instruments, list_instruments, read_instrument
from stratify.instruments.thresholds import UNVERIFIED, VERIFIED

INF = None

# name: number of items, rater, main total's range
SHAPE = {
    "athf_sf": (1, "clinician", 0, INF),
    "audit": (10, "self", 0, 40),
    "audit_c": (3, "self", 0, 12),
    "bdi2": (21, "self", 0, 63),
    "bpi_interference": (7, "self", 0, 10),
    "bpi_severity": (4, "self", 0, 10),
    "cgi_i": (1, "clinician", 1, 7),
    "cgi_s": (1, "clinician", 1, 7),
    "craving_vas": (1, "self", 0, 100),
    "cssrs_screener": (7, "interview", 0, 3),
    "ctq_sf": (28, "self", 25, 125),
    "dast10": (10, "self", 0, 10),
    "dn4": (10, "clinician", 0, 10),
    "dn4_interview": (7, "interview", 0, 7),
    "gad7": (7, "self", 0, 21),
    "hama": (14, "clinician", 0, 56),
    "hamd17": (17, "clinician", 0, 52),
    "lanss": (7, "clinician", 0, 24),
    "madrs": (10, "clinician", 0, 60),
    "msm": (5, "clinician", 3, 15),
    "nrs": (1, "self", 0, 10),
    "ocds": (14, "self", 0, 40),
    "paindetect": (9, "self", -1, 38),
    "phq8": (8, "self", 0, 24),
    "phq9": (9, "self", 0, 27),
    "qids_sr16": (16, "self", 0, 27),
    "s_lanss": (7, "self", 0, 24),
    "tlfb": (1, "interview", 0, INF),
    "uds": (1, "laboratory", 0, 100),
    "vas": (1, "self", 0, 100),
}

SUBSCALES = {
    "bpi_severity": {"mean": (0, 10), "worst": (0, 10)},
    "ctq_sf": {
        "total": (25, 125),
        **dict.fromkeys(
            (
                "emotional_abuse",
                "physical_abuse",
                "sexual_abuse",
                "emotional_neglect",
                "physical_neglect",
            ),
            (5, 25),
        ),
        "minimisation": (0, 3),
    },
    "ocds": {
        "original_total": (0, 40),
        "plain_total": (0, 56),
        "obsessions": (0, 20),
        "compulsions": (0, 20),
    },
}


def test_each_instrument_of_the_order_has_a_file():
    assert set(list_instruments()) == set(SHAPE)


@pytest.mark.parametrize("name", sorted(SHAPE))
def test_items_rater_and_range_are_those_of_the_instrument(name):
    instrument, (items, rater, low, high) = read_instrument(name), SHAPE[name]
    assert (len(instrument.items), instrument.rater) == (items, rater)
    assert (instrument.total().low, instrument.total().high) == (low, high)


@pytest.mark.parametrize("name", sorted(SUBSCALES))
def test_subscales_have_their_ranges(name):
    found = {total.name: (total.low, total.high) for total in read_instrument(name).totals}
    assert found == SUBSCALES[name]


# Names that are parts of a method or of a published form, and no item's words.
NAMED = {"paindetect_course", "paindetect_radiation", "cssrs_6_recent", "athf_sf_failures"}
NAMED |= {"msm_duration", "msm_severity", "msm_failures", "msm_augmentation", "msm_ect"}
NAMED |= {"tlfb_drinks", "uds_result"}
SHARED_PREFIX = {"audit_c": "audit", "dn4_interview": "dn4", "cssrs_screener": "cssrs"}


@pytest.mark.parametrize("name", sorted(SHAPE))
def test_items_have_neutral_names_and_no_wording(name):
    prefix = SHARED_PREFIX.get(name, name)
    for item in read_instrument(name).item_names:
        numbered = re.fullmatch(rf"{prefix}_\d+", item)
        single = item == name and len(read_instrument(name).items) == 1
        assert numbered or single or item in NAMED, item


@pytest.mark.parametrize("name", sorted(SHAPE))
def test_a_file_says_nothing_of_an_item_but_how_it_is_numbered_and_scored(name):
    text = files("stratify.instruments").joinpath("data", f"{name}.toml").read_text("utf-8")
    assert "?" not in text
    known = {"first", "last", "numbers", "names", "low", "high", "values", "whole", "reversed"}
    known |= {"weight", "codes", "not_assessed"}
    for entry in tomllib.loads(text)["items"]:
        assert set(entry) <= known
        assert all(re.fullmatch(r"[0-3][ab]", code) for code in entry.get("codes", {}))


@pytest.mark.parametrize("name", sorted(SHAPE))
def test_every_number_has_a_source_and_says_how_far_it_was_checked(name):
    instrument = read_instrument(name)
    for text in (
        instrument.full_name,
        instrument.short_name,
        instrument.version,
        instrument.recall,
        instrument.licence,
        instrument.citation,
        instrument.missing.rule,
        instrument.missing.source,
    ):
        assert len(text) > 2
    claims = [*instrument.thresholds, *instrument.flags, *instrument.constants]
    assert all(len(claim.source) > 5 for claim in claims)
    tags = [claim.evidence for claim in claims]
    tags += [instrument.evidence, instrument.missing.evidence]
    tags += [total.bands_evidence for total in instrument.totals if total.bands]
    assert set(tags) <= {VERIFIED, UNVERIFIED}
    assert all(total.bands_source for total in instrument.totals if total.bands)


def test_unverified_numbers_say_so_in_full():
    assert UNVERIFIED == "general knowledge, confirm before printing as fact"


def test_reversed_items_are_those_of_the_dast_and_the_childhood_trauma_questionnaire():
    found = {
        name: {item.name for item in read_instrument(name).items if item.reversed}
        for name in list_instruments()
    }
    expected = {"dast10": {"dast10_3"}}
    expected["ctq_sf"] = {f"ctq_sf_{number}" for number in (2, 5, 7, 13, 19, 26, 28)}
    assert {name: items for name, items in found.items() if items} == expected


def test_only_the_lanss_and_the_radiation_of_paindetect_are_weighted():
    weights = {
        name: [item.weight for item in read_instrument(name).items]
        for name in list_instruments()
        if any(item.weight != 1 for item in read_instrument(name).items)
    }
    assert weights == {
        "lanss": [5, 5, 3, 2, 1, 5, 3],
        "s_lanss": [5, 5, 3, 2, 1, 5, 3],
        "paindetect": [1] * 8 + [2],
    }


def test_the_documentation_is_what_the_data_files_say():
    page = Path(__file__).parents[2] / "docs" / "instruments.md"
    written = page.read_text(encoding="utf-8")
    assert written == describe_instruments(), "run: make instruments"


def test_the_documentation_names_every_instrument_and_every_threshold():
    page = describe_instruments()
    for name in list_instruments():
        instrument = read_instrument(name)
        assert f"## {instrument.short_name}: {instrument.full_name}" in page
        assert all(threshold.describe() in page for threshold in instrument.thresholds)
        assert all(total.column in page for total in instrument.totals)
