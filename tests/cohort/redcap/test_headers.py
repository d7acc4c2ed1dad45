"""Which field a column of an export is: repeated labels, and what tells them apart."""

from __future__ import annotations

import csv
import random

import pytest
from made_redcap import LABELLED, write_project, write_rows

from stratify.cohort import describe_source, guess_format, read_cohort, read_redcap
from stratify.cohort.redcap import DICTIONARY_HEADERS, read_dictionary
from stratify.cohort.redcap.headers import name_columns
from stratify.errors import DataError

RECORD = {"name": "record_id", "type": "text", "label": "Record ID", "form": "intake"}
TWO_FORMS = [
    RECORD,
    {"name": "madrs_1", "type": "text", "label": "MADRS <b>total</b>", "form": "intake"},
    {"name": "sex", "type": "text", "label": "Sex", "form": "intake"},
    {"name": "madrs_2", "type": "text", "label": "MADRS total", "form": "close"},
    {"name": "effects", "type": "checkbox", "label": "Effects", "form": "close",
     "choices": "1, Nausea | -2, Head, ache"},
]  # fmt: skip
HEAD = ["Record ID", "Survey Timestamp", "MADRS total", "Sex", "Complete?", "MADRS total",
        "Effects (choice=Nausea)", "Effects (choice=Head, ache)", "Complete?"]  # fmt: skip
ROW = ["1", "2024-03-01 10:00", "31", "f", "Complete", "12", "Checked", "Unchecked", "Incomplete"]


def read_columns_of(tmp_path, rows, fields=TWO_FORMS):
    source = read_redcap(write_project(tmp_path, rows, fields))
    return source, {header: source.sheet.text(header)[0] for header in source.sheet.headers}


def test_repeated_labels_are_told_by_their_place_in_the_data_dictionary(tmp_path):
    source, found = read_columns_of(tmp_path, [HEAD, ROW])
    assert found["madrs_1"] == "31"
    assert found["madrs_2"] == "12"
    assert found["intake_complete"] == "Complete"
    assert found["close_complete"] == "Incomplete"
    assert (found["effects___1"], found["effects____2"]) == ("1", "0")
    by_name = {c.name: c for c in describe_source(source).dictionary.columns}
    for name in ("intake_complete", "close_complete"):
        assert by_name[name].role == "ignore"
    assert by_name["effects____2"].label == "Effects: Head, ache"
    assert by_name["effects____2"].kind == "boolean"


def test_a_column_of_a_repeated_label_alone_is_told_by_its_neighbours(tmp_path):
    # Of the two totals this report holds the second only: it stands behind a form's end.
    _, found = read_columns_of(tmp_path, [["Record ID", "Sex", "MADRS total"], ["1", "f", "12"]])
    assert found["madrs_2"] == "12"
    assert "madrs_1" not in found


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (["Record ID", "MADRS total"], "nothing tells the first total from the second"),
        (["Record ID", "MADRS total", "Effects (choice=Nausea)"], "both stand before the boxes"),
        (["Record ID", "Effects (choice=Nausea)", "MADRS total"], "a report in another order"),
        (["Record ID", "MADRS total", "Sex", "MADRS total", "MADRS total"], "one too many"),
    ],
)
def test_a_repeated_label_that_may_be_several_fields_is_refused(tmp_path, head, why):
    path = write_project(tmp_path, [head, ["1", *["2"] * (len(head) - 1)]], TWO_FORMS)
    with pytest.raises(DataError, match=r"share: MADRS total;.*place.*Export again with raw") as e:
        read_redcap(path)
    assert "export.csv" in str(e.value), why


def test_form_ends_that_cannot_be_told_apart_are_kept_and_ignored(tmp_path):
    rows = [["Record ID", "Complete?"], ["1", "Complete"]]
    source, found = read_columns_of(tmp_path, rows)
    assert found["Complete?"] == "Complete"
    columns = {c.name: c for c in describe_source(source).dictionary.columns}
    assert columns["Complete?"].role == "ignore"


def test_older_quoted_choices_and_markup_are_the_same_labels(tmp_path):
    rows = [["Record ID", "Effects (choice='Nausea')", "Effects (choice='Head, ache')"],
            ["1", "Unchecked", "Checked"]]  # fmt: skip
    assert read_columns_of(tmp_path, rows)[1] == {
        "record_id": "1", "effects___1": "0", "effects____2": "1",
    }  # fmt: skip


def test_any_part_of_an_export_in_its_order_names_only_the_right_fields(tmp_path):
    """Whatever columns a report leaves out, a column is never taken for another field."""
    rng = random.Random(4)
    labels = ["Item A", "Item B", "Item C"]
    fields = [RECORD]
    for form in ("pre", "mid", "post"):
        fields += [
            {"name": f"{form}_{k}", "type": "text", "label": label, "form": form}
            for k, label in enumerate(rng.sample(labels, 3))
        ]
    write_project(tmp_path, [["Record ID"]], fields)
    known, _ = read_dictionary(tmp_path / "project_DataDictionary.csv")
    truth = [(one["name"], one["label"]) for one in fields]
    told = 0
    for _ in range(300):
        kept = [truth[0], *(one for one in truth[1:] if rng.random() < 0.7)]
        titles = {f"c{k}": label for k, (_, label) in enumerate(kept)}
        names = name_columns(titles, known)
        for (name, _), column in zip(kept, titles, strict=True):
            assert names.fields[column] in (name, column)
            assert (names.fields[column] == column) == (column in names.unclear)
            told += names.fields[column] == name
    assert told > 900


def test_a_raw_header_given_twice_is_refused(tmp_path):
    for head in (["record_id", "sex", "sex"], ["record_id", "extra", "extra"]):
        path = write_project(tmp_path, [head, ["1", "f", "m"]], TWO_FORMS)
        with pytest.raises(DataError, match=rf"several columns.*{head[1]}"):
            read_redcap(path)


def test_points_of_a_scale_are_numbers_in_a_labelled_export_too(tmp_path):
    source = read_redcap(write_project(tmp_path, LABELLED))
    cohort = read_cohort(source, describe_source(source).dictionary)
    assert cohort.frame["q1"].tolist() == [2, 0, 1]


# Without a data dictionary


def test_an_export_alone_is_read_and_the_dictionary_asked_for(tmp_path):
    rows = [["record_id", "redcap_event_name", "madrs"], ["1", "bl_arm_1", "31"]]
    write_rows(tmp_path / "export.csv", rows)
    assert guess_format(tmp_path) == "redcap"
    source = read_redcap(tmp_path)
    assert source.sheet.headers == ("record_id", "madrs@bl")
    (fault,) = source.sheet.faults
    assert fault.severity == "warning"
    assert "no data dictionary beside it" in fault.met
    assert "Project Setup, Data Dictionary" in fault.way_out


def test_a_labelled_export_alone_is_refused_if_labels_repeat(tmp_path):
    write_rows(tmp_path / "export.csv", [HEAD, ROW])
    with pytest.raises(DataError, match=r"MADRS total;.*Or put the data dictionary beside it"):
        read_redcap(tmp_path / "export.csv")
    rows = [[cell for k, cell in enumerate(row) if k != 5] for row in (HEAD, ROW)]
    write_rows(tmp_path / "export.csv", rows)
    columns = describe_source(read_redcap(tmp_path / "export.csv")).dictionary.columns
    assert [c.role for c in columns if c.name.startswith("Complete?")] == ["ignore", "ignore"]


def test_a_folder_with_the_dictionary_alone_is_told_so(tmp_path):
    write_rows(tmp_path / "dictionary.csv", [list(DICTIONARY_HEADERS)])
    with pytest.raises(DataError, match=r"0 tables beside the data dictionary.*Put the exp"):
        read_redcap(tmp_path)


def test_an_export_with_semicolons_is_known_and_read(tmp_path):
    path = write_project(tmp_path, [["record_id", "sex"], ["1", "1"]])
    for file in tmp_path.glob("*.csv"):
        rows = list(csv.reader(file.read_text().splitlines()))
        with file.open("w", newline="") as out:
            csv.writer(out, delimiter=";").writerows(rows)
    assert guess_format(tmp_path) == guess_format(path) == "redcap"
    assert read_redcap(path).sheet.text("sex").tolist() == ["Female"]


def test_a_row_of_the_dictionary_that_does_not_fit_is_told(tmp_path):
    path = write_project(tmp_path, [["record_id", "sex"], ["1", "1"]])
    with (tmp_path / "project_DataDictionary.csv").open("a") as file:
        file.write("weight,intake\n")
    told = [fault for fault in read_redcap(path).sheet.faults if fault.severity == "error"]
    assert "row 12 with 2 cells" in told[0].met
    assert told[0].where == "project_DataDictionary.csv"
