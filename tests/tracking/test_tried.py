from types import SimpleNamespace

import pytest

from stratify.metrics import Estimate
from stratify.tracking import find_tried


def table_of(patients="a", outcome="b"):
    return SimpleNamespace(patients_digest=patients * 64, outcome_digest=outcome * 64)


def evaluation_of(family, features, auc, log_loss=float("nan")):
    metrics = {"auc": Estimate(auc, 0, 1), "log_loss": Estimate(log_loss, 0, 1)}
    return SimpleNamespace(family=family, features=features, metrics=metrics)


@pytest.fixture
def add(store, begin, make_model_run):
    """Write a study of one model on the patients and outcome of a table."""

    def add(table, name="demo", auc=0.6, log_loss=0.65, family="logistic", features="both"):
        tags = find_tried(store, table).tags
        with begin(store, name) as study:
            metrics = {"auc": auc, "log_loss": log_loss}
            study.log_model_run(
                make_model_run(family, features, metrics=metrics, tags=tags, model=None)
            )
            study.finish(verdict="Cannot tell.")

    return add


def test_an_empty_store_has_tried_nothing(store):
    tried = find_tried(store, table_of())
    assert tried.count() == 0
    assert tried.runs.empty
    assert tried.describe([evaluation_of("svm", "both", 0.6, 0.6)]) == (
        "1 model has been tried on this outcome of these patients in this store."
    )


def test_models_of_other_studies_on_these_patients_are_counted(store, add):
    add(table_of(), "one")
    add(table_of(), "two", auc=0.61)
    add(table_of(outcome="c"), "remission", auc=0.62)
    add(table_of(patients="d", outcome="e"), "elsewhere", auc=0.63)
    tried = find_tried(store, table_of())
    assert tried.count() == 2
    assert tried.on_other_outcomes == 1
    assert tried.runs["study"].tolist() == ["one", "two", "remission"]
    new = [evaluation_of("logistic", "both", 0.6, 0.65), evaluation_of("svm", "both", 0.7, 0.6)]
    assert tried.count(new) == 3
    assert tried.describe(new) == (
        "3 models have been tried on this outcome of these patients in this store, 1 of them new "
        "in this study; 1 more on other outcomes of the same patients."
    )


def test_a_model_trained_again_counts_once(store, add):
    add(table_of(), "one")
    add(table_of(), "one")
    tried = find_tried(store, table_of())
    assert len(tried.runs) == 2
    assert tried.count() == 1


def test_the_prevalence_is_no_model(store, add):
    add(table_of(), family="prevalence", features="none")
    assert find_tried(store, table_of()).count() == 0


def test_a_store_s_tags_say_nothing_without_its_secret(store, copy_store, tmp_path):
    other = copy_store(tmp_path / "other")
    (other.folder / ".pseudonym-key").write_bytes(b"another secret")
    tags = [find_tried(each, table_of()).tags for each in (store, other)]
    assert tags[0] != tags[1]
    assert find_tried(store, table_of()).tags == tags[0]
