from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.folds import check_class_sizes, draw_folds, make_folds


def labels(n=60, share=0.4, seed=0):
    return (np.random.default_rng(seed).random(n) < share).astype(int)


def test_each_patient_is_tested_once_in_each_repeat():
    y = labels()
    folds = make_folds(y, folds=5, repeats=3)
    for repeat in range(3):
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        assert sorted(tested) == list(range(60))


def test_training_and_test_share_nobody_and_miss_nobody():
    for fold in make_folds(labels(), folds=4, repeats=2):
        assert sorted([*fold.train, *fold.test]) == list(range(60))


def test_classes_are_shared_out_evenly():
    y = labels()
    counts = [int(y[fold.test].sum()) for fold in make_folds(y, folds=5)]
    assert max(counts) - min(counts) <= 1


def test_patients_of_one_group_never_straddle_a_fold():
    y = labels(90)
    groups = np.repeat([f"family {k}" for k in range(30)], 3)
    for fold in make_folds(y, groups, folds=5, repeats=3):
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_equal_seeds_give_equal_folds_and_other_seeds_do_not():
    y = labels()
    first, again, other = (make_folds(y, seed=seed) for seed in (1, 1, 2))
    assert all((a.test == b.test).all() for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_repeats_differ_from_one_another():
    folds = make_folds(labels(), folds=5, repeats=2)
    assert not all(np.array_equal(folds[k].test, folds[k + 5].test) for k in range(5))


def test_a_class_smaller_than_the_folds_is_refused_with_the_number_that_works():
    y = np.array([1] * 4 + [0] * 40)
    with pytest.raises(DataError, match=r"4 patients of class 1 and 5 folds.*to 4 or fewer"):
        make_folds(y, folds=5)
    assert len(make_folds(y, folds=4)) == 4


def test_one_patient_of_a_class_is_refused_without_impossible_advice():
    with pytest.raises(DataError, match="Gather more patients"):
        make_folds(np.array([1] + [0] * 20), folds=5)


def test_groups_that_are_one_class_each_are_refused_rather_than_tested_on_one_class():
    y = np.repeat([0, 1], 30)
    groups = np.repeat(["a", "b"], 30)
    with pytest.raises(DataError, match="class"):
        make_folds(y, groups, folds=2)


def test_smallest_class_is_told_once_with_both_numbers_that_work():
    y = np.array([1] * 4 + [0] * 40)
    with pytest.raises(DataError, match=r"folds to 4 and validation\.inner_folds to 3"):
        check_class_sizes(y, None, folds=5, inner_folds=5)
    check_class_sizes(y, None, folds=4, inner_folds=3)
    make_inner = [make_folds(y[fold.train], folds=3) for fold in make_folds(y, folds=4)]
    assert len(make_inner) == 4


def test_enough_outside_and_too_few_inside_is_told_of_the_inner_folds():
    y = np.array([1] * 5 + [0] * 40)
    with pytest.raises(
        DataError, match=r"^validation\.inner_folds.*Set validation\.inner_folds to 4,"
    ):
        check_class_sizes(y, None, folds=5, inner_folds=5)


def test_two_of_a_class_can_never_be_cross_validated():
    with pytest.raises(DataError, match="Gather more patients of this class"):
        check_class_sizes(np.array([1] * 2 + [0] * 40), None, folds=2, inner_folds=2)


def test_a_class_in_few_groups_is_as_small_as_they_are_many():
    y = np.repeat([0, 1], 12)
    groups = np.array([f"f{k}" for k in range(12)] + ["a", "b", "c"] * 4)
    with pytest.raises(DataError, match="3 groups of class 1"):
        check_class_sizes(y, groups, folds=5, inner_folds=2)


def test_as_many_groups_as_folds_are_parted_once(make_table):
    sites = np.array(["A", "B", "C"] * 20)
    table = replace(make_table(60), groups=sites)
    assert len(draw_folds(table, folds=3, repeats=4, inner_folds=2)) == 3
    assert len(draw_folds(replace(table, groups=np.arange(60)), folds=3, repeats=4)) == 12


def with_gaps(n=60, missing=13, seed=3):
    y = labels(n).astype(float)
    y[np.random.default_rng(seed).choice(n, missing, replace=False)] = np.nan
    return y


def test_patients_with_an_outcome_have_the_folds_they_would_have_without_the_others():
    y = with_gaps()
    rows = np.flatnonzero(~np.isnan(y))
    alone = make_folds(y[rows].astype(int), folds=4, repeats=2, seed=5)
    for fold, without in zip(make_folds(y, folds=4, repeats=2, seed=5), alone, strict=True):
        np.testing.assert_array_equal(fold.test[~np.isnan(y[fold.test])], rows[without.test])


def test_patients_without_an_outcome_are_shared_out_evenly_and_tested_once():
    y = with_gaps()
    folds = make_folds(y, folds=5, repeats=2)
    for repeat in range(2):
        mine = [fold for fold in folds if fold.repeat == repeat]
        counts = [int(np.isnan(y[fold.test]).sum()) for fold in mine]
        assert max(counts) - min(counts) <= 1
        assert sorted(np.concatenate([fold.test for fold in mine])) == list(range(60))


def test_patients_without_an_outcome_stay_with_their_group():
    y = with_gaps(90, 20)
    groups = np.repeat([f"family {k}" for k in range(30)], 3)
    for fold in make_folds(y, groups, folds=5, repeats=3):
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert sorted([*fold.train, *fold.test]) == list(range(90))
