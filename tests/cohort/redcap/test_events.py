"""Events and arms: raw and labelled exports say the same, and no arm is lost."""

from __future__ import annotations

import pytest
from made_redcap import FIELDS, write_project, write_rows

from stratify.cohort import describe_source, read_cohort, read_redcap
from stratify.cohort.redcap.events import read_events

RAW = ["baseline_arm_1", "3month_followup_arm_1", "baseline_arm_2", "deadline_to_opt_ou_arm_2"]
LABELLED = [
    "Baseline (Arm 1: Drug)",
    "3-month follow-up (Arm 1: Drug)",
    "Baseline (Arm 2: Placebo)",
    "Deadline to opt out of study (Arm 2: Placebo)",
]
WHO = ["1", "1", "2", "2"]


def test_labelled_events_are_called_as_redcap_calls_them_raw():
    raw = read_events("export.csv", RAW, WHO, {"1": "Drug", "2": "Placebo"})
    labelled = read_events("export.csv", LABELLED, WHO, {})
    assert raw.of_row.tolist() == labelled.of_row.tolist()
    assert raw.of_row.tolist() == ["baseline", "3month_followup", "baseline", "deadline_to_opt_ou"]
    assert raw.arms == labelled.arms == {"1": "Drug", "2": "Placebo"}
    assert raw.levels == labelled.levels == ("Drug", "Placebo")
    assert raw.faults == ()


def test_labels_that_redcap_would_shorten_to_one_name_stay_apart():
    cells = ["Week 6 after treatment, call", "Week 6 after treatment, visit"]
    events = read_events("export.csv", cells, ["1", "1"], {})
    assert events.of_row.tolist() == [
        "week_6_after_treatment_call",
        "week_6_after_treatment_visit",
    ]
    assert events.levels == ()


def test_a_raw_letter_behind_the_arm_parts_two_events():
    events = read_events("export.csv", ["week_6_arm_1", "week_6_arm_1b"], ["1", "1"], {})
    assert events.of_row.tolist() == ["week_6", "week_6_b"]


def test_arms_are_in_the_order_of_their_numbers_and_follow_their_patient():
    cells = [f"bl_arm_{arm}" for arm in (10, 2, 10, 9)]
    events = read_events("export.csv", cells, list("abcd"), {"9": "Sham"})
    assert events.levels == ("arm 2", "Sham", "arm 10")
    assert [events.arms[who] for who in "abcd"] == ["arm 10", "arm 2", "arm 10", "Sham"]


@pytest.mark.parametrize("cells", [RAW, LABELLED], ids=["raw", "labelled"])
def test_a_patient_in_two_arms_has_the_events_of_each(cells):
    events = read_events("export.csv", [cells[0], cells[2]], ["1", "1"], {})
    assert events.of_row.tolist() == ["baseline_arm_1", "baseline_arm_2"]
    assert (events.arms, events.levels) == ({}, ())
    (fault,) = events.faults
    assert fault.patients == ("1",)
    assert "1 patient in more than one arm: 1 in" in fault.met


def rows_of(events, madrs=("31", "12", "40", "9")):
    head = ["record_id", "redcap_event_name", "madrs"]
    return [head, *([w, e, m] for w, e, m in zip(WHO, events, madrs, strict=True))]


def test_the_arm_becomes_the_treatment_of_the_cohort(tmp_path):
    cohorts = []
    for name, events in (("raw", RAW), ("labelled", LABELLED)):
        folder = tmp_path / name
        folder.mkdir()
        path = write_project(folder, rows_of(events))
        write_rows(folder / "arms.csv", [["arm_num", "name"], ["1", "Drug"], ["2", "Placebo"]])
        write_rows(folder / "map.csv", [["arm_num", "unique_event_name", "form"]])
        source = read_redcap(folder)
        assert source.sheet.name == path.name
        cohorts.append(read_cohort(source, describe_source(source).dictionary))
    raw, labelled = cohorts
    assert raw.digest == labelled.digest
    assert raw.frame["redcap_arm"].tolist() == ["Drug", "Placebo"]
    assert raw["redcap_arm"].role == "treatment"
    assert raw["redcap_arm"].levels == ("Drug", "Placebo")


def test_new_patients_all_of_one_arm_have_their_arm(tmp_path):
    draft = describe_source(read_redcap(write_project(tmp_path, rows_of(RAW))))
    (tmp_path / "new").mkdir()
    rows = [["record_id", "redcap_event_name", "madrs"], ["7", "baseline_arm_2", "33"]]
    new = write_project(tmp_path / "new", rows)
    assert "redcap_arm" not in read_redcap(new).sheet.headers
    cohort = read_cohort(new, draft.dictionary, labelled=False)
    assert cohort.frame["redcap_arm"].tolist() == ["arm 2"]


def test_a_field_that_says_the_treatment_goes_before_the_arm(tmp_path):
    fields = [*FIELDS, {"name": "treatment", "type": "radio", "label": "Treatment",
                        "choices": "1, tms | 2, sham"}]  # fmt: skip
    rows = [[*row, str(1 + (k > 2))] for k, row in enumerate(rows_of(RAW))]
    rows[0][-1] = "treatment"
    draft = describe_source(read_redcap(write_project(tmp_path, rows, fields)))
    roles = {column.name: column.role for column in draft.dictionary.columns}
    assert roles["treatment@baseline"] == "treatment"
    assert roles["redcap_arm"] != "treatment"
