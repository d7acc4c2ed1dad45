"""Signals to connectivity, against nilearn and hand calculation."""

from __future__ import annotations

import numpy as np
import pytest

from stratify.connectome import compute_connectivity
from stratify.errors import DataError

KINDS = ("pearson r", "fisher z", "partial correlation", "covariance")


def make_signals(volumes=80, regions=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(volumes, regions)) @ rng.normal(size=(regions, regions))


def nilearn(signals, kind, estimator=None):
    from nilearn.connectome import ConnectivityMeasure

    return ConnectivityMeasure(kind=kind, cov_estimator=estimator).fit_transform([signals])[0]


def test_pearson_r_is_that_of_numpy_and_of_nilearn():
    from sklearn.covariance import EmpiricalCovariance

    signals = make_signals()
    ours = compute_connectivity(signals, "pearson r")
    np.testing.assert_allclose(ours, np.corrcoef(signals.T), atol=1e-12)
    theirs = nilearn(signals, "correlation", EmpiricalCovariance())
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_partial_correlation_is_nilearns_on_standardised_signals():
    signals = make_signals()
    standard = (signals - signals.mean(0)) / signals.std(0)
    ours = compute_connectivity(signals, "partial correlation")
    theirs = nilearn(standard, "partial correlation")
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_covariance_is_nilearns():
    signals = make_signals()
    ours = compute_connectivity(signals, "covariance")
    np.testing.assert_allclose(ours, nilearn(signals, "covariance"), atol=1e-8)


def test_covariance_is_positive_definite_with_fewer_volumes_than_regions():
    matrix = compute_connectivity(make_signals(8, 20), "covariance")
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_fisher_z_is_the_inverse_hyperbolic_tangent_of_r_and_0_on_the_diagonal():
    signals = make_signals()
    z, r = (compute_connectivity(signals, kind) for kind in ("fisher z", "pearson r"))
    assert (np.diagonal(z) == 0).all()
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(np.tanh(z)[off], r[off], atol=1e-12)


@pytest.mark.parametrize("kind", ["pearson r", "fisher z", "partial correlation"])
def test_correlations_do_not_depend_on_the_unit_of_a_region(kind):
    signals = make_signals()
    scaled = signals * np.array([1e-3, 1, 10, 1e3, 1, 5]) + 100
    np.testing.assert_allclose(
        compute_connectivity(scaled, kind), compute_connectivity(signals, kind), atol=1e-9
    )


@pytest.mark.parametrize("kind", KINDS)
def test_reversing_the_regions_reverses_the_matrix(kind):
    signals = make_signals()
    matrix = compute_connectivity(signals, kind)
    np.testing.assert_array_equal(matrix, matrix.T)
    turned = compute_connectivity(signals[:, ::-1], kind)
    np.testing.assert_allclose(turned[::-1, ::-1], matrix, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nothing", [np.nan, 0.0, 0.1])
def test_a_region_without_a_signal_is_not_covered_and_changes_no_other(kind, nothing):
    signals = make_signals()
    before = signals.copy()
    gap = signals.copy()
    gap[:, 2] = nothing
    matrix = compute_connectivity(gap, kind)
    assert np.isnan(matrix[2]).all()
    assert np.isnan(matrix[:, 2]).all()
    others = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(
        matrix[np.ix_(others, others)], compute_connectivity(signals[:, others], kind)
    )
    np.testing.assert_array_equal(signals, before)


def test_what_cannot_be_computed_is_refused_in_words():
    signals = make_signals()
    with pytest.raises(DataError, match="did you mean 'pearson r'"):
        compute_connectivity(signals, "pearson")
    with pytest.raises(DataError, match="2 volumes; 3 volumes or more"):
        compute_connectivity(signals[:2], "pearson r")
    signals[5, 1] = np.nan
    with pytest.raises(DataError, match="no value in some volumes of region 2"):
        compute_connectivity(signals, "pearson r")
