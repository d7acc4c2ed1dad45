"""Training is always on earlier patients than those tested."""

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.folds import make_temporal_folds


def made(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([0, 1] * (n // 2)), rng.permutation(np.repeat(np.arange(n // 3), 3))


def test_whoever_is_trained_on_was_earlier_than_whoever_is_tested():
    y, when = made()
    folds = make_temporal_folds(y, when, folds=4)
    for fold in folds:
        assert when[fold.train].max() < when[fold.test].min()
        assert (
            sorted([*fold.train, *fold.test])
            == np.flatnonzero(when <= when[fold.test].max()).tolist()
        )
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 6
    assert sum(sizes) + len(folds[0].train) == 60


def test_patients_of_one_year_are_never_parted():
    years = np.repeat([2019, 2020, 2021, 2022], [30, 2, 30, 8])
    for fold in make_temporal_folds(np.arange(70) % 2, years, folds=3):
        assert len(set(years[fold.test])) == 1


def test_dates_are_told_by_their_month():
    dates = np.arange("2020-01-01", "2020-07-01", dtype="datetime64[D]")
    folds = make_temporal_folds(np.arange(len(dates)) % 2, dates, folds=2)
    assert folds[-1].held_out.endswith("2020-06")


def test_returning_patient_is_left_out_of_training():
    y, when = made()
    people = np.arange(60)
    first, last = when.argmin(), when.argmax()
    people[last] = people[first]
    for fold in make_temporal_folds(y, when, people, folds=3):
        assert not set(people[fold.train]) & set(people[fold.test])


@pytest.mark.parametrize(
    ("y", "when", "said"),
    [
        ([0, 1] * 10, [np.nan] + [1.0] * 19, "1 patient without a time"),
        ([0, 1] * 10, [1.0] * 10 + [2.0] * 10, "2 times and 2 folds.*Name a column"),
        ([0] * 19 + [1], list(range(20)), "0 patients of a class before"),
        ([0, 1] * 5 + [1] * 10, [0] * 10 + [1] * 5 + [2] * 5, "one class only"),
    ],
)
def test_times_that_cannot_be_used_are_refused(y, when, said):
    with pytest.raises(DataError, match=said):
        make_temporal_folds(np.array(y), np.array(list(when), dtype=float), folds=2)
