"""Columns of totals and items, for a cohort's dictionary."""

import pytest

from stratify.instruments import (
    list_instruments,
    make_columns,
    make_item_columns,
    read_instrument,
)


def test_a_total_brings_its_range_unit_and_label():
    (column,) = make_columns(
        read_instrument("madrs"), measured="followup", role="outcome", suffix="_week6"
    )
    assert column.to_dict() == {
        "name": "madrs_total_week6",
        "label": "MADRS total",
        "low": 0.0,
        "high": 60.0,
        "unit": "points",
        "measured": "followup",
        "role": "outcome",
    }


def test_an_ordinal_level_is_a_category():
    (column,) = make_columns(read_instrument("cssrs_screener"))
    assert (column.kind, column.levels) == ("category", ("none", "low", "moderate", "high"))


@pytest.mark.parametrize("name", list_instruments())
def test_every_total_and_item_has_a_column_of_its_own(name):
    instrument = read_instrument(name)
    columns = [*make_columns(instrument), *make_item_columns(instrument)]
    names = [column.name for column in columns]
    assert len(set(names)) == len(names) == len(instrument.totals) + len(instrument.items)


def test_items_are_ignored_by_models_and_yes_or_no_is_a_boolean():
    dast = make_item_columns(read_instrument("dast10"))
    assert {column.kind for column in dast} == {"boolean"}
    assert {column.role for column in dast} == {"ignore"}
    assert not any(column.is_feature for column in dast)
    assert dast[2].label == "DAST-10 item 3"


def test_an_item_column_allows_the_code_for_not_assessed():
    (cgi,) = make_item_columns(read_instrument("cgi_s"))
    assert (cgi.low, cgi.high) == (0, 7)
