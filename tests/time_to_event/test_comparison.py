"""Whether one Cox model is better than another: by hand, by planted effects, and by chance."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.evaluation import KeptPredictions
from stratify.folds import draw_folds
from stratify.metrics import compute_corrected_difference
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import (
    CensoredOutcome,
    assemble_followed,
    compare_followed,
    cross_validate_cox,
)
from stratify.time_to_event.comparison import compute_by_fold

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)


def make(patients=200, seed=3, effect=1.2):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, 4)), columns=["x0", "x1", "x2", "x3"])
    frame.index = [f"P{k:03d}" for k in range(patients)]
    time = rng.exponential(200 * np.exp(-effect * frame["x0"]))
    lost = rng.uniform(60, 500, patients)
    frame["days"], frame["relapsed"] = np.ceil(np.minimum(time, lost)), (time <= lost) * 1.0
    later = [Column(name=name, measured="followup", role="outcome") for name in frame.columns[4:]]
    cohort = Cohort(frame, (*(Column(name=f"x{k}") for k in range(4)), *later), simulated=True)
    return assemble_followed(Task(rule=OUTCOME.make_rule(), question="prognosis"), OUTCOME, cohort)


def narrow(followed, *names):
    table = followed.table
    columns = tuple(column for column in table.columns if column.name in names)
    return dataclasses.replace(
        followed, table=dataclasses.replace(table, X=table.X[list(names)], columns=columns)
    )


@pytest.fixture(scope="module")
def models():
    followed = make()
    folds = draw_folds(followed.table, folds=5, repeats=2, inner_folds=3)
    return {
        name: cross_validate_cox(narrow(followed, *columns), folds, inner_folds=3)
        for name, columns in {
            "told": ("x0", "x1"), "again": ("x0", "x2"), "blind": ("x2", "x3")
        }.items()
    }  # fmt: skip


def test_the_model_that_knows_the_planted_column_is_better_from_either_side(models):
    forth = compare_followed(models["told"], models["blind"], horizon=180)
    back = compare_followed(models["blind"], models["told"], horizon=180)
    assert (forth.finding, back.finding) == ("A is better", "B is better")
    assert forth.paired
    assert forth.differences["uno_c"].gain.value == -back.differences["uno_c"].gain.value
    assert forth.differences["brier"].gain.low > 0
    assert "Uno's concordance of A is higher by" in forth.words
    assert "the Brier score at the horizon of A is lower by" in forth.words


def test_of_two_that_know_as_much_nobody_can_tell_or_they_are_the_same(models):
    found = compare_followed(models["told"], models["again"], horizon=180)
    assert found.finding in ("cannot tell", "practically the same")


def test_a_model_is_practically_the_same_as_itself(models):
    found = compare_followed(models["told"], models["told"], horizon=180)
    assert found.finding == "practically the same"
    assert found.differences["uno_c"].gain.value == 0


def test_figures_are_those_that_the_models_show(models):
    found = compare_followed(models["told"], models["blind"], horizon=180)
    for metric in ("uno_c", "brier"):
        difference = found.differences[metric]
        assert difference.of_a == pytest.approx(models["told"].metrics[metric].value, abs=1e-12)
        assert difference.of_b == pytest.approx(models["blind"].metrics[metric].value, abs=1e-12)


def by_hand():
    """Two folds, nobody lost before the horizon: every pair and square can be counted."""
    return pd.DataFrame(
        {
            "patient": list("abcdef"),
            "repeat": 0,
            "fold": [0, 0, 0, 1, 1, 1],
            "time": [1.0, 2, 9, 1, 9, 9],
            "event": [1, 1, 0, 1, 0, 0],
            "score": [3.0, 1, 2, 0, 1, -1],
            "likelihood": [0.9, 0.5, 0.5, 0.5, 0.5, 0.1],
        }
    )


def test_shares_of_folds_are_those_counted_by_hand():
    # Fold 0: pairs ab, ac, bc, of which ab and ac are in order. Fold 1: de wrong, df right.
    # Together 3 of 5, that is 0.6; on average 2.5 pairs a fold.
    # Squares: 0.01 + 0.25 + 0.25 of three; 0.25 + 0.25 + 0.01 of three.
    found = compute_by_fold(by_hand(), horizon=5)
    expected = [0.6 + (2 - 0.6 * 3) / 2.5, 0.6 + (1 - 0.6 * 2) / 2.5]
    assert found["uno_c"].tolist() == pytest.approx(expected)
    assert found["uno_c"].mean() == pytest.approx(0.6)
    assert found["brier"].tolist() == pytest.approx([0.17, 0.17])


def test_the_interval_is_that_of_the_corrected_t_test():
    told, other = by_hand(), by_hand().assign(score=0.0, likelihood=0.5)
    found = compare_followed(
        KeptPredictions("a", told, 0.5), KeptPredictions("b", other, 0.5), horizon=5
    )
    shares = [compute_by_fold(each, horizon=5)["uno_c"].to_numpy() for each in (told, other)]
    expected = compute_corrected_difference(shares[0] - shares[1], test_share=0.5)
    assert found.differences["uno_c"].gain == expected


def test_another_time_of_a_patient_is_refused(models):
    told = models["told"]
    other = told.predictions.assign(time=told.predictions["time"] + 1)
    with pytest.raises(DataError, match="another outcome for 200 of 200 patients"):
        compare_followed(told, KeptPredictions("other", other, 0.2), horizon=180)


def test_other_folds_are_refused_unless_allowed_and_predictions_stay_as_they_were(models):
    told = models["told"]
    before = told.predictions.copy()
    moved = KeptPredictions("moved", told.predictions.assign(
        fold=(told.predictions["fold"] + told.predictions.index % 2) % 5
    ), 0.2)  # fmt: skip
    with pytest.raises(DataError, match="in different folds"):
        compare_followed(told, moved, horizon=180)
    found = compare_followed(told, moved, horizon=180, unpaired=True)
    assert not found.paired
    assert "Not paired" in found.words
    pd.testing.assert_frame_equal(told.predictions, before)


def test_a_region_that_is_not_a_size_is_refused(models):
    with pytest.raises(DataError, match="regions: brier: nan"):
        compare_followed(models["told"], models["blind"], horizon=180, regions={"uno_c": 0.02})
