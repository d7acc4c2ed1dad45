"""Reading instrument files, and refusing those that contradict themselves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import stratify
from stratify.errors import DataError, SettingsError
from stratify.instruments import list_instruments, read_instrument, score

GOOD = """
name = "made_up"
short_name = "MU"
full_name = "Made-up scale"
version = "three items"
domain = "depression"
rater = "self"
recall = "past week"
higher_is = "worse"
citation = "nobody"
licence = "free"
evidence = "verified"

[[items]]
first = 1
last = 3
low = 0
high = 4

[[totals]]
name = "total"
label = "MU total"
high = 12
bands_source = "a made-up source"
bands_evidence = "verified"
bands = [
  { name = "low", low = 0, high = 5 },
  { name = "high", low = 6, high = 12 },
]

[[response]]
name = "response"
proportional_fall = 0.5
source = "a made-up source"
evidence = "verified"

[[flags]]
name = "suicidality"
items = [3]
at_least = 2
wording = "suicidality item positive: follow local protocol"
source = "a made-up source"
evidence = "verified"

[missing]
prorate = true
fewest_answered = 2
rule = "two of three"
source = "a made-up source"
evidence = "general knowledge"
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="made_up.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_of_ones_own_is_read_and_scored(write):
    import pandas as pd

    instrument = read_instrument(write(GOOD))
    table = pd.DataFrame([[4, 2, None]], columns=list(instrument.item_names), dtype=float)
    assert score(instrument, table, prorate=True).total.tolist() == [9]
    assert read_instrument(str(write(GOOD))) == instrument


@pytest.mark.parametrize("name", list_instruments())
def test_every_instrument_of_the_library_is_read(name):
    instrument = read_instrument(name)
    assert instrument.name == name
    assert read_instrument(name) is instrument


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match=r"no instrument 'madr' \(did you mean 'madrs'\?\)"):
        read_instrument("madr")


# what is changed, into what, and what the message says
DAMAGES = {
    "unknown key": ("recall =", "recal =", r"recal: an unknown key \(did you mean 'recall'\?\)"),
    "missing key": ('citation = "nobody"\n', "", "citation: missing"),
    "unknown key below": ("proportional_fall", "proportional", "response 1, proportional: an unk"),
    "wrong type": ("high = 12\nb", 'high = "12"\nb', "totals 1, high: '12'; .* number"),
    "wrong word": ('rater = "self"', 'rater = "nurse"', "rater: 'nurse'; input should be 'self'"),
    "wrong tag": ('bands_evidence = "verified"', 'bands_evidence = "sure"', "'sure'"),
    "not TOML": ("name = ", "name == ", "an instrument in TOML"),
    "name unlike the file's": ('name = "made_up"', 'name = "other"', "the same as the file's"),
    "item wording": ("first = 1\nlast = 3", 'names = ["made_up_i_feel_sad"]', "a neutral name"),
    "foreign item name": ("first = 1\nlast = 3", 'names = ["sleep_1"]', "neutral name such as"),
    "number given twice": ("last = 3", "last = 3\nnumbers = [2]", "made_up_2 given twice"),
    "empty item range": ("low = 0\nhigh = 4", "low = 4\nhigh = 4", "low is below high"),
    "answer not assessed": ("high = 4", "high = 4\nnot_assessed = [4]", "both an answer and not"),
    "code out of range": ("high = 4", 'high = 4\ncodes = { "5a" = 5 }', "codes 5a outside"),
    "weight of 0": ("high = 4", "high = 4\nweight = 0", "items 1, weight: 0"),
    "total too high": ("high = 12\nb", "high = 13\nb", "0 to 13; its items allow 0 to 12"),
    "total without high": ("high = 12\nb", "b", "0 or more; its items allow 0 to 12"),
    "mean with a sum's range": ("high = 12\nb", 'how = "mean"\nhigh = 12\nb', "allow 0 to 4"),
    "unknown item in a total": ("high = 12\nb", "items = [1, 2, 4]\nhigh = 12\nb", "no item made"),
    "item in no total": ("high = 12\nb", "items = [1, 2]\nhigh = 8\nb", "made_up_3 in no total"),
    "item twice in a total": (
        "high = 12\nb",
        "items = [1, 2, 3, 3]\nhigh = 12\nb",
        "made_up_3 named twice",
    ),
    "gap between bands": ("low = 6, high = 12", "low = 7, high = 12", "without gap or overlap"),
    "overlapping bands": ("low = 6, high = 12", "low = 5, high = 12", "without gap or overlap"),
    "bands end early": ("low = 6, high = 12", "low = 6, high = 11", "bands cover the total"),
    "bands begin late": ("low = 0, high = 5", "low = 1, high = 5", "bands cover the total"),
    "bands without source": ('bands_source = "a made-up source"\n', "", "bands without bands_sou"),
    "bands for one sex": ("low = 0, high = 5 }", 'low = 0, high = 5, sex = "male" }', "bands for"),
    "levels without how": ("high = 12\nb", 'levels = [{ name = "a" }]\nhigh = 12\nb', "levels be"),
    "count without from": ("high = 12\nb", 'how = "count"\nhigh = 3\nb', "counted_from"),
    "computed by hand": ("high = 12\nb", 'how = "computed"\nhigh = 12\nb', "function of its own"),
    "two forms": ("proportional_fall = 0.5", "proportional_fall = 0.5\nat_most = 3", "2 of at_mo"),
    "no form": ("proportional_fall = 0.5\n", "", "0 of at_most"),
    "per cent for a proportion": ("proportional_fall = 0.5", "proportional_fall = 50", "Write 0.5"),
    "threshold out of range": ("proportional_fall = 0.5", "at_most = 13", "total runs from 0 to 1"),
    "fall out of range": ("proportional_fall = 0.5", "fall = 13", "a fall that the total allows"),
    "no such band": ("proportional_fall = 0.5", 'level_at_most = "none"', "a band of total: low"),
    "too many levels": ("proportional_fall = 0.5", "levels_fall = 2", "fewer levels than"),
    "threshold of no total": (
        "proportional_fall = 0.5",
        'proportional_fall = 0.5\ntotal = "x"',
        "no total 'x'",
    ),
    "threshold without source": (
        'fall = 0.5\nsource = "a made-up source"',
        'fall = 0.5\nsource = " "',
        "every threshold has a source",
    ),
    "higher is better": ('higher_is = "worse"', 'higher_is = "better"', "only where higher is wo"),
    "prorating without number": ("fewest_answered = 2\n", "", "prorate = true and fewest_answere"),
    "number without prorating": ("prorate = true", "prorate = false", "prorate = false and fewes"),
    "prorating from all": ("fewest_answered = 2", "fewest_answered = 3", "between 1 and 2 for tot"),
    "flag of no item": ("items = [3]", "items = [9]", "flags, suicidality: no item made_up_9"),
    "flag always raised": ("at_least = 2", "at_least = 0", "above the lowest answer of made_up_3"),
    "flag never raised": ("at_least = 2", "at_least = 5", "above the lowest answer of made_up_3"),
    "pair of no item": (
        'licence = "free"',
        'licence = "free"\neither = [[1, 7]]',
        "either: no item made_up_7",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_contradicts_itself_is_refused(damage, write):
    old, new, message = DAMAGES[damage]
    assert GOOD.count(old) >= 1
    with pytest.raises(DataError, match=message) as refused:
        read_instrument(write(GOOD.replace(old, new, 1)))
    for fault in refused.value.faults:
        assert fault.where.startswith("made_up.toml")
        assert fault.wanted
        assert fault.way_out


def test_faults_of_different_parts_are_told_together(write):
    text = GOOD.replace("low = 6, high = 12", "low = 7, high = 12").replace(
        "at_least = 2", "at_least = 9"
    )
    with pytest.raises(DataError) as refused:
        read_instrument(write(text))
    assert len(refused.value.faults) == 2


def test_items_of_different_ranges_cannot_stand_in_for_each_other(write):
    text = GOOD.replace("last = 3", "last = 2").replace("high = 12", "high = 10")
    text += "\n[[items]]\nnumbers = [3]\nlow = 0\nhigh = 2\n"
    with pytest.raises(DataError, match="prorating total, whose items have different ranges"):
        read_instrument(write(text))


@pytest.mark.parametrize(
    ("edges", "good"), [([1, 2, 3, 4], True), ([1, 2, 3], False), ([1, 3, 2, 4], False)]
)
def test_edges_of_a_recode_rise_and_give_each_answer(edges, good, write):
    recode = (
        f'\n[[recodes]]\nitem = "made_up_1"\nfrom_column = "m"\nlow = 0\nupper_edges = {edges}\n'
    )
    path = write(GOOD + recode)
    if good:
        assert read_instrument(path).recodes[0].upper_edges == (1, 2, 3, 4)
    else:
        with pytest.raises(DataError, match="rising edges, one fewer than the answers"):
            read_instrument(path)


def test_the_lowest_level_needs_no_item(write):
    levels = (
        'how = "level"\nlevels = [{ name = "a", any_of = [1, 2] }, { name = "b", any_of = [3] }]'
    )
    text = re.sub(r"high = 12\nbands_source.*?\]\n", levels + "\n", GOOD, flags=re.DOTALL)
    text = text.replace("proportional_fall = 0.5", "at_most = 0")
    with pytest.raises(DataError, match="the lowest level is reached without any yes"):
        read_instrument(write(text))


def test_a_path_that_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"absent.toml: it cannot be read"):
        read_instrument(tmp_path / "absent.toml")


def test_bytes_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "made_up.toml").write_bytes(b"name = \xff")
    with pytest.raises(DataError, match="bytes that are not UTF-8"):
        read_instrument(tmp_path / "made_up.toml")


def test_importing_the_room_imports_nothing_heavy():
    code = (
        "import sys, stratify.instruments; "
        "print([m for m in ('pydantic', 'sklearn', 'matplotlib', 'mlflow', 'scipy') "
        "if m in sys.modules])"
    )
    root = Path(stratify.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
