import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.connectome import Connectomes
from stratify.connectome.features import (
    Edges,
    GraphMeasures,
    NetworkBlocks,
    PartialCorrelation,
    Seeds,
    TangentVectors,
    regions_and_networks,
)
from stratify.connectome.matrices import vectorise
from stratify.errors import DataError
from stratify.schema import Column

EVERY = [
    Edges(),
    NetworkBlocks(),
    Seeds(),
    PartialCorrelation(),
    TangentVectors(),
    TangentVectors(metric="logeuclid"),
    GraphMeasures(),
    GraphMeasures(density=None, threshold=0.2),
]

REGIONS = tuple(f"region {k}" for k in range(9))
NETWORKS = ("SN", "SN", "SN", "DMN", "DMN", "DMN", "CEN", "CEN", "OTHER")
HUBS = ("sgACC", "dACC", "anterior insula", "", "S1", None, "DLPFC", "DLPFC", "amygdala")
HEMISPHERES = ("", "", "L", "", "", None, "L", "R", "")

STRUCTURED = [
    Edges(regions=REGIONS, networks=NETWORKS),
    Edges(regions=REGIONS, networks=NETWORKS, among=("SN", "DMN")),
    NetworkBlocks(regions=REGIONS, networks=NETWORKS),
    NetworkBlocks(regions=REGIONS, networks=NETWORKS, core=None, between=False),
    Seeds(regions=REGIONS, networks=NETWORKS, hubs=HUBS, hemispheres=HEMISPHERES),
    PartialCorrelation(regions=REGIONS, networks=NETWORKS),
    TangentVectors(regions=REGIONS, networks=NETWORKS),
    GraphMeasures(regions=REGIONS, networks=NETWORKS),
    GraphMeasures(regions=REGIONS, networks=NETWORKS, core=None, density=0.4),
]

both = pytest.mark.parametrize("transformer", EVERY + STRUCTURED, ids=str)


@parametrize_with_checks(EVERY)
def test_transformers_keep_scikit_learns_contract(estimator, check):
    check(estimator)


def make_connectomes(n=12, volumes=60, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(9, 9)) / 3 + np.eye(9)
    matrices = np.array(
        [np.corrcoef(rng.normal(size=(volumes, 9)) @ mixing, rowvar=False) for _ in range(n)]
    )
    patients = tuple(f"P{k:02d}" for k in range(n))
    return Connectomes(matrices, patients, REGIONS, NETWORKS, "pearson r")


@both
def test_rows_alone_equal_rows_together(transformer):
    X = make_connectomes().edges
    fitted = clone(transformer).fit(X)
    together = fitted.transform(X)
    for k in range(len(X)):
        alone = fitted.transform(X.iloc[k : k + 1])
        assert alone.shape == (1, together.shape[1])
        np.testing.assert_allclose(alone[0], together[k], atol=1e-9)


@both
def test_a_row_is_the_same_whichever_rows_stand_beside_it(transformer):
    X = make_connectomes().edges.to_numpy()
    fitted = clone(transformer).fit(X)
    # A row that has to be mended must not change how its neighbours are treated.
    impossible = np.where(np.arange(X.shape[1]) % 2, 0.95, -0.95)
    beside = fitted.transform(np.vstack([X[0], impossible]))
    np.testing.assert_allclose(beside[0], fitted.transform(X[:1])[0], atol=1e-9)
    assert np.isfinite(beside).all()


@both
def test_one_training_patient_is_enough_and_input_is_unchanged(transformer):
    X = make_connectomes(n=1).edges
    before = X.copy()
    assert np.isfinite(clone(transformer).fit_transform(X)).all()
    pd.testing.assert_frame_equal(X, before)


@both
def test_columns_are_described_one_for_one_under_their_names(transformer):
    connectomes = make_connectomes()
    fitted = clone(transformer).fit(connectomes.edges)
    described = fitted.describe_columns(connectomes.edge_columns)
    assert len(described) == fitted.transform(connectomes.edges).shape[1]
    assert [column.name for column in described] == list(fitted.get_feature_names_out())
    assert len({column.name for column in described}) == len(described)
    for column in described:
        assert isinstance(column, Column)
        assert column.source == "connectivity"
        assert column.is_feature
        assert column.label


@both
def test_names_are_those_of_a_data_frame_with_the_columns_given(transformer):
    X = make_connectomes().edges
    fitted = clone(transformer).set_output(transform="pandas").fit(X)
    assert list(fitted.transform(X).columns) == list(fitted.get_feature_names_out(X.columns))
    with pytest.raises(ValueError, match="input_features is not equal"):
        fitted.get_feature_names_out([f"x{k}" for k in range(36)])


@pytest.mark.parametrize(
    "transformer", [t for t in STRUCTURED if hasattr(t, "compute_linear_inputs")], ids=str
)
def test_linear_features_are_their_matrix_times_the_edges(transformer):
    X = make_connectomes().edges
    fitted = clone(transformer).fit(X)
    features = fitted.transform(X)
    linear = getattr(fitted, "is_linear_", np.ones(features.shape[1], dtype=bool))
    expected = fitted.compute_linear_inputs(X) @ fitted.matrix_.T
    np.testing.assert_allclose(features[:, linear], expected[:, linear], atol=1e-12)
    assert (expected[:, ~linear] == 0).all()


@both
def test_an_unfitted_transformer_says_so(transformer):
    with pytest.raises(NotFittedError):
        clone(transformer).transform(np.zeros((1, 36)))
    with pytest.raises(NotFittedError):
        clone(transformer).describe_columns([])


@pytest.mark.parametrize("transformer", STRUCTURED, ids=str)
def test_regions_that_do_not_make_the_columns_are_refused(transformer):
    with pytest.raises(DataError, match="9 given, which make 36 edges; the table has 35 columns"):
        clone(transformer).fit(np.zeros((4, 35)))


def test_columns_of_another_table_are_not_described():
    with pytest.raises(DataError, match="2 columns to describe; it was fitted on 3 columns"):
        Edges().fit([[0.1, 0.2, 0.3]]).describe_columns([Column(name="a"), Column(name="b")])


@both
def test_an_unknown_kind_is_refused_with_the_nearest_one(transformer):
    with pytest.raises(DataError, match="did you mean 'pearson r'"):
        clone(transformer).set_params(kind="pearson").fit(np.zeros((3, 36)))


@pytest.mark.parametrize("transformer", [PartialCorrelation(), TangentVectors()], ids=str)
@pytest.mark.parametrize("kind", ["covariance", "partial correlation"])
def test_kinds_that_leave_no_correlation_matrix_are_refused(transformer, kind):
    with pytest.raises(DataError, match="it takes edges of kind 'pearson r' or 'fisher z'"):
        clone(transformer).set_params(kind=kind).fit(np.zeros((3, 36)))


@both
def test_fisher_z_and_the_correlations_it_came_from_give_the_same_features(transformer):
    r = make_connectomes().edges.to_numpy()
    of_r = clone(transformer).fit(r).transform(r)
    of_z = (
        clone(transformer).set_params(kind="fisher z").fit(np.arctanh(r)).transform(np.arctanh(r))
    )
    np.testing.assert_allclose(of_r, of_z, atol=1e-9)


@pytest.mark.parametrize("transformer", STRUCTURED, ids=str)
def test_order_of_the_regions_does_not_matter(transformer):
    connectomes = make_connectomes()
    order = np.random.default_rng(0).permutation(9)
    shuffled = vectorise(connectomes.matrices[:, order][:, :, order])
    moved = {
        name: tuple(values[k] for k in order)
        for name, values in transformer.get_params().items()
        if name in ("regions", "networks", "hubs", "hemispheres") and values is not None
    }
    here = clone(transformer).fit(connectomes.edges.to_numpy())
    there = clone(transformer).set_params(**moved).fit(shuffled)
    ours = here.transform(connectomes.edges.to_numpy())
    theirs = there.transform(shuffled)
    if isinstance(transformer, NetworkBlocks | Seeds | GraphMeasures):
        names = list(here.get_feature_names_out())
        found = [list(there.get_feature_names_out()).index(name) for name in names]
        np.testing.assert_allclose(ours, theirs[:, found], atol=1e-9)
    else:
        # Edges and tangent vectors are the same numbers in another order.
        lengths = np.sqrt((ours**2).sum(axis=1)), np.sqrt((theirs**2).sum(axis=1))
        np.testing.assert_allclose(*lengths, atol=1e-9)


def test_regions_are_read_back_from_the_columns_of_connectomes():
    assert regions_and_networks(make_connectomes().edge_columns) == (REGIONS, NETWORKS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda columns: columns[:-1],
        lambda columns: columns[::-1],
        lambda columns: (),
        lambda columns: (*columns, Column(name="age")),
        lambda columns: (*columns, columns[0]),
    ],
)
def test_columns_that_are_no_whole_triangle_are_refused(spoil):
    with pytest.raises(DataError, match="every pair of the regions once"):
        regions_and_networks(spoil(make_connectomes().edge_columns))


@pytest.mark.parametrize(
    ("transformer", "told"),
    [
        (PartialCorrelation(shrinkage=10), "it is a share, from 0 to 1"),
        (TangentVectors(shrinkage=-0.1), "it is a share, from 0 to 1"),
        (TangentVectors(metric="rieman"), "did you mean 'riemann'"),
        (GraphMeasures(density=0), "it is a share, above 0 to 1"),
        (GraphMeasures(density=20), "it is a share, above 0 to 1"),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(transformer, told):
    with pytest.raises(DataError, match=told):
        transformer.fit(np.zeros((3, 36)))
