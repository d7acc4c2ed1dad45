import json

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from stratify.errors import DataError
from stratify.metrics import (
    compute_auc_half_width,
    compute_auc_interval,
    compute_sample_size,
    compute_sample_sizes,
    compute_support,
    plot_sample_sizes,
)
from stratify.metrics.riley import (
    compute_expected_slope,
    compute_largest_r2,
    compute_patients_a_parameter,
    compute_patients_of_base_rate,
    compute_r2_from_auc,
    compute_slope_of_gap,
)


@pytest.mark.parametrize(
    ("r2", "parameters", "prevalence", "expected"),
    [
        # pmsampsize 0.1.0 (Ensor's own port of his R package): pmsampsize_bin, shrinkage 0.9.
        (0.121, 10, 0.5, (693, 245, 385)),
        (0.069, 5, 0.5, (627, 127, 385)),
        (0.288, 24, 0.174, (623, 662, 221)),
        (0.05, 8, 0.3, (1400, 218, 323)),
        (0.185, 20, 0.35, (870, 488, 350)),
    ],
)
def test_first_three_criteria_are_those_of_pmsampsize(r2, parameters, prevalence, expected):
    gap = compute_slope_of_gap(r2, compute_largest_r2(prevalence))
    ours = (
        np.ceil(parameters * compute_patients_a_parameter(r2, 0.9)),
        np.ceil(parameters * compute_patients_a_parameter(r2, gap)),
        compute_patients_of_base_rate(prevalence),
    )
    assert ours == expected


@pytest.mark.parametrize(
    ("auc", "expected"),
    [
        # Riley's simulation of the R², 50 % responders, 5, 10, 20 and 30 parameters.
        (0.60, (1408, 2833, 5758, 8684)),
        (0.65, (623, 1252, 2531, 3754)),
        (0.70, (347, 690, 1399, 2097)),
        (0.75, (219, 435, 869, 1302)),
        (0.80, (146, 293, 587, 875)),
    ],
)
def test_first_criterion_is_near_the_simulated_table(auc, expected):
    ours = [
        compute_sample_size(auc=auc, prevalence=0.5, parameters=p).by_criterion["shrinkage"]
        for p in (5, 10, 20, 30)
    ]
    assert ours == pytest.approx(expected, rel=0.02)


def test_error_criterion_is_the_tabulated_one():
    ours = [
        compute_sample_size(auc=0.7, prevalence=0.5, parameters=p).by_criterion["error"]
        for p in (5, 10, 20, 30)
    ]
    assert ours == [310, 588, 1118, 1627]


@pytest.mark.parametrize(("auc", "prevalence"), [(0.65, 0.5), (0.8, 0.2)])
def test_r2_is_that_of_a_logistic_regression_on_many_patients(auc, prevalence):
    rng = np.random.default_rng(0)
    y = (np.arange(400_000) < 400_000 * prevalence).astype(int)
    x = (rng.normal(size=len(y)) + y * np.sqrt(2) * stats.norm.ppf(auc))[:, None]
    p = LogisticRegression(C=np.inf).fit(x, y).predict_proba(x)[:, 1]
    gained = np.mean(np.log(np.where(y == 1, p / prevalence, (1 - p) / (1 - prevalence))))
    assert compute_r2_from_auc(auc, prevalence) == pytest.approx(1 - np.exp(-2 * gained), abs=0.002)


def test_largest_criterion_decides():
    size = compute_sample_size(auc=0.8, prevalence=0.5, parameters=10)
    assert size.patients == max(size.by_criterion.values()) == 588
    assert size.criterion == "error"
    assert size.responders == 294
    assert size.responders_per_parameter == pytest.approx(29.4)


def test_above_thirty_parameters_the_error_criterion_is_left_out_and_said_to_be():
    size = compute_sample_size(auc=0.7, prevalence=0.5, parameters=31)
    assert "error" not in size.by_criterion
    assert "The fourth has no formula above 30 parameters." in str(size)


@pytest.mark.parametrize("prevalence", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("auc", [0.6, 0.7, 0.85])
def test_what_a_sample_supports_is_what_needs_no_more_than_it(auc, prevalence):
    for patients in (384, 500, 1000, 5000):
        supported = compute_support(patients=patients, auc=auc, prevalence=prevalence).parameters
        if supported:
            fits = compute_sample_size(auc=auc, prevalence=prevalence, parameters=supported)
            assert fits.patients <= patients
        more = compute_sample_size(auc=auc, prevalence=prevalence, parameters=supported + 1)
        assert more.patients > patients


def test_too_few_for_the_share_of_responders_support_no_model():
    support = compute_support(patients=100, auc=0.75, prevalence=0.5)
    assert (support.parameters, support.criterion) == (0, "base rate")
    assert "do not support a single parameter" in str(support)


def test_expected_slope_is_the_shrinkage_at_the_size_asked_for():
    r2 = compute_r2_from_auc(0.65, 0.5)
    assert compute_expected_slope(1252, 10, r2) == pytest.approx(0.9, abs=1e-4)
    assert compute_expected_slope(400, 10, r2) < 0.8
    support = compute_support(patients=200, auc=0.65, prevalence=0.5, considered=4950)
    assert np.isnan(support.expected_slope)
    assert "nothing can be fitted" in str(support)


def test_expected_slope_is_near_what_fitted_models_have():
    # 10 normal predictors, one of which matters: mean calibration slope over 60 fits of 400. The
    # formula is known to be a little hopeful.
    rng = np.random.default_rng(1)
    auc, n, p = 0.7, 400, 10
    shift = np.sqrt(2) * stats.norm.ppf(auc)

    def draw(size):
        y = (np.arange(size) % 2).astype(int)
        x = rng.normal(size=(size, p))
        x[:, 0] += shift * y
        return x, y

    x_new, y_new = draw(20_000)
    slopes = []
    for _ in range(60):
        x, y = draw(n)
        f = LogisticRegression(C=np.inf).fit(x, y).decision_function(x_new)
        slopes.append(LogisticRegression(C=np.inf).fit(f[:, None], y_new).coef_[0, 0])
    expected = compute_expected_slope(n, p, compute_r2_from_auc(auc, 0.5))
    assert np.mean(slopes) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(
    ("patients", "half"),
    [(28, 0.21), (50, 0.15), (66, 0.13), (100, 0.11), (200, 0.08), (400, 0.05), (1000, 0.03)],
)
def test_width_to_come_is_hanley_and_mcneils(patients, half):
    # The formula worked by hand for an AUC of 0.65 and 50 % responders.
    ours = compute_auc_half_width(auc=0.65, prevalence=0.5, patients=patients)
    assert ours == pytest.approx(half, abs=0.005)


def test_width_to_come_is_the_width_that_comes():
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], [120, 80])
    halves = []
    for _ in range(100):
        auc = compute_auc_interval(y, y * np.sqrt(2) * stats.norm.ppf(0.7) + rng.normal(size=200))
        halves.append((auc.high - auc.low) / 2)
    ours = compute_auc_half_width(auc=0.7, prevalence=0.4, patients=200)
    assert np.mean(halves) == pytest.approx(ours, rel=0.05)


def test_strong_models_and_trees_come_with_a_caution():
    assert "asks too little" in str(compute_sample_size(auc=0.85, prevalence=0.5, parameters=3))
    weak = compute_sample_size(auc=0.75, prevalence=0.5, parameters=3)
    assert "asks too little" not in str(weak)
    assert "lower bound" in str(weak)


def test_values_go_into_json():
    size = compute_sample_size(auc=0.7, prevalence=0.5, parameters=10)
    assert json.loads(json.dumps(size.to_dict()))["patients"] == size.patients
    support = compute_support(patients=500, auc=0.7, prevalence=0.5, considered=3)
    assert json.loads(json.dumps(support.to_dict()))["parameters"] == support.parameters


def test_questions_without_an_answer_are_refused_all_at_once():
    with pytest.raises(DataError) as caught:
        compute_sample_size(auc=0.5, prevalence=1.2, parameters=10)
    assert "auc: 0.5; above 0.5 and below 1" in str(caught.value)
    assert "prevalence: 1.2; above 0 and below 1" in str(caught.value)
    with pytest.raises(DataError, match="parameters: 0; at least 1"):
        compute_sample_size(auc=0.7, prevalence=0.5, parameters=0)
    with pytest.raises(DataError, match="patients: 0; at least 1"):
        compute_support(patients=0, auc=0.7, prevalence=0.5)


def test_figure_draws_the_table():
    table = compute_sample_sizes(aucs=[0.65, 0.75], parameters=[1, 5, 20], prevalence=0.4)
    lines = {
        line.get_label(): line.get_ydata()
        for line in plot_sample_sizes(table, patients=200).axes[0].lines
    }
    assert list(lines) == ["AUC 0.65", "AUC 0.75", "at hand: 200"]
    np.testing.assert_array_equal(lines["AUC 0.75"], table["patients"][3:])
