"""Figures under weights are those of samples in which each patient is repeated so often."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, brier_score_loss

from stratify.metrics import (
    compute_weighted_average_precision,
    compute_weighted_balanced_accuracy,
    compute_weighted_skill,
)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 50)
    # Rounded, so that some scores are equal.
    score = np.round(y + rng.normal(size=(2, 50)), 1)
    weights = np.array([np.bincount(rng.integers(0, 50, 50), minlength=50) for _ in range(4)])
    return y, score, weights


def test_average_precision_is_that_of_the_repeated_patients(drawn):
    y, score, weights = drawn
    for w, found in zip(
        weights, compute_weighted_average_precision(y, score, weights), strict=True
    ):
        rows = np.repeat(np.arange(50), w)
        expected = np.mean([average_precision_score(y[rows], s[rows]) for s in score])
        assert found == pytest.approx(expected)


def test_balanced_accuracy_is_that_of_the_repeated_patients(drawn):
    y, score, weights = drawn
    called = score > 0.5
    found = compute_weighted_balanced_accuracy(y, called, weights)
    for w, one in zip(weights, found, strict=True):
        rows = np.repeat(np.arange(50), w)
        expected = np.mean([balanced_accuracy_score(y[rows], c[rows]) for c in called])
        assert one == pytest.approx(expected)


def test_skill_compares_the_mean_errors_of_the_repeated_patients(drawn):
    y, score, weights = drawn
    p = 1 / (1 + np.exp(-score[0]))
    found = compute_weighted_skill((y - p) ** 2, (y - 0.4) ** 2, weights)
    for w, one in zip(weights, found, strict=True):
        rows = np.repeat(np.arange(50), w)
        reference = brier_score_loss(y[rows], np.full(len(rows), 0.4))
        assert one == pytest.approx(1 - brier_score_loss(y[rows], p[rows]) / reference)


def test_samples_of_one_class_have_no_figure(drawn):
    y, score, _ = drawn
    weights = (y == 0).astype(int)[None]
    assert np.isnan(compute_weighted_average_precision(y, score, weights)).all()
    assert np.isnan(compute_weighted_balanced_accuracy(y, score > 0, weights)).all()
