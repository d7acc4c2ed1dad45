from __future__ import annotations

import signal

import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError, Fault
from stratify.tracking import find_identifiers, list_studies, pseudonymise
from stratify.tracking.items import hide_patients
from stratify.tracking.pseudonyms import read_key


def run_of(store, run_id):
    return store.client.get_run(run_id)


def test_each_model_is_a_run_at_the_top_level_tagged_with_its_study(trained):
    store, study, models = trained
    for run_id, family in zip(models, ["prevalence", "logistic"], strict=True):
        run = run_of(store, run_id)
        assert run.info.status == "FINISHED"
        assert run.info.run_name == f"both · {family}"
        assert "mlflow.parentRunId" not in run.data.tags
        expected = {
            "study": "demo",
            "study_run": study,
            "family": family,
            "features": "both",
            "simulated": "true",
            "cohort_digest": "ab" * 32,
            "stratify.kind": "model",
            "stratify.state": "complete",
            "mlflow.note.content": f"**{family}** on both",
        }
        assert expected.items() <= run.data.tags.items()


def test_the_study_run_says_the_verdict_in_words(trained):
    store, study, _ = trained
    run = run_of(store, study)
    assert run.info.status == "FINISHED"
    assert run.data.tags["stratify.kind"] == "study"
    assert run.data.tags["stratify.state"] == "complete"
    assert run.data.tags["verdict"] == "No usable individual prediction."
    assert run.data.tags["mlflow.note.content"] == "No usable individual prediction."
    assert run.data.params == {"validation.folds": "5", "seed": "0"}


def test_params_and_metrics_are_written_as_they_are(trained):
    store, _, models = trained
    data = run_of(store, models[1]).data
    assert data.params == {"C": "0.1", "penalty": "l1, l2", "calibrate": "true"}
    assert data.metrics["auc"] == 0.6
    assert data.metrics["auc_low"] == 0.5
    assert len(store.client.get_metric_history(models[1], "auc")) == 1


def test_folds_are_the_steps_of_a_metric_in_the_order_of_repeats(trained):
    store, _, models = trained
    history = store.client.get_metric_history(models[0], "fold/auc")
    by_step = {metric.step: metric.value for metric in history}
    expected = [0.5 + repeat + fold / 10 for repeat in range(2) for fold in range(5)]
    np.testing.assert_allclose([by_step[step] for step in range(10)], expected)
    assert "fold/n_test" not in run_of(store, models[0]).data.metrics


def test_a_metric_that_cannot_be_estimated_is_left_out(store, begin, make_model_run):
    with begin(store) as study:
        metrics = {"auc": 0.5, "calibration_slope": float("nan"), "log_loss": float("inf")}
        run_id = study.log_model_run(make_model_run(metrics=metrics, fold_metrics=None))
    assert run_of(store, run_id).data.metrics == {"auc": 0.5}


def test_more_params_and_metrics_than_one_request_may_carry_all_arrive(
    store, begin, make_model_run
):
    params = {f"param{number}": number for number in range(250)}
    folds = pd.DataFrame({"repeat": range(1500), "fold": 0, "auc": 0.5})
    with begin(store) as study:
        run_id = study.log_model_run(make_model_run(params=params, fold_metrics=folds))
    assert len(run_of(store, run_id).data.params) == 250
    assert len(store.client.get_metric_history(run_id, "fold/auc")) == 1500


def test_the_data_show_as_a_digest_without_rows(trained):
    store, study, models = trained
    for run_id in (study, *models):
        (given,) = run_of(store, run_id).inputs.dataset_inputs
        assert (given.dataset.name, given.dataset.digest) == ("realistic", "abababababab")
        assert '"patients": 40' in given.dataset.profile
        assert given.dataset.schema is None


def test_no_identifier_of_a_patient_is_in_any_file_or_in_the_database(store, train, patients):
    train(store, register=True, tables={"flow": pd.DataFrame({"patient": patients})})
    assert list(store.folder.rglob("predictions.csv"))
    assert list(store.folder.rglob("input_example.json"))
    assert find_identifiers(store.folder, patients) == ()


def test_rows_of_patients_are_keyed_by_pseudonyms_that_only_the_key_leads_to(trained, patients):
    store, _, _ = trained
    expected = pseudonymise(patients, read_key(store.folder))
    for name in ("predictions", "contributions"):
        for path in store.folder.rglob(f"{name}.csv"):
            assert tuple(pd.read_csv(path)["patient"]) == expected
    assert pseudonymise(patients, b"another key") != expected
    for path in store.folder.rglob("unnamed.csv"):
        assert list(pd.read_csv(path).columns) == ["ACC~DLPFC"]


def test_pseudonyms_do_not_collide_and_do_not_depend_on_the_company():
    many = [f"patient-{number}" for number in range(20_000)]
    together = pseudonymise(many, b"key")
    assert len(set(together)) == len(many)
    assert pseudonymise(many[7:8], b"key") == together[7:8]


def test_patients_are_hidden_in_an_index_of_several_levels(patients):
    index = pd.MultiIndex.from_product([patients[:3], [0, 1]], names=["patient", "repeat"])
    hidden = hide_patients(pd.DataFrame({"y": range(6)}, index=index), b"key")
    assert tuple(hidden["patient"])[::2] == pseudonymise(patients[:3], b"key")
    assert not set(patients) & set(hidden.astype(str).to_numpy().ravel())


def test_hiding_patients_leaves_the_table_given_unchanged(patients):
    table = pd.DataFrame({"patient": patients, "y": 1})
    before = table.copy()
    hide_patients(table, b"key")
    pd.testing.assert_frame_equal(table, before)


def test_only_a_responder_model_is_registered(store, train):
    train(store)
    assert list(store.client.search_registered_models()) == []
    study, models = train(store, register=True)
    version = store.client.get_model_version_by_alias("responder-demo", "champion")
    assert version.run_id == models[1]
    assert run_of(store, study).data.tags["responder_run"] == models[1]


def test_the_alias_goes_to_the_latest_responder_model(store, train):
    train(store, register=True)
    _, models = train(store, register=True)
    version = store.client.get_model_version_by_alias("responder-demo", "champion")
    assert (str(version.version), version.run_id) == ("2", models[1])


class CrashError(Exception):
    pass


@pytest.mark.parametrize("error", [CrashError, KeyboardInterrupt, SystemExit])
def test_a_study_left_by_an_error_is_failed_and_says_by_what(store, begin, make_model_run, error):
    with pytest.raises(error), begin(store) as study:  # noqa: PT012
        done = study.log_model_run(make_model_run())
        raise error
    run = run_of(store, study.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["stratify.state"] == "failed"
    assert run.data.tags["stratify.failure"] == error.__name__
    assert run_of(store, done).data.tags["stratify.state"] == "complete"


def test_the_message_of_an_error_stays_out_of_the_store(store, begin, patients):
    fault = Fault(where="cohort.csv", met="74 for TK-007", wanted="60", way_out="Correct it.")
    with pytest.raises(DataError), begin(store):
        raise DataError(fault)
    assert find_identifiers(store.folder, patients) == ()


def test_a_model_that_cannot_be_written_fails_its_run_and_its_study(store, begin, make_model_run):
    def crash(folder):
        (folder.parent / "half").write_text("")
        raise CrashError

    with pytest.raises(CrashError), begin(store) as study:  # noqa: PT012
        study.log_model_run(make_model_run())
        study.log_model_run(make_model_run("xgboost", model=crash))
    (summary,) = list_studies(store)
    assert summary.state == "failed"
    assert [model.state for model in summary.models] == ["complete", "failed"]
    assert run_of(store, summary.models[1].run_id).info.status == "FAILED"
    assert not list(store.folder.rglob("half"))


def test_the_termination_signal_is_given_back(store, begin):
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with begin(store):
        assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_study_writes_nothing_into_the_tables_it_is_given(store, train, X):
    before = X.copy()
    train(store)
    pd.testing.assert_frame_equal(X, before)
