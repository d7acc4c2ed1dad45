import numpy as np
import pytest
from scipy.special import expit

from stratify.errors import DataError
from stratify.evaluation import check_recalibration, validate_externally
from stratify.metrics import Estimate, compute_net_benefit, fit_recalibration

INTERNAL = {"auc": Estimate(0.8, 0.75, 0.85), "brier": Estimate(0.2, 0.18, 0.22)}


def make_site(n=600, *, shift=0.0, stretch=1.0, signal=1.2, seed=0):
    """Patients whose true log-odds are ``shift + stretch`` times what the model says."""
    rng = np.random.default_rng(seed)
    said = rng.normal(scale=signal, size=n)
    y = (rng.random(n) < expit(shift + stretch * said)).astype(int)
    return y, said


def validate(y, said, **how):
    names = [f"q{k}" for k in range(len(y))]
    return validate_externally(
        y, said, patients=names, internal=INTERNAL, base_rate=0.5, cohort="elsewhere", **how
    )


def test_a_model_that_is_right_here_needs_no_recalibration():
    found = validate(*make_site(2000))
    assert found.finding == "better than chance"
    assert found.advice is None
    assert "no recalibration is called for" in found.words


def test_the_drop_is_shown_first_with_its_interval():
    y, said = make_site(400, signal=0.5)
    found = validate(y, said)
    auc = found.external["auc"]
    assert found.drop.value == pytest.approx(0.8 - auc.value)
    # Independent cohorts: the halves add up as the sides of a right triangle.
    half = np.hypot(0.05, (auc.high - auc.low) / 2)
    assert found.drop.high - found.drop.value == pytest.approx(half)
    assert found.words.startswith("From within the study to 400 patients of elsewhere the AUC goes")
    assert f"lower by {found.drop}" in found.words


def test_sites_a_report_would_not_speak_of_are_named_with_what_can_be_done():
    y, said = make_site(2000)
    found = validate(y, said, unseen_sites=(("north", 1200), ("south", 800)))
    assert "no likelihood to patients of “north”, “south” (2000 here)" in found.words
    assert "recalibration to these patients, though the likelihoods call for none," in found.words
    assert found.to_dict()["unseen_sites"] == [["north", 1200], ["south", 800]]
    assert "recalibration to" not in validate(y, said).words
    turned = validate(y, -said, unseen_sites=(("north", 2000),)).words
    assert "does not know this site; by these figures it should not." in turned
    few = validate(y[:12], said[:12], unseen_sites=(("north", 12),))
    assert not few.enough_to_recalibrate
    assert "these are too few to recalibrate it to, 10 of each outcome at least." in few.words
    assert "makes a new model" not in few.words


def test_a_rise_is_called_a_rise():
    found = validate(*make_site(300, signal=4.0))
    assert found.drop.value < 0
    assert "higher by 0." in found.words


def test_another_base_rate_asks_for_the_intercept_and_other_spread_for_both():
    assert validate(*make_site(shift=-1.2, n=2000, seed=1)).advice == "intercept"
    assert validate(*make_site(stretch=0.3, n=1500)).advice == "intercept and slope"


def test_noise_elsewhere_cannot_be_told_from_chance():
    assert validate(*make_site(120, stretch=0.0, seed=3)).finding == "cannot tell"
    assert validate(*make_site(600, stretch=-1.0)).finding == "worse than chance"


def test_net_benefit_is_that_of_these_patients():
    y, said = make_site(300)
    found = validate(y, said, thresholds=(0.4, 0.6))
    table = found.usefulness.at_thresholds
    np.testing.assert_allclose(
        table["net_benefit"], compute_net_benefit(y, expit(said), [0.4, 0.6])
    )


def test_few_patients_and_those_left_out_are_told():
    y, said = make_site(60)
    found = validate(y, said, left_out=(("they took part in training", 3),), outside=1)
    assert "of the rarer outcome are few" in found.words
    assert "3 patients left out: they took part in training." in found.words
    assert "1 patient is unlike those of training" in found.words
    assert found.to_dict()["left_out"] == [["they took part in training", 3]]


def test_one_outcome_only_is_refused():
    with pytest.raises(DataError, match="elsewhere: 40 patients, 0 of them responders"):
        validate(np.zeros(40, dtype=int), np.zeros(40))


def test_a_recalibration_mends_what_was_planted_and_is_judged_on_others():
    y, said = make_site(3000, shift=-1.0, stretch=0.5)
    found = validate(y, said)
    checked = check_recalibration(found, method="intercept and slope")
    assert checked.recalibration.intercept.value == pytest.approx(-1.0, abs=0.15)
    assert checked.recalibration.slope.value == pytest.approx(0.5, abs=0.1)
    assert checked.estimates["log_loss"].value < found.external["log_loss"].value
    slope = checked.estimates["calibration_slope"]
    assert slope.low < 1 < slope.high
    # Ranks are kept within each fold, and nearly so over all of them.
    assert checked.estimates["auc"].value == pytest.approx(found.external["auc"].value, abs=0.01)


def test_nobody_s_likelihood_is_by_a_recalibration_that_saw_them():
    y, said = make_site(200, shift=0.8)
    told = check_recalibration(validate(y, said)).predictions
    for number in range(10):
        mine = (told["fold"] == number).to_numpy()
        learned = fit_recalibration(y[~mine], said[~mine])
        np.testing.assert_allclose(told["log_odds"][mine], learned.apply(said[mine]))
        assert told["base_rate"][mine].unique() == pytest.approx(y[~mine].mean())


def test_too_few_patients_to_recalibrate_are_refused():
    with pytest.raises(DataError, match="recalibration of intercept"):
        check_recalibration(validate(*make_site(15, seed=1)))


def test_model_that_ranks_the_wrong_way_round_is_not_to_be_recalibrated():
    rng = np.random.default_rng(0)
    f = rng.normal(size=300)
    y = (rng.random(300) < expit(-1.5 * f)).astype(int)
    found = validate_externally(
        y,
        f,
        patients=[str(k) for k in range(300)],
        base_rate=0.5,
        internal={"auc": Estimate(0.8, 0.75, 0.85)},
    )
    assert found.finding == "worse than chance"
    assert found.advice is None
    assert "do not use the model here" in found.words
    assert "before using them here" not in found.words
