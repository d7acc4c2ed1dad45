import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from stratify.errors import DataError
from stratify.metrics import compute_held_out_estimates, compute_subgroups, plot_subgroups
from stratify.metrics.held_out import FIGURES
from stratify.metrics.subgroups import COLUMNS, MISSING


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    f = rng.normal(size=200)
    return (rng.random(200) < expit(f)).astype(int), f


@pytest.fixture
def sex():
    labels = ["female"] * 110 + ["male"] * 60 + ["other"] * 12 + [None] * 18
    return pd.Categorical(labels, ["female", "male", "other", "intersex"])


def test_each_group_is_judged_as_if_it_came_alone(held_out, sex):
    y, f = held_out
    rates = np.linspace(0.4, 0.5, 200)
    table = compute_subgroups(y, f, rates, {"sex": sex}).table
    member = np.asarray(sex == "male")
    alone = compute_held_out_estimates(y[member], f[member], rates[member])
    males = table[table["group"] == "male"].set_index("metric")
    for name in FIGURES:
        row = males.loc[name]
        assert (row["value"], row["low"], row["high"]) == pytest.approx(
            (alone[name].value, alone[name].low, alone[name].high)
        )
        assert (row["patients"], row["responders"]) == (60, y[member].sum())


def test_every_patient_is_counted_in_some_group(held_out, sex):
    y, f = held_out
    site = np.where(np.arange(200) % 3 == 0, "north", "south")
    table = compute_subgroups(y, f, 0.5, {"sex": sex, "site": site}).of("auc")
    totals = table.groupby("grouping")[["patients", "responders"]].sum()
    assert (totals["patients"] == 200).all()
    assert (totals["responders"] == y.sum()).all()


def test_empty_missing_and_small_groups_are_shown_with_their_reason(held_out, sex):
    y, f = held_out
    table = compute_subgroups(y, f, 0.5, {"sex": sex}).of("brier").set_index("group")
    assert table.index.tolist() == ["everybody", "female", "male", "other", "intersex", MISSING]
    assert table.loc["intersex", ["patients", "why_not"]].tolist() == [0, "no patients"]
    assert table.loc["other", ["patients", "why_not"]].tolist() == [12, "fewer than 20 patients"]
    assert table.loc[MISSING, "patients"] == 18
    assert table["value"].isna().tolist() == [False, False, False, True, True, True]
    assert (table["why_not"].ne("") == table["value"].isna()).all()


def test_a_group_with_too_few_of_a_class_has_a_reason(held_out):
    y, f = held_out
    order = np.argsort(y, kind="stable")
    group = np.full(200, "rest", dtype=object)
    group[order[:30]] = "others"
    group[order[-4:]] = "others"
    table = compute_subgroups(y, f, 0.5, {"g": group}).of("auc").set_index("group")
    assert table.loc["others", "why_not"] == "fewer than 5 responders"
    assert np.isnan(table.loc["others", "value"])
    table = compute_subgroups(1 - y, f, 0.5, {"g": group}).of("auc").set_index("group")
    assert table.loc["others", "why_not"] == "fewer than 5 non-responders"


def test_a_planted_difference_between_groups_is_found():
    rng = np.random.default_rng(4)
    f = rng.normal(size=1200)
    group = np.repeat(["works", "fails"], 600)
    y = (rng.random(1200) < expit(np.where(group == "works", 1.5 * f, 0))).astype(int)
    table = compute_subgroups(y, f, 0.5, {"group": group}).of("auc").set_index("group")
    assert table.loc["fails", "high"] < table.loc["works", "low"]
    assert table.loc["fails", "low"] < 0.5 < table.loc["fails", "high"]


def test_order_of_patients_does_not_matter(held_out, sex):
    y, f = held_out
    shuffled = np.random.default_rng(1).permutation(200)
    first = compute_subgroups(y, f, 0.5, {"sex": sex}).table
    second = compute_subgroups(y[shuffled], f[shuffled], 0.5, {"sex": sex[shuffled]}).table
    pd.testing.assert_frame_equal(first, second)


def test_labels_of_any_index_are_read_in_the_order_of_the_patients(held_out):
    y, f = held_out
    site = pd.Series(np.repeat(["a", "b"], 100), index=np.arange(200)[::-1])
    first = compute_subgroups(y, f, 0.5, {"site": site}).table
    second = compute_subgroups(y, f, 0.5, {"site": site.tolist()}).table
    pd.testing.assert_frame_equal(first, second)


def test_columns_are_the_documented_ones_even_without_groups(held_out):
    y, f = held_out
    table = compute_subgroups(y, f, 0.5, {}).table
    assert tuple(table.columns) == COLUMNS
    assert table["metric"].tolist() == list(FIGURES)


def test_labels_that_do_not_fit_and_unknown_metrics_are_refused(held_out):
    y, f = held_out
    with pytest.raises(DataError, match="groups: site: 3 labels for 200 patients; one label a"):
        compute_subgroups(y, f, 0.5, {"site": ["a", "b", "c"]})
    with pytest.raises(DataError, match=r"metric: 'acu' \(did you mean 'auc'\?\)"):
        compute_subgroups(y, f, 0.5, {}).of("acu")


@pytest.mark.parametrize("metric", ["auc", "calibration_slope", "log_loss"])
def test_figure_shows_every_group_with_its_number_or_reason(held_out, sex, metric):
    y, f = held_out
    subgroups = compute_subgroups(y, f, 0.5, {"sex": sex})
    axes = plot_subgroups(subgroups, metric=metric, title="by $group$").axes[0]
    names = [label.get_text().strip() for label in axes.get_yticklabels()]
    said = [text.get_text() for text in axes.texts]
    table = subgroups.of(metric)
    assert names[:6] == [
        f"{row['group']}  {row['patients']} ({row['responders']})"
        for row in table.to_dict("records")
    ]
    assert said[3:] == ["fewer than 20 patients", "no patients", "fewer than 20 patients"]
    drawn = np.concatenate([line.get_xdata() for line in axes.lines[:2]])
    np.testing.assert_allclose(sorted(drawn), sorted(table["value"].dropna()))
