from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.cohort import Dictionary, read_columns, write_columns
from stratify.errors import DataError
from stratify.schema import KINDS, MEASURED, Column

GOOD = """
[cohort]
name = "pilot"
simulated = true
licence = "CC0"
citation = "Nobody 2026"

[columns.id]
role = "patient"

[columns.site]
role = "site"

[columns.madrs_baseline]
kind = "number"
role = "feature"
measured = "baseline"
unit = "points"
low = 0
high = 60
label = "MADRS total at baseline"

[columns.responded]
kind = "boolean"
role = "outcome"
measured = "followup"
levels = ["no", "yes"]
"""


def faults_of(tmp_path, text: str) -> list[str]:
    path = tmp_path / "columns.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_columns(path)
    return [str(fault) for fault in refused.value.faults]


def test_a_dictionary_gives_each_column_its_meaning(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text(GOOD)
    read = read_columns(path)
    assert (read.name, read.simulated, read.licence, read.citation) == (
        "pilot",
        True,
        "CC0",
        "Nobody 2026",
    )
    assert read.patient.name == "id"
    assert read.columns[2] == Column(
        name="madrs_baseline",
        unit="points",
        low=0.0,
        high=60.0,
        label="MADRS total at baseline",
    )
    assert isinstance(read.columns[2].low, float)
    assert read.columns[3].levels == ("no", "yes")


def test_a_kind_left_out_follows_from_role_and_levels(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text(
        '[columns.id]\nrole = "patient"\n[columns.site]\nrole = "site"\n'
        '[columns.sex]\nlevels = ["f", "m"]\n[columns.age]\n'
    )
    assert [column.kind for column in read_columns(path).columns] == [
        "text",
        "category",
        "category",
        "number",
    ]


def test_whole_number_levels_become_words(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text('[columns.id]\nrole = "patient"\n[columns.code]\nlevels = [1, 2]\n')
    assert read_columns(path).columns[1].levels == ("1", "2")


@pytest.mark.parametrize(
    ("damage", "phrase"),
    [
        ('[columns.id]\nrole = "patient"\nmesured = "baseline"', "did you mean 'measured'"),
        ('[columns.id]\nrole = "patinet"', "did you mean 'patient'"),
        ('[columns.id]\nrole = "patient"\nkind = "integer"', "kind is one of number, category"),
        ('[columns.id]\nrole = "patient"\nunit = 3', "unit is text"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlow = "0"', "low is a number"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlow = true', "low is a number"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nhigh = nan', "high is a number"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlow = 9\nhigh = 1', "low is not above high"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nkind = "date"\nlow = 1', "are for numbers"),
        (
            '[columns.id]\nrole = "patient"\n[columns.x]\nkind = "number"\nlevels = ["a"]',
            "levels are for a category or boolean",
        ),
        (
            '[columns.id]\nrole = "patient"\n[columns.x]\nkind = "boolean"\nlevels = ["a"]',
            "the words for no and yes",
        ),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlevels = ["a", "a"]', "given once"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlevels = ["a", ""]', "empty"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nlevels = [true]', "written as words"),
        ('[columns.id]\nrole = "patient"\n[columns.x]\nregions = ["a"]', "a list of two names"),
        ("[columns.x]\nunit = 'mg'", "no column with the role patient"),
        (
            '[columns.a]\nrole = "patient"\n[columns.b]\nrole = "patient"',
            "2 columns with the role patient: a, b",
        ),
        (
            '[columns.id]\nrole="patient"\n[columns.a]\nrole="site"\n[columns.b]\nrole="site"',
            "one column at most is the site",
        ),
        ('[cohort]\nnmae = "x"\n[columns.id]\nrole = "patient"', "did you mean 'name'"),
        ('[cohort]\nsimulated = "yes"\n[columns.id]\nrole = "patient"', "true or false"),
        ('[colunms.id]\nrole = "patient"', "did you mean 'columns'"),
        ("columns = 3", "a table for each column"),
        ("[columns]\nid = 3", "Write [columns.id]"),
        ("[columns.id\n", "a column dictionary in TOML"),
    ],
)
def test_each_fault_of_a_dictionary_is_told_by_its_key(tmp_path, damage, phrase):
    faults = faults_of(tmp_path, damage)
    assert any(phrase in fault for fault in faults), faults
    assert all(fault.startswith("columns.toml") for fault in faults)


def test_all_faults_of_a_dictionary_are_told_at_once(tmp_path):
    faults = faults_of(
        tmp_path,
        '[columns.a]\nkind = "nmuber"\nlow = "x"\ncolour = "red"\n[columns.b]\nrole = "stie"\n',
    )
    assert len(faults) == 5
    assert any("columns.a.kind" in fault and "'number'" in fault for fault in faults)
    assert any("columns.b.role" in fault and "'site'" in fault for fault in faults)


def test_a_missing_file_and_bad_bytes_are_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_columns(tmp_path / "columns.toml")
    (tmp_path / "columns.toml").write_bytes(b'[columns.\xe9]\nrole = "patient"')
    with pytest.raises(DataError, match="not UTF-8"):
        read_columns(tmp_path / "columns.toml")
    with pytest.raises(DataError, match="cannot be read"):
        read_columns(tmp_path)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert len(read_columns(path)) == 4


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="share a name: x"):
        Dictionary((Column(name="id", role="patient"), Column(name="x"), Column(name="x")))


def test_a_simulated_dictionary_says_so_to_whoever_opens_the_file(tmp_path):
    path = tmp_path / "columns.toml"
    write_columns(Dictionary((Column(name="id", role="patient"),), simulated=True), path)
    assert path.read_text().startswith("# Simulated")


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda name: name == name.strip()
)
words = st.lists(names, min_size=2, max_size=4, unique=True).map(tuple)
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def some_columns(draw, name):
    kind = draw(st.sampled_from(KINDS))
    low, high = sorted([draw(finite), draw(finite)]) if kind == "number" else (None, None)
    levels = draw(words) if kind == "category" else draw(words)[:2] if kind == "boolean" else ()
    return Column(
        name=name,
        kind=kind,
        role=draw(st.sampled_from(["feature", "confound", "outcome", "truth", "ignore"])),
        measured=draw(st.sampled_from(MEASURED)),
        unit=draw(st.sampled_from(["", "mg/kg", '"', "µV²"])),
        label=draw(names),
        low=low,
        high=high,
        levels=levels,
        source=draw(st.sampled_from(["clinical", "connectivity"])),
        regions=draw(st.none() | st.tuples(names, names)),
        networks=draw(st.none() | st.tuples(names, names)),
    )


@settings(deadline=None)
@given(data=st.data(), headers=st.lists(names, min_size=1, max_size=4, unique=True), about=names)
def test_any_dictionary_reads_back_equal(tmp_path_factory, data, headers, about):
    columns = [data.draw(some_columns(header)) for header in headers[1:]]
    patient = Column(name=headers[0], kind="text", role="patient")
    dictionary = Dictionary((patient, *columns), name=about, citation=about)
    path = tmp_path_factory.getbasetemp() / "any.toml"
    write_columns(dictionary, path)
    assert read_columns(path) == dictionary
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))["columns"]) == set(headers)


def test_a_dictionary_displays_its_columns():
    shown = Dictionary((Column(name="id", role="patient"), Column(name="age")))._repr_html_()
    assert "age" in shown
    assert "1 baseline feature)" in shown
