from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_dropouts import make_dropout_table, make_dropouts
from sklearn.linear_model import LogisticRegression

from stratify.evaluation.imputation import (
    SPREAD_OF_NUMBERS,
    draw_judging_outcomes,
    draw_training_outcomes,
    draw_whole_outcomes,
    fit_outcome_model,
)
from stratify.folds import make_folds


def test_completions_restore_the_rate_where_complete_cases_are_biased():
    cohort, response = make_dropouts(2000, effect=0.0)
    table = make_dropout_table(cohort, imputations=20)
    complete = table.y[~table.missing].mean()
    completed = draw_whole_outcomes(table, seed=0).mean(axis=0)
    assert complete - response.mean() > 0.1
    assert abs(completed.mean() - response.mean()) < 0.03
    assert completed.std() > 0


def test_known_outcomes_are_never_touched():
    table = make_dropout_table(make_dropouts(150)[0])
    known = ~table.missing
    drawn = draw_whole_outcomes(table, seed=3)
    np.testing.assert_array_equal(drawn[known], np.repeat(table.y[known, None], 5, axis=1))


def test_training_outcomes_do_not_change_when_held_out_outcomes_do():
    table = make_dropout_table(make_dropouts(150)[0])
    folds = make_folds(table.y, table.groups, folds=4, repeats=2)
    before = draw_training_outcomes(table, folds, seed=1)
    for fold, labels in zip(folds, before, strict=True):
        turned = table.y.copy()
        turned[fold.test] = 1 - turned[fold.test]
        after = draw_training_outcomes(replace(table, y=turned), [fold], seed=1)[0]
        np.testing.assert_array_equal(after, labels)
        assert labels.shape == (len(fold.train), 5)


def test_a_fold_draws_the_same_whatever_is_drawn_beside_it():
    table = make_dropout_table(make_dropouts(150)[0])
    folds = make_folds(table.y, table.groups, folds=4, repeats=2)
    together = draw_training_outcomes(table, folds, seed=1)
    alone = draw_training_outcomes(table, folds[5:6], seed=1)[0]
    np.testing.assert_array_equal(alone, together[5])


def test_without_gaps_there_is_one_completion_that_is_the_outcome():
    table = make_dropout_table(make_dropouts(80, share=1e-9, loss=0)[0])
    assert table.auxiliary is None
    np.testing.assert_array_equal(draw_whole_outcomes(table, seed=0), table.y[:, None])


def test_mode_is_that_of_ridge_logistic_regression():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    y = (x["a"] - x["b"] + rng.logistic(size=120) > 0).astype(float)
    model = fit_outcome_model(x, y.to_numpy())
    standard = (x - x.mean()) / x.std(ddof=0)
    peer = LogisticRegression(C=SPREAD_OF_NUMBERS**2, tol=1e-10, max_iter=1000).fit(standard, y)
    np.testing.assert_allclose(model.mean[1:], peer.coef_[0], atol=2e-3)
    assert model.mean[0] == pytest.approx(peer.intercept_[0], abs=2e-3)


def test_draws_spread_as_wide_as_refits_to_fresh_samples():
    rng = np.random.default_rng(1)
    modes, spreads = [], []
    for _ in range(200):
        x = pd.DataFrame({"a": rng.normal(size=200)})
        y = (0.8 * x["a"] + rng.logistic(size=200) > 0).to_numpy(dtype=float)
        model = fit_outcome_model(x, y)
        modes.append(model.mean)
        spreads.append(np.sqrt(np.diag(model.covariance)))
    np.testing.assert_allclose(np.mean(spreads, axis=0), np.std(modes, axis=0), rtol=0.15)


def test_separated_outcomes_and_missing_or_constant_columns_do_no_harm():
    frame = pd.DataFrame(
        {
            "separates": np.repeat([0.0, 1.0], 20),
            "gone": np.full(40, np.nan),
            "same": 3.0,
            "site": pd.Categorical([f"S{k}" for k in range(40)]),
        }
    )
    frame.loc[::7, "separates"] = np.nan
    y = np.repeat([0.0, 1.0], 20)
    y[[1, 38]] = np.nan
    drawn = fit_outcome_model(frame, y).draw(np.random.default_rng(0), 200)
    low, high = drawn[[1, 38]].mean(axis=1)
    assert low < 0.2 < 0.8 < high


def test_a_rare_level_says_little_and_a_site_of_many_says_what_it_is():
    site = pd.Categorical(["all"] * 50 + ["none"] * 50 + ["alone", "other"])
    y = np.array([1.0] * 49 + [np.nan] + [0.0] * 49 + [np.nan] + [1.0, np.nan])
    drawn = fit_outcome_model(pd.DataFrame({"site": site}), y).draw(np.random.default_rng(0), 400)
    of_all, of_none, of_other = drawn[[49, 99, 101]].mean(axis=1)
    assert of_all > 0.8
    assert of_none < 0.2
    assert 0.35 < of_other < 0.65


def test_outcomes_that_judge_know_the_held_out_scores():
    # The outcome depends on the score and not on the early value, which alone would say nothing.
    rng = np.random.default_rng(9)
    cohort, response = make_dropouts(600, loss=0.0)
    table = make_dropout_table(cohort, imputations=20)
    noise = pd.DataFrame({"early": rng.normal(size=600)}, index=table.X.index)
    table = replace(table, auxiliary=noise)
    scores = pd.DataFrame({"score": cohort.frame["severity"]})
    gone, severity = table.missing, cohort.frame["severity"].to_numpy()

    def slope(labels):
        return np.mean(
            [severity[gone & (y == 1)].mean() - severity[gone & (y == 0)].mean() for y in labels.T]
        )

    truth = severity[gone & (response == 1)].mean() - severity[gone & (response == 0)].mean()
    assert slope(draw_judging_outcomes(table, scores, seed=0)) == pytest.approx(truth, abs=0.2)
    assert abs(slope(draw_whole_outcomes(table, seed=0))) < 0.2
