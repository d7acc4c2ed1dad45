"""A durable response is one that is still there later on."""

from __future__ import annotations

import pytest

from stratify.errors import SettingsError
from stratify.outcome import make_rule, require_later
from stratify.schema import Column


def column(name, day=None, visit=""):
    return Column(name=name, measured="followup", role="outcome", day=day, visit=visit)


@pytest.mark.parametrize(
    ("followup", "later"),
    [
        ("madrs_week6", "madrs_week6"),
        ("madrs_month6", "madrs_week6"),
        ("madrs_day14", "madrs_week2"),
    ],
)
def test_a_later_column_that_is_not_later_is_refused(followup, later):
    with pytest.raises(SettingsError, match=r"response\.later.*Exchange the two"):
        require_later(followup, later)


def test_days_of_the_columns_go_before_their_names():
    columns = [column("madrs_week6", day=42), column("madrs_end", day=30)]
    require_later("madrs_end", "madrs_week6", columns)
    with pytest.raises(SettingsError, match="madrs_end is measured on day 30, and madrs_week6 on"):
        require_later("madrs_week6", "madrs_end", columns)
    said = [column("a", visit="week 6"), column("b", visit="week 2")]
    with pytest.raises(SettingsError, match="b is measured on day 14, and a on day 42"):
        require_later("a", "b", said)


def test_an_order_nobody_knows_is_taken_as_given():
    require_later("madrs_end", "madrs_followup")
    require_later("madrs_week6", "madrs_followup")


def test_a_named_rule_refuses_it_and_is_known_in_any_capitals():
    options = {"baseline": "madrs_baseline", "followup": "madrs_week6"}
    rule = make_rule("MADRS_Response_50", later="madrs_month6", **options)
    assert rule == make_rule("madrs_response_50", later="madrs_month6", **options)
    with pytest.raises(SettingsError, match="day 14"):
        make_rule("madrs_response_50", later="madrs_week2", **options)


def test_a_visit_nobody_had_is_told_with_the_nearest():
    columns = [Column(name="madrs_baseline"), column("madrs_week_6", visit="week 6")]
    with pytest.raises(SettingsError, match=r"week 66 \(did you mean 'week 6'\?\)"):
        make_rule("madrs_response_50", columns=columns, visit="week 66")
    assert (
        make_rule("madrs_response_50", columns=columns, visit="WEEK 6").followup == "madrs_week_6"
    )
