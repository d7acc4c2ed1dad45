import numpy as np
import pytest
from nilearn.connectome import ConnectivityMeasure
from sklearn.covariance import EmpiricalCovariance

from stratify.connectome.features import PartialCorrelation, TangentVectors
from stratify.connectome.matrices import shrink, unvectorise, vectorise
from stratify.schema import Column


def make_series(n=8, volumes=70, regions=6, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(regions, regions)) / 3 + np.eye(regions)
    series = rng.normal(size=(n, volumes, regions)) @ mixing
    series -= series.mean(axis=1, keepdims=True)
    return series / series.std(axis=1, keepdims=True)


def make_edges(**how):
    return vectorise(np.array([np.corrcoef(one, rowvar=False) for one in make_series(**how)]))


def logarithm(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.log(values)) @ vectors.T


def power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def by_nilearn(**how):
    """Nilearn's reference, and its vectors with off-diagonal entries as pyRiemann scales them."""
    measure = ConnectivityMeasure(
        kind="tangent", cov_estimator=EmpiricalCovariance(), standardize=False
    )
    theirs = measure.fit_transform(list(make_series(**how)))
    first, second = np.triu_indices(theirs.shape[1])
    return measure.mean_, theirs[:, first, second] * np.where(first == second, 1, np.sqrt(2))


def slope(matrices, reference):
    """How far the mean of the logarithms at a reference is from 0, as it is at the mean."""
    whitening = power(reference, -0.5)
    return np.linalg.norm(
        np.mean([logarithm(whitening @ one @ whitening) for one in matrices], axis=0)
    )


def test_vectors_are_nilearns():
    X = make_edges()
    reference, vectors = by_nilearn()
    tangent = TangentVectors(shrinkage=0).fit(X)
    np.testing.assert_allclose(tangent.reference_, reference, rtol=0, atol=1e-8)
    np.testing.assert_allclose(tangent.transform(X), vectors, rtol=0, atol=1e-8)


def test_vectors_of_many_regions_are_nilearns_at_its_reference_and_ours_is_nearer_the_mean():
    how = {"n": 40, "regions": 60, "volumes": 200}
    X = make_edges(**how)
    reference, vectors = by_nilearn(**how)
    tangent = TangentVectors(shrinkage=0).fit(X)
    matrices = unvectorise(X, diagonal=1.0)
    # Nilearn stops early with so many regions; the mean is where the slope is 0.
    assert slope(matrices, tangent.reference_) < 1e-8 < slope(matrices, reference)
    tangent.reference_ = reference
    np.testing.assert_allclose(tangent.transform(X), vectors, rtol=0, atol=1e-10)


def test_vectors_are_the_logarithm_of_the_whitened_matrix():
    X = make_edges()
    tangent = TangentVectors(shrinkage=0.2).fit(X)
    whitening = power(tangent.reference_, -0.5)
    first, second = np.triu_indices(6)
    for row, vector in zip(X, tangent.transform(X), strict=True):
        whitened = whitening @ shrink(unvectorise(row), 0.2) @ whitening
        expected = logarithm(whitened)[first, second] * np.where(first == second, 1, np.sqrt(2))
        np.testing.assert_allclose(vector, expected, atol=1e-10)


def test_training_vectors_have_mean_zero():
    X = make_edges()
    vectors = TangentVectors().fit_transform(X)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-7)
    assert np.abs(vectors).max() > 0.05


def test_length_of_a_vector_is_the_distance_from_the_reference():
    X = make_edges()
    tangent = TangentVectors().fit(X)
    whitening = power(tangent.reference_, -0.5)
    for row, vector in zip(X, tangent.transform(X), strict=True):
        values = np.linalg.eigvalsh(whitening @ shrink(unvectorise(row), 0.1) @ whitening)
        assert np.linalg.norm(vector) == pytest.approx(np.linalg.norm(np.log(values)))


def test_reference_is_of_the_training_rows_alone():
    X = make_edges()
    tangent = TangentVectors().fit(X[:5])
    reference = tangent.reference_.copy()
    tangent.transform(X[5:])
    np.testing.assert_array_equal(tangent.reference_, reference)
    np.testing.assert_array_equal(TangentVectors().fit(X[:5].copy()).reference_, reference)


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid", "logchol", "wasserstein"])
def test_every_metric_gives_finite_vectors_of_mean_about_zero(metric):
    X = make_edges(n=12)
    vectors = TangentVectors(metric=metric).fit_transform(X)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors.mean(axis=0)).max() < 0.1 * np.abs(vectors).max()


def test_impossible_matrices_are_mended_and_counted():
    X = make_edges()
    X[2, ::2], X[2, 1::2] = 0.95, -0.95
    for transformer in (TangentVectors(), TangentVectors(shrinkage=0), PartialCorrelation()):
        assert transformer.fit(X).n_mended_ == 1
        assert np.isfinite(transformer.transform(X)).all()
    assert TangentVectors().fit(make_edges()).n_mended_ == 0


def test_scans_shorter_than_the_regions_are_many_need_no_mending():
    X = make_edges(volumes=20, regions=30)
    tangent = TangentVectors().fit(X)
    assert tangent.n_mended_ == 0
    assert np.isfinite(tangent.transform(X)).all()


def test_vectors_carry_regions_and_the_networks_of_the_edges():
    columns = [
        Column(name="a~b", regions=("a", "b"), networks=("SN", "DMN")),
        Column(name="a~c", regions=("a", "c"), networks=("SN", "CEN")),
        Column(name="b~c", regions=("b", "c"), networks=("DMN", "CEN")),
    ]
    tangent = TangentVectors(regions=("a", "b", "c")).fit([[0.1, 0.2, 0.3]])
    described = tangent.describe_columns(columns)
    assert [column.name for column in described][:2] == ["tangent_a~a", "tangent_a~b"]
    assert described[1].networks == ("SN", "DMN")
    assert described[0].networks == ("SN", "SN")
    assert described[5].regions == ("c", "c")


def test_partial_correlations_of_a_row_are_those_of_its_shrunk_matrix():
    X = make_edges()
    shrunk = shrink(unvectorise(X[0]), 0.3)
    precision = np.linalg.inv(shrunk)
    expected = -precision / np.sqrt(np.outer(np.diag(precision), np.diag(precision)))
    partial = PartialCorrelation(shrinkage=0.3, fisher_z=False).fit(X).transform(X[:1])
    np.testing.assert_allclose(partial[0], vectorise(expected), atol=1e-12)
    z = PartialCorrelation(shrinkage=0.3).fit_transform(X[:1])
    np.testing.assert_allclose(np.tanh(z), partial, atol=1e-9)
