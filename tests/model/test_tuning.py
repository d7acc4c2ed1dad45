import numpy as np
import pytest

from stratify.model.calibrate import fit_sigmoid
from stratify.model.tuning import choose_points


def choose_one(scores, y):
    """The rule as it is told, for one labelling."""
    sigmoids = [fit_sigmoid(scores[:, k], y) for k in range(scores.shape[1])]
    log_odds = [a + b * scores[:, k] for k, (a, b) in enumerate(sigmoids)]
    loss = np.array([np.logaddexp(0, f) - y * f for f in log_odds])
    worse = loss - loss[loss.mean(axis=1).argmin()]
    allowed = worse.std(axis=1) / np.sqrt(len(y))
    for k in range(scores.shape[1]):
        if worse[k].mean() <= allowed[k]:
            return k, *sigmoids[k]
    raise AssertionError


def test_each_labelling_gets_the_point_it_would_get_alone():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(100, 60))
    strength = np.array([0.0, 0.3, 1.0, 1.3])[:, None] * rng.uniform(0, 1, 60)
    scores = strength * y[:, None] + rng.normal(size=(100, 4, 60))
    chosen, intercepts, slopes = choose_points(scores, y)
    assert len(set(chosen)) > 2
    for b in range(60):
        point, intercept, slope = choose_one(scores[:, :, b], y[:, b])
        assert chosen[b] == point
        assert intercepts[b] == pytest.approx(intercept, abs=1e-9)
        assert slopes[b] == pytest.approx(slope, abs=1e-9)


def test_patients_never_held_out_do_not_count():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, size=(50, 1))
    scores = rng.normal(size=(50, 3, 1)) + y[:, None]
    more = np.concatenate([scores, np.full((9, 3, 1), np.nan)])
    for ours, theirs in zip(
        choose_points(more, np.r_[y, np.ones((9, 1), int)]), choose_points(scores, y), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
