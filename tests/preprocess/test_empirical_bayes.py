import numpy as np
import pytest

from stratify.preprocess.empirical_bayes import shrink_site


@pytest.fixture
def met():
    rng = np.random.default_rng(0)
    return rng.normal(0.5, 0.4, 300), 19 / rng.gamma(6, 1 / 6, 300)


def test_the_modes_satisfy_both_of_their_equations(met):
    shift, residual = met
    g, d = shrink_site(shift, residual, 20, tolerance=1e-13)
    variance = residual / 19
    t2, m, s2 = shift.var(ddof=1), variance.mean(), variance.var(ddof=1)
    a, b = m**2 / s2 + 2, m * (m**2 / s2 + 1)
    np.testing.assert_allclose(g, (20 * t2 * shift + d * shift.mean()) / (20 * t2 + d))
    np.testing.assert_allclose(d, (b + (residual + 20 * (shift - g) ** 2) / 2) / (10 + a - 1))


def test_the_published_stopping_rule_is_near_the_end(met):
    early, late = shrink_site(*met, 20), shrink_site(*met, 20, tolerance=1e-13)
    np.testing.assert_allclose(early[0], late[0], atol=1e-5)
    np.testing.assert_allclose(early[1], late[1], rtol=1e-5)


def test_estimates_are_shrunk_towards_their_mean_over_columns(met):
    shift, residual = met
    g, d = shrink_site(shift, residual, 20)
    assert g.std() < shift.std()
    assert d.std() < (residual / 19).std()
    assert (np.abs(g - shift.mean()) <= np.abs(shift - shift.mean()) + 1e-12).all()


def test_many_patients_are_hardly_shrunk(met):
    shift, residual = met
    g, d = shrink_site(shift, residual / 19 * 99_999, 100_000)
    np.testing.assert_allclose(g, shift, atol=1e-3)
    np.testing.assert_allclose(d, residual / 19, rtol=1e-3)


def test_one_patient_tells_nothing_of_spread(met):
    g, d = shrink_site(met[0], np.zeros(300), 1)
    assert (d == 1).all()
    assert np.isfinite(g).all()


def test_shifts_that_are_exactly_zero_do_not_stop_or_break_it(met):
    shift, residual = met
    shift = shift.copy()
    shift[:3] = 0.0
    g, d = shrink_site(shift, residual, 20)
    assert np.isfinite(g).all()
    late = shrink_site(shift, residual, 20, tolerance=1e-13)
    np.testing.assert_allclose(d, late[1], rtol=1e-5)


def test_equal_variances_stay_as_they_are(met):
    g, d = shrink_site(met[0], np.full(300, 38.0), 20)
    np.testing.assert_allclose(d, 2.0)
    assert np.isfinite(g).all()


def test_one_column_is_not_shrunk():
    assert shrink_site(np.array([0.4]), np.array([10.0]), 11) == (
        pytest.approx([0.4]),
        pytest.approx([1.0]),
    )
