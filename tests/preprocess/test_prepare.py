from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort, make_small_connectomes
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.errors import DataError
from stratify.evaluation import cross_validate
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.model import (
    ResponderClassifier,
    adapt_to_sites,
    fit_model,
    read_model,
    write_model,
)
from stratify.preprocess import Preparation, TablePreparer
from stratify.task import Task, assemble

REPRESENTED = ["network blocks", "partial correlation", "tangent", "graph"]


@parametrize_with_checks([TablePreparer(), TablePreparer(standardise=False)])
def test_it_is_an_estimator_as_scikit_learn_wants_them(estimator, check):
    check(estimator)


def make_prepared_table(preparation, n=70, regions=7, seed=0, uncovered=()):
    cohort = make_small_cohort(n, effect=2.0, seed=seed)
    connectomes = make_small_connectomes(cohort, regions, seed=seed)
    rng = np.random.default_rng(seed)
    quality = pd.DataFrame(
        {"mean_fd": rng.gamma(2.0, 0.1, n)}, index=pd.Index(cohort.patients, name="patient")
    )
    matrices = connectomes.matrices.copy()
    # Motion and site act on every edge, as they do in scans.
    site = cohort.frame["site"].cat.codes.to_numpy()
    matrices += 0.8 * quality["mean_fd"].to_numpy()[:, None, None]
    matrices += 0.4 * site[:, None, None]
    for patient, region in uncovered:
        matrices[patient, region, :] = matrices[patient, :, region] = np.nan
    connectomes = replace(connectomes, matrices=matrices, quality=quality)
    return assemble(
        Task(rule=RULE, question="prognosis"), cohort, connectomes, preparation=preparation
    )


@pytest.mark.parametrize("represent", REPRESENTED)
def test_rows_alone_equal_rows_together_however_edges_are_represented(represent):
    table = make_prepared_table(Preparation(represent=represent, remove=("mean_fd", "age")))
    preparer = clone(table.preparer).fit(table.X.iloc[:50])
    together = preparer.transform(table.X)
    for k in (0, 49, 50, 69):
        np.testing.assert_allclose(
            preparer.transform(table.X.iloc[k : k + 1]), together[k : k + 1], atol=1e-9
        )


@pytest.mark.parametrize("represent", ["edges", *REPRESENTED])
@pytest.mark.parametrize("family", ["logistic", "xgboost"])
def test_contributions_of_prepared_columns_add_up_to_the_log_odds(represent, family):
    table = make_prepared_table(
        Preparation(represent=represent, remove=("mean_fd",)), uncovered=[(3, 2)]
    )
    model = fit_model(table, ResponderClassifier(family, preparer=table.preparer, inner_folds=3))
    explanation = explain(model, table.X)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.classifier.decision_function(table.X), atol=1e-9)
    assert [c.name for c in explanation.columns] == list(explanation.contributions.columns)
    assert "mean_fd" not in explanation.contributions


def test_motion_is_taken_out_of_edges_and_is_no_feature():
    table = make_prepared_table(Preparation(remove=("mean_fd",)))
    assert "mean_fd" in table.X
    assert "mean_fd" not in [column.name for column in table.feature_columns]
    preparer = clone(table.preparer).fit(table.X)
    prepared = preparer.prepare(table.X)
    assert "mean_fd" not in prepared
    edges = prepared[list(preparer.edges)].to_numpy()
    motion = table.X["mean_fd"].to_numpy()
    correlation = [np.corrcoef(edge, motion)[0, 1] for edge in edges.T]
    np.testing.assert_allclose(correlation, 0, atol=1e-9)


def test_a_confound_that_is_a_feature_stays_one():
    table = make_prepared_table(Preparation(remove=("age",)))
    preparer = clone(table.preparer).fit(table.X)
    assert "age" in preparer.prepare(table.X)
    alone = table.select("connectivity")
    assert "age" in alone.X
    assert "age" not in clone(alone.preparer).fit(alone.X).prepare(alone.X)
    assert "age" in table.select("clinical").X
    assert table.select("clinical").preparer is None


def test_the_certificate_refits_the_whole_chain_and_finds_one_that_saw_too_much(monkeypatch):
    table = make_prepared_table(Preparation(represent="network blocks", remove=("mean_fd",)))
    folds = make_folds(table.y, table.groups, folds=3)
    assert cross_validate(table, "logistic", folds, inner_folds=3).certificate.passed

    fit = TablePreparer.fit

    def fit_on_everybody(self, X, y=None):
        return fit(self, table.X)

    monkeypatch.setattr(TablePreparer, "fit", fit_on_everybody)
    evaluation = cross_validate(table, "logistic", folds, inner_folds=3)
    monkeypatch.undo()
    from stratify.evaluation import make_certificate

    certificate = make_certificate(table, folds, evaluation.replicas)
    assert not certificate.passed


def test_a_model_with_a_chain_comes_back_from_disk_the_same(tmp_path):
    table = make_prepared_table(Preparation(represent="tangent", remove=("mean_fd", "sex")))
    model = fit_model(table, ResponderClassifier(preparer=table.preparer, inner_folds=3))
    again = read_model(write_model(model, tmp_path / "model"))
    assert again.preparation == model.preparation
    pd.testing.assert_frame_equal(again.predict(table.X).table, model.predict(table.X).table)


def test_harmonising_without_a_site_is_refused_with_the_way_out():
    cohort = make_small_cohort(60)
    cohort = replace(
        cohort,
        frame=cohort.frame.drop(columns="site"),
        columns=tuple(column for column in cohort.columns if column.name != "site"),
    )
    with pytest.raises(DataError, match="no column has the role 'site'"):
        assemble(
            Task(rule=RULE, question="prognosis"),
            cohort,
            make_small_connectomes(cohort),
            preparation=Preparation(harmonise="combat"),
        )


def test_an_unknown_confound_is_refused_by_name():
    with pytest.raises(DataError, match="no column 'motion'"):
        make_prepared_table(Preparation(remove=("motion",)))


def test_an_outcome_can_not_be_a_confound():
    with pytest.raises(DataError, match="measured followup"):
        make_prepared_table(Preparation(remove=("responded",)))


def test_an_effect_is_removed_or_preserved_and_never_both():
    with pytest.raises(DataError, match="age both removed and preserved"):
        Preparation(remove=("age",), preserve=("age",), harmonise="combat")


def take(table, rows):
    """Return some patients of a table."""
    of_rows = {name: getattr(table, name)[rows] for name in ("X", "y", "groups", "site")}
    return replace(table, **of_rows)


HARMONISED = Preparation(harmonise="combat", preserve=("age",))


def test_harmonising_takes_the_sites_means_out_and_keeps_the_site_no_feature():
    table = make_prepared_table(HARMONISED, n=120)
    assert "site" in table.X
    preparer = clone(table.preparer).fit(table.X)
    prepared = preparer.prepare(table.X)
    assert "site" not in prepared
    edges = list(preparer.edges)
    before = table.X.groupby("site", observed=True)[edges].mean()
    after = prepared.assign(site=table.X["site"]).groupby("site", observed=True)[edges].mean()
    assert after.std().mean() < 0.2 * before.std().mean()


def test_a_patient_from_an_unseen_site_gets_no_likelihood_and_the_others_keep_theirs():
    table = make_prepared_table(HARMONISED, n=120)
    model = fit_model(table, ResponderClassifier(preparer=table.preparer, inner_folds=3))
    known = model.predict(table.X.iloc[:3]).table
    X = table.X.iloc[:3].copy()
    X["site"] = X["site"].astype(object)
    X.iloc[1, X.columns.get_loc("site")] = "elsewhere"
    found = model.predict(X)
    assert np.isnan(found.table["probability"].iloc[1])
    assert found.cannot_say[1][0].startswith("site: elsewhere (training saw")
    for k in (0, 2):
        assert found.table["log_odds"].iloc[k] == pytest.approx(known["log_odds"].iloc[k])
    explanation = explain(model, X)
    assert explanation.contributions.iloc[1].isna().all()
    assert not explanation.contributions.iloc[[0, 2]].isna().any(axis=None)


def test_an_unseen_site_is_taken_for_the_declared_one():
    preparation = replace(HARMONISED, unseen_site="reference", reference_site="A")
    table = make_prepared_table(preparation, n=120)
    model = fit_model(table, ResponderClassifier(preparer=table.preparer, inner_folds=3))
    X = table.X[table.X["site"] == "A"].iloc[:2]
    from_a = model.predict(X).table["log_odds"]
    elsewhere = X.assign(site="elsewhere")
    np.testing.assert_allclose(model.predict(elsewhere).table["log_odds"], from_a)


def test_a_harmonised_model_comes_back_from_disk_the_same(tmp_path):
    table = make_prepared_table(HARMONISED, n=90)
    model = fit_model(table, ResponderClassifier(preparer=table.preparer, inner_folds=3))
    again = read_model(write_model(model, tmp_path / "model"))
    pd.testing.assert_frame_equal(again.predict(table.X).table, model.predict(table.X).table)


def test_an_unseen_site_is_learned_from_scans_without_outcomes():
    preparation = replace(HARMONISED, unseen_site="scans")
    table = make_prepared_table(preparation, n=150)
    at_c = (table.X["site"] == "C").to_numpy()
    model = fit_model(
        take(table, ~at_c),
        ResponderClassifier("ridge", preparer=table.preparer, inner_folds=3),
    )
    there = table.X[at_c]
    assert model.predict(there).table["log_odds"].isna().all()
    adapted = adapt_to_sites(model, there)
    found = adapted.predict(there)
    assert not found.table["log_odds"].isna().any()
    assert not any("site" in one for them in found.cannot_say for one in them)
    # What training taught stays, and the first model still knows nothing of the site.
    known = table.X[~at_c]
    np.testing.assert_array_equal(
        adapted.predict(known).table["log_odds"], model.predict(known).table["log_odds"]
    )
    assert model.predict(there).table["log_odds"].isna().all()
    # Each edge's mean at the new site is brought near that of training.
    encoder = adapted.classifier.encoder_
    edges = list(encoder.edges)
    before = (there[edges].mean() - known[edges].mean()).abs().mean()
    after = (encoder.prepare(there)[edges].mean() - encoder.prepare(known)[edges].mean()).abs()
    assert after.mean() < 0.5 * before


def test_scans_of_a_site_are_refused_where_they_are_too_few_known_or_not_asked_for():
    table = make_prepared_table(replace(HARMONISED, unseen_site="scans"), n=120)
    model = fit_model(table, ResponderClassifier("ridge", preparer=table.preparer, inner_folds=3))
    new = table.X.assign(site="elsewhere")
    with pytest.raises(DataError, match="elsewhere"):
        adapt_to_sites(model, new.iloc[:5])
    with pytest.raises(DataError, match="known"):
        adapt_to_sites(model, table.X)
    other = replace(model, preparation=replace(model.preparation, unseen_site="refuse"))
    with pytest.raises(DataError, match="unseen_site"):
        adapt_to_sites(other, new)
