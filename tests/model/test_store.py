"""Every way to represent connectivity is in a model that can be read back."""

import numpy as np
import pytest

from stratify.datasets import make_cohort
from stratify.evaluation import cross_validate, refit
from stratify.folds import make_folds
from stratify.model import read_model, write_model
from stratify.outcome import ResponseRule
from stratify.preprocess import Preparation
from stratify.preprocess.prepare import REPRESENTATIONS
from stratify.task import Task, assemble


@pytest.mark.parametrize("represent", REPRESENTATIONS)
def test_a_model_read_back_says_the_same_however_it_represents_connectivity(represent, tmp_path):
    made = make_cohort("realistic", patients=60, seed=1, regions=12)
    rule = ResponseRule(
        name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5
    )
    table = assemble(
        Task(rule=rule, treatment="tms+ketamine"),
        made.cohort,
        made.connectomes,
        preparation=Preparation(represent=represent),
    ).select("connectivity")
    folds = make_folds(table.y, table.groups, folds=2)
    model = refit(cross_validate(table, "ridge", folds, inner_folds=2), table, inner_folds=2)
    again = read_model(write_model(model, tmp_path))
    told, expected = (one.predict(table.X).table for one in (again, model))
    np.testing.assert_allclose(told, expected, rtol=0, atol=1e-12)
