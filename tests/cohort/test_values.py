from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.schema import Column


def test_the_digest_knows_one_missing_value_and_one_zero():
    def digest(values):
        frame = pd.DataFrame({"x": values}, index=["a", "b"])
        return Cohort(frame, (Column(name="x"),)).digest

    assert digest([np.nan, 0.0]) == digest([-np.nan, -0.0])
    assert digest([np.nan, 0.0]) != digest([0.0, np.nan])
