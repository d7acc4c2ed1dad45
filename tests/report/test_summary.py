import datetime

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.evaluation import Evaluation, Verdict, cross_validate_many, make_verdict, refit
from stratify.folds import make_folds
from stratify.report import summarise_calibration, summarise_study
from stratify.task import Table

DAY = datetime.date(2026, 11, 2)


@pytest.fixture(scope="module")
def table() -> Table:
    from made import RULE, make_small_cohort

    from stratify.task import Task, assemble

    return assemble(Task(rule=RULE, question="prognosis"), make_small_cohort(60))


@pytest.fixture(scope="module")
def evaluations(table: Table) -> tuple[Evaluation, ...]:
    folds = make_folds(table.y, table.groups, folds=3, repeats=2)
    return cross_validate_many([("prevalence", table), ("logistic", table)], folds, inner_folds=3)


def test_a_summary_tells_what_the_study_found(
    table: Table, evaluations: tuple[Evaluation, ...]
) -> None:
    model = refit(evaluations[1], table, inner_folds=3)
    verdict = Verdict("responder model", ("logistic", "clinical"), "It predicts.")
    study = summarise_study("small", model, evaluations, verdict, date=DAY)
    assert study.metrics == evaluations[1].metrics
    assert (study.n_patients, study.n_responders) == (len(table), int(table.y.sum()))
    assert (study.question, study.digest, study.simulated) == ("prognosis", table.digest, True)
    assert study.validation == "3-fold cross-validation, drawn 2 times"
    assert study.responder_model
    assert study.n_models == 1  # the prevalence is a reference, not a model tried


@pytest.mark.parametrize("found", [None, ("logistic", "both"), ("xgboost", "clinical")])
def test_a_model_the_verdict_does_not_name_is_no_responder_model(
    found: tuple[str, str] | None, table: Table, evaluations: tuple[Evaluation, ...]
) -> None:
    model = refit(evaluations[1], table, inner_folds=3)
    verdict = Verdict("cannot tell", found, "Nobody can tell.")
    assert not summarise_study("small", model, evaluations, verdict, date=DAY).responder_model


def test_the_evaluations_must_be_of_the_model(
    table: Table, evaluations: tuple[Evaluation, ...]
) -> None:
    model = refit(evaluations[1], table, inner_folds=3)
    verdict = make_verdict(evaluations, table)
    with pytest.raises(DataError, match="one of the model, clinical logistic"):
        summarise_study("small", model, evaluations[:1], verdict)


def test_the_bins_hold_every_patient_and_every_responder(
    table: Table, evaluations: tuple[Evaluation, ...]
) -> None:
    bins = summarise_calibration(evaluations[1].predictions)
    patients = np.array([part.patients for part in bins])
    assert abs(patients.sum() - len(table)) <= 1  # each bin's count is rounded
    responders = sum(part.patients * part.observed for part in bins)
    assert responders == pytest.approx(table.y.sum(), abs=1)
    assert all(part.low <= part.predicted <= part.high for part in bins)
