from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.describe import describe
from stratify.cohort import write_redcap
from stratify.datasets import make_cohort
from stratify.errors import DataError

TABLE = "patient_id,site,phq9_baseline,phq9_week6,note\n" + "".join(
    f"P{k},{'ab'[k % 2]},{10 + k},{k},told {k} things\n" for k in range(12)
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "clinic.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def run(*arguments: object):
    return CliRunner().invoke(cli, ["describe", *map(str, arguments)])


def test_a_file_is_described_in_words_and_nothing_is_written(table):
    done = run(table)
    assert done.exit_code == 0
    for phrase in (
        "clinic.csv is a table of 12 rows and 5 columns",
        "patients     patient_id",
        "site         site",
        "outcome      phq9_week6",
        "features     1 known before treatment: 1 number",
        "ignored      note: free text",
        "Nothing was written",
    ):
        assert phrase in done.output
    assert "P3" not in done.output
    assert [path.name for path in table.parent.iterdir()] == ["clinic.csv"]


def test_the_draft_is_written_once_and_checks_in_a_study(table):
    out = table.parent / "columns.toml"
    done = run(table, "--out", out)
    assert done.exit_code == 0
    assert "Each guess in it is marked" in done.output
    written = out.read_bytes()
    again = run(table, "--out", out)
    assert again.exit_code == 1
    assert "a draft never replaces a dictionary" in again.output
    assert out.read_bytes() == written


def test_json_is_one_object_with_each_reason_and_no_patient(table):
    said = json.loads(run(table, "--json").output)
    assert (said["format"], said["rows"], said["out"]) == ("table", 12, None)
    by_name = {column["name"]: column for column in said["columns"]}
    assert by_name["phq9_baseline"]["high"] == 27
    assert by_name["phq9_baseline"]["reasons"]["high"].startswith("guessed: ")
    assert "P3" not in json.dumps(said)


def test_a_missing_file_and_a_wrong_format_are_told_without_a_traceback(table, tmp_path):
    for arguments in (
        (tmp_path / "none",),
        (tmp_path / "none.csv",),
        (tmp_path,),
        (table, "--format", "bids"),
        (table, "--out", table / "columns.toml"),
    ):
        done = run(*arguments)
        assert done.exit_code == 1
        assert "Traceback" not in done.output
    assert run(table, "--format", "spss").exit_code == 2
    with pytest.raises(DataError, match="no such file"):
        describe(tmp_path / "none.csv")


STUDY = """
[study]
name = "files"
[cohort]
file = "{file}"
columns = "columns.toml"
{format}
[question]
kind = "prognosis"
[response]
name = "response"
followup = "madrs_week6"
baseline = "madrs_baseline"
drop = 0.5
[models]
families = ["prevalence"]
"""


@pytest.mark.parametrize(
    ("file", "format"), [("export", ""), ("export/export.csv", 'format = "redcap"')]
)
def test_a_study_reads_a_redcap_export_by_its_draft(tmp_path, file, format):
    cohort = make_cohort("realistic", patients=60, seed=0, regions=12).cohort
    write_redcap(cohort, tmp_path / "export")
    describe(tmp_path / "export", out=tmp_path / "columns.toml")
    study = tmp_path / "study.toml"
    study.write_text(STUDY.format(file=file, format=format), encoding="utf-8")
    done = CliRunner().invoke(cli, ["check", str(study)])
    assert done.exit_code == 0, done.output
    from pipelines.data import read_data
    from pipelines.settings import read_settings

    read, _ = read_data(read_settings(study))
    assert read.digest == cohort.digest


def test_a_study_reads_a_bids_folder_by_its_draft(tmp_path):
    cohort = make_cohort("realistic", patients=60, seed=0, regions=12).cohort
    frame = cohort.frame[["madrs_baseline", "madrs_week6", "age"]]
    (tmp_path / "bids").mkdir()
    frame.to_csv(
        tmp_path / "bids" / "participants.tsv", sep="\t", na_rep="n/a", index_label="participant_id"
    )
    describe(tmp_path / "bids", out=tmp_path / "columns.toml")
    study = tmp_path / "study.toml"
    study.write_text(STUDY.format(file="bids", format=""), encoding="utf-8")
    done = CliRunner().invoke(cli, ["check", str(study)])
    assert done.exit_code == 0, done.output
    study.write_text(STUDY.format(file="bids", format='format = "excel"'), encoding="utf-8")
    wrong = CliRunner().invoke(cli, ["check", str(study)])
    assert wrong.exit_code == 1
    assert "cohort.format" in wrong.output


def test_warnings_of_one_kind_are_one_line_unless_each_is_asked_for(tmp_path):
    names = [f"q{k}" for k in range(30)]
    table = tmp_path / "answers.csv"
    rows = [["id", *names], *([f"P{k}", *[str(k % 7)] * 30] for k in range(30))]
    rows[5][1:] = ["n.d."] * 30
    table.write_text("\n".join(",".join(row) for row in rows) + "\n")
    shown = describe(table).words()
    each = describe(table, each=True)
    assert len(each.warnings) > 25
    assert shown.count("q1") == 1
    assert f"({len(each.warnings)} in all; --all tells each by itself)" in shown
    assert each.words().count("answers.csv: q") == len(each.warnings)
    assert len(each.to_dict()["warnings"]) == len(each.warnings)
