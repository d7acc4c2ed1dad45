from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.cohort import Cohort, Dictionary, read_cohort, write_cohort
from stratify.dialect import HIDDEN_MARKS
from stratify.errors import DataError
from stratify.schema import Column
from stratify.sheet import MISSING_WORDS

text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
words = text.map(str.strip).filter(
    lambda word: word not in MISSING_WORDS and not set(word) & set(HIDDEN_MARKS)
)
numbers = st.floats(allow_infinity=False)
maybe_words = st.none() | words


@st.composite
def cohorts(draw) -> Cohort:
    n = draw(st.integers(1, 8))
    levels = draw(st.lists(words, min_size=1, max_size=3, unique=True))

    def many(cells):
        return draw(st.lists(cells, min_size=n, max_size=n))

    dates = st.none() | st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2100, 1, 1))
    frame = pd.DataFrame(
        {
            "number": np.array(many(numbers), dtype=float),
            "category": pd.Categorical(many(st.none() | st.sampled_from(levels)), levels),
            "boolean": np.array(many(st.sampled_from([0.0, 1.0, np.nan])), dtype=float),
            "date": pd.array(many(dates), dtype="datetime64[us]"),
            "text": pd.array(many(maybe_words), dtype="str"),
        },
        index=pd.Index(
            draw(st.lists(words, min_size=n, max_size=n, unique=True)), name="patient", dtype="str"
        ),
    )
    columns = tuple(
        Column(name=name, kind=name, levels=tuple(levels) if name == "category" else ())
        for name in frame.columns
    )
    return Cohort(frame, columns, "made", simulated=True)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@settings(max_examples=40, deadline=None)
@given(cohort=cohorts())
def test_any_cohort_reads_back_equal(tmp_path_factory, suffix, cohort):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    write_cohort(cohort, path)
    read = read_cohort(path, Dictionary.of(cohort))
    pd.testing.assert_frame_equal(read.frame, cohort.frame)
    assert read.columns == cohort.columns
    assert read.digest == cohort.digest
    assert read.simulated


def test_booleans_are_written_in_their_own_words(tmp_path):
    frame = pd.DataFrame({"sex": [0.0, 1.0, np.nan]}, index=["a", "b", "c"])
    columns = (Column(name="sex", kind="boolean", levels=("female", "male")),)
    write_cohort(Cohort(frame, columns), tmp_path / "c.csv", patient="id")
    assert (tmp_path / "c.csv").read_text() == "id,sex\na,female\nb,male\nc,\n"


def test_a_word_that_would_read_back_as_missing_is_refused(tmp_path):
    frame = pd.DataFrame({"note": ["NA", "fine"]}, index=["a", "b"])
    cohort = Cohort(frame, (Column(name="note", kind="text"),))
    with pytest.raises(DataError, match="the word 'NA'") as refused:
        write_cohort(cohort, tmp_path / "c.csv")
    assert refused.value.faults[0].patients == ("a",)
    assert not list(tmp_path.iterdir())


def test_an_unknown_ending_is_refused(tmp_path):
    cohort = Cohort(pd.DataFrame({"x": [1.0]}, index=["a"]), (Column(name="x"),))
    with pytest.raises(DataError, match=r"the ending '.sav'"):
        write_cohort(cohort, tmp_path / "c.sav")


@pytest.mark.parametrize("word", ["soft\u00adhyphen", "\u200bspace", '="007"'])
def test_words_that_a_text_table_does_not_keep_are_refused(tmp_path, word):
    column = Column(name="remark", kind="text", role="ignore")
    for names, values in ((["P1", "P2"], [word, "b"]), ([word, "P2"], ["a", "b"])):
        frame = pd.DataFrame({"remark": values}, index=pd.Index(names, name="patient"))
        cohort = Cohort(frame, (column,))
        with pytest.raises(DataError, match="words that read back as they are"):
            write_cohort(cohort, tmp_path / "cohort.csv")
        write_cohort(cohort, tmp_path / "cohort.parquet")
    assert not (tmp_path / "cohort.csv").exists()
