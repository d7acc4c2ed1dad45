import pytest

from stratify.errors import DataError
from stratify.outcome import ResponseRule, choose_auxiliary
from stratify.schema import Column

COLUMNS = (
    Column(name="madrs_baseline"),
    Column(name="age"),
    Column(name="site", kind="category", role="site"),
    Column(name="arm", kind="category", role="treatment"),
    Column(name="madrs_week2", measured="during", day=14, role="outcome"),
    Column(name="madrs_week8", measured="during", day=56),
    Column(name="madrs_note", kind="text", measured="during", day=14),
    Column(name="pain_week2", measured="during", day=14),
    Column(name="madrs_week6", measured="followup", day=42, role="outcome"),
    Column(name="truth", role="truth"),
)


def rule(**changes):
    values = {"name": "r", "followup": "madrs_week6", "baseline": "madrs_baseline", "drop": 0.5}
    return ResponseRule(**{**values, "missing": "multiple", **changes})


def names(rule, columns=COLUMNS):
    return [column.name for column in choose_auxiliary(rule, columns)]


def test_outcomes_are_imputed_from_baseline_site_arm_and_earlier_values_of_the_scale():
    assert names(rule()) == ["madrs_baseline", "site", "arm", "madrs_week2"]


def test_an_outcome_without_a_baseline_still_finds_its_earlier_values():
    found = names(rule(baseline=None, drop=None, at_most=10))
    assert found == ["site", "arm", "madrs_week2"]


def test_every_part_of_a_combined_rule_brings_its_own():
    pain = rule(followup="pain_week6", baseline=None, drop=None, at_most=3)
    both = ResponseRule(name="b", followup="pain_week6", all_of=(rule(), pain), missing="multiple")
    columns = (*COLUMNS, Column(name="pain_week6", measured="followup", day=42))
    assert names(both, columns)[-2:] == ["madrs_week2", "pain_week2"]


def test_named_columns_are_taken_as_they_are_named_even_of_a_later_visit():
    assert names(rule(auxiliary=("madrs_week8", "age"))) == ["madrs_week8", "age"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("madrs_wek2", "did you mean 'madrs_week2'"),
        ("madrs_note", "kind text"),
        ("truth", "role truth"),
    ],
)
def test_a_column_that_says_nothing_of_the_patient_is_refused(name, told):
    with pytest.raises(DataError, match=told):
        names(rule(auxiliary=(name,)))


def test_nothing_to_impute_from_is_refused_with_the_way_out():
    with pytest.raises(DataError, match='missing = "excluded"'):
        names(rule(baseline=None, drop=None, at_most=10), (Column(name="age"),))
