import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.evaluation import Verdict, cross_validate_many, refit
from stratify.folds import make_folds
from stratify.model import FittedModel
from stratify.report import PatientReport, StudySummary, build_reports, summarise_study
from stratify.schema import Column
from stratify.task import Task, assemble

TASK = Task(rule=RULE, question="prognosis")


@pytest.fixture(scope="module")
def trained() -> tuple[StudySummary, FittedModel]:
    table = assemble(TASK, make_small_cohort(90, effect=3))
    folds = make_folds(table.y, table.groups, folds=3)
    evaluations = cross_validate_many([("logistic", table)], folds, inner_folds=3)
    model = refit(evaluations[0], table, inner_folds=3)
    verdict = Verdict("responder model", ("logistic", "clinical"), "It predicts.")
    day = datetime.date(2026, 11, 2)
    return summarise_study("small", model, evaluations, verdict, date=day), model


@pytest.fixture
def cohort() -> Cohort:
    return make_small_cohort(12, seed=5, missing=0.3)


def report_on(trained: tuple[StudySummary, FittedModel], cohort: Cohort, task: Task = TASK):
    study, model = trained
    return build_reports(study, model, assemble(task, cohort, labelled=False))


def test_each_patient_gets_the_likelihood_the_model_predicts(trained, cohort) -> None:
    predicted = trained[1].predict(cohort.frame).table
    reports = report_on(trained, cohort)
    assert tuple(report.patient for report in reports) == cohort.patients
    for report, row in zip(reports, predicted.itertuples(), strict=True):
        if report.likelihood is not None:
            said = report.likelihood
            assert (said.probability, said.low, said.high) == (row.probability, row.low, row.high)


def test_one_patient_alone_gets_the_same_report_as_among_others(trained, cohort) -> None:
    together = report_on(trained, cohort)
    for k in range(len(cohort)):
        (alone,) = report_on(trained, cohort.select(np.array([k])))
        assert without_last_digits(alone) == without_last_digits(together[k])


def without_last_digits(report: PatientReport) -> dict:
    def rounded(value):
        if isinstance(value, float):
            return round(value, 9)
        if isinstance(value, dict):
            return {key: rounded(one) for key, one in value.items()}
        return [rounded(one) for one in value] if isinstance(value, list | tuple) else value

    return rounded(dataclasses.asdict(report))


def test_a_missing_input_is_named_to_those_who_lack_it_alone(trained, cohort) -> None:
    lacking = cohort.frame["age"].isna()
    assert 0 < lacking.sum() < len(cohort)
    for report, lacks in zip(report_on(trained, cohort), lacking, strict=True):
        (section,) = (s for s in report.patient_sections if s.heading.startswith("Inputs"))
        assert ("age" in section.sentences[0]) == lacks


def test_a_value_outside_training_gets_no_likelihood(trained, cohort) -> None:
    cohort.frame.loc["S0003", "severity"] = 99.0
    reports = dict(zip(cohort.patients, report_on(trained, cohort), strict=True))
    assert reports["S0003"].likelihood is None
    (item,) = reports["S0003"].verdict.items
    assert item.startswith("severity: 99 points (training saw ")


def test_a_patient_under_another_treatment_gets_no_likelihood(trained, cohort) -> None:
    study, model = trained
    under = dataclasses.replace(
        model, task=Task(rule=RULE, question="response under treatment", treatment="both")
    )
    arms = pd.Series(["both", "tms"] * 6, index=cohort.frame.index)
    planned = Cohort(
        cohort.frame.assign(arm=arms),
        (*cohort.columns, Column(name="arm", kind="category", role="treatment")),
    )
    reports = report_on((study, under), planned)
    assert all(report.likelihood is None for report in reports[1::2])
    assert any(report.likelihood is not None for report in reports[::2])
    assert "treatment: tms (training saw both alone)" in reports[1].verdict.items


def test_a_site_or_treatment_that_is_not_recorded_is_told_to_those_who_lack_it(trained, cohort):
    study, model = trained
    under = dataclasses.replace(
        model,
        task=Task(rule=RULE, question="response under treatment", treatment="both"),
    )
    k = [one.likelihood is not None for one in report_on(trained, cohort)].index(True)
    frame = cohort.frame.assign(arm="both")
    frame.loc[frame.index[k], ["arm", "site"]] = None
    planned = Cohort(
        frame, (*cohort.columns, Column(name="arm", kind="category", role="treatment"))
    )
    reports = report_on((study, under), planned)
    told = [
        [item for section in one.patient_sections for item in section.items if "recorded" in item]
        for one in reports
    ]
    assert reports[k].likelihood is not None, reports[k].verdict
    assert told.pop(k) == [
        "The site is not recorded. The model knows A, B, C, and would say nothing of anybody "
        "from elsewhere.",
        "The planned treatment is not recorded. The likelihood holds under both alone.",
    ]
    assert not any(told)


def test_simulated_patients_are_labelled_even_when_the_model_is_not_of_such(
    trained, cohort
) -> None:
    study = dataclasses.replace(trained[0], simulated=False)
    assert cohort.simulated
    assert all(report.band for report in report_on((study, trained[1]), cohort))


def test_without_a_responder_model_there_is_no_report(trained, cohort) -> None:
    study = dataclasses.replace(trained[0], responder_model=False, verdict="Cannot tell.")
    with pytest.raises(DataError, match="Cannot tell"):
        report_on((study, trained[1]), cohort)
