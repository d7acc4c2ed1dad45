"""A study that was stopped goes on where it was, and ends with the same numbers."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.evaluation import Compute
from stratify.folds import draw_folds
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import (
    CensoredOutcome,
    assemble_followed,
    check_shuffled_times,
    cross_validate_cox,
    model,
)

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)


@pytest.fixture(scope="module")
def followed():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.normal(size=(90, 3)), columns=["x0", "x1", "x2"])
    frame.index = [f"P{k:03d}" for k in range(90)]
    frame["days"] = np.ceil(rng.exponential(200 * np.exp(-frame["x0"])))
    frame["relapsed"] = (rng.random(90) < 0.8) * 1.0
    later = [Column(name=name, measured="followup", role="outcome") for name in frame.columns[3:]]
    columns = (*(Column(name=f"x{k}") for k in range(3)), *later)
    task = Task(rule=OUTCOME.make_rule(), question="prognosis")
    return assemble_followed(task, OUTCOME, Cohort(frame, columns, simulated=True))


@pytest.fixture
def counted(monkeypatch):
    """Count how often a model is tuned."""
    calls = []

    def tune(*given):
        calls.append(1)
        return tuned(*given)

    tuned = model._tune
    monkeypatch.setattr(model, "_tune", tune)
    return calls


def evaluate(followed, folder, *, repeats=1):
    folds = draw_folds(followed.table, folds=3, repeats=repeats, inner_folds=3)
    return cross_validate_cox(followed, folds, inner_folds=3, compute=Compute(checkpoints=folder))


def test_nothing_is_tuned_twice_and_the_figures_are_the_same(followed, tmp_path, counted):
    plain = evaluate(followed, None)
    first = evaluate(followed, tmp_path)
    assert len(counted) == 6
    again = evaluate(followed, tmp_path)
    assert len(counted) == 6
    for one in (first, again):
        pd.testing.assert_frame_equal(one.predictions, plain.predictions, check_exact=True)
        assert one.certificate == plain.certificate
    evaluate(followed, tmp_path, repeats=2)
    assert len(counted) == 9


def test_other_times_or_a_damaged_file_are_tuned_anew(followed, tmp_path, counted):
    evaluate(followed, tmp_path)
    later = dataclasses.replace(followed, time=followed.time + 1)
    evaluate(later, tmp_path)
    assert len(counted) == 6
    for path in tmp_path.rglob("*.npy"):
        path.write_bytes(path.read_bytes()[:-8])
    evaluate(followed, tmp_path)
    assert len(counted) == 9


def test_shuffled_studies_are_kept_too(followed, tmp_path, counted):
    folds = draw_folds(followed.table, folds=3, inner_folds=3)

    def check():
        return check_shuffled_times(
            followed, folds, inner_folds=3, shuffles=3, compute=Compute(checkpoints=tmp_path)
        )

    first = check()
    assert len(counted) == 9
    assert check() == first
    assert len(counted) == 9


def test_no_name_of_a_patient_is_kept(followed, tmp_path):
    evaluate(followed, tmp_path)
    written = [path.read_bytes() for path in tmp_path.rglob("*.*")]
    assert len(written) == 3
    assert not any(b"P000" in each for each in written)
