import numpy as np
import pandas as pd
import pytest

from stratify.datasets import PRESETS, make_cohort
from stratify.datasets.assumptions import ARMS, read_assumptions
from stratify.datasets.drivers import compute_expected_auc
from stratify.errors import SettingsError
from stratify.outcome import ResponseRule, compute_response
from stratify.task import Task, assemble

RULE = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)


@pytest.mark.parametrize("preset", PRESETS)
def test_scores_of_every_patient_agree_with_the_response_that_was_drawn(preset):
    simulation = make_cohort(preset, patients=400, regions=12)
    response = compute_response(RULE, simulation.cohort)
    known = response.notna()
    assert 0.85 < known.mean() < 1
    pd.testing.assert_series_equal(response[known], simulation.truth["response"][known])
    full = make_cohort(preset, patients=400, regions=12, missing=False)
    pd.testing.assert_series_equal(
        compute_response(RULE, full.cohort), simulation.truth["response"]
    )


def test_equal_arguments_give_equal_patients_to_the_last_bit(small):
    again = make_cohort(patients=60, regions=12)
    assert again.cohort.digest == small.cohort.digest
    assert again.connectomes.digest == small.connectomes.digest
    pd.testing.assert_frame_equal(again.truth, small.truth, check_exact=True)


def test_another_seed_draws_other_patients_of_the_same_population():
    one, other = (make_cohort(patients=1500, regions=12, seed=seed) for seed in (1, 2))
    elsewhere = make_cohort(patients=1500, regions=12, seed=1, population_seed=9)
    assert one.cohort.digest != other.cohort.digest
    assert one.law == other.law != elsewhere.law
    group = {
        name: simulation.connectomes.edges.mean()
        for name, simulation in (("one", one), ("other", other), ("elsewhere", elsewhere))
    }
    assert np.abs(group["one"] - group["other"]).max() < 0.02
    assert np.abs(group["one"] - group["elsewhere"]).max() > 0.04


def test_what_a_seed_draws_does_not_depend_on_what_else_is_asked(small):
    finer = make_cohort(patients=60, regions=30)
    assert finer.cohort.digest == small.cohort.digest
    whole = make_cohort(patients=60, regions=12, missing=False)
    seen = small.cohort.frame.notna()
    assert not seen.all().all()
    assert whole.cohort.frame.notna().all().all()
    for name in small.cohort.frame:
        kept = small.cohort.frame[name][seen[name]]
        assert (kept == whole.cohort.frame[name][seen[name]]).all()
    assert whole.connectomes.digest == small.connectomes.digest


def test_arms_have_the_shares_asked_for(small):
    assert small.cohort.frame["treatment"].value_counts().to_dict() == {
        "tms+ketamine": 30,
        "tms": 15,
        "ketamine": 15,
    }
    one = make_cohort(patients=50, regions=12, shares={"ketamine": 1})
    assert set(one.cohort.frame["treatment"]) == {"ketamine"}


def test_every_cell_is_within_its_columns_range_and_levels(large):
    frame = large.cohort.frame
    for column in large.cohort.columns:
        values = frame[column.name].dropna()
        if column.kind == "category":
            assert set(values) <= set(column.levels)
            assert tuple(frame[column.name].cat.categories) == column.levels
        elif column.kind == "boolean":
            assert set(values) <= {0.0, 1.0}
        else:
            assert values.between(column.low, column.high).all()
            assert frame[column.name].dtype == np.float64
        assert column.label


def test_only_what_was_known_before_treatment_is_a_feature(small):
    features = {column.name for column in small.cohort.columns if column.is_feature}
    assert {"madrs_baseline", "age", "mean_fd"} <= features
    assert not {name for name in features if "week" in name}
    assert not {"site", "treatment", "condition"} & features
    assert small.cohort["mean_fd"].role == "confound"
    assert small.cohort["madrs_week1"].measured == "during"
    assert small.cohort["madrs_week6"].measured == "followup"


@pytest.mark.parametrize("arm", ARMS)
def test_response_rates_are_near_the_tables(large, arm):
    received = large.cohort.frame["treatment"] == arm
    base_rate = read_assumptions().base_rates[arm]
    error = 3 * np.sqrt(0.25 / received.sum())
    assert large.truth["response"][received].mean() == pytest.approx(base_rate, abs=error)
    assert large.truth[f"p_{arm}"].mean() == pytest.approx(base_rate, abs=0.02)


@pytest.mark.parametrize("arm", ARMS)
def test_true_probabilities_are_calibrated_and_as_good_as_the_oracle(large, arm):
    received = (large.cohort.frame["treatment"] == arm).to_numpy()
    probability = large.truth[f"p_{arm}"][received]
    response = large.truth["response"][received]
    for _, part in response.groupby(pd.qcut(probability, 5)):
        wanted = probability[part.index].mean()
        assert part.mean() == pytest.approx(wanted, abs=3.5 * np.sqrt(0.25 / len(part)))
    # The true probabilities know the site.
    oracle = large.oracle_auc(arm, site_known=True)
    assert large.sample_oracle_auc(arm) == pytest.approx(oracle, abs=0.04)


def test_the_parts_of_the_truth_add_up(small):
    truth = small.truth
    for arm in ARMS:
        np.testing.assert_allclose(
            np.log(truth[f"p_{arm}"] / (1 - truth[f"p_{arm}"])), truth[f"lp_{arm}"]
        )
        received = small.cohort.frame["treatment"] == arm
        parts = truth[["clinical_part", "connectivity_part", "site_effect"]].sum(axis=1)
        rest = (truth[f"lp_{arm}"] - parts)[received]
        assert rest.std() < 1e-12


def test_planted_coefficients_are_found_again():
    """An independent maximum-likelihood fit on the true drivers recovers the table."""
    simulation = make_cohort(patients=12_000, regions=12, shares={"tms": 1}, sites=1, missing=False)
    table = simulation.drivers.query("arm == 'tms' and part != 'intercept'")
    X = np.column_stack([np.ones(len(simulation)), simulation.truth[table["term"]]])
    y = simulation.truth["response"].to_numpy()
    beta = np.zeros(X.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-X @ beta))
        information = (X * (p * (1 - p))[:, None]).T @ X
        beta += np.linalg.solve(information, X.T @ (y - p))
    error = np.sqrt(np.diag(np.linalg.inv(information)))[1:]
    z = (beta[1:] - table["coefficient"].to_numpy()) / error
    assert np.abs(z).max() < 3.5
    assert np.mean(z**2) < 2
    assert beta[0] == pytest.approx(-0.24, abs=0.15)


def test_columns_carry_their_drivers():
    simulation = make_cohort(patients=500, regions=12, missing=False)
    frame, truth = simulation.cohort.frame, simulation.truth
    for column, term, least in (
        ("madrs_baseline", "severity", 0.98),
        ("hamd17_baseline", "severity", 0.6),
        ("gad7_baseline", "anxiety", 0.98),
        ("failed_trials", "failed_trials", 0.95),
        ("bmi", "bmi", 0.99),
        ("ctq_total", "childhood_trauma", 0.98),
    ):
        assert np.corrcoef(frame[column], truth[term])[0, 1] > least
    duration = np.log(frame["episode_duration_months"])
    assert np.corrcoef(duration, truth["episode_duration"])[0, 1] > 0.97
    for name in ("benzodiazepine", "psychostimulant", "employed", "prior_attempt"):
        assert (frame[name] == truth[name]).all()
    assert ((frame["sex"] == "female") == (truth["female"] == 1)).all()
    assert ((frame["pain_severity"] == "severe") == (truth["severe_pain"] == 1)).all()


def test_nothing_predicts_response_on_null():
    simulation = make_cohort("null", patients=4000, regions=12)
    assert len(set(simulation.truth["p_tms"])) == 1
    assert simulation.law.site_effects == (0.0, 0.0, 0.0)
    assert (simulation.drivers.query("part != 'intercept'")["coefficient"] == 0).all()
    for arm in ARMS:
        for features in ("clinical", "connectivity", "both"):
            assert simulation.oracle_auc(arm, features, site_known=True) == 0.5
        assert simulation.sample_oracle_auc(arm) == 0.5
    response = simulation.truth["response"]
    in_arm = (simulation.cohort.frame["treatment"] == "tms+ketamine").to_numpy()
    edges = simulation.connectomes.edges[in_arm]
    correlation = edges.corrwith(response[in_arm])
    assert np.abs(correlation).max() < 4 / np.sqrt(in_arm.sum())


def test_connectivity_says_nothing_on_fc_null_not_even_through_site_or_motion():
    simulation = make_cohort("fc_null", patients=6000, regions=12, missing=False)
    assert simulation.oracle_auc(features="connectivity") == 0.5
    assert simulation.oracle_auc(features="clinical") > 0.65
    in_arm = (simulation.cohort.frame["treatment"] == "tms+ketamine").to_numpy()
    correlation = simulation.connectomes.edges[in_arm].corrwith(
        simulation.truth["response"][in_arm]
    )
    assert np.abs(correlation).max() < 4 / np.sqrt(in_arm.sum())


def test_optimistic_is_the_table_times_one_point_six():
    realistic, optimistic = (
        make_cohort(name, patients=20, regions=12).drivers.query("part != 'intercept'")
        for name in ("realistic", "optimistic")
    )
    np.testing.assert_allclose(optimistic["coefficient"], 1.6 * realistic["coefficient"])


def test_the_dominant_site_predicts_response_and_its_scans_give_it_away():
    simulation = make_cohort("site_confounded", patients=1500, regions=12)
    site = simulation.cohort.frame["site"]
    response = simulation.truth["response"]
    rates = response.groupby(site, observed=True).mean()
    assert rates["site A"] > rates.drop("site A").max() + 0.3
    assert response[site == "site A"].sum() > response.sum() / 2
    score = (site == "site A").astype(float).to_numpy()
    assert compute_expected_auc(score, response.to_numpy()) > 0.65
    networks = simulation.connectomes.edges.groupby(site, observed=True).mean()
    shift = np.abs(networks.loc["site A"] - networks.loc["site B"]).mean()
    assert shift > 2 * np.abs(networks.loc["site B"] - networks.loc["site C"]).mean()


def test_one_site_has_no_site_effect():
    simulation = make_cohort(patients=30, regions=12, sites=1)
    assert (simulation.truth["site_effect"] == 0).all()
    assert simulation.cohort["site"].levels == ("site A",)


def test_bimodal_falls_leave_a_valley_at_one_half():
    def share_near_half(preset):
        frame = make_cohort(preset, patients=2000, regions=12, missing=False).cohort.frame
        fall = 1 - frame["madrs_week6"] / frame["madrs_baseline"]
        return fall.between(0.35, 0.499).mean(), fall

    valley, fall = share_near_half("bimodal")
    assert valley < 0.02
    assert fall[fall >= 0.5].median() == pytest.approx(0.57, abs=0.04)
    assert share_near_half("realistic")[0] > 0.06


def test_early_scores_lie_on_the_way_and_give_the_outcome_away(large):
    frame = large.cohort.frame.dropna(subset=["madrs_week1", "madrs_week3", "madrs_week6"])
    means = [frame[f"madrs_{when}"].mean() for when in ("baseline", "week1", "week3", "week6")]
    assert means == sorted(means, reverse=True)
    early = (1 - frame["madrs_week1"] / frame["madrs_baseline"]).to_numpy()
    response = large.truth["response"][frame.index].to_numpy()
    assert compute_expected_auc(early, response) > large.oracle_auc("tms", site_known=True) + 0.05


def test_values_go_missing_at_the_stated_rates_and_more_so_in_non_responders(large):
    frame, response = large.cohort.frame, large.truth["response"]
    for name, rate in read_assumptions().missing.items():
        assert frame[name].isna().mean() == pytest.approx(rate, abs=0.015)
    lost = frame["madrs_week6"].isna()
    assert 0.05 <= lost.mean() <= 0.08
    assert lost[response == 0].mean() > 1.5 * lost[response == 1].mean()
    assert frame["madrs_baseline"].notna().all()


def test_motion_follows_severity_a_little(large):
    motion = np.log(large.cohort.frame["mean_fd"])
    assert np.corrcoef(motion, large.truth["severity"])[0, 1] == pytest.approx(0.15, abs=0.04)


def test_outcomes_of_the_conditions_go_together(large):
    frame = large.cohort.frame
    fall = 1 - frame["madrs_week6"] / frame["madrs_baseline"]
    for name, least in (("pain_nrs", 4), ("craving_vas", 30)):
        who = frame[f"{name}_baseline"] >= least
        other = 1 - frame[f"{name}_week6"] / frame[f"{name}_baseline"]
        assert 0.3 <= fall[who].corr(other[who]) <= 0.5


def test_the_study_of_the_demo_can_be_assembled(small):
    task = Task(rule=RULE, treatment="tms+ketamine", condition="depression")
    table = assemble(task, small.cohort, small.connectomes)
    assert table.simulated
    assert table.has == ("clinical", "connectivity", "both", "late fusion")
    assert 24 <= len(table) <= 30
    assert len(table.columns) == 24 + 66


def test_every_coefficient_carries_its_source(small):
    drivers = small.drivers
    assert len(drivers) == 3 * (1 + len(read_assumptions().terms))
    assert drivers["source"].str.len().min() > 10
    combined = drivers.query("arm == 'tms+ketamine' and part != 'intercept'")
    assert combined["source"].str.contains("assumption").all()
    severity = drivers.query("term == 'severity' and arm == 'tms'").iloc[0]
    assert severity["coefficient"] == -0.33
    assert "Trevizol" in severity["source"]


def test_simulated_patients_say_so_wherever_they_show(small):
    assert small.cohort.simulated
    assert "simulated" in repr(small.cohort)
    assert "imulated" in repr(small)
    assert "No real person" in small.description
    assert "simulated" in small.connectomes.atlas


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        ({"preset": "realstic"}, "Did you mean 'realistic'"),
        ({"patients": 3}, "at least 10"),
        ({"regions": 11}, "12 to 200"),
        ({"regions": 201}, "12 to 200"),
        ({"sites": 0}, "at least 1"),
        ({"shares": {"sham": 1.0}}, "shares of tms"),
        ({"shares": {}}, "not all 0"),
        ({"preset": "site_confounded", "sites": 1}, "needs at least 2"),
    ],
)
def test_arguments_outside_their_range_are_refused_with_a_way_out(arguments, phrase):
    with pytest.raises(SettingsError, match=phrase):
        make_cohort(**arguments)


def test_an_unknown_arm_is_refused(small):
    with pytest.raises(SettingsError, match=r"one of tms, ketamine, tms\+ketamine"):
        small.oracle_auc("sham")
