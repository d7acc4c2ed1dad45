import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.model import FAMILIES, ResponderClassifier, fit_model, read_model, write_model


def fit(table, family="logistic", replicas=3):
    parts = np.array_split(np.random.default_rng(0).permutation(len(table)), 5)[:replicas]
    rows = [np.setdiff1d(np.arange(len(table)), part) for part in parts]
    fitted = tuple(
        ResponderClassifier(family).fit(table.X.iloc[kept], table.y[kept]) for kept in rows
    )
    return fit_model(table, ResponderClassifier(family), replicas=fitted)


@pytest.mark.parametrize("family", FAMILIES)
def test_model_read_back_predicts_the_same_to_the_last_digit(family, make_table, tmp_path):
    table = make_table(60, regions=6)
    model = fit(table, family)
    again = read_model(write_model(model, tmp_path / "model"))
    pd.testing.assert_frame_equal(
        model.predict(table.X).table, again.predict(table.X).table, check_exact=True
    )
    assert again.task == model.task
    assert again.columns == model.columns
    assert again.ranges == dict(model.ranges)


def test_model_file_holds_no_patient(make_table, tmp_path):
    import zipfile

    table = make_table(60)
    folder = write_model(fit(table), tmp_path)
    archive = zipfile.ZipFile(folder / "classifiers.skops")
    content = (folder / "model.json").read_bytes()
    content += b"".join(archive.read(name) for name in archive.namelist())
    assert not [patient for patient in table.patients if patient.encode() in content]


def test_file_with_a_foreign_class_is_refused_before_it_is_built(make_table, tmp_path):
    import skops.io
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    folder = write_model(fit(make_table(60)), tmp_path)
    evil = Pipeline([("f", FunctionTransformer(eval))])
    (folder / "classifiers.skops").write_bytes(skops.io.dumps([evil]))
    with pytest.raises(DataError, match="no class but scikit-learn's and ours"):
        read_model(folder)


def test_interval_holds_the_likelihood_and_closes_without_replicas(make_table):
    table = make_table(90)
    shown = fit(table).predict(table.X).table
    assert (shown["low"] <= shown["probability"]).all()
    assert (shown["probability"] <= shown["high"]).all()
    alone = fit(table, replicas=0).predict(table.X).table
    assert (alone["low"] == alone["high"]).all()


def test_interval_is_the_delete_d_jackknife(make_table):
    table = make_table(90)
    model = fit(table)
    shown = model.predict(table.X.iloc[:1]).table.iloc[0]
    spread = np.array([r.decision_function(table.X.iloc[:1])[0] for r in model.replicas])
    # Each replica misses a fifth: deviations are widened by sqrt(0.8 / 0.2) = 2.
    half = 1.959964 * 2 * np.sqrt(np.mean((spread - shown["log_odds"]) ** 2))
    assert np.log(shown["high"] / (1 - shown["high"])) == pytest.approx(
        shown["log_odds"] + half, abs=1e-5
    )


def test_interval_of_drawn_refits_is_their_standard_deviation(make_table):
    from dataclasses import replace

    table = make_table(90)
    model = replace(fit(table, replicas=5), left_out_share=None)
    shown = model.predict(table.X.iloc[:1]).table.iloc[0]
    spread = [r.decision_function(table.X.iloc[:1])[0] for r in model.replicas]
    half = 1.959964 * np.std(spread, ddof=1)
    assert np.log(shown["low"] / (1 - shown["low"])) == pytest.approx(
        shown["log_odds"] - half, abs=1e-5
    )


def test_drawn_refits_are_kept_as_such(make_table, tmp_path):
    from dataclasses import replace

    model = replace(fit(make_table(60)), left_out_share=None)
    assert read_model(write_model(model, tmp_path)).left_out_share is None


def test_order_of_columns_does_not_matter(make_table):
    table = make_table(60)
    model = fit(table)
    turned = table.X[table.X.columns[::-1]]
    pd.testing.assert_frame_equal(model.predict(turned).table, model.predict(table.X).table)


def test_missing_column_is_refused_by_name(make_table):
    table = make_table(60)
    with pytest.raises(DataError, match="severity"):
        fit(table, replicas=0).predict(table.X.drop(columns="severity"))


def test_a_landmark_and_a_combined_rule_are_kept_with_the_model(make_table, tmp_path):
    from dataclasses import replace

    from stratify.outcome import ResponseRule, make_rule

    rule = ResponseRule(
        name="both",
        followup="pain_week6",
        all_of=(
            make_rule("sud_who_minus1", baseline="who_before", followup="who_week6"),
            make_rule("pain_30", baseline="pain_before", followup="pain_week6"),
        ),
    )
    table = make_table(60)
    table = replace(table, task=replace(table.task, rule=rule, landmark="week 2"))
    again = read_model(write_model(fit(table), tmp_path / "model"))
    assert again.task == table.task
    assert len(again.task.cautions) == 2
