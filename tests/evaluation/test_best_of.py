from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.evaluation import (
    PermutationTest,
    compute_best_model,
    compute_max_statistic,
    compute_permutation_test,
    cross_validate_many,
)
from stratify.folds import make_folds


def make_test(observed, null, family="svm"):
    return PermutationTest(family, "both", "site", observed, np.asarray(null))


def test_one_test_keeps_its_p():
    one = make_test(0.6, [0.5, 0.7, 0.4, 0.6])
    assert compute_max_statistic([one]).p_value == one.p_value


def test_copies_of_a_test_cost_nothing_and_others_do():
    rng = np.random.default_rng(0)
    one = make_test(0.58, rng.normal(0.5, 0.05, 999))
    others = [make_test(0.5, rng.normal(0.5, 0.05, 999)) for _ in range(9)]
    assert compute_max_statistic([one] * 10).p_value == one.p_value
    corrected = compute_max_statistic([one, *others])
    assert corrected.p_value > 3 * one.p_value
    # Never beyond what dividing the level by the number of tests would allow for.
    assert corrected.p_value <= 10 * one.p_value + 10 / 1000


def test_the_best_of_many_on_noise_is_found_too_often_only_without_correction():
    plain = corrected = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        tests = [make_test(rng.normal(), rng.normal(size=99)) for _ in range(8)]
        best = max(tests, key=lambda test: test.observed)
        plain += best.p_value <= 0.05
        corrected += compute_max_statistic(tests).p_value <= 0.05
    assert plain > 40
    assert corrected <= 20  # the 99.9th percentile of a binomial of 200 and 0.05


def test_tests_of_different_shuffles_are_refused():
    with pytest.raises(DataError, match="2 permutation tests of different shuffles"):
        compute_max_statistic([make_test(0.6, [0.5]), make_test(0.6, [0.5, 0.4])])
    with pytest.raises(DataError, match="no permutation test"):
        compute_max_statistic([])


def test_shuffles_are_the_same_for_every_feature_set(make_table):
    table = make_table(60, regions=5)
    folds = make_folds(table.y, table.groups, folds=3)
    tests = [
        compute_permutation_test(table.select(name), folds, "ridge", permutations=19, seed=2)
        for name in ("clinical", "clinical", "both")
    ]
    np.testing.assert_array_equal(tests[0].null, tests[1].null)
    assert np.corrcoef(tests[0].null, tests[2].null)[0, 1] > 0.3


def test_the_best_of_noise_is_good_for_nothing(make_table):
    table = make_table(100, regions=5, effect=0.0)
    folds = make_folds(table.y, table.groups, folds=4)
    evaluations = cross_validate_many(
        [("ridge", table.select(name)) for name in ("clinical", "connectivity", "both")], folds
    )
    groups = dict(zip(table.patients, map(str, table.groups), strict=True))
    best = compute_best_model(evaluations, groups, seed=1)
    assert best.apparent == pytest.approx(max(e.metrics["auc"].value for e in evaluations))
    assert best.corrected.value < best.apparent
    assert best.corrected.low < 0.5 < best.corrected.high
    alone = compute_best_model(evaluations[:1], groups, seed=1)
    assert alone.chosen == {"clinical ridge": 1.0}


def test_models_of_different_patients_are_refused(make_table):
    table = make_table(60)
    folds = make_folds(table.y, table.groups, folds=3)
    (one,) = cross_validate_many([("ridge", table)], folds)
    fewer = replace(one, predictions=one.predictions.iloc[1:], features="both")
    groups = dict(zip(table.patients, table.patients, strict=True))
    with pytest.raises(DataError, match="models of different patients"):
        compute_best_model([one, fewer], groups)
    with pytest.raises(DataError, match="no model"):
        compute_best_model([], groups)
