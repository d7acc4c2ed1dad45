from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from stratify.errors import DataError
from stratify.evaluation import Compute, PermutationTest, compute_permutation_test, cross_validate
from stratify.evaluation.engine import seed_of
from stratify.evaluation.permutation import make_inner_of_others
from stratify.evaluation.shuffles import make_shuffles
from stratify.folds import make_folds, make_site_folds
from stratify.metrics import compute_auc
from stratify.model import FAMILIES, ResponderClassifier

TESTED = [family for family in FAMILIES if family != "prevalence"]


@pytest.fixture
def study(make_table):
    table = make_table(60, effect=2.0, regions=5)
    return table, make_folds(table.y, folds=3, seed=4)


def fit_from_scratch(table, folds, family, y, engine):
    """The mean AUC of the folds for one labelling, each fold a classifier of its own."""
    aucs = []
    for fold, inner in zip(folds, make_inner_of_others(folds), strict=True):
        classifier = ResponderClassifier(
            family,
            preparer=table.preparer,
            inner_folds=inner,
            random_state=seed_of(0, fold),
            engine=engine,
        ).fit(table.X.iloc[fold.train], y[fold.train])
        aucs.append(
            compute_auc(y[fold.test], classifier.decision_function(table.X.iloc[fold.test]))
        )
    return np.mean(aucs)


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("family", TESTED)
def test_each_shuffle_is_the_whole_pipeline_fitted_from_scratch(study, family, engine):
    table, folds = study
    few = 2 if family in ("forest", "xgboost") else 6
    test = compute_permutation_test(table, folds, family, permutations=few, within="cohort")
    tested_in = np.zeros(60, dtype=int)
    for k, fold in enumerate(folds):
        tested_in[fold.test] = k
    shuffles = make_shuffles(table.y, count=few, blocks=tested_in, units=table.groups)
    assert test.observed == pytest.approx(
        fit_from_scratch(table, folds, family, table.y, engine), abs=1e-12
    )
    for auc, y in zip(test.null, shuffles.T, strict=True):
        assert auc == pytest.approx(fit_from_scratch(table, folds, family, y, engine), abs=1e-12)


def test_shuffles_keep_the_classes_of_every_fold_and_site(study, monkeypatch):
    table, folds = study
    seen = []

    def keep(shared, *_):
        seen.append(shared.labels)
        return np.full((3, shared.labels.shape[1]), 0.5)

    monkeypatch.setattr("stratify.evaluation.permutation._compute_all", keep)
    compute_permutation_test(table, folds, "svm", permutations=50)
    labels = seen[0]
    np.testing.assert_array_equal(labels[:, 0], table.y)
    for fold in folds:
        for site in "ABC":
            rows = fold.test[table.site[fold.test] == site]
            assert (labels[rows].sum(axis=0) == table.y[rows].sum()).all()


@pytest.mark.parametrize("family", ["svm", "ridge"])
def test_planted_signal_is_reached_by_no_shuffle(make_table, family):
    table = make_table(120, effect=3.0)
    folds = make_folds(table.y, folds=4)
    test = compute_permutation_test(table, folds, family, permutations=199)
    assert test.reached == 0
    assert test.p_value == pytest.approx(1 / 200)
    assert test.null.mean() == pytest.approx(0.5, abs=0.03)


def test_p_values_of_noise_are_spread_evenly(make_table):
    p = []
    for seed in range(60):
        table = make_table(45, effect=0.0, seed=seed)
        folds = make_folds(table.y, folds=3, seed=seed)
        test = compute_permutation_test(table, folds, "ridge", permutations=39, seed=seed)
        # Shuffles that come out equal share their place, or p would be too large.
        higher, equal = (test.null > test.observed + 1e-12).sum(), test.reached
        p.append((higher + np.random.default_rng(seed).random() * (1 + equal - higher)) / 40)
    assert kstest(p, "uniform").pvalue > 0.01


def test_with_whole_sites_held_out_p_is_large_by_ties_alone(make_table):
    """The observed order has no figure of its own kind: ties apart, p-values spread evenly."""
    tests, p = [], []
    for seed in range(60):
        table = make_table(60, effect=0.0, seed=seed)
        folds = make_site_folds(table.y, table.site)
        test = compute_permutation_test(table, folds, "ridge", permutations=39, seed=seed)
        tests.append(test)
        higher = test.reached - test.tied
        p.append((higher + np.random.default_rng(seed).random() * (1 + test.tied)) / 40)
    assert kstest(p, "uniform").pvalue > 0.01
    tied = np.array([test.tied / test.permutations for test in tests])
    assert tied.mean() > 0.05
    assert np.mean([test.p_value for test in tests]) == pytest.approx(
        0.5 + tied.mean() / 2, abs=0.1
    )
    # Ties are of pipelines that found nothing anywhere, and told everybody the same.
    assert all(test.observed == pytest.approx(0.5) for test, share in zip(tests, tied, strict=True)
               if share > 0.1)  # fmt: skip


def test_many_ties_are_counted_and_told():
    test = PermutationTest("ridge", "both", "site", 0.5, np.array([0.5] * 8 + [0.4, 0.6]))
    assert (test.reached, test.tied) == (9, 8)
    assert "p = 0.91; 8 of them have that very figure" in test.describe()
    assert test.to_dict()["tied"] == 8


def test_number_of_workers_and_parts_changes_no_digit(study, monkeypatch):
    table, folds = study
    one = compute_permutation_test(table, folds, "svm", permutations=30)
    two = compute_permutation_test(table, folds, "svm", permutations=30, compute=Compute(workers=2))
    np.testing.assert_array_equal(one.null, two.null)
    monkeypatch.setattr("stratify.evaluation.permutation.VALUES_AT_ONCE", 4000)
    parts = []
    three = compute_permutation_test(table, folds, "svm", permutations=30, on_part=parts.append)
    assert len(parts) > 3
    assert sum(parts) == pytest.approx(1)
    np.testing.assert_allclose(three.null, one.null, rtol=0, atol=1e-12)


def test_finished_parts_are_found_again(study, tmp_path, monkeypatch):
    table, folds = study
    kept = Compute(checkpoints=tmp_path)
    first = compute_permutation_test(table, folds, "ridge", permutations=9, compute=kept)
    monkeypatch.setattr("stratify.evaluation.permutation._run", None)
    again = compute_permutation_test(table, folds, "ridge", permutations=9, compute=kept)
    np.testing.assert_array_equal(first.null, again.null)
    assert first.observed == again.observed


def test_late_fusion_is_permuted_as_a_whole(study):
    table, folds = study
    test = compute_permutation_test(
        table.select("late fusion"), folds, "ridge", permutations=3, within="cohort"
    )
    assert test.features == "late fusion"
    assert len(np.unique(test.null)) > 1


def test_p_value_counts_the_observed_order_among_the_possible():
    test = PermutationTest("svm", "both", "site", 0.6, np.array([0.4, 0.6, 0.7, 0.5]))
    assert (test.reached, test.p_value) == (2, 3 / 5)
    assert "2 of 4 pipelines fitted anew reach it (p = 0.6)" in test.describe()
    assert "within each site" in str(test)
    assert test.to_dict()["null_95"] == pytest.approx(0.685)
    assert test.to_frame()["auc"].tolist() == [0.4, 0.6, 0.7, 0.5]
    assert test.plot().axes


def test_only_the_first_of_repeats_is_permuted(study):
    table, _ = study
    repeated = make_folds(table.y, folds=3, repeats=2, seed=4)
    few = compute_permutation_test(table, repeated, "ridge", permutations=5)
    once = compute_permutation_test(table, repeated[:3], "ridge", permutations=5)
    np.testing.assert_array_equal(few.null, once.null)


def test_what_cannot_be_permuted_is_refused(study):
    table, folds = study
    with pytest.raises(DataError, match="a model that looks at the patients"):
        compute_permutation_test(table, folds, "prevalence")
    two = make_folds(table.y, folds=2)
    with pytest.raises(DataError, match="Use three folds or more"):
        compute_permutation_test(table, two, "svm", permutations=3)


def test_folds_that_never_test_somebody_are_refused(study):
    table, folds = study
    with pytest.raises(DataError, match="20 patients of 60 never tested"):
        compute_permutation_test(table, (*folds[:2], folds[0]), "ridge", permutations=9)


def test_sites_too_small_to_shuffle_leave_the_cohort_to_shuffle(study):
    table, folds = study
    alone = replace(table, site=np.array([f"site {k}" for k in range(60)]))
    assert compute_permutation_test(alone, folds, "ridge", permutations=3).within == "cohort"
    with pytest.raises(DataError, match="no two patients with different outcomes"):
        compute_permutation_test(alone, folds, "ridge", permutations=3, within="site")


def test_cohort_is_unchanged(study):
    table, folds = study
    before, y = table.X.copy(deep=True), table.y.copy()
    compute_permutation_test(table, folds, "svm", permutations=3)
    assert table.X.equals(before)
    np.testing.assert_array_equal(table.y, y)
    assert cross_validate(table, "svm", folds).certificate.passed
