import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from stratify.errors import DataError
from stratify.evaluation import (
    KeptPredictions,
    compare_evaluations,
    compute_gain,
    cross_validate_many,
)
from stratify.folds import make_folds

NAMES = np.array([f"p{k:03d}" for k in range(200)])


def make_patients(n=200, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    return (rng.random(n) < expit(1.5 * signal)).astype(int), signal


def predict(y, log_odds, *, repeats=2, seed=0, patients=NAMES, folds=5):
    """Made held-out predictions: of folds that are drawn, and no model."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "patient": patients[fold.test],
                    "repeat": fold.repeat,
                    "fold": fold.number,
                    "y": y[fold.test],
                    "probability": expit(log_odds[fold.test]),
                    "log_odds": log_odds[fold.test],
                    "base_rate": y[fold.train].mean(),
                }
            )
            for fold in make_folds(y, folds=folds, repeats=repeats, seed=seed)
        ],
        ignore_index=True,
    )


@pytest.fixture
def models():
    y, signal = make_patients()
    noise = np.random.default_rng(1).normal(size=len(y))
    return {
        "sharp": KeptPredictions("sharp", predict(y, 1.5 * signal), 0.2),
        "dull": KeptPredictions("dull", predict(y, 0.3 * (signal + 2 * noise)), 0.2),
        "twin": KeptPredictions("twin", predict(y, 1.5 * signal + 0.001 * noise), 0.2),
    }


def test_a_model_that_is_better_is_found_from_either_side(models):
    forth = compare_evaluations(models["sharp"], models["dull"])
    back = compare_evaluations(models["dull"], models["sharp"])
    assert (forth.finding, back.finding) == ("A is better", "B is better")
    for metric in ("auc", "log_loss"):
        one, other = forth.differences[metric], back.differences[metric]
        assert one.gain.value == pytest.approx(-other.gain.value)
        assert one.p_a_better == pytest.approx(other.p_b_better)
    assert "A is better: sharp beats dull" in forth.words
    assert "The log loss of A is lower by 0." in forth.words
    assert "The log loss of A is higher by 0." in back.words
    assert "the AUC of A is lower by 0." in back.words
    assert forth.paired
    assert forth.notes == ()


def test_two_that_hardly_differ_are_practically_the_same(models):
    comparison = compare_evaluations(models["sharp"], models["twin"])
    assert comparison.finding == "practically the same"
    assert comparison.differences["log_loss"].p_same > 0.99


def test_a_few_patients_cannot_tell(models):
    y, signal = make_patients(40, seed=4)
    noise = np.random.default_rng(2).normal(size=40)
    a = KeptPredictions("a", predict(y, signal, repeats=1, patients=NAMES[:40]), 0.2)
    b = KeptPredictions("b", predict(y, signal + 0.7 * noise, repeats=1, patients=NAMES[:40]), 0.2)
    assert compare_evaluations(a, b).finding == "cannot tell"


def test_the_interval_and_the_probabilities_are_those_of_the_published_formulas(models):
    comparison = compare_evaluations(
        models["sharp"], models["dull"], regions={"auc": 0.03, "log_loss": 0}
    )
    a, b = (models[name].predictions for name in ("sharp", "dull"))
    losses = [
        (np.logaddexp(0, p["log_odds"]) - p["y"] * p["log_odds"])
        .groupby([p["repeat"], p["fold"]])
        .mean()
        .to_numpy()
        for p in (b, a)
    ]
    d = losses[0] - losses[1]
    # Nadeau and Bengio's variance with a fifth of the patients in each test set, ten of them.
    scale = np.sqrt((1 / 10 + 0.2 / 0.8) * d.var(ddof=1))
    posterior = stats.t(df=9, loc=d.mean(), scale=scale)
    gain = comparison.differences["log_loss"].gain
    assert gain.value == pytest.approx(d.mean())
    assert (gain.low, gain.high) == pytest.approx(posterior.interval(0.95))
    assert comparison.differences["log_loss"].p_a_better == pytest.approx(posterior.sf(0))


def test_probabilities_add_up_to_one(models):
    for each in compare_evaluations(models["sharp"], models["dull"]).differences.values():
        assert each.p_a_better + each.p_same + each.p_b_better == pytest.approx(1)
        assert min(each.p_a_better, each.p_same, each.p_b_better) >= 0


def test_it_gives_the_gain_that_a_verdict_rests_on(make_table):
    table = make_table(120)
    folds = make_folds(table.y, table.groups, folds=4, repeats=2)
    prevalence, logistic = cross_validate_many([("prevalence", table), ("logistic", table)], folds)
    gain = compare_evaluations(logistic, prevalence).differences["log_loss"].gain
    told = compute_gain(logistic, prevalence)
    assert (gain.value, gain.low, gain.high) == pytest.approx((told.value, told.low, told.high))


def test_the_order_of_rows_and_the_kept_tables_change_nothing(models, tmp_path):
    a, b = models["sharp"], models["dull"]
    kept = tmp_path / "out_of_fold.csv"
    a.predictions.sample(frac=1, random_state=0).to_csv(kept, index=False)
    before = a.predictions.copy()
    expected = compare_evaluations(a, b)
    again = compare_evaluations(KeptPredictions("sharp", pd.read_csv(kept), 0.2), b)
    assert again.to_frame().equals(expected.to_frame())
    pd.testing.assert_frame_equal(a.predictions, before)


def test_more_repeats_of_one_are_left_out_and_said(models):
    y, signal = make_patients()
    longer = KeptPredictions("longer", predict(y, 1.5 * signal, repeats=5), 0.2)
    comparison = compare_evaluations(longer, models["dull"])
    expected = compare_evaluations(models["sharp"], models["dull"])
    assert comparison.differences == expected.differences
    assert comparison.notes == (
        "Compared on the 2 repeats of the folds that both have; 3 more of one of them left out.",
    )


def test_other_folds_are_refused_by_name_or_compared_as_unpaired(models):
    y, signal = make_patients()
    other = KeptPredictions("other", predict(y, 1.5 * signal, seed=9), 0.2)
    with pytest.raises(DataError, match="dull and other: the same 200 patients in different folds"):
        compare_evaluations(models["dull"], other)
    unpaired = compare_evaluations(other, models["dull"], unpaired=True)
    paired = compare_evaluations(models["sharp"], models["dull"])
    assert not unpaired.paired
    assert "Not paired: the two were judged on the same 200 patients" in unpaired.words

    def width(comparison):
        gain = comparison.differences["log_loss"].gain
        return gain.high - gain.low

    assert width(unpaired) > width(paired)


def test_other_patients_are_refused_or_compared_as_unpaired(models):
    y, signal = make_patients(seed=8)
    others = np.array([f"q{k:03d}" for k in range(200)])
    elsewhere = KeptPredictions("elsewhere", predict(y, 1.5 * signal, patients=others), 0.2)
    with pytest.raises(DataError, match="0 of them in both"):
        compare_evaluations(models["dull"], elsewhere)
    unpaired = compare_evaluations(elsewhere, models["dull"], unpaired=True)
    assert "on different patients (200 and 200), who may be easier or harder" in unpaired.words
    assert unpaired.patients == 0


def test_another_outcome_is_refused_even_unpaired(models):
    y, signal = make_patients()
    y[:7] = 1 - y[:7]
    remission = KeptPredictions("remission", predict(y, signal), 0.2)
    with pytest.raises(DataError, match="another outcome for 7 of 200 patients they share"):
        compare_evaluations(models["dull"], remission, unpaired=True)


def test_auc_decides_if_asked_to(models):
    flat = models["sharp"].predictions.copy()
    flat["log_odds"] *= 0.02
    flat["probability"] = expit(flat["log_odds"])
    timid = KeptPredictions("timid", flat, 0.2)
    assert compare_evaluations(models["sharp"], timid).finding == "A is better"
    by_rank = compare_evaluations(models["sharp"], timid, decided_by="auc")
    assert by_rank.finding == "practically the same"
    assert "by the log loss it is: A is better" in by_rank.words


def test_a_negative_region_is_refused(models):
    with pytest.raises(DataError, match="regions: auc: -1"):
        compare_evaluations(models["sharp"], models["dull"], regions={"auc": -1, "log_loss": 0.1})


def test_noise_seldom_beats_noise():
    better = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.repeat([0, 1], 40))
        a, b = (
            KeptPredictions(
                name,
                predict(y, rng.normal(size=80), repeats=2, patients=NAMES[:80], seed=seed),
                0.2,
            )
            for name in "ab"
        )
        better += compare_evaluations(a, b).finding.endswith("is better")
    # Both ends of a 95 % interval; the 99.9th percentile of a binomial of 100 and 0.05 is 13.
    assert better <= 13
