"""The C-SSRS screener: a level, never a number."""

import numpy as np
import pytest
from made_answers import make_answers

from stratify.errors import SettingsError
from stratify.instruments import read_instrument, score

N = None
SCREENER = read_instrument("cssrs_screener")


def level_of(*answers):
    """Answers to 1, 2, 3, 4, 5, 6 and 6_recent."""
    return score(SCREENER, make_answers("cssrs_screener", answers)).band.iloc[0]


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ((0, 0, N, N, N, 0, N), "none"),
        ((1, 0, N, N, N, 0, N), "low"),
        ((0, 1, 0, 0, 0, 0, N), "low"),
        ((1, 1, 0, 0, 0, 0, N), "low"),
        ((0, 1, 1, 0, 0, 0, N), "moderate"),
        ((0, 0, N, N, N, 1, 0), "moderate"),  # behaviour, but not in the past 3 months
        ((0, 1, 0, 1, 0, 0, N), "high"),
        ((0, 1, 0, 0, 1, 0, N), "high"),
        ((0, 0, N, N, N, 1, 1), "high"),  # behaviour in the past 3 months
        ((1, 1, 1, 1, 1, 1, 1), "high"),
    ],
)
def test_the_level_is_the_highest_that_a_yes_reaches(answers, level):
    assert level_of(*answers) == level


@pytest.mark.parametrize(
    "answers",
    [
        (0, N, N, N, N, 0, N),  # 2 is not known, so neither are 3 to 5
        (0, 1, 0, N, 0, 0, N),  # 4 was asked and not answered
        (0, 0, N, N, N, N, N),
        (0, 0, N, N, N, 1, N),  # recent or not?
        (N, 0, N, N, N, 0, N),
    ],
)
def test_a_missing_answer_that_could_raise_the_level_leaves_it_missing(answers):
    assert np.isnan(level_of(*answers))


@pytest.mark.parametrize(
    "answers", [(N, 1, N, 1, N, N, N), (N, N, N, N, 1, N, N), (0, 1, N, N, N, 1, 1)]
)
def test_a_missing_answer_that_could_not_raise_it_does_no_harm(answers):
    assert level_of(*answers) == "high"


def test_levels_are_ordered_and_no_number_is_made_of_them():
    scores = score(SCREENER, make_answers("cssrs_screener", [0, 1, 0, 0, 0, 0, N]))
    assert scores.band.cat.ordered
    assert list(scores.band.cat.categories) == ["none", "low", "moderate", "high"]
    assert scores.totals.columns.empty
    with pytest.raises(SettingsError, match="gives a level, never a number"):
        _ = scores.total
    with pytest.raises(TypeError):
        scores.band.mean()
    assert scores.to_frame().columns.tolist() == [
        "cssrs_screener_level",
        "cssrs_screener_suicidality_flag",
    ]


@pytest.mark.parametrize(
    ("answers", "flag"),
    [
        ((0, 1, 1, 0, 0, 1, 0), False),
        ((0, 1, 0, 1, 0, 0, N), True),
        ((0, 1, 0, 0, 1, 0, N), True),
        ((0, 0, N, N, N, 1, 1), True),
        ((0, 0, N, N, N, 0, N), False),
    ],
)
def test_the_flag_is_raised_by_questions_4_and_5_and_recent_behaviour(answers, flag):
    scores = score(SCREENER, make_answers("cssrs_screener", answers))
    assert scores.flags.iloc[0, 0] == flag
    assert bool(scores.warnings) == flag


def test_a_yes_that_another_answer_rules_out_is_scored_and_told():
    scores = score(SCREENER, make_answers("cssrs_screener", [0, 0, N, 1, N, 0, N]))
    assert scores.band.iloc[0] == "high"
    assert "cssrs_2: answered 0, and yes to one of cssrs_3" in str(scores.warnings[0])
