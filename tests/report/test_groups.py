"""What a report says of subgroups, as their table is read back from a run."""

import io

import pandas as pd

from stratify.report.groups import summarise_subgroups

TABLE = """grouping,group,patients,metric,value,low,high,why_not
sex,F,40,auc,0.6,0.5,0.7,{0}
sex,F,40,calibration_intercept,0.1,-0.2,0.4,
"""


def test_groups_that_all_have_figures_are_read_back_as_well_as_those_that_have_none():
    (told,) = summarise_subgroups(pd.read_csv(io.StringIO(TABLE.format(""))))
    assert (told.auc.value, told.why_not) == (0.6, "")
    (untold,) = summarise_subgroups(pd.read_csv(io.StringIO(TABLE.format("too few"))))
    assert untold.auc is None
    assert untold.why_not == "too few"
