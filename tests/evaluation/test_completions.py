from dataclasses import replace

import numpy as np
import pytest
from made_dropouts import make_dropout_table, make_dropouts
from scipy import stats

from stratify.errors import DataError
from stratify.evaluation import (
    Compute,
    compute_added_value,
    compute_gain,
    compute_permutation_test,
    cross_validate_many,
    make_verdict,
    refit_many,
)
from stratify.evaluation.completions import check_imputation, pool_folds
from stratify.evaluation.imputation import draw_training_outcomes
from stratify.folds import draw_folds, make_folds, restrict_folds
from stratify.metrics import METRICS, compute_auc
from stratify.model import AveragedClassifier

FAMILIES = ("prevalence", "ridge")


def evaluate(table, **how):
    folds = make_folds(table.y, table.groups, folds=3)
    return cross_validate_many([(f, table) for f in FAMILIES], folds, inner_folds=3, **how)


@pytest.fixture(scope="module")
def imputed():
    table = make_dropout_table(make_dropouts(160)[0])
    return table, evaluate(table)


def test_with_no_missing_outcomes_everything_is_as_with_excluded():
    cohort, _ = make_dropouts(90, share=1e-9, loss=0)
    multiple, excluded = (
        evaluate(make_dropout_table(cohort, missing)) for missing in ("multiple", "excluded")
    )
    for ours, theirs in zip(multiple, excluded, strict=True):
        assert ours.completions is None
        np.testing.assert_equal(ours.metrics, theirs.metrics)
        assert ours.predictions.equals(theirs.predictions)
        assert ours.certificate == theirs.certificate


def test_the_result_is_the_same_for_any_number_of_workers(imputed, tmp_path):
    table, evaluations = imputed
    kept = Compute(checkpoints=tmp_path)
    for compute in (Compute(workers=2), kept, kept):
        for ours, theirs in zip(evaluate(table, compute=compute), evaluations, strict=True):
            assert ours.predictions.equals(theirs.predictions)
            np.testing.assert_equal(ours.metrics, theirs.metrics)


def test_the_reference_engine_gives_the_same_likelihoods(imputed):
    table, evaluations = imputed
    for ours, theirs in zip(
        evaluate(table, compute=Compute(engine="reference")), evaluations, strict=True
    ):
        np.testing.assert_allclose(
            ours.predictions["log_odds"], theirs.predictions["log_odds"], atol=1e-6
        )


def test_each_completion_judges_the_same_likelihoods_by_other_outcomes(imputed):
    table, (_, ridge) = imputed
    first, *others = ridge.completions.predictions
    missing = dict(zip(table.patients, table.missing, strict=True))
    imputed_rows = first["patient"].map(missing).to_numpy()
    for other in others:
        assert other.drop(columns="y").equals(first.drop(columns="y"))
        same = (other["y"] == first["y"]).to_numpy()
        assert same[~imputed_rows].all()
        assert not same[imputed_rows].all()
    assert ridge.completions.n_imputed == int(table.missing.sum())
    assert set(ridge.predictions["patient"]) == set(np.array(table.patients)[~table.missing])


def test_figures_of_folds_are_means_over_the_completions(imputed):
    _, (_, ridge) = imputed
    each = []
    for predictions in ridge.completions.predictions:
        fold = predictions[predictions["fold"] == 0]
        each.append(compute_auc(fold["y"].to_numpy(), fold["log_odds"].to_numpy()))
    assert ridge.by_fold["auc"][0] == pytest.approx(np.mean(each))


def test_every_metric_is_pooled_and_says_what_the_gaps_cost(imputed):
    _, (_, ridge) = imputed
    assert tuple(ridge.metrics) == METRICS
    shares = ridge.completions.missing_information
    assert all(0 <= share < 1 for share in shares.values())
    assert shares["auc"] > 0
    assert ridge.to_dict()["auc_missing_information"] == shares["auc"]
    assert "missing_information" in ridge.to_frame()


def test_a_gain_is_pooled_by_rubins_rules(imputed):
    _, (prevalence, ridge) = imputed
    gains = prevalence.folds_of("log_loss") - ridge.folds_of("log_loss")
    # By hand: 3 folds, so the corrected variance is about (1/3 + 1/2) times that of the folds.
    ratio = ridge.test_share / (1 - ridge.test_share)
    assert ratio == pytest.approx(1 / 2, abs=0.01)
    within = ((1 / 3 + ratio) * gains.var(axis=1, ddof=1)).mean()
    between = (1 + 1 / 5) * gains.mean(axis=1).var(ddof=1)
    scatter = within**2 / 2 + between**2 / 4
    degrees = min(2, (within + between) ** 2 / scatter)
    half = stats.t.ppf(0.975, degrees) * np.sqrt(within + between)
    gain = compute_gain(ridge, prevalence)
    assert gain.value == pytest.approx(gains.mean())
    assert gain.high - gain.value == pytest.approx(half)


def test_one_completion_pools_to_the_corrected_t_test():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1, 10))
    pooled = pool_folds(values, test_share=0.2)
    assert pooled.total == pytest.approx((0.1 + 0.25) * values.var(ddof=1))
    assert pooled.degrees == 9


def test_the_certificate_passes_and_knows_of_the_imputation(imputed):
    table, (_, ridge) = imputed
    assert ridge.certificate.passed
    last = ridge.certificate.checks[-1]
    assert last.name.endswith("imputed from training patients alone")
    assert f"{int(table.missing.sum())} outcomes" in last.detail


def test_labels_that_saw_held_out_patients_fail_the_certificate(imputed):
    table, _ = imputed
    folds = make_folds(table.y, table.groups, folds=3)
    from stratify.evaluation.imputation import draw_whole_outcomes

    leaking = [draw_whole_outcomes(table, seed=0)[fold.train] for fold in folds]
    assert not check_imputation(table, folds, leaking, seed=0)[0].passed
    honest = draw_training_outcomes(table, folds, seed=0)
    assert check_imputation(table, folds, honest, seed=0)[0].passed


def test_the_shipped_model_averages_every_completion_and_its_replicas_some(imputed):
    table, evaluations = imputed
    _, model = refit_many(evaluations, [table, table], inner_folds=3)
    assert isinstance(model.classifier, AveragedClassifier)
    assert len(model.classifier.parts_) == 5
    assert [len(replica.parts_) for replica in model.replicas] == [2, 2, 2]
    assert model.n_imputed == int(table.missing.sum())
    assert model.n_responders > table.responders
    predicted = model.predict(table.X[:4]).table
    assert (predicted["low"] < predicted["probability"]).all()


def test_the_verdict_says_what_was_imputed_and_what_that_assumes(imputed):
    table, evaluations = imputed
    words = make_verdict(evaluations, table).words
    missing = int(table.missing.sum())
    assert f"Outcomes of {missing} patients were imputed 5 times" in words
    assert "missing at random" in words


def test_added_value_is_pooled_too():
    from made import make_small_connectomes

    from stratify.task import assemble

    cohort, _ = make_dropouts(120)
    task = make_dropout_table(cohort, imputations=3).task
    table = assemble(task, cohort, make_small_connectomes(cohort, 6))
    folds = make_folds(table.y, table.groups, folds=3)
    candidates = [("ridge", table.select(name)) for name in table.has]
    evaluations = cross_validate_many(candidates, folds, inner_folds=3)
    both, late = compute_added_value(evaluations)
    assert (both.features, late.features) == ("both", "late fusion")
    clinical = evaluations[0]
    expected = pool_folds(
        evaluations[2].folds_of("auc") - clinical.folds_of("auc"), test_share=clinical.test_share
    )
    assert both.auc.low == pytest.approx(expected.to_estimate().low)
    assert all(e.certificate.passed for e in evaluations)


def test_a_permutation_test_wants_known_outcomes(imputed):
    table, _ = imputed
    folds = make_folds(table.y, table.groups, folds=3)
    with pytest.raises(DataError, match="take_known"):
        compute_permutation_test(table, folds, "ridge", permutations=9)
    known = compute_permutation_test(
        table.take_known(), restrict_folds(folds, ~table.missing), "ridge", permutations=9
    )
    assert known.permutations == 9


def test_the_table_is_unchanged(imputed):
    table, _ = imputed
    before = replace(table, X=table.X.copy(), y=table.y.copy())
    evaluate(table)
    assert table.X.equals(before.X)
    np.testing.assert_array_equal(table.y, before.y)


@pytest.mark.parametrize("scheme", ["leave one site out", "temporal"])
def test_whole_sites_and_later_patients_are_held_out_with_gaps_too(scheme):
    table = make_dropout_table(make_dropouts(180)[0], imputations=3)
    by = np.array(list("ABC"))[np.arange(180) % 3] if "site" in scheme else np.arange(180.0)
    table = replace(table, scheme=scheme, by=by)
    folds = draw_folds(table, folds=3, inner_folds=3)
    prevalence, ridge = cross_validate_many([(f, table) for f in FAMILIES], folds, inner_folds=3)
    assert ridge.certificate.passed
    assert ridge.metrics["auc"].low < ridge.metrics["auc"].value
    assert np.isfinite(compute_gain(ridge, prevalence).low)
    tested = len(np.concatenate([fold.test for fold in folds]))
    assert all(len(each) == tested for each in ridge.completions.predictions)


def test_a_fold_with_one_class_in_a_completion_has_no_figure_and_spoils_none():
    values = np.array([[0.6, np.nan, 0.7, 0.65], [0.62, 0.58, 0.7, 0.66]])
    pooled = pool_folds(values, test_share=0.25)
    assert pooled.degrees <= 2
    assert pooled.value == pytest.approx((0.65 + 0.64) / 2)
