"""What holds for any valid answers to any instrument."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import draw_answers

from stratify.instruments import Scores, list_instruments, read_instrument, score, severity

NAMES = [name for name in list_instruments() if read_instrument(name).scored_by == "score"]
PRORATED = [name for name in NAMES if read_instrument(name).missing.prorate]
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=3, deadline=None)


def draw(name: str, seed: int, *, missing: float = 0.0, n: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    answers = draw_answers(read_instrument(name), n, rng)
    return answers.mask(rng.random(answers.shape) < missing)


def sexes(answers: pd.DataFrame) -> pd.Series:
    return pd.Series(["female", "male"] * len(answers), index=None)[: len(answers)].set_axis(
        answers.index
    )


def assert_same(one: Scores, other: Scores) -> None:
    for part in ("totals", "bands", "answered", "prorated", "flags"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part))


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=seeds)
def test_totals_of_valid_answers_lie_in_their_range(name, seed):
    instrument = read_instrument(name)
    scores = score(instrument, draw(name, seed))
    for total in instrument.totals:
        if total.is_ordinal:
            assert scores.bands[total.column].notna().all()
            continue
        values = scores.totals[total.column]
        assert values.notna().all()
        assert (values >= total.low).all()
        assert total.high is None or (values <= total.high).all()
        assert not total.whole or (values % 1 == 0).all()


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=seeds)
def test_permuting_patients_permutes_their_scores(name, seed):
    instrument, answers = read_instrument(name), draw(name, seed, missing=0.1)
    order = np.random.default_rng(seed).permutation(len(answers))
    sex = sexes(answers)
    together = score(instrument, answers, sex=sex)
    moved = score(instrument, answers.iloc[order], sex=sex.iloc[order])
    for part in ("totals", "bands", "answered", "prorated", "flags"):
        pd.testing.assert_frame_equal(getattr(together, part).iloc[order], getattr(moved, part))


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=seeds)
def test_rows_alone_equal_rows_together(name, seed):
    instrument, answers = read_instrument(name), draw(name, seed, missing=0.15, n=4)
    sex, prorate = sexes(answers), name in PRORATED
    together = score(instrument, answers, sex=sex, prorate=prorate)
    for k in range(len(answers)):
        row = slice(k, k + 1)
        alone = score(instrument, answers.iloc[row], sex=sex.iloc[row], prorate=prorate)
        for part in ("totals", "bands", "answered", "prorated", "flags"):
            pd.testing.assert_frame_equal(getattr(together, part).iloc[row], getattr(alone, part))


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=seeds)
def test_the_order_of_columns_and_their_type_do_not_matter(name, seed):
    instrument, answers = read_instrument(name), draw(name, seed)
    expected = score(instrument, answers)
    assert_same(expected, score(instrument, answers[answers.columns[::-1]]))
    assert_same(expected, score(instrument, answers.astype("Float64")))
    assert_same(expected, score(instrument, answers.map(lambda x: f" {x!r} ").astype(object)))


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=seeds)
def test_answers_are_not_changed_by_scoring(name, seed):
    answers = draw(name, seed, missing=0.2)
    before = answers.copy()
    score(read_instrument(name), answers)
    pd.testing.assert_frame_equal(answers, before)


@pytest.mark.parametrize("name", PRORATED)
@few
@given(seed=seeds, missing=st.floats(0, 0.6))
def test_prorated_totals_lie_in_range_and_complete_ones_stay(name, seed, missing):
    instrument, answers = read_instrument(name), draw(name, seed, missing=missing)
    plain, prorated = score(instrument, answers), score(instrument, answers, prorate=True)
    main = instrument.total()
    known = plain.total.notna()
    pd.testing.assert_series_equal(plain.total[known], prorated.total[known])
    made = prorated.prorated[main.column]
    assert (made == prorated.total.notna() & ~known).all()
    assert prorated.total[made].between(main.low, main.high).all()
    enough = answers.notna().sum(axis=1) >= instrument.missing.fewest_answered
    assert (prorated.total.notna() == enough).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("ctq_sf", "dast10")])
@few
@given(seed=seeds)
def test_a_higher_answer_never_lowers_a_total(name, seed):
    instrument, answers = read_instrument(name), draw(name, seed)
    rng = np.random.default_rng(seed)
    item = instrument.items[rng.integers(len(instrument.items))]
    raised = answers.copy()
    raised[item.name] = 20.0 if item.high is None else item.high
    lower, higher = score(instrument, answers), score(instrument, raised)
    assert (higher.totals >= lower.totals).all(axis=None)
    for column in lower.bands:
        assert (higher.bands[column].cat.codes >= lower.bands[column].cat.codes).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cssrs_screener"])
@few
@given(seed=seeds)
def test_the_band_of_a_score_is_its_severity(name, seed):
    instrument, answers = read_instrument(name), draw(name, seed)
    sex = sexes(answers)
    scores = score(instrument, answers, sex=sex)
    for total in instrument.totals:
        if total.bands:
            found = severity(instrument, scores.totals[total.column], name=total.name, sex=sex)
            assert found.tolist() == scores.bands[total.column].tolist()


# An independent rewrite, one patient at a time and in plain Python --------------------------------


def rescore(name: str, row: dict[str, float]) -> dict[str, float]:
    instrument = read_instrument(name)
    points = {}
    for item in instrument.items:
        answer = row[item.name]
        points[item.name] = item.weight * (
            item.high - (answer - item.low) if item.reversed else answer
        )
    totals = {}
    for total in instrument.totals:
        parts = [max(points[item] for item in term) for term in total.terms]
        totals[total.column] = {
            "sum": sum(parts),
            "mean": sum(parts) / len(parts),
            "count": sum(part >= (total.counted_from or 0) for part in parts),
        }[total.how]
    return totals


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cssrs_screener"])
@few
@given(seed=seeds)
def test_an_independent_rewrite_agrees(name, seed):
    answers = draw(name, seed)
    scores = score(read_instrument(name), answers)
    for patient, row in answers.iterrows():
        expected = rescore(name, row.to_dict())
        assert scores.totals.loc[patient].to_dict() == pytest.approx(expected, abs=1e-12)
