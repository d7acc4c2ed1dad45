from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.schema import Column


def test_the_digest_knows_one_missing_value_and_one_zero():
    def digest(values):
        frame = pd.DataFrame({"x": values}, index=["a", "b"])
        return Cohort(frame, (Column(name="x"),)).digest

    assert digest([np.nan, 0.0]) == digest([-np.nan, -0.0])
    assert digest([np.nan, 0.0]) != digest([0.0, np.nan])


def test_columns_joined_to_a_cohort_are_missing_where_nobody_has_them():
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index(["a", "b"], name="patient"))
    cohort = Cohort(frame, (Column(name="x"),))
    more = pd.DataFrame({"z": [5.0, 6.0]}, index=["b", "stranger"])
    joined = cohort.join(more, (Column(name="z"),))
    assert joined.patients == ("a", "b")
    assert joined.frame["z"].isna().tolist() == [True, False]
    assert "no z of 1 patient" in str(joined.warnings[0])
    assert list(cohort.frame) == ["x"]
    with pytest.raises(DataError, match="x there already"):
        cohort.join(frame, cohort.columns)
