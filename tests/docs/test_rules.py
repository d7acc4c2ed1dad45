"""The table of response rules in the guide is written from the scales' own files."""

from pathlib import Path

from stratify.outcome import RESPONSE_RULES, describe_rules

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "outcomes-and-visits.md"


def test_the_table_of_rules_is_the_library_s_own():
    assert describe_rules() in GUIDE.read_text(encoding="utf-8")


def test_every_rule_has_a_source():
    for line in describe_rules().splitlines()[2:]:
        assert line.split("|")[4].strip()
    assert len(describe_rules().splitlines()) == len(RESPONSE_RULES) + 2
