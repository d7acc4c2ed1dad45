"""A small study with real models, from its table to what is read back of it."""

from __future__ import annotations

import dataclasses
import datetime
import sys

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.cohort import Cohort
from stratify.evaluation import (
    compute_usefulness,
    cross_validate_many,
    make_verdict,
    refit,
)
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.metrics.estimates import METRICS
from stratify.task import Task, assemble
from stratify.tracking import (
    describe_study,
    find_identifiers,
    find_run,
    list_models,
    load_run,
    make_comparison,
    make_model_run,
    make_study_record,
    start_study,
)

VALIDATION = {"folds": 3, "repeats": 2, "inner_folds": 3, "seed": 0, "together": "patient"}


@pytest.fixture(scope="module")
def study(copy_store, tmp_path_factory):
    """A store with a study of two models, the models as they were logged, and their table."""
    cohort = make_small_cohort(60)
    table = assemble(
        Task(rule=RULE, question="prognosis"), cohort, make_small_connectomes(cohort, 4)
    )
    folds = make_folds(table.y, table.groups, folds=3, repeats=2, seed=0)
    candidates = [("prevalence", table), ("logistic", table)]
    evaluations = cross_validate_many(candidates, folds, inner_folds=3, seed=0)
    record = make_study_record(
        table,
        "small",
        validation={**VALIDATION, "level": 0.95},
        models_tried=1,
        columns_toml="",
        trained_on=datetime.date(2026, 11, 22),
    )
    store = copy_store(tmp_path_factory.mktemp("small") / "mlruns")
    models = [refit(evaluation, table, inner_folds=3, seed=0) for evaluation in evaluations]
    with start_study(
        store, experiment="small", name="small", digest=table.digest, params=record.params
    ) as run:
        run_ids = [
            run.log_model_run(
                make_model_run(
                    record,
                    evaluation,
                    model,
                    explain(model, table.X),
                    table.X,
                    examined=[compute_usefulness(evaluation, table, draws=20)],
                )
            )
            for evaluation, model in zip(evaluations, models, strict=True)
        ]
        compared, figure = make_comparison(evaluations, run_ids)
        verdict = make_verdict(evaluations, table)
        run.finish(
            verdict=verdict.words,
            description=describe_study(record, evaluations, verdict),
            tables={"comparison": compared},
            figures={"comparison": figure},
            responder=run_ids[1],
            register_as="small",
        )
    return store, dict(zip(run_ids, models, strict=True)), evaluations, table


def test_what_likelihoods_are_worth_is_kept_as_tables_figures_and_metrics(study):
    store, models, _, _ = study
    loaded = load_run(store, list(models)[1])
    kept = pd.read_csv(loaded.folder / "tables" / "at_thresholds.csv")
    assert kept["threshold"].tolist() == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert loaded.metrics["net_benefit_at_0.5"] == pytest.approx(kept["net_benefit"][2])
    for name in ("calibration_curve", "decision_curve", "at_thresholds"):
        assert (loaded.folder / "figures" / f"{name}.png").exists()
        assert (loaded.folder / "tables" / f"{name}.csv").exists()


def test_a_model_predicts_the_same_after_it_was_kept(study):
    store, models, _, table = study
    for run_id, model in models.items():
        kept = load_run(store, run_id).model
        pd.testing.assert_frame_equal(
            kept.predict(table.X).table, model.predict(table.X).table, atol=1e-12
        )


def test_mlflow_serves_the_same_likelihoods(study):
    import mlflow.pyfunc

    store, models, _, table = study
    run_id, model = list(models.items())[1]
    (output,) = store.client.get_run(run_id).outputs.model_outputs
    served = mlflow.pyfunc.load_model(
        store.client.get_logged_model(output.model_id).artifact_location
    )
    sent = table.X.astype({"sex": object})
    answer = served.predict(sent, params={"level": 0.9})
    expected = model.predict(table.X, level=0.9).table
    np.testing.assert_allclose(answer[list(expected.columns)], expected, atol=1e-12)


def test_no_patient_is_in_what_real_models_leave_behind(study):
    store, _, _, table = study
    assert list(store.folder.rglob("*.skops"))
    assert find_identifiers(store.folder, table.patients) == ()


def test_each_metric_of_a_run_is_that_of_its_evaluation_with_its_bounds(study):
    store, models, evaluations, _ = study
    for run_id, evaluation in zip(models, evaluations, strict=True):
        metrics = load_run(store, run_id).metrics
        for name in METRICS:
            for key, value in evaluation.metrics[name].to_dict(name).items():
                assert (key in metrics) == np.isfinite(value)
                if key in metrics:
                    assert metrics[key] == value


def test_out_of_fold_rows_say_what_the_evaluation_said_without_saying_who(study):
    store, models, evaluations, table = study
    kept = pd.read_csv(load_run(store, list(models)[1]).folder / "tables" / "out_of_fold.csv")
    predictions = evaluations[1].predictions
    np.testing.assert_allclose(kept["probability"], predictions["probability"])
    assert kept["patient"].nunique() == len(table)
    together = pd.DataFrame({"named": predictions["patient"].to_numpy(), "kept": kept["patient"]})
    assert len(together.drop_duplicates()) == len(table)  # one pseudonym each, none shared


def test_the_study_page_begins_with_the_verdict_and_lists_each_model(study):
    store, _, evaluations, _ = study
    loaded = load_run(store, find_run(store, "small").run_id)
    words = loaded.tags["mlflow.note.content"]
    assert words.startswith("**SIMULATED PATIENTS")
    assert loaded.tags["verdict"] in words
    for evaluation in evaluations:
        assert f"- **{evaluation.name}**: AUC" in words
    assert "|" not in words


def test_models_are_ranked_by_their_auc(study):
    store, _, _, _ = study
    ranked = list_models(store, find_run(store, "small").run_id)
    aucs = [load_run(store, model.run_id).metrics["auc"] for model in ranked]
    assert aucs == sorted(aucs, reverse=True)
    assert len(aucs) == 2


def test_a_model_is_not_loaded_when_its_file_holds_foreign_classes(study, tmp_path):
    import shutil

    import skops.io

    from stratify.errors import DataError
    from stratify.tracking import open_store

    store, models, _, _ = study
    shutil.copytree(store.folder, tmp_path / "mlruns")
    for path in (tmp_path / "mlruns").rglob("classifiers.skops"):
        skops.io.dump([sys.exit], path)
    with pytest.raises(DataError, match=r"sys\.exit"):
        load_run(open_store(tmp_path / "mlruns"), next(iter(models)))


def test_a_landmark_study_says_so_in_its_runs_parameters():
    cohort = make_small_cohort(60)
    columns = tuple(
        dataclasses.replace(column, measured="during", visit="week 2", day=14)
        if column.name == "severity"
        else column
        for column in cohort.columns
    )
    early = Cohort(cohort.frame, columns, simulated=True)
    plain, landmark = (
        make_study_record(
            assemble(Task(rule=RULE, question="prognosis", landmark=visit), early),
            "small",
            validation=VALIDATION,
            models_tried=1,
            columns_toml="",
            trained_on=datetime.date(2026, 11, 22),
        ).params
        for visit in (None, "week 2")
    )
    assert landmark["landmark"] == "week 2"
    assert "says nothing of a patient at baseline" in landmark["read_with_care"]
    assert plain["landmark"] is plain["read_with_care"] is None
