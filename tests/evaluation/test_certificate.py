import json
from dataclasses import replace

import numpy as np
import pytest

from stratify.evaluation import check_canaries, cross_validate, make_certificate
from stratify.folds import make_folds
from stratify.model import ResponderClassifier
from stratify.schema import Column


@pytest.fixture
def honest(make_table):
    table = make_table(60)
    folds = make_folds(table.y, table.groups, folds=3)
    evaluation = cross_validate(table, "logistic", folds, inner_folds=3)
    return table, folds, evaluation


def failed(certificate):
    return [check.name for check in certificate.checks if not check.passed]


def test_honest_evaluation_passes(honest):
    assert honest[2].certificate.passed


def test_certificate_can_be_written_as_json(honest):
    table, folds, evaluation = honest
    certificate = evaluation.certificate.add(check_canaries([table], folds)["clinical"])
    told = json.loads(json.dumps(certificate.to_dict()))
    assert told["passed"] is True
    assert len(told["checks"]) == len(evaluation.certificate.checks) + 2


def test_patient_in_training_and_test_is_named(honest):
    table, folds, evaluation = honest
    leaky = [replace(fold, train=np.arange(len(table))) for fold in folds]
    names = failed(make_certificate(table, leaky, evaluation.replicas))
    assert any("training and test of the same fold" in name for name in names)


def test_family_parted_by_a_fold_is_named(honest):
    table, folds, evaluation = honest
    families = np.repeat([f"f{k}" for k in range(20)], 3)
    names = failed(make_certificate(replace(table, groups=families), folds, evaluation.replicas))
    assert any("same fold" in name for name in names)
    assert any("inner fold" in name for name in names)


def test_patient_tested_twice_is_named(honest):
    table, folds, evaluation = honest
    twice = [folds[0], folds[0], folds[2]]
    names = failed(make_certificate(table, twice, evaluation.replicas))
    assert any("exactly once" in name for name in names)


def test_scaling_on_all_patients_is_named(honest):
    table, folds, _ = honest
    everybody = ResponderClassifier("logistic", inner_folds=3).fit(table.X, table.y)
    leaky = [everybody] * len(folds)
    assert any("means, scales" in name for name in failed(make_certificate(table, folds, leaky)))


def test_followup_feature_is_named(honest):
    table, folds, evaluation = honest
    late = (*table.columns[:-1], Column(name="sex", kind="category", measured="during"))
    names = failed(make_certificate(replace(table, columns=late), folds, evaluation.replicas))
    assert names == ["every feature was known before treatment"]


def test_near_copy_of_the_outcome_is_named(make_table):
    table = make_table(60)
    copied = table.X.assign(severity=table.y + np.random.default_rng(0).normal(0, 0.1, 60))
    table = replace(table, X=copied)
    folds = make_folds(table.y, folds=3)
    certificate = cross_validate(table, "logistic", folds, inner_folds=3).certificate
    assert failed(certificate) == ["no single column is a near-copy of the outcome"]
    assert "severity" in str(certificate)


def test_inner_folds_that_reach_beyond_the_training_rows_are_named(honest):
    table, folds, _ = honest
    everybody = ResponderClassifier("logistic", inner_folds=3).fit(table.X, table.y)
    names = failed(make_certificate(table, folds, [everybody] * len(folds)))
    assert any("inner fold" in name for name in names)


def test_digest_follows_the_indices(honest):
    table, folds, evaluation = honest
    turned = [folds[1], folds[0], folds[2]]
    other = make_certificate(table, turned, evaluation.replicas)
    assert other.digest != evaluation.certificate.digest
