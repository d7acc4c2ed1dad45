import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.preprocess import TableEncoder


@parametrize_with_checks([TableEncoder(), TableEncoder(standardise=False)])
def test_encoder_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture
def mixed():
    return pd.DataFrame(
        {
            "age": [40.0, np.nan, 60.0, 50.0],
            "sex": pd.Categorical(["F", "M", "F", None], categories=["F", "M"]),
            "constant": [0.1, 0.1, 0.1, 0.1],
        }
    )


def test_standardised_columns_have_mean_zero_and_spread_one_where_known(mixed):
    encoded = TableEncoder().fit_transform(mixed)
    known = encoded[[0, 2, 3], 0]
    assert known.mean() == pytest.approx(0, abs=1e-12)
    assert known.std() == pytest.approx(1)


def test_missing_value_counts_as_the_training_mean(mixed):
    encoded = TableEncoder().fit_transform(mixed)
    assert encoded[1, 0] == 0
    assert (encoded[3, 1:3] == 0).all()


def test_unseen_level_speaks_neither_for_nor_against(mixed):
    encoder = TableEncoder().fit(mixed)
    new = pd.DataFrame({"age": [50.0], "sex": ["X"], "constant": [0.1]})
    assert (encoder.transform(new) == 0).all()


def test_without_standardising_missing_stays_missing(mixed):
    encoded = TableEncoder(standardise=False).fit_transform(mixed)
    assert np.isnan(encoded[1, 0])
    assert np.isnan(encoded[3, 1:3]).all()


def test_constant_column_becomes_zero_not_noise(mixed):
    encoded = TableEncoder().fit_transform(mixed)
    assert (encoded[:, 3] == 0).all()


def test_encoded_columns_know_where_they_came_from(mixed):
    encoder = TableEncoder().fit(mixed)
    assert encoder.source_.tolist() == [0, 1, 1, 2]
    assert encoder.get_feature_names_out().tolist() == ["age", "sex=F", "sex=M", "constant"]


def test_rows_alone_equal_rows_together(mixed):
    encoder = TableEncoder().fit(mixed)
    together = encoder.transform(mixed)
    for k in range(len(mixed)):
        np.testing.assert_array_equal(encoder.transform(mixed.iloc[k : k + 1]), together[k : k + 1])


def test_table_is_unchanged(mixed):
    before = mixed.copy(deep=True)
    TableEncoder().fit_transform(mixed)
    pd.testing.assert_frame_equal(mixed, before)


def test_names_are_taken_and_refused_as_scikit_learn_does():
    values = np.arange(6.0).reshape(3, 2)
    named = TableEncoder().fit(pd.DataFrame(values, columns=["a", "b"]))
    assert named.feature_names_in_.tolist() == ["a", "b"]
    assert named.feature_names_in_.dtype == object
    assert named.n_features_in_ == 2
    assert not hasattr(named.fit(values), "feature_names_in_")
    assert not hasattr(TableEncoder().fit(pd.DataFrame(values)), "feature_names_in_")
    with pytest.raises(ValueError, match="unique"):
        TableEncoder().fit(pd.DataFrame(values, columns=["a", "a"]))
    with pytest.raises(TypeError, match="only supported if all input features have string names"):
        TableEncoder().fit(pd.DataFrame(values, columns=["a", 1]))
