import numpy as np
import pytest

from stratify.datasets.assumptions import ARMS, read_assumptions
from stratify.datasets.drivers import (
    Law,
    compute_expected_auc,
    compute_linear_predictor,
    compute_oracle_auc,
    draw_drivers,
    inverse_logit,
)

# clinical_facts, table of generator parameters: AUC of the clinical part, connectivity, both; from
# an independent simulation of 400,000 draws. The table does not say how strongly benzodiazepines
# follow anxiety, nor how pain and employment follow refractoriness; hence a tolerance of 0.007.
TABLE = {
    1.0: {
        "tms": (0.711, 0.578, 0.726),
        "ketamine": (0.636, 0.569, 0.653),
        "tms+ketamine": (0.674, 0.580, 0.693),
    },
    1.6: {"tms": (0.786, 0.605, 0.808), "tms+ketamine": (0.747, 0.615, 0.775)},
}


@pytest.mark.parametrize("scale", TABLE)
def test_oracle_aucs_are_those_of_the_table(scale):
    for arm, wanted in TABLE[scale].items():
        aucs = compute_oracle_auc(Law(scale, scale), ARMS.index(arm))
        met = [aucs["clinical"], aucs["connectivity"], aucs["both"]]
        np.testing.assert_allclose(met, wanted, atol=0.007)


def test_without_connectivity_effects_the_clinical_oracle_is_the_tables():
    aucs = compute_oracle_auc(Law(1.0, 0.0), ARMS.index("tms+ketamine"))
    assert aucs["connectivity"] == 0.5
    assert aucs["both"] == aucs["clinical"]
    assert aucs["both"] == pytest.approx(0.677, abs=0.007)


def test_without_any_effect_the_oracle_is_one_half_exactly():
    for arm in range(len(ARMS)):
        assert compute_oracle_auc(Law(0.0, 0.0), arm) == {
            "clinical": 0.5,
            "connectivity": 0.5,
            "both": 0.5,
        }


def test_knowing_the_site_never_hurts_and_is_all_there_is_without_effects():
    assert (
        compute_oracle_auc(Law(1.0, 1.0, (-0.5, 0.5)), 0, site_known=True)["both"]
        > compute_oracle_auc(Law(1.0, 1.0, (-0.5, 0.5)), 0)["both"]
    )
    known = compute_oracle_auc(Law(0.0, 0.0, (-0.5, 0.5)), 1, site_known=True)["both"]
    # Two equal sites: AUC = 1/2 + (p1 - p0) / (4 q (1 - q)) / 2 with q the mean of p0 and p1.
    intercept, _, _ = compute_linear_predictor(
        draw_drivers(np.random.default_rng(0), 2), Law(0.0, 0.0)
    )
    p0, p1 = inverse_logit(intercept[1] + np.array([-0.5, 0.5]))
    q = (p0 + p1) / 2
    assert known == pytest.approx(0.5 + (p1 - p0) / (8 * q * (1 - q)), abs=0.003)


def test_expected_auc_is_the_share_of_pairs_put_in_order():
    rng = np.random.default_rng(3)
    score, y = rng.integers(0, 5, 40).astype(float), rng.integers(0, 2, 40).astype(float)
    pairs = [(a > b) + (a == b) / 2 for a in score[y == 1] for b in score[y == 0]]
    assert compute_expected_auc(score, y) == pytest.approx(np.mean(pairs))


def test_expected_auc_is_the_mean_auc_of_drawn_outcomes():
    rng = np.random.default_rng(4)
    lp = rng.standard_normal(3000)
    p = inverse_logit(lp)
    drawn = [compute_expected_auc(lp, (rng.random(3000) < p).astype(float)) for _ in range(60)]
    assert compute_expected_auc(lp, p) == pytest.approx(np.mean(drawn), abs=0.004)


def test_drivers_have_the_tables_marginals_and_links():
    assumptions = read_assumptions()
    drivers = draw_drivers(np.random.default_rng(1), 60_000)
    value = dict(zip(assumptions.names, drivers.values.T, strict=True))
    for term in assumptions.terms:
        if term.share is None:
            assert value[term.name].mean() == pytest.approx(0, abs=0.02)
            assert value[term.name].std() == pytest.approx(1, abs=0.02)
        else:
            assert set(np.unique(value[term.name])) == {0.0, 1.0}
            assert value[term.name].mean() == pytest.approx(term.share, abs=0.01)
    latent = drivers.refractoriness
    assert np.corrcoef(latent, value["severity"])[0, 1] == pytest.approx(0.35, abs=0.02)
    assert np.corrcoef(latent, value["failed_trials"])[0, 1] == pytest.approx(0.55, abs=0.02)
    # anxiety = .25 L + .35 severity + rest, and severity holds .35 of L
    assert np.corrcoef(latent, value["anxiety"])[0, 1] == pytest.approx(
        0.25 + 0.35 * 0.35, abs=0.02
    )
    anxious = value["anxiety"] > 0
    assert value["benzodiazepine"][anxious].mean() > value["benzodiazepine"][~anxious].mean() + 0.1


def test_the_linear_predictor_is_the_tables_intercept_plus_coefficients():
    assumptions = read_assumptions()
    drivers = draw_drivers(np.random.default_rng(2), 7)
    intercept, clinical, connectivity = compute_linear_predictor(drivers, Law())
    for a, arm in enumerate(ARMS):
        by_hand = assumptions.intercepts[arm] + sum(
            term.coefficients[a] * drivers.values[:, k] for k, term in enumerate(assumptions.terms)
        )
        np.testing.assert_allclose(intercept[a] + clinical[:, a] + connectivity[:, a], by_hand)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1.6])
def test_response_rates_stay_near_the_tables_whatever_the_scale(scale):
    assumptions = read_assumptions()
    parts = compute_linear_predictor(
        draw_drivers(np.random.default_rng(5), 40_000), Law(scale, scale)
    )
    rates = inverse_logit(parts[0] + parts[1] + parts[2]).mean(axis=0)
    wanted = [assumptions.base_rates[arm] for arm in ARMS]
    np.testing.assert_allclose(rates, wanted, atol=0.015)


def test_every_assumption_names_its_source():
    assumptions = read_assumptions()
    sources = [
        *(term.source for term in assumptions.terms),
        *assumptions.arm_sources.values(),
        *assumptions.nuisance_sources.values(),
    ]
    status = (
        "abstract read",
        "recalculated",
        "assumption",
        "general knowledge",
        "disagree",
        "of 28",
    )
    for source in sources:
        assert any(word in source for word in status), source
    assert "shrunk" in assumptions.shrinkage
