import numpy as np
import pandas as pd
import pytest
from made_sites import EDGES, make_scans

from stratify.errors import DataError
from stratify.folds import make_folds
from stratify.preprocess import ComBat, fit_combat_folds


@pytest.fixture
def scans():
    return make_scans({"Bochum": 40, "Essen": 30, "Szeged": 25})


@pytest.fixture
def training(scans):
    y = np.arange(len(scans)) % 2
    return [fold.train for fold in make_folds(y, folds=5, repeats=2, seed=1)]


def require_equal(fitted, combat, scans, training, atol=1e-9):
    assert len(fitted) == len(training)
    for one, rows in zip(fitted, training, strict=True):
        alone = combat.fit(scans.iloc[rows])
        assert one.sites_ == alone.sites_
        assert one.counts_.tolist() == alone.counts_.tolist()
        pd.testing.assert_frame_equal(one.to_frame(), alone.to_frame(), rtol=0, atol=atol)
        here = scans[scans["site"].isin(one.sites_)]
        pd.testing.assert_frame_equal(one.transform(here), alone.transform(here), atol=atol)


@pytest.mark.parametrize(
    "how",
    [
        {"columns": EDGES},
        {"preserve": ["age", "sex"]},
        {"preserve": ["age"], "reference": "Essen", "unseen": "reference", "columns": EDGES},
    ],
)
def test_each_training_set_is_fitted_as_if_it_were_alone(scans, training, how):
    combat = ComBat("site", **how)
    require_equal(fit_combat_folds(combat, scans, training), combat, scans, training)


def test_gaps_are_filled_with_the_mean_of_the_training_set(scans, training):
    scans.loc[scans.index[::7], "age"] = np.nan
    scans.loc[scans.index[::11], "sex"] = np.nan
    combat = ComBat("site", ["age", "sex"])
    require_equal(fit_combat_folds(combat, scans, training), combat, scans, training)


def test_a_site_or_level_that_is_held_out_whole_is_not_known(scans):
    scans["drug"] = pd.Categorical(np.where(np.arange(len(scans)) < 6, "rare", "usual"))
    training = [np.arange(6, 95), np.flatnonzero(scans["site"] != "Essen")]
    combat = ComBat("site", ["age", "drug"], columns=EDGES)
    fitted = fit_combat_folds(combat, scans, training)
    require_equal(fitted, combat, scans, training)
    assert fitted[1].sites_ == ("Bochum", "Szeged")


def test_small_training_sets_and_rows_that_count_twice(scans):
    rng = np.random.default_rng(0)
    training = [rng.choice(95, 30, replace=False), rng.integers(0, 95, 95)]
    combat = ComBat("site", ["age"], columns=EDGES)
    require_equal(fit_combat_folds(combat, scans, training), combat, scans, training)


def test_large_offsets_cost_no_digits(scans, training):
    scans[EDGES] = scans[EDGES] + 1e4
    combat = ComBat("site", ["age"], columns=EDGES)
    require_equal(fit_combat_folds(combat, scans, training), combat, scans, training, atol=1e-7)


def test_patients_held_out_change_nothing_of_what_is_learned(scans, training):
    changed = scans.copy()
    held_out = np.setdiff1d(np.arange(len(scans)), training[0])
    changed.iloc[held_out, 1:13] += np.random.default_rng(0).normal(5, 1, (len(held_out), 12))
    one = fit_combat_folds(ComBat("site", ["age", "sex"]), scans, training[:1])[0]
    other = fit_combat_folds(ComBat("site", ["age", "sex"]), changed, training[:1])[0]
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), rtol=0, atol=1e-9)


def test_arrays_are_fitted_like_tables(scans, training):
    numbers = scans[EDGES].assign(site=scans["site"].cat.codes.astype(float)).to_numpy()
    one = fit_combat_folds(ComBat(12), numbers, training)[3]
    alone = ComBat(12).fit(numbers[training[3]])
    np.testing.assert_allclose(one.transform(numbers), alone.transform(numbers), atol=1e-9)


def test_without_a_site_each_is_a_step_that_changes_nothing(scans, training):
    fitted = fit_combat_folds(ComBat(), scans, training)
    assert len(fitted) == len(training)
    pd.testing.assert_frame_equal(fitted[0].transform(scans), scans)


def test_what_one_fold_cannot_learn_is_refused(scans):
    scans["drug"] = pd.Categorical(np.where(scans["site"] == "Essen", "x", "y"))
    scans.loc[scans.index[:1], "drug"] = "x"
    scans.loc[scans.index[:1], "site"] = "Bochum"
    fine = np.arange(95)
    fit_combat_folds(ComBat("site", ["drug"], columns=EDGES), scans, [fine])
    with pytest.raises(DataError, match="drug, of which something differs"):
        fit_combat_folds(ComBat("site", ["drug"], columns=EDGES), scans, [fine[1:]])
