"""Categories that tell the outcome: copies in other words, with many levels, or by one level."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import check_cohort, check_response, compute_level_strength
from stratify.cohort.checks.levels import find_pure_levels
from stratify.cohort.values import Cohort
from stratify.schema import Column


def made(n=120, seed=0):
    rng = np.random.default_rng(seed)
    return rng, (rng.random(n) < 0.45).astype(float)


def cohort_of(values, name="marks", kind="category", **columns):
    frame = pd.DataFrame({name: pd.Categorical(values) if kind == "category" else values})
    frame.index = pd.Index([f"P{k:03d}" for k in range(len(frame))])
    meaning = [Column(name=name, kind=kind, levels=tuple(map(str, frame[name].unique())))]
    for other, outcome in columns.items():
        frame[other] = outcome
        meaning.append(Column(name=other, measured="followup", role="outcome"))
    return Cohort(frame, tuple(meaning), "made")


def told(cohort, response):
    faults = check_response(cohort, pd.Series(response, index=cohort.frame.index))
    return {fault.where.split(": ")[1]: fault for fault in faults}


def test_a_copy_with_a_level_for_every_third_patient_is_found():
    rng, response = made()
    # The levels of responders are other words than those of the rest: 40 of them, 3 of each.
    words = np.where(response == 1, "r", "n") + (rng.permutation(120) // 6).astype(str).astype(
        object
    )
    strength = compute_level_strength(words, response)
    assert strength > 0.9
    assert told(cohort_of(words), response)["marks"].severity in ("error", "warning")


def test_a_copy_in_other_words_is_refused():
    _, response = made()
    words = np.where(response == 1, "stopped", "went on")
    assert compute_level_strength(words, response) == 1
    fault = told(cohort_of(words), response)["marks"]
    assert fault.severity == "error"
    assert "almost a copy of the response" in fault.met


def test_levels_of_chance_tell_nothing_however_many_they_are():
    for levels in (2, 5, 20, 60, 120):
        strengths = []
        for seed in range(60):
            rng, response = made(seed=seed)
            strengths.append(compute_level_strength(rng.integers(0, levels, 120), response))
            assert not find_pure_levels(rng.integers(0, levels, 120), response, compared=levels)
        assert abs(np.mean(strengths) - 0.5) < 0.05
        assert max(strengths) < 0.9


def test_other_names_for_the_levels_change_nothing():
    rng, response = made()
    codes = rng.integers(0, 8, 120)
    names = np.array(list("hgfedcba"), dtype=object)[codes]
    assert compute_level_strength(codes, response) == compute_level_strength(names, response)


def test_an_outcome_written_as_words_is_found_by_its_correlation():
    rng = np.random.default_rng(2)
    points = rng.integers(0, 12, 200).astype(float)
    words = np.array([f"level {value:g}" for value in points], dtype=object)
    assert compute_level_strength(words, points) == pytest.approx(1)
    (fault,) = (f for f in check_cohort(cohort_of(words, madrs=points)) if "copy" in f.met)
    assert fault.severity == "error"
    assert "madrs" in fault.met


def test_what_is_missing_is_no_level():
    _, response = made()
    words = np.where(response == 1, "a", "b").astype(object)
    words[::3] = None
    outcome = response.copy()
    outcome[1::7] = np.nan
    assert compute_level_strength(words, outcome) == 1
    assert np.isnan(compute_level_strength(words, np.full(120, 1.0)))


# One level that decides


def test_the_chance_of_a_pure_level_is_that_of_a_draw():
    response = np.r_[np.ones(12), np.zeros(18)]
    marks = np.where(np.arange(30) < 9, "well", "other")
    (level,) = find_pure_levels(marks, response)
    assert level.chance == pytest.approx(comb(12, 9) / comb(30, 9))
    assert (level.level, level.responds, level.patients) == ("well", True, 9)


def test_a_level_held_only_by_those_who_failed_is_warned_of():
    rng, response = made(200)
    marks = np.where((response == 0) & (rng.random(200) < 0.3), "left early", "stayed")
    fault = told(cohort_of(marks), response)["marks"]
    assert fault.severity == "warning"
    count = int((marks == "left early").sum())
    assert f"none of {count} patients with 'left early' responded" in fault.met
    codes = (marks == "left early").astype(float)
    assert told(cohort_of(codes, kind="number"), response)["marks"].severity == "warning"


def test_a_few_patients_alike_and_a_strong_honest_predictor_are_left_alone():
    rng, response = made(200)
    few = np.where(np.cumsum(response == 0) <= 4, "rare", "usual")
    honest = np.where(rng.random(200) < np.where(response == 1, 0.8, 0.25), "mild", "severe")
    for marks in (few, honest):
        assert "marks" not in told(cohort_of(marks), response)
