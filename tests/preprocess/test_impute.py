import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.errors import DataError
from stratify.preprocess import ColumnImputer

EDGES = ["a~b", "a~c", "b~c"]


@parametrize_with_checks(
    [ColumnImputer(), ColumnImputer(fill="median"), ColumnImputer(fill="site mean", site=0)]
)
def test_imputer_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture
def scans():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(30, 3)) ** 2, columns=EDGES)
    frame["site"] = pd.Categorical(np.tile(["A", "B", "C"], 10))
    frame["age"] = rng.normal(45, 10, 30)
    frame.loc[frame["site"] == "B", "a~c"] += 3
    frame.loc[[1, 4, 7], "a~c"] = np.nan
    frame.loc[[2, 3], "b~c"] = np.nan
    frame.loc[5, "age"] = np.nan
    return frame


@pytest.mark.parametrize("fill", ["mean", "median"])
def test_gaps_become_what_training_had(scans, fill):
    train, new = scans.iloc[6:], scans.iloc[:6]
    filled = ColumnImputer(EDGES, fill).fit(train).transform(new)
    wanted = getattr(train["a~c"], fill)()
    assert filled.loc[[1, 4], "a~c"].tolist() == pytest.approx([wanted, wanted])
    known = new[EDGES].notna()
    pd.testing.assert_frame_equal(filled[EDGES].where(known), new[EDGES].where(known))


def test_gaps_become_the_mean_of_the_rows_own_site(scans):
    imputer = ColumnImputer(EDGES, "site mean", site="site").fit(scans)
    filled = imputer.transform(scans)
    of_b = scans.loc[scans["site"] == "B", "a~c"].mean()
    assert filled.loc[[1, 4, 7], "a~c"].tolist() == pytest.approx([of_b] * 3)
    assert of_b > scans["a~c"].mean() + 1


def test_a_site_that_training_lacks_gets_the_mean_of_all(scans):
    imputer = ColumnImputer(EDGES, "site mean", site="site").fit(scans[scans["site"] != "B"])
    row = scans.loc[[1]]
    elsewhere = imputer.transform(row)["a~c"].item()
    assert elsewhere == pytest.approx(scans.loc[scans["site"] != "B", "a~c"].mean())
    assert imputer.transform(row.assign(site=None))["a~c"].item() == pytest.approx(elsewhere)


def test_a_site_that_never_had_the_column_gets_the_mean_of_all(scans):
    scans.loc[scans["site"] == "B", "a~c"] = np.nan
    filled = ColumnImputer(EDGES, "site mean", site="site").fit_transform(scans)
    assert filled.loc[scans["site"] == "B", "a~c"].unique() == pytest.approx([scans["a~c"].mean()])


def test_a_column_never_seen_in_training_becomes_zero_and_is_named(scans):
    imputer = ColumnImputer(EDGES).fit(scans.assign(**{"b~c": np.nan}))
    assert imputer.never_seen_ == ("b~c",)
    filled = imputer.transform(scans)
    assert filled.loc[[2, 3], "b~c"].tolist() == [0, 0]
    assert filled.loc[0, "b~c"] == scans.loc[0, "b~c"]


def test_gaps_are_counted_in_training_and_in_each_row(scans):
    imputer = ColumnImputer(EDGES).fit(scans)
    assert imputer.imputed_share_ == pytest.approx(5 / 90)
    assert imputer.column_shares_.tolist() == pytest.approx([0, 0.1, 2 / 30])
    counts = imputer.count_imputed(scans)
    assert counts[:8].tolist() == [0, 1, 1, 1, 1, 0, 0, 1]
    assert counts.sum() == 5


def test_other_columns_stay_as_they_are(scans):
    filled = ColumnImputer(EDGES).fit_transform(scans)
    assert list(filled) == list(scans)
    pd.testing.assert_frame_equal(filled[["site", "age"]], scans[["site", "age"]])


@pytest.mark.parametrize("how", [{}, {"fill": "median"}, {"fill": "site mean", "site": "site"}])
def test_rows_alone_equal_rows_together(scans, how):
    imputer = ColumnImputer(**how).fit(scans.iloc[:20])
    together = imputer.transform(scans)
    for k in range(len(scans)):
        pd.testing.assert_frame_equal(
            imputer.transform(scans.iloc[k : k + 1]), together.iloc[k : k + 1]
        )


def test_the_sites_mean_needs_a_site(scans):
    with pytest.raises(DataError, match="'site mean' and no site"):
        ColumnImputer(fill="site mean").fit(scans)


def test_an_unknown_fill_is_refused_with_its_neighbour(scans):
    with pytest.raises(DataError, match=r"'medain' \(did you mean 'median'\?\)"):
        ColumnImputer(fill="medain").fit(scans)


def test_table_is_unchanged(scans):
    before = scans.copy(deep=True)
    ColumnImputer().fit_transform(scans)
    pd.testing.assert_frame_equal(scans, before)
