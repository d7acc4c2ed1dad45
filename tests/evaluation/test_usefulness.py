from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from stratify.errors import DataError
from stratify.evaluation import Evaluation, compute_usefulness


@pytest.fixture
def make_study(make_table):
    """Return a table, and an evaluation of it whose held-out likelihoods are made up."""

    def make(n=240, *, repeats=2, distort=1.0, seed=0):
        table = make_table(n, effect=0.0, seed=seed)
        rng = np.random.default_rng(seed)
        f = rng.normal(size=n)
        y = (rng.random(n) < expit(f)).astype(int)
        predictions = pd.DataFrame(
            {
                "patient": np.tile(table.patients, repeats),
                "repeat": np.repeat(np.arange(repeats), n),
                "fold": 0,
                "y": np.tile(y, repeats),
                "log_odds": distort * np.tile(f, repeats),
                "base_rate": y.mean(),
            }
        )
        predictions["probability"] = expit(predictions["log_odds"])
        nothing = pd.DataFrame()
        evaluation = Evaluation(
            "logistic", "clinical", {}, nothing, predictions, nothing, None, (), 0.2
        )
        return replace(table, y=y), evaluation

    return make


def test_net_benefit_at_each_threshold_is_the_published_sum(make_study):
    table, evaluation = make_study()
    found = compute_usefulness(evaluation, table, thresholds=[0.35, 0.6], draws=20)
    p = evaluation.predictions
    for row in found.at_thresholds.itertuples():
        called = p["probability"] >= row.threshold
        odds = row.threshold / (1 - row.threshold)
        expected = (called & (p["y"] == 1)).mean() - odds * (called & (p["y"] == 0)).mean()
        all_treated = table.y.mean() - odds * (1 - table.y.mean())
        assert row.net_benefit == pytest.approx(expected)
        assert row.gain == pytest.approx(expected - max(all_treated, 0))
        assert row.gain_low <= row.gain <= row.gain_high


def test_curve_has_every_stated_threshold_and_points_between(make_study):
    table, evaluation = make_study(80)
    found = compute_usefulness(evaluation, table, thresholds=[0.7, 0.333, 0.5, 0.5], draws=10)
    along = found.decision_curve["threshold"].to_numpy()
    assert found.thresholds == (0.333, 0.5, 0.7)
    assert set(found.thresholds) <= set(along)
    assert (np.diff(along) > 0).all()
    assert np.diff(along).max() < 0.03
    single = compute_usefulness(evaluation, table, thresholds=[0.4], draws=10)
    assert single.decision_curve["threshold"].tolist() == [0.4]


def test_repeats_do_not_make_intervals_narrower(make_study):
    once, many = (
        compute_usefulness(*reversed(make_study(repeats=repeats)), draws=40) for repeats in (1, 8)
    )
    pd.testing.assert_frame_equal(once.at_thresholds, many.at_thresholds)
    bands = [found.calibration_curve.table.eval("high - low").mean() for found in (once, many)]
    assert bands[1] == pytest.approx(bands[0], rel=0.02)


def test_families_are_drawn_together(make_study):
    table, evaluation = make_study(240)
    # Four times the same patient, as a family: sixty families know no more than sixty patients.
    of = np.repeat(np.arange(60), 4)
    predictions = evaluation.predictions.query("repeat == 0").reset_index(drop=True)
    quadruple = predictions.assign(
        **{name: predictions[name].to_numpy()[4 * of] for name in ("y", "log_odds", "probability")}
    )
    apart = compute_usefulness(replace(evaluation, predictions=quadruple), table, draws=200)
    families = replace(table, groups=of.astype(str))
    together = compute_usefulness(replace(evaluation, predictions=quadruple), families, draws=200)
    widths = [
        found.at_thresholds.eval("net_benefit_high - net_benefit_low").mean()
        for found in (apart, together)
    ]
    assert widths[1] / widths[0] == pytest.approx(2, rel=0.15)


def test_extreme_likelihoods_are_told_apart_from_right_ones(make_study):
    table, right = make_study(400)
    found = compute_usefulness(right, table, draws=100)
    extreme = compute_usefulness(make_study(400, distort=3.0)[1], table, draws=100)
    ici = [u.calibration_curve.distances["ici"] for u in (found, extreme)]
    assert ici[0].low == 0.0
    assert ici[1].low > 0.05
    assert extreme.metrics()["calibration_ici"] == ici[1].value


def test_small_cohorts_have_no_curve_and_say_why(make_study):
    table, evaluation = make_study(60)
    found = compute_usefulness(evaluation, table, draws=20)
    assert found.calibration_curve.why_not == "60 patients; a curve needs 100"
    assert found.tables()["calibration_curve"].empty
    assert not any(name.startswith("calibration") for name in found.metrics())
    said = found.figures()["calibration_curve"].axes[0].texts[0].get_text()
    assert "60 patients; a curve needs 100" in said


def test_metrics_are_named_by_their_threshold(make_study):
    table, evaluation = make_study(80)
    metrics = compute_usefulness(evaluation, table, thresholds=[0.25, 0.5], draws=10).metrics()
    assert {"sensitivity_at_0.25", "net_benefit_at_0.5", "gain_at_0.5"} <= set(metrics)


def test_thresholds_that_are_none_are_refused(make_study):
    table, evaluation = make_study(40)
    with pytest.raises(DataError, match="likelihoods above 0 and below 1"):
        compute_usefulness(evaluation, table, thresholds=[])
