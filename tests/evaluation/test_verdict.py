from dataclasses import replace

import pytest

from stratify.errors import DataError
from stratify.evaluation import (
    Certificate,
    Check,
    compute_gain,
    cross_validate_many,
    evaluate_references,
    make_verdict,
)
from stratify.folds import make_folds


def evaluate(table, seed=0):
    folds = make_folds(table.y, table.groups, folds=5, repeats=2, seed=seed)
    return cross_validate_many([("prevalence", table), ("logistic", table)], folds)


def test_strong_planted_signal_makes_a_responder_model(make_table):
    table = make_table(250, effect=1.2)
    folds = make_folds(table.y, table.groups, folds=5, repeats=2)
    simple = evaluate_references(table, folds)
    verdict = make_verdict(evaluate(table), table, references=simple)
    assert verdict.finding == "responder model"
    assert verdict.model == ("logistic", "clinical")
    assert "not been tested on patients from elsewhere" in verdict.words
    assert "simulated patients" in verdict.words


def test_noise_makes_no_responder_model(make_table):
    for seed in range(5):
        table = make_table(100, effect=0.0, seed=seed)
        verdict = make_verdict(evaluate(table, seed), table)
        assert verdict.finding == "cannot tell"
        assert verdict.model is None
        assert "no report is issued" in verdict.words


def test_too_good_to_be_true_is_an_alarm(make_table):
    table = make_table(150, effect=6.0)
    verdict = make_verdict(evaluate(table), table)
    assert verdict.finding == "alarm"
    assert verdict.model is None
    assert "Look for a leak" in verdict.words


def test_failed_certificate_outranks_everything(make_table):
    table = make_table(150, effect=1.2)
    evaluations = evaluate(table)
    broken = Certificate((Check("rows are apart", passed=False, detail="1 column: flag"),), "")
    verdict = make_verdict([evaluations[0], replace(evaluations[1], certificate=broken)], table)
    assert verdict.finding == "leak"
    assert "rows are apart (1 column: flag)" in verdict.words
    assert "rows are apart" in verdict.words


def test_gain_over_itself_is_nothing(make_table):
    table = make_table(60)
    _, logistic = evaluate(table)
    gain = compute_gain(logistic, logistic)
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_gain_on_other_folds_is_refused(make_table):
    table = make_table(60)
    first = evaluate(table)[1]
    shorter = replace(first, by_fold=first.by_fold.iloc[:5])
    with pytest.raises(DataError, match="same folds"):
        compute_gain(first, shorter)


def test_model_alone_cannot_be_judged(make_table):
    table = make_table(60)
    _, logistic = evaluate(table)
    assert make_verdict([logistic], table).finding == "cannot tell"
