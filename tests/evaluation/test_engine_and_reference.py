"""The engine's numbers are those of plain scikit-learn and XGBoost, whatever is asked of it."""

import numpy as np
import pytest
from made_dropouts import make_dropout_table, make_dropouts
from made_study import make_study

from stratify.evaluation.engine import fit_folds, is_possible, make_work
from stratify.folds import draw_folds
from stratify.metrics import compute_auc
from stratify.model import FAMILIES, AveragedClassifier
from stratify.model.forest import RandomTrees
from stratify.preprocess import Preparation

PREPARATIONS = {
    "nothing": Preparation(),
    "confounds": Preparation(remove=("age", "mean_fd")),
    "combat": Preparation(remove=("mean_fd",), harmonise="combat", preserve=("severity",)),
    "blocks": Preparation(represent="network blocks"),
    "seeds": Preparation(represent="seeds"),
    "graph": Preparation(represent="graph"),
    "partial correlation": Preparation(represent="partial correlation"),
    "tangent": Preparation(represent="tangent"),
    "held constant": Preparation(hold_constant=("age", "sex")),
}
DESIGNS = {
    "repeated": {"repeats": 2},
    "families together": {"together": "family"},
    "sites": {"scheme": "leave one site out"},
    "sites, confounds removed": {
        "scheme": "leave one site out",
        "preparation": Preparation(remove=("age", "mean_fd")),
    },
    "trials": {"scheme": "leave one trial out"},
    "time": {"scheme": "temporal"},
}


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setitem(RandomTrees.__init__.__kwdefaults__, "n_trees", 20)


def assert_engine_equals_reference(tables, folds):
    """Hold scores to 1e-6 and choices exactly, of every family on every table, in every fold."""
    candidates = [(f, one) for f in FAMILIES for one in tables if is_possible(f, one)]
    fast, plain = (
        fit_folds(make_work(candidates, folds, inner_folds=3, seed=0, engine=engine))
        for engine in ("fast", "reference")
    )
    assert len(fast) == len(candidates) * len(folds)
    for (k, j), ours in fast.items():
        theirs, where = plain[k, j], (candidates[k][0], candidates[k][1].features, j)
        np.testing.assert_allclose(
            ours.log_odds, theirs.log_odds, rtol=0, atol=1e-6, err_msg=str(where)
        )
        assert choices_of(ours.classifier) == choices_of(theirs.classifier), where
        held_out = tables[0].y[folds[j].test]
        if set(held_out) == {0, 1}:
            # Patients in leaves that sum to the same are tied, whatever rounding makes of it.
            one, other = (compute_auc(held_out, r.log_odds.round(9)) for r in (ours, theirs))
            assert one == pytest.approx(other, abs=1e-6), where


def choices_of(classifier):
    """Return the chosen grid points; the weights of a fusion are no choices, but fitted."""
    if isinstance(classifier, AveragedClassifier):
        return [choices_of(part) for part in classifier.parts_]
    return {k: v for k, v in classifier.parameters_.items() if not k.endswith("_weight")}


@pytest.mark.parametrize("preparation", PREPARATIONS)
def test_every_family_under_every_preparation(preparation):
    table, folds = make_study(PREPARATIONS[preparation])
    assert_engine_equals_reference([table], folds)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_family_in_every_fold_design(design):
    table, folds = make_study(**DESIGNS[design])
    assert_engine_equals_reference([table], folds)


def test_every_family_on_every_feature_set():
    table, folds = make_study()
    assert table.has == ("clinical", "connectivity", "both", "late fusion")
    assert_engine_equals_reference([table.select(features) for features in table.has], folds)


def test_every_family_with_values_and_edges_to_impute():
    table, folds = make_study(uncovered=0.1)
    assert table.X.isna().any(axis=1).mean() > 0.5
    assert_engine_equals_reference([table], folds)


def test_every_family_with_outcomes_to_impute():
    table = make_dropout_table(make_dropouts(80)[0], imputations=2)
    folds = draw_folds(table, folds=3, inner_folds=3)
    assert table.missing.any()
    assert_engine_equals_reference([table], folds)
