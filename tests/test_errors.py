"""Faults of one kind are told in one line, and nothing of them is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stratify.errors import Fault, group_faults

NAMES = ("q1", "q2", "q3", "q4", "q5")


def fault(column="", met="every cell is empty", severity="warning", file="cohort.csv", **changes):
    where = f"{file}: {column}" if column else file
    words = {"wanted": "a value for some", "way_out": "Fill it."} | changes
    return Fault(where=where, met=met, severity=severity, **words)


def test_faults_of_one_kind_are_one_line_with_their_count_and_a_few_names():
    (group,) = group_faults(fault(name) for name in NAMES)
    told = "every cell is empty; a value for some. Fill it."
    assert str(group) == f"cohort.csv: 5 columns, q1, q2, q3 and 2 more: {told}"


def test_networks_and_settings_are_not_called_columns():
    (group,) = group_faults(fault(name, file="networks") for name in ("SN", "DMN"))
    assert str(group).startswith("networks: 2 networks, SN, DMN: ")
    settings = ("usefulness.thresholds", "response.drop", "usefulness.thresholds")
    (group,) = group_faults(fault(name, file="study.toml") for name in settings)
    assert str(group).startswith("study.toml: 2 settings, usefulness.thresholds, response.drop: ")
    (group,) = group_faults(
        fault(name, met, file="study.toml")
        for name, met in ((settings[0], "0"), (settings[0], "1"))
    )
    assert str(group).startswith("study.toml: usefulness.thresholds: 0 to 1; ")


def test_a_number_that_differs_is_told_as_a_span():
    mets = [f"the same value for all {n} patients but {k}" for n, k in ((251, 4), (1_269, 4))]
    (group,) = group_faults(fault(name, met) for name, met in zip(NAMES, mets, strict=False))
    assert "for all 251 to 1269 patients but 4;" in str(group)


def test_words_that_differ_are_told_of_the_first():
    mets = ("'high' for patient P1", "'low' for patient P2")
    (group,) = group_faults(fault(name, met) for name, met in zip(NAMES, mets, strict=False))
    assert "'high' for patient P1, and the like;" in str(group)


def test_errors_come_first_and_what_differs_in_kind_stays_apart():
    faults = [
        fault("q1"),
        fault("q2", severity="error"),
        fault("q3", way_out="Delete it."),
        fault("q4", file="other.csv"),
        fault("", "no rows"),
        fault("", "no header"),
        fault("q5"),
    ]
    groups = group_faults(faults)
    assert [len(group.faults) for group in groups] == [1, 2, 1, 1, 1, 1]
    assert groups[0].faults[0].severity == "error"
    assert str(groups[0]) == str(faults[1])


def test_a_column_s_own_name_and_range_in_the_words_make_no_kind_of_their_own():
    words = [f"{name} runs from 0 to {high}" for name, high in (("madrs", 60), ("hamd", 52))]
    faults = [fault(w.split()[0], wanted=w) for w in words]
    assert len(group_faults(faults)) == 1


@given(
    st.lists(
        st.builds(
            fault,
            st.sampled_from(["", "a", "b", "a: b"]),
            st.text("1, 2.x'", max_size=9),
            st.sampled_from(["error", "warning"]),
        )
    )
)
def test_every_fault_is_in_one_group_and_every_group_has_words(faults):
    groups = group_faults(faults)
    kept = [one for group in groups for one in group.faults]
    assert sorted(map(str, kept)) == sorted(map(str, faults))
    assert all(str(group) for group in groups)
