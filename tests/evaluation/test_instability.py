from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.evaluation import compute_instability
from stratify.evaluation.instability import Refits, draw_samples, refit_samples
from stratify.model import ResponderClassifier


@pytest.fixture
def table(make_table):
    return make_table(90, effect=1.5)


def test_samples_are_drawn_with_repetition_and_the_same_for_a_seed(table):
    samples = draw_samples(table, 30, inner_folds=3, seed=4)
    again = draw_samples(table, 30, inner_folds=3, seed=4)
    assert len(samples) == 30
    for one, other in zip(samples, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert len(one) == len(table)
    share = np.mean([len(set(rows)) / len(table) for rows in samples])
    assert share == pytest.approx(1 - np.exp(-1), abs=0.02)
    assert not np.array_equal(samples[0], draw_samples(table, 30, inner_folds=3, seed=5)[0])


def test_families_are_drawn_whole(table):
    families = np.repeat(np.arange(30), 3).astype(str)
    for rows in draw_samples(replace(table, groups=families), 25, inner_folds=3):
        times = np.bincount(rows, minlength=90).reshape(30, 3)
        assert (times == times[:, :1]).all()


def test_copies_of_a_patient_stay_together_in_the_inner_folds(table):
    samples = draw_samples(table, 20, inner_folds=3)
    (refits,) = refit_samples([("ridge", table)], samples, inner_folds=3)
    for classifier, rows in zip(refits.classifiers, refits.samples, strict=True):
        for train, test in classifier.inner_folds_:
            assert not set(rows[train]) & set(rows[test])


def test_a_refit_is_the_whole_pipeline_on_the_sample(table):
    samples = draw_samples(table, 20, inner_folds=3)
    (refits,) = refit_samples([("logistic", table)], samples, inner_folds=3, seed=7)
    for k in (0, 19):
        fitted = refits.classifiers[k]
        again = ResponderClassifier(
            "logistic", inner_folds=fitted.inner_folds_, random_state=fitted.random_state
        ).fit(table.X.iloc[samples[k]], table.y[samples[k]])
        np.testing.assert_array_equal(refits.log_odds[k], again.decision_function(table.X))


def test_too_few_of_a_class_to_be_drawn_gives_no_samples(table):
    y = np.zeros(90, dtype=int)
    y[:2] = 1
    assert draw_samples(replace(table, y=y), 40, inner_folds=3) == ()


def test_a_sample_without_both_classes_in_each_inner_fold_is_not_used(table):
    y = np.zeros(90, dtype=int)
    y[:6] = 1
    few = replace(table, y=y)
    samples = draw_samples(few, 25, inner_folds=3)
    assert len(samples) == 25
    assert min(len(set(rows[y[rows] == 1])) for rows in samples) >= 3


def test_spread_and_changes_of_side_are_counted_as_published():
    rng = np.random.default_rng(0)
    own, drawn = rng.normal(size=40), rng.normal(size=(60, 40))
    found = compute_instability(
        own, Refits((None,) * 60, drawn, ()), [f"p{k}" for k in range(40)], thresholds=[0.4, 0.5]
    )
    p, q = 1 / (1 + np.exp(-own)), 1 / (1 + np.exp(-drawn))
    np.testing.assert_allclose(found.table["mean_change"], np.abs(q - p).mean(axis=0))
    np.testing.assert_allclose(found.table["low"], np.quantile(q, 0.025, axis=0))
    flipped = np.array([[(q[b, i] >= 0.4) != (p[i] >= 0.4) for i in range(40)] for b in range(60)])
    np.testing.assert_allclose(found.table["flipped_at_0.4"], flipped.mean(axis=0))
    row = found.at_thresholds.set_index("threshold").loc[0.4]
    assert row["flipped"] == pytest.approx(flipped.mean())
    assert row["often_flipped"] == pytest.approx((flipped.mean(axis=0) > 0.1).mean())
    assert found.metrics()["flipped_at_0.4"] == row["flipped"]
    assert found.metrics()["mean_change"] == pytest.approx(np.abs(q - p).mean())


def test_refits_that_agree_are_stable():
    own = np.linspace(-1, 1, 9)
    same = Refits((None,) * 5, np.tile(own, (5, 1)), ())
    found = compute_instability(own, same, list("abcdefghi"), thresholds=[0.5])
    assert found.mean_change == pytest.approx(0)
    assert (found.table["flipped_at_0.5"] == 0).all()


def test_more_patients_are_more_stable(make_table):
    changes = []
    for n in (60, 400):
        table = make_table(n, effect=1.5)
        samples = draw_samples(table, 20, inner_folds=3)
        (refits,) = refit_samples([("ridge", table)], samples, inner_folds=3)
        own = refits.log_odds.mean(axis=0)
        changes.append(
            compute_instability(own, refits, table.patients, thresholds=[0.5]).mean_change
        )
    assert changes[1] < 0.75 * changes[0]


def test_figure_shows_what_the_table_holds():
    own = np.linspace(-2, 2, 30)
    drawn = own + np.random.default_rng(1).normal(size=(25, 30))
    found = compute_instability(
        own, Refits((None,) * 25, drawn, ()), [str(k) for k in range(30)], thresholds=[0.3, 0.6]
    )
    above, below = found.figures()["instability"].axes
    points = above.lines[0]
    assert len(points.get_xdata()) == drawn.size
    np.testing.assert_allclose(below.lines[0].get_ydata(), found.table["flipped_at_0.6"])
    assert "0.6" in below.get_ylabel()


def test_thresholds_must_be_likelihoods():
    with pytest.raises(DataError, match="likelihoods above 0 and below 1"):
        compute_instability(
            np.zeros(2), Refits((None,), np.zeros((1, 2)), ()), ["a", "b"], thresholds=[1.0]
        )
