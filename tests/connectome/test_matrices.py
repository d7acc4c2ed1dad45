import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nilearn.connectome import ConnectivityMeasure
from sklearn.covariance import EmpiricalCovariance

from stratify.connectome import matrices as plain


def make_correlations(n=5, regions=6, volumes=80, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(regions, regions)) / np.sqrt(regions) + np.eye(regions)
    return np.array(
        [np.corrcoef(rng.normal(size=(volumes, regions)) @ mixing, rowvar=False) for _ in range(n)]
    )


def test_the_module_imports_nothing_but_numpy():
    tree = ast.parse(Path(plain.__file__).read_text(encoding="utf-8"))
    imported = {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"numpy", "__future__"}


@given(st.integers(1, 500))
def test_regions_are_the_fewest_with_so_many_pairs(n_edges):
    n = plain.count_regions(n_edges)
    assert n * (n - 1) // 2 >= n_edges
    assert n == 2 or (n - 1) * (n - 2) // 2 < n_edges


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_triangles_come_back_as_the_matrices_they_were_taken_from(shape):
    rng = np.random.default_rng(0)
    half = rng.normal(size=(*shape, 5, 5))
    whole = half + np.swapaxes(half, -1, -2)
    whole[..., np.arange(5), np.arange(5)] = 1.0
    edges = plain.vectorise(whole)
    assert edges.shape == (*shape, 10)
    np.testing.assert_array_equal(plain.unvectorise(edges), whole)


def test_triangle_is_in_the_order_of_the_rows():
    whole = np.arange(16.0).reshape(4, 4)
    assert plain.vectorise(whole).tolist() == [1, 2, 3, 6, 7, 11]
    assert plain.vectorise(whole, diagonal=True).tolist() == [0, 1, 2, 3, 5, 6, 7, 10, 11, 15]


def test_pairs_that_are_absent_are_zero():
    whole = plain.unvectorise(np.array([0.1, 0.2, 0.3, 0.4]))
    assert whole.shape == (4, 4)
    assert plain.vectorise(whole).tolist() == [0.1, 0.2, 0.3, 0.4, 0, 0]


def test_fisher_z_stays_finite_at_perfect_correlation_and_is_undone():
    z = plain.fisher_z(np.array([-1.0, 0.3, 1.0, 1.5]))
    assert np.isfinite(z).all()
    assert z[1] == pytest.approx(0.5 * np.log(1.3 / 0.7))
    assert plain.inverse_fisher_z(z)[1] == pytest.approx(0.3)
    assert z[0] == -z[2] == -z[3]


def test_shrinking_keeps_the_trace_and_lifts_the_smallest_eigenvalue():
    rng = np.random.default_rng(0)
    low_rank = rng.normal(size=(4, 6, 2))
    covariance = low_rank @ np.swapaxes(low_rank, -1, -2)
    shrunk = plain.shrink(covariance, 0.2)
    traces = np.trace(covariance, axis1=1, axis2=2)
    np.testing.assert_allclose(np.trace(shrunk, axis1=1, axis2=2), traces)
    lowest = np.linalg.eigvalsh(shrunk)[:, 0]
    np.testing.assert_allclose(lowest, 0.2 * traces / 6, rtol=1e-9)


def test_each_matrix_of_a_stack_is_judged_by_itself():
    stack = np.stack([np.eye(3), np.diag([1.0, 1.0, -1.0]), np.ones((3, 3))])
    assert plain.is_positive_definite(stack).tolist() == [True, False, False]
    assert plain.is_correlation(stack).tolist() == [True, False, True]
    assert plain.is_positive_definite(stack[0])


def test_clipped_matrix_is_nearer_than_any_other_positive_semidefinite_one():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(5, 5))
    matrix = half + half.T
    nearest = plain.clip_eigenvalues(matrix)
    assert np.linalg.eigvalsh(nearest).min() > -1e-12
    distance = np.linalg.norm(matrix - nearest)
    # The distance is the length of the negative eigenvalues: the known answer.
    values = np.linalg.eigvalsh(matrix)
    assert distance == pytest.approx(np.linalg.norm(values[values < 0]))
    for _ in range(200):
        other = rng.normal(size=(5, 5))
        step = nearest + 0.1 * (other @ other.T - nearest)
        assert np.linalg.norm(matrix - step) >= distance


def test_a_possible_correlation_matrix_is_only_shrunk():
    correlations = make_correlations()
    np.testing.assert_array_equal(
        plain.make_positive_definite(correlations, 0.1), plain.shrink(correlations, 0.1)
    )


@pytest.mark.parametrize("shrinkage", [0.0, 0.05, 0.5])
def test_impossible_correlations_can_be_inverted_once_mended(shrinkage):
    impossible = plain.unvectorise(np.array([0.9, 0.9, -0.9]))
    stack = np.stack([np.eye(3), impossible, np.ones((3, 3))])
    before = stack.copy()
    mended = plain.make_positive_definite(stack, shrinkage)
    np.testing.assert_array_equal(stack, before)
    assert np.linalg.eigvalsh(mended).min() >= max(shrinkage, plain.FLOOR / 10) - 1e-12
    np.testing.assert_allclose(np.diagonal(mended, axis1=1, axis2=2), 1.0)
    np.testing.assert_array_equal(mended[0], np.eye(3))
    for alone, together in zip(stack, mended, strict=True):
        np.testing.assert_allclose(
            plain.make_positive_definite(alone[None], shrinkage)[0], together, atol=1e-12
        )


def test_partial_correlations_are_nilearns():
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(90, 7)) @ (rng.normal(size=(7, 7)) + np.eye(7)) for _ in range(4)]
    theirs = ConnectivityMeasure(
        kind="partial correlation", cov_estimator=EmpiricalCovariance(), standardize=False
    ).fit_transform(series)
    ours = plain.compute_partial_correlations(
        np.array([np.corrcoef(one, rowvar=False) for one in series])
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_partial_correlation_is_that_of_the_residuals():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    others = np.column_stack([np.ones(200), series[:, 2:]])
    residual = series[:, :2] - others @ np.linalg.lstsq(others, series[:, :2])[0]
    expected = np.corrcoef(residual, rowvar=False)[0, 1]
    partial = plain.compute_partial_correlations(np.corrcoef(series, rowvar=False))
    assert partial[0, 1] == pytest.approx(expected, abs=1e-10)
