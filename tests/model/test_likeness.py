import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.covariance import LedoitWolf, ledoit_wolf

from stratify.model.likeness import MOST_DIRECTIONS, ONE_IN, fit_likeness, make_familiar

ALL = np.arange


def test_distance_is_mahalanobis_with_ledoit_and_wolfs_covariance():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 12)) @ rng.normal(size=(12, 12))
    new = rng.normal(size=(7, 12)) * 4
    theirs = LedoitWolf().fit(rows).mahalanobis(new)
    mine = fit_likeness(rows, ALL(12), "clinical").compute_distance(new)
    np.testing.assert_allclose(mine, theirs, rtol=1e-8)


def test_of_wide_rows_the_leading_directions_and_one_variance_for_the_rest_are_kept():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(50, 5)) @ rng.normal(size=(5, 90)) + rng.normal(size=(50, 90))
    new = rng.normal(size=(4, 90)) * 2
    likeness = fit_likeness(rows, ALL(90), "connectivity")
    shrunk, _ = ledoit_wolf(rows)
    values, vectors = np.linalg.eigh(shrunk)
    values, vectors = values[::-1], vectors[:, ::-1]
    values[MOST_DIRECTIONS:] = values[MOST_DIRECTIONS:].mean()
    along = (new - rows.mean(axis=0)) @ vectors
    np.testing.assert_allclose(
        likeness.compute_distance(new), (along**2 / values).sum(axis=1), rtol=1e-8
    )


def test_rows_alone_equal_rows_together():
    rng = np.random.default_rng(2)
    likeness = fit_likeness(rng.normal(size=(40, 200)), ALL(200), "connectivity")
    new = rng.normal(size=(9, 200))
    together = likeness.compute_distance(new)
    alone = [likeness.compute_distance(new[k : k + 1])[0] for k in range(9)]
    np.testing.assert_array_equal(together, alone)


def test_columns_that_never_vary_make_nobody_far():
    rows = np.zeros((20, 3))
    assert fit_likeness(rows, ALL(3), "clinical").compute_distance(rows).tolist() == [0.0] * 20


def folds_of(n, k=5):
    return np.array_split(np.random.default_rng(0).permutation(n), k)


@pytest.mark.parametrize(("n", "columns"), [(60, 5), (250, 5), (120, 300)])
def test_patients_like_those_of_training_are_seldom_called_unlike(n, columns):
    rng = np.random.default_rng(n)
    mix = rng.normal(size=(columns, columns)) / np.sqrt(columns) + np.eye(columns)
    called = asked = 0
    for _ in range(6):
        X = pd.DataFrame(rng.normal(size=(n, columns)) @ mix)
        new = pd.DataFrame(rng.normal(size=(500, columns)) @ mix)
        unlike = make_familiar(X, None, folds_of(n)).find_unlike(new)
        called += sum(map(bool, unlike))
        asked += len(new)
    expected = max(1 / ONE_IN, 1 / (n + 1))
    # Training sets differ between the six, which widens the band of a single binomial.
    assert called <= stats.binom.ppf(0.999, asked, 2 * expected)


def test_a_combination_that_nobody_had_is_found_though_each_value_is_usual():
    rng = np.random.default_rng(3)
    first = rng.normal(size=300)
    X = pd.DataFrame({"a": first, "b": first + 0.1 * rng.normal(size=300)})
    familiar = make_familiar(X, None, folds_of(300))
    usual, odd = familiar.find_unlike(pd.DataFrame({"a": [1.5, 1.5], "b": [1.5, -1.5]}))
    assert usual == ()
    assert [part.part for part in odd] == ["clinical"]
    assert odd[0].allowed == "than 99 of 100 patients who were held out"


def test_a_row_without_any_value_lies_in_the_middle():
    X = pd.DataFrame(np.random.default_rng(4).normal(size=(90, 3)))
    familiar = make_familiar(X, None, folds_of(90))
    assert familiar.find_unlike(pd.DataFrame(np.full((1, 3), np.nan))) == [()]
    assert familiar.parts[0].allowed == "than any of the 90 patients who were held out"


def test_broken_connectivity_is_found_beside_usual_clinical_values(make_table):
    table = make_table(120, regions=10)
    rows = [np.arange(k, 120, 5) for k in range(5)]
    familiar = make_familiar(table.X, table.preparer, rows)
    new = table.X.iloc[:2].copy()
    edges = [c.name for c in table.columns if c.regions is not None]
    new.loc[new.index[1], edges] = 3.0
    fine, broken = familiar.find_unlike(new)
    assert fine == ()
    assert [part.part for part in broken] == ["connectivity"]


def test_training_rows_are_left_as_they_were(make_table):
    table = make_table(60, regions=6)
    before = table.X.copy()
    make_familiar(table.X, table.preparer, [np.arange(30), np.arange(30, 60)])
    pd.testing.assert_frame_equal(table.X, before)
