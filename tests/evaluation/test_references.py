"""A responder model beats every simple one; the words name those it did not beat."""

from dataclasses import replace

import numpy as np
import pytest

from stratify.evaluation import (
    compute_gain,
    compute_gains_over,
    cross_validate_many,
    evaluate_references,
    make_verdict,
)
from stratify.folds import make_folds
from stratify.references import Reference


def study(table, repeats=2):
    folds = make_folds(table.y, table.groups, folds=5, repeats=repeats, seed=1)
    evaluations = cross_validate_many(
        [("prevalence", table), ("logistic", table)], folds, inner_folds=3
    )
    return evaluations, evaluate_references(table, folds, inner_folds=3)


def alone(table, name):
    column = next(c for c in table.columns if c.name == name)
    return Reference("severity", (column,), table.X[[name]])


@pytest.fixture(scope="module")
def made():
    from made import RULE, make_small_cohort

    from stratify.task import Task, assemble

    return assemble(Task(rule=RULE, question="prognosis"), make_small_cohort(250, effect=1.2))


def test_model_that_beats_the_simple_ones_says_so(made):
    evaluations, references = study(made)
    assert [one.name for one in references] == ["covariates alone", "site alone"]
    verdict = make_verdict(evaluations, made, references=references)
    assert verdict.finding == "responder model"
    assert "better than each of covariates alone, site alone" in verdict.words
    assert all(gain.beats for gain in verdict.gains)


def test_model_that_only_knows_what_one_column_tells_is_no_responder_model(made):
    # Without sex, severity is all there is to know: a model of more columns cannot beat it.
    known = replace(made, X=made.X[["severity", "age"]], columns=made.columns[:2])
    known = replace(known, references=(alone(known, "severity"),))
    evaluations, references = study(known)
    nobody = replace(known, references=())
    assert make_verdict(evaluations, nobody).finding == "responder model"
    verdict = make_verdict(evaluations, known, references=references)
    assert verdict.finding == "cannot tell"
    assert verdict.model is None
    assert "has not beaten severity alone (AUC" in verdict.words


def test_model_that_was_not_held_against_a_simple_one_is_no_responder_model(made):
    evaluations, references = study(made)
    for some, absent in (((), "covariates alone"), (references[:1], "site alone")):
        verdict = make_verdict(evaluations, made, references=some)
        assert verdict.finding == "cannot tell"
        assert verdict.model is None
        assert f"was not held against {absent}" in verdict.words
        assert "evaluate_references" in verdict.words


def test_gain_within_the_region_is_none(made):
    evaluations, references = study(made, repeats=1)
    (over,) = compute_gains_over(evaluations[1:], references[:1], region=0.0)
    assert over.log_loss == compute_gain(evaluations[1], references[0])
    assert over.beats
    (wide,) = compute_gains_over(evaluations[1:], references[:1], region=0.9)
    assert not wide.beats
    verdict = make_verdict(evaluations, made, references=references, region=0.9)
    assert verdict.finding == "cannot tell"


def test_simple_models_are_not_among_those_tried(made):
    evaluations, references = study(made, repeats=1)
    words = make_verdict(evaluations, made, references=references).words
    assert "1 model was tried" in words


def test_certificate_of_a_simple_model_allows_its_site(made):
    _, references = study(made, repeats=1)
    assert all(one.certificate.passed for one in references)
    assert all(np.isfinite(one.metrics["log_loss"].value) for one in references)
