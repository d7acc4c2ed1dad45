"""What a study file can say of the outcome, the visits and the landmark."""

import pytest

from pipelines.settings import read_settings
from stratify.errors import SettingsError
from stratify.outcome.rules import UNVALIDATED
from stratify.schema import Column

HEAD = """
[study]
name = "made"
[cohort]
file = "cohort.csv"
columns = "columns.toml"
[question]
kind = "prognosis"
{question}
[response]
{response}
"""
COLUMNS = (
    Column(name="madrs_baseline"),
    Column(name="pain_nrs_baseline"),
    Column(name="madrs_week6", measured="followup"),
    Column(name="madrs_month6", measured="followup"),
    Column(name="pain_nrs_week6", measured="followup"),
)


@pytest.fixture
def read(tmp_path):
    def read(response, question=""):
        path = tmp_path / "study.toml"
        path.write_text(HEAD.format(response=response, question=question), encoding="utf-8")
        return read_settings(path)

    return read


def test_a_rule_with_a_name_needs_only_the_visit_of_the_outcome(read):
    rule = read('rule = "madrs_response_50"\nvisit = "week 6"').task(COLUMNS).rule
    assert (rule.drop, rule.baseline, rule.followup) == (0.5, "madrs_baseline", "madrs_week6")
    assert rule.name == "response (MADRS at least 50 % below baseline)"


def test_its_columns_and_name_may_be_given(read):
    said = 'rule = "madrs_remission"\nfollowup = "m6"\nname = "remission"'
    rule = read(said).task().rule
    assert (rule.at_most, rule.followup, rule.name) == (10, "m6", "remission")


def test_a_durable_response_names_the_later_column(read):
    said = 'rule = "madrs_response_50"\nvisit = "week 6"\nlater = "madrs_month6"'
    assert read(said).task(COLUMNS).rule.outcomes == ("madrs_week6", "madrs_month6")
    with pytest.raises(SettingsError, match=r'later = "madrs_month6"'):
        read('rule = "durable_response"\nvisit = "week 6"')


def test_rules_of_two_conditions_are_called_unvalidated_in_the_question(read):
    said = 'all_of = ["madrs_response_50", "pain_30"]\nvisit = "week 6"'
    task = read(said).task(COLUMNS)
    assert UNVALIDATED in task.describe()


@pytest.mark.parametrize(
    ("said", "form", "value"),
    [
        ('baseline = "b"\npoints = 2', "points", 2),
        ("at_most = 10", "at_most", 10),
        ("below = 5", "below", 5),
        ("at_least = 8", "at_least", 8),
        ('baseline = "b"\nlevels_fallen = 1\nlevels = ["low", "high"]', "levels_fallen", 1),
    ],
)
def test_a_rule_of_ones_own_may_take_any_form(read, said, form, value):
    rule = read(f'name = "own"\nfollowup = "f"\n{said}').task().rule
    assert (rule.form, getattr(rule, form)) == (form, value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('rule = "madrs_respons_50"\nvisit = "week 6"', "did you mean 'madrs_response_50'"),
        ('rule = "madrs_response_50"', "neither followup nor visit"),
        ('rule = "madrs_remission"\nfollowup = "f"\ndrop = 0.5\nbaseline = "b"', "both rule and"),
        ('rule = "madrs_remission"\nfollowup = "f"\nweeks = 3', "3 weeks for another rule"),
        ('rule = "sud_urine_negative_weeks"\nfollowup = "f"', "no weeks"),
        ('rule = "pain_30"\nall_of = ["pain_30", "pain_50"]\nvisit = "w"', "both rule and all_of"),
        ('all_of = ["pain_30", "pain_50"]\nvisit = "w"\nlater = "x"', "finds its columns by visit"),
        ('name = "own"\nfollowup = "f"\nat_most = 1\nvisit = "w"', "names its columns"),
        ('name = "own"\nfollowup = "f"\nat_most = 1\nbelow = 2', "both at_most and below"),
        ('name = "own"\nfollowup = "f"\npoints = 2', "response.points without response.baseline"),
        ('name = "own"\nfollowup = "f"\nlevels_fallen = 1\nbaseline = "b"', "their order is known"),
        ('name = "own"\nfollowup = "f"\nat_most = 1\nauxiliary = ["early"]', "imputed from"),
        (
            'name = "own"\nfollowup = "f"\nat_most = 1\nmissing = "multiple"\nimputations = 1',
            "2 or more",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(read, said, told):
    with pytest.raises(SettingsError) as caught:
        read(said)
    assert told in str(caught.value)


def test_rules_treatments_and_conditions_are_known_in_any_capitals(read):
    arms = Column(
        name="arm",
        kind="category",
        role="treatment",
        levels=("tms", "TMS+ketamine", "tms+Ketamine"),
    )
    what = Column(name="dx", kind="category", role="condition", levels=("Depression", "pain"))
    said = 'rule = "MADRS_response_50"\nvisit = "WEEK 6"'
    columns = (*COLUMNS, arms, what)
    task = read(said, 'treatment = "TMS"\ncondition = "depression"').task(columns)
    assert (task.treatment, task.condition) == ("tms", "Depression")
    assert task.rule.drop == 0.5
    # Two arms that differ in capitals only: which is meant is not guessed.
    both = read(said, 'treatment = "TMS+KETAMINE"').task(columns)
    assert both.treatment == "TMS+KETAMINE"


@pytest.mark.parametrize(
    "said",
    [
        'rule = "madrs_response_50"\nfollowup = "madrs_month6"\nlater = "madrs_week6"',
        'name = "o"\nfollowup = "madrs_month6"\nbaseline = "b"\ndrop = 0.5\nlater = "madrs_week6"',
    ],
)
def test_a_durable_response_that_ends_before_it_begins_is_refused(read, said):
    with pytest.raises(SettingsError, match=r"response\.later: madrs_week6 is measured on day 42"):
        read(said).task(COLUMNS)


@pytest.mark.parametrize(
    "said",
    [
        'rule = "madrs_response_50"\nvisit = "week 6"',
        'all_of = ["madrs_remission", "pain_30"]\nvisit = "week 6"',
        'name = "own"\nfollowup = "f"\nat_most = 1',
    ],
)
def test_every_form_says_how_missing_outcomes_are_imputed(read, said):
    more = 'missing = "multiple"\nimputations = 7\nauxiliary = ["early"]'
    rule = read(f"{said}\n{more}").task(COLUMNS).rule
    assert (rule.missing, rule.imputations, rule.auxiliary) == ("multiple", 7, ("early",))
