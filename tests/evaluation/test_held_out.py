import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.evaluation import cross_validate
from stratify.evaluation.held_out import arrange_held_out
from stratify.folds import make_folds


def test_each_patient_keeps_their_own_predictions(make_table):
    table = make_table(60, effect=1.0)
    folds = make_folds(table.y, table.groups, folds=3, repeats=2)
    predictions = cross_validate(table, "logistic", folds).predictions
    held_out = arrange_held_out(predictions)
    for k, patient in enumerate(held_out.patients):
        own = predictions[predictions["patient"] == patient].sort_values("repeat")
        np.testing.assert_array_equal(held_out.log_odds[:, k], own["log_odds"])
        np.testing.assert_array_equal(held_out.base_rate[:, k], own["base_rate"])
        assert (held_out.y[k] == own["y"]).all()
    np.testing.assert_array_equal(held_out.arrange(table.y, table.patients), held_out.y)


def test_a_patient_held_out_less_often_than_others_is_refused():
    predictions = pd.DataFrame(
        {"patient": ["a", "b", "a"], "repeat": [0, 0, 1], "y": 0, "log_odds": 0.0, "base_rate": 0.5}
    )
    with pytest.raises(DataError, match="every patient counts once"):
        arrange_held_out(predictions)
    twice = predictions.assign(repeat=0)
    with pytest.raises(DataError, match="1 patient not held out once in each of 1 repeats"):
        arrange_held_out(twice)
