from __future__ import annotations

import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.tracking import add_to_run, find_run, list_studies, load_run


def test_a_study_name_leads_to_its_latest_complete_run(store, train, begin):
    train(store)
    latest, _ = train(store)
    with pytest.raises(ZeroDivisionError), begin(store):
        raise ZeroDivisionError
    found = find_run(store, "demo")
    assert (found.run_id, found.kind, found.study) == (latest, "study", "demo")
    assert found.study_run == found.run_id


def test_an_alias_leads_to_the_run_of_its_model(store, train):
    study, models = train(store, register=True)
    for word in ("responder-demo@champion", "models:/responder-demo@champion"):
        found = find_run(store, word)
        assert (found.run_id, found.kind, found.study_run) == (models[1], "model", study)


def test_a_study_may_be_called_anything(store, train):
    name = """O'Brien's "TMS/ketamine": öne % of 100"""
    study, models = train(store, name, register=True)
    assert find_run(store, name).run_id == study
    assert find_run(store, f"responder-{name}@champion").run_id == models[1]


def test_a_run_id_leads_to_the_run(trained):
    store, study, models = trained
    assert find_run(store, models[0]).run_id == models[0]
    assert find_run(store, study).kind == "study"


@pytest.mark.parametrize("word", ["dmo", "responder-demo@champoin", "0" * 32, "it's"])
def test_an_unknown_word_is_answered_with_the_nearest(trained, word):
    store, _, _ = trained
    with pytest.raises(DataError, match="no run is called") as refusal:
        find_run(store, word)
    nearest = "responder-demo@champion" if "@" in word else "demo"
    assert nearest in refusal.value.faults[0].way_out


def test_a_word_in_an_empty_store_is_told_to_train(store):
    with pytest.raises(DataError, match="train a study first"):
        find_run(store, "demo")


def test_a_study_that_only_failed_is_said_to_have_failed(store, begin):
    with pytest.raises(ZeroDivisionError), begin(store):
        raise ZeroDivisionError
    with pytest.raises(DataError, match="'demo' is complete; the latest is failed"):
        find_run(store, "demo")


def test_what_was_written_is_read_back(trained, stand_in):
    store, study, models = trained
    loaded = load_run(store, models[1])
    assert loaded.name == "both · logistic"
    assert loaded.params["C"] == "0.1"
    assert loaded.metrics["auc"] == 0.6
    assert loaded.tags["family"] == "logistic"
    assert loaded.study_toml == '[study]\nname = "demo"\n'
    assert loaded.model.shift == 0.25
    assert len(pd.read_csv(loaded.folder / "tables" / "predictions.csv")) == 40
    assert (loaded.folder / "figures" / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert (loaded.folder / "certificate.json").read_text() == '{"passed": true}'
    own = load_run(store, study)
    assert own.model is None
    assert own.study_toml == loaded.study_toml


def test_a_run_that_never_became_complete_is_not_loaded(store, begin):
    with pytest.raises(ZeroDivisionError), begin(store) as study:
        raise ZeroDivisionError
    with pytest.raises(DataError, match="failed, not complete"):
        load_run(store, study.run_id)


def test_studies_are_listed_latest_first_with_their_models_in_order(store, train):
    train(store, "first")
    second, models = train(store, "second", register=True)
    latest, earliest = list_studies(store)
    assert (latest.name, earliest.name) == ("second", "first")
    assert latest.run_id == second
    assert [model.run_id for model in latest.models] == models
    assert latest.responder_run == models[1]
    assert earliest.responder_run == ""
    assert latest.simulated
    assert latest.verdict == "No usable individual prediction."
    assert latest.started.tz is not None
    assert list_studies(store, experiment="another") == ()


def test_an_explanation_can_be_added_to_a_complete_run(store, train, stand_in, patients):
    _, models = train(store)
    importance = pd.DataFrame({"column": ["sex"], "mean_absolute": [0.2]})
    by_patient = pd.DataFrame({"sex": 0.1}, index=pd.Index(patients, name="patient"))
    tables = {"importance": importance, "shap": by_patient}
    add_to_run(store, models[1], tables=tables, tags={"explained": True})
    loaded = load_run(store, models[1])
    pd.testing.assert_frame_equal(
        pd.read_csv(loaded.folder / "tables" / "importance.csv"), importance
    )
    assert (loaded.folder / "tables" / "predictions.csv").is_file()
    assert loaded.tags["explained"] == "true"
    assert not set(patients) & set(pd.read_csv(loaded.folder / "tables" / "shap.csv")["patient"])
