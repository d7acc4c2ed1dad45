import numpy as np
import pytest
import shap
import xgboost
from sklearn.ensemble import ExtraTreesClassifier

from stratify.explanation import block_name, explain
from stratify.model import FAMILIES, ResponderClassifier, fit_model


def fit(table, family):
    return fit_model(table, ResponderClassifier(family, inner_folds=3))


@pytest.mark.parametrize("family", FAMILIES)
def test_shap_values_and_base_add_up_to_the_calibrated_log_odds(family, make_table):
    table = make_table(80, regions=8, effect=2.0)
    model = fit(table, family)
    explanation = explain(model, table.X)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.classifier.decision_function(table.X), atol=1e-9)
    np.testing.assert_allclose(
        explanation.base + explanation.by_network().sum(axis=1), explanation.log_odds, atol=1e-9
    )


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "prevalence"])
def test_patient_alone_gets_the_same_reasons_as_in_the_cohort(family, make_table):
    table = make_table(60, effect=2.0)
    model = fit(table, family)
    together = explain(model, table.X).contributions
    for k in range(10):
        alone = explain(model, table.X.iloc[k : k + 1])
        np.testing.assert_allclose(alone.contributions, together.iloc[k : k + 1], atol=1e-9)


def test_linear_values_agree_with_the_shap_package(make_table):
    table = make_table(80, effect=2.0)
    model = fit(table, "logistic")
    classifier = model.classifier
    encoded = classifier.encoder_.transform(table.X)
    peer = shap.LinearExplainer(
        (classifier.model_.coef_[0], classifier.model_.intercept_[0]),
        shap.maskers.Independent(np.zeros((1, encoded.shape[1]))),
    ).shap_values(encoded)
    severity = explain(model, table.X).contributions["severity"]
    np.testing.assert_allclose(severity, classifier.slope_ * peer[:, 0], atol=1e-9)


def test_tree_values_agree_with_xgboosts_own_to_single_precision(make_table):
    table = make_table(100, effect=2.0)
    model = fit(table, "xgboost")
    classifier = model.classifier
    encoded = classifier.encoder_.transform(table.X)[:, classifier.model_.kept_]
    peer = classifier.model_.booster_.predict(xgboost.DMatrix(encoded), pred_contribs=True)
    ours = explain(model, table.X).contributions
    np.testing.assert_allclose(ours["severity"], classifier.slope_ * peer[:, 0], atol=1e-4)
    # The two columns of sex fold back to one.
    np.testing.assert_allclose(ours["sex"], classifier.slope_ * peer[:, 2:4].sum(axis=1), atol=1e-4)


def test_forest_values_agree_with_the_shap_package_on_scikit_learns_trees(make_table):
    table = make_table(100, effect=2.0, missing=0.0)
    model = fit(table, "forest")
    classifier = model.classifier
    encoded = classifier.encoder_.transform(table.X)
    peer = ExtraTreesClassifier(
        classifier.model_.n_trees,
        min_samples_leaf=int(np.ceil(classifier.parameters_["leaf_share"] * 100)),
        random_state=classifier.model_.random_state,
    ).fit(encoded, table.y)
    values = shap.TreeExplainer(peer).shap_values(encoded)[:, :, 1]
    ours = explain(model, table.X).contributions
    np.testing.assert_allclose(ours["severity"], classifier.slope_ * values[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        ours["sex"], classifier.slope_ * values[:, 2:4].sum(axis=1), atol=1e-6
    )


def test_trees_that_never_split_give_no_reasons(make_table):
    table = make_table(60)
    model = fit(table, "forest")
    forest = model.classifier.model_
    trees = len(forest.first_) - 1
    forest.first_ = np.arange(trees + 1)
    for name in ("left_", "right_", "default_", "column_"):
        setattr(forest, name, np.full(trees, -1))
    forest.threshold_, forest.value_ = np.zeros(trees), np.full(trees, 0.1 / trees)
    forest.weight_ = np.full(trees, 60.0)
    explanation = explain(model, table.X)
    assert (explanation.contributions == 0).all(axis=None)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "prevalence"])
def test_planted_column_is_the_one_explained(family, make_table):
    table = make_table(200, regions=6, effect=2.5)
    importance = explain(fit(table, family), table.X).importance()
    assert importance["column"].iloc[0] == "severity"


def test_missing_value_contributes_nothing_to_a_linear_model(make_table):
    table = make_table(80, effect=2.0, missing=0.3)
    explanation = explain(fit(table, "logistic"), table.X)
    missing = table.X["age"].isna().to_numpy()
    assert missing.any()
    assert (explanation.contributions["age"][missing] == 0).all()


def test_reasons_name_columns_in_words_and_sum_the_rest(make_table):
    table = make_table(80, regions=6, effect=2.0)
    explanation = explain(fit(table, "logistic"), table.X)
    reasons = explanation.reasons(0, most=2)
    assert len(reasons) == 3
    assert reasons[-1].label == "everything else"
    total = explanation.base + sum(reason.contribution for reason in reasons)
    assert total == pytest.approx(explanation.log_odds[0], abs=1e-9)


def test_edges_are_summed_to_pairs_of_networks(make_table):
    table = make_table(80, regions=6)
    explanation = explain(fit(table, "logistic"), table.X)
    blocks = explanation.by_network()
    names = {block_name(column) for column in table.columns} - {None}
    assert set(blocks.columns) == {"severity", "age", "sex"} | names
    inside = [c.name for c in table.columns if block_name(c) == "DMN-SN"]
    np.testing.assert_allclose(
        blocks["DMN-SN"], explanation.contributions[inside].sum(axis=1), atol=1e-12
    )
