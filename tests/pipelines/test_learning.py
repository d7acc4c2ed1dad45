"""What is said of whether more patients would help."""

import pytest

from pipelines.examinations.learning import describe_end


@pytest.mark.parametrize(
    ("change", "low", "high", "said"),
    [
        (0.05, 0.01, 0.09, "still rising at its end"),
        (-0.05, -0.09, -0.01, "falling at its end"),
        (0.03, -0.02, 0.08, "cannot be told"),
        (0.0, 0.0, 0.0, "cannot be told"),
    ],
)
def test_a_curve_rises_only_where_its_last_step_is_above_chance(change, low, high, said):
    last = {"auc_change": change, "auc_change_low": low, "auc_change_high": high}
    assert said in describe_end(last)
    assert f"{change:+.3f}" in describe_end(last)
