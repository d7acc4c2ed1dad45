from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.evaluation import cross_validate, refit
from stratify.folds import make_folds
from stratify.model import (
    ResponderClassifier,
    SiteCalibration,
    fit_model,
    make_limits,
    read_model,
    recalibrate,
    write_model,
)


@pytest.fixture(scope="module")
def study(make_table):
    table = make_table(150, effect=2.0, regions=6)
    folds = make_folds(table.y, table.groups, folds=5, repeats=2)
    return table, refit(cross_validate(table, "ridge", folds, inner_folds=3), table, inner_folds=3)


def kinds(predictions):
    return [[silence.kind for silence in them] for them in predictions.silences]


def test_a_patient_like_those_of_training_is_spoken_of(study):
    table, model = study
    silent = sum(map(bool, model.predict(table.X, site=table.site).silences))
    assert silent <= 2


def test_each_reason_is_told_in_words(study):
    table, model = study
    assert table.site is not None
    new = table.X.iloc[:5].copy()
    new["sex"] = new["sex"].astype(str)
    edges = [c.name for c in table.columns if c.regions is not None]
    new.loc[new.index[0], "severity"] = 99.0
    new.loc[new.index[1], ["severity", "age"]] = np.nan
    new.loc[new.index[1], "sex"] = None
    new.loc[new.index[2], edges] = -4.0
    site = [*table.site[:3], "elsewhere", ""]
    found = model.predict(new, site=site)
    said = found.cannot_say
    low, high = model.ranges["severity"]
    assert said[0] == (f"severity: 99 points (training saw {low:.4g} to {high:.4g})",)
    assert said[1] == ("3 of 3 clinical inputs are not recorded",)
    assert said[2] == (
        "brain connectivity taken together: further from those of training than any of the 150 "
        "patients who were held out",
    )
    assert said[3] == ("site: elsewhere (training saw A, B, C)",)
    assert said[4] == ()
    assert kinds(found)[1:] == [["missing"], ["connectivity"], ["site"], []]
    assert "4 of whom the model cannot say" in repr(found)


def test_a_level_that_training_did_not_meet_is_named(study):
    table, model = study
    new = table.X.iloc[:1].copy()
    new["sex"] = "X"
    assert "sex: X (not met in training)" in model.predict(new).cannot_say[0]


def test_rows_alone_equal_rows_together(study):
    table, model = study
    new = table.X.iloc[:12].copy()
    new.iloc[3, 0] = 50.0
    together = model.predict(new, site=list(table.site[:12]))
    for k in range(12):
        alone = model.predict(new.iloc[[k]], site=[table.site[k]])
        pd.testing.assert_frame_equal(alone.table, together.table.iloc[[k]], rtol=1e-10)
        pd.testing.assert_frame_equal(alone.outcomes, together.outcomes.iloc[[k]])
        assert alone.silences == together.silences[k : k + 1]


def test_outcome_sets_are_calibrated_on_patients_held_out(study):
    table, model = study
    sets = model.limits.outcome_sets
    assert sets.responders.shape == (2, table.y.sum())
    assert sets.nonresponders.shape == (2, (1 - table.y).sum())
    remain = model.predict(table.X).outcomes["remain"]
    assert set(remain) <= {"both", "responder", "non-responder", "neither"}
    assert (remain == "responder").sum() > 5
    assert (remain == "non-responder").sum() > 5


def test_fresh_patients_are_covered_as_often_as_was_said(make_table):
    fresh = make_table(3000, effect=1.2, seed=99)
    covered = []
    for seed in range(8):
        table = make_table(160, effect=1.2, seed=seed)
        folds = make_folds(table.y, table.groups, folds=5)
        evaluation = cross_validate(table, "ridge", folds, inner_folds=3)
        model = refit(evaluation, table, inner_folds=3)
        remain = model.predict(fresh.X).outcomes["remain"].to_numpy()
        held = [np.isin(remain, ("both", word)) for word in ("non-responder", "responder")]
        covered.append([held[label][fresh.y == label].mean() for label in (0, 1)])
    # A single study's coverage varies as a beta of its about 80 patients of a class: by 0.034.
    band = 3 * 0.034 / np.sqrt(8)
    assert np.mean(covered, axis=0) == pytest.approx([0.9, 0.9], abs=band)


def test_limits_are_the_same_after_they_were_kept(study, tmp_path):
    table, model = study
    again = read_model(write_model(model, tmp_path / "model"))
    new = table.X.copy()
    new.iloc[:10, 0] = 60.0
    mine, theirs = (m.predict(new, site=["A"] * len(new)) for m in (model, again))
    assert mine.silences == theirs.silences
    pd.testing.assert_frame_equal(mine.outcomes, theirs.outcomes, check_exact=True)
    assert again.limits.familiar.parts[0].bound == model.limits.familiar.parts[0].bound


def test_an_earlier_format_is_refused_and_says_what_to_do(study, tmp_path):
    _, model = study
    folder = write_model(model, tmp_path)
    facts = (folder / "model.json").read_text()
    (folder / "model.json").write_text(facts.replace('"format": 3', '"format": 2'))
    with pytest.raises(DataError, match=r"format 2; a model of format 3.*Train the study again"):
        read_model(folder)


def test_a_recalibrated_model_leaves_the_same_outcomes_and_speaks_of_its_own_sites(study):
    table, model = study
    calibration = SiteCalibration("north", -0.7, 0.8, n_patients=80, n_responders=30)
    moved = recalibrate(model, calibration, sites=["north"])
    before, after = (m.predict(table.X).outcomes for m in (model, moved))
    pd.testing.assert_frame_equal(before, after)
    assert kinds(moved.predict(table.X.iloc[:2], site=["north", "A"])) == [[], ["site"]]
    assert recalibrate(model, calibration).limits.sites == model.limits.sites


def test_without_folds_the_sites_are_known_and_nothing_else(make_table):
    table = make_table(40)
    model = fit_model(table, ResponderClassifier("ridge"))
    assert model.limits.sites == ("A", "B", "C")
    found = model.predict(table.X.iloc[:1], site=["D"])
    assert kinds(found) == [["site"]]
    assert found.outcomes.shape == (1, 0)


def test_training_without_some_inputs_lets_new_patients_lack_as_many(make_table):
    table = make_table(60)
    X = table.X.copy()
    X.loc[X.index[0], ["severity", "age"]] = np.nan
    limits = make_limits(replace(table, X=X))
    clinical = ("severity", "age", "sex")
    assert limits.most_missing == pytest.approx(2 / 3)
    assert limits.find_silences(X.iloc[:1], clinical) == [()]
    empty = X.iloc[:1].assign(sex=None)
    assert [s.kind for s in limits.find_silences(empty, clinical)[0]] == ["missing"]
