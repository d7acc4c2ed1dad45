import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from stratify.errors import DataError
from stratify.metrics import compute_auc, compute_calibration, fit_recalibration
from stratify.metrics.recalibration import Recalibration


@pytest.fixture(scope="module")
def site():
    k = np.arange(1, 201)
    f = norm.ppf((k - 0.5) / 200)
    return (k * 7919 % 1000 / 1000 < expit(-0.3 + 0.6 * f + 0.25 * f**2)).astype(int), f


def test_what_is_learned_is_what_glm_learns(site):
    # R 4.2.2: glm(y ~ f, binomial) with confint.default.
    both = fit_recalibration(*site, method="intercept and slope")
    assert both.intercept.value == pytest.approx(-0.0870643624049376, abs=1e-9)
    assert both.slope.value == pytest.approx(0.6176387370897231, abs=1e-9)
    assert (both.slope.low, both.slope.high) == pytest.approx(
        (0.303600549291932, 0.931676924887515), abs=1e-8
    )
    # glm(y ~ offset(f), binomial)
    assert fit_recalibration(*site).intercept.value == pytest.approx(-0.0968256380189415, abs=1e-9)


def test_recalibrated_likelihoods_are_calibrated_where_they_were_learned(site):
    y, f = site
    both = fit_recalibration(y, f, method="intercept and slope").apply(f)
    assert compute_calibration(y, both) == pytest.approx((0, 1), abs=1e-8)
    assert compute_calibration(y, fit_recalibration(y, f).apply(f))[0] == pytest.approx(0, abs=1e-8)


def test_another_share_of_responders_is_found_and_mended():
    rng = np.random.default_rng(0)
    f = rng.normal(size=20_000)
    y = (rng.random(20_000) < expit(f - 1.2)).astype(int)
    learned = fit_recalibration(y, f)
    assert learned.intercept.low < -1.2 < learned.intercept.high
    assert learned.slope.value == 1


def test_order_of_patients_is_kept(site):
    y, f = site
    new = fit_recalibration(y, f, method="intercept and slope").apply(f)
    assert compute_auc(y, new) == compute_auc(y, f)


def test_one_patient_alone_gets_the_same_log_odds_as_with_others(site):
    learned = fit_recalibration(*site)
    together = learned.apply(site[1])
    alone = [learned.apply(site[1][k : k + 1])[0] for k in range(200)]
    np.testing.assert_array_equal(together, alone)


def test_it_is_kept_as_json(site):
    learned = fit_recalibration(*site, method="intercept and slope")
    assert Recalibration.from_dict(json.loads(json.dumps(learned.to_dict()))) == learned


def test_it_says_in_words_what_was_learned(site):
    assert str(fit_recalibration(*site)).startswith("intercept -0.097 (95 % interval")
    assert "from 200 patients (96 responders)" in str(fit_recalibration(*site))


def test_too_little_to_learn_from_is_refused(site):
    y, f = site
    few = np.r_[np.flatnonzero(y == 0)[:50], np.flatnonzero(y == 1)[:12]]
    assert fit_recalibration(y[few], f[few]).events == 12
    with pytest.raises(DataError, match="Recalibrate the intercept only, or gather"):
        fit_recalibration(y[few], f[few], method="intercept and slope")
    with pytest.raises(DataError, match="9 patients of the rarer outcome; at least 10"):
        fit_recalibration(y[few[:59]], f[few[:59]])
    with pytest.raises(DataError, match="the same likelihood for every patient"):
        fit_recalibration(y, np.zeros(200), method="intercept and slope")
    with pytest.raises(DataError, match="'intercept' or 'intercept and slope'"):
        fit_recalibration(y, f, method="slope")  # type: ignore[arg-type]


def test_a_model_that_orders_the_site_the_wrong_way_round_is_refused(site):
    y, f = site
    with pytest.raises(DataError, match=r"a slope of -0\.62; a slope above 0"):
        fit_recalibration(y, -f, method="intercept and slope")
    with pytest.raises(DataError, match="no slope can be fitted"):
        fit_recalibration(
            np.repeat([0, 1], 50), np.linspace(-1, 1, 100), method="intercept and slope"
        )
