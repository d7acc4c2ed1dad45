"""A study whose visits are in a file of their own, and a landmark study, from file to model."""

import json
from typing import get_args

import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.data import read_table
from pipelines.sections import cohort as words
from pipelines.settings import read_settings
from stratify.cohort import visits
from stratify.datasets import make_cohort, write_simulation
from stratify.errors import SettingsError

VISITS = """
[visits]
file = "visits.csv"
days = {"week 1" = 7, "week 6" = 42}
last_day = 28
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A simulated study whose MADRS is in a long file, beside a cohort without it."""
    folder = tmp_path_factory.mktemp("visits")
    simulation = make_cohort("optimistic", patients=60, seed=3, regions=12)
    write_simulation(simulation, folder)
    frame = simulation.cohort.frame
    pieces = [
        pd.DataFrame(
            {"visit": visit, "day": day, "instrument": "madrs", "value": frame[name]},
            index=frame.index,
        )
        for name, visit, day in (
            ("madrs_baseline", "screening", -14),
            ("madrs_baseline", "baseline", -2),
            ("madrs_week1", "week 1", 7),
            ("madrs_week6", "week 6", 42),
        )
    ]
    long = pd.concat(pieces).rename_axis("patient").dropna()
    long.to_csv(folder / "visits.csv")
    study = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "wide.toml").write_text(study, encoding="utf-8")
    start, end = study.index("[response]"), study.index("[features]")
    response = '[response]\nrule = "madrs_response_50"\nvisit = "week 6"\n\n'
    study = study[:start] + response + study[end:] + VISITS
    study = study.replace("columns.toml", "fewer.toml").replace(
        '["clinical", "connectivity", "both"]', '["clinical"]'
    )
    (folder / "study.toml").write_text(study, encoding="utf-8")
    columns = (folder / "columns.toml").read_text(encoding="utf-8")
    parts = columns.split("[columns.")
    kept = [part for part in parts if not part.startswith("madrs_")]
    (folder / "fewer.toml").write_text("[columns.".join(kept), encoding="utf-8")
    return folder


def check(path, *settings):
    sets = [word for setting in settings for word in ("--set", setting)]
    return CliRunner().invoke(cli, ["check", str(path), *sets])


def test_visits_in_their_own_file_give_the_outcome_and_features_of_the_wide_study(folder):
    data = read_table(read_settings(folder / "study.toml"))
    table, dictionary = data.table, data.dictionary
    wide = read_table(read_settings(folder / "wide.toml", ["features.sets=clinical"]))
    wide = wide.table.select("clinical")
    assert table.y.tolist() == wide.y.tolist()
    assert set(table.X) == set(wide.X)
    pd.testing.assert_frame_equal(table.X[list(wide.X)], wide.X, check_index_type=False)
    assert "madrs_baseline" in {column.name for column in dictionary.columns}


def test_check_shows_which_values_are_the_baseline(folder):
    result = check(folder / "study.toml")
    assert result.exit_code == 0, result.output
    said = "madrs: 60 values, 2 to 2 days before the first session (median 2), 60 earlier values"
    assert said in " ".join(result.output.split())
    told = json.loads(
        CliRunner().invoke(cli, ["check", str(folder / "study.toml"), "--json"]).stdout
    )
    first = told["baseline_used"][0]
    assert (first["instrument"], first["visit"], first["days_before"]) == ("madrs", "baseline", 2)


def test_a_wrong_file_of_visits_stops_the_check_without_a_traceback(folder):
    result = check(folder / "study.toml", "visits.file=nowhere.csv")
    assert result.exit_code == 1
    assert "nowhere.csv" in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_landmark_study_is_declared_and_says_so(folder):
    refused = check(folder / "study.toml", "features.clinical=age,madrs_week_1")
    assert refused.exit_code == 1
    assert "declare it with question.landmark" in refused.output
    declared = check(
        folder / "study.toml", "features.clinical=age,madrs_week_1", "question.landmark=week 1"
    )
    assert declared.exit_code == 0, declared.output
    assert "by a landmark model at week 1" in declared.output
    assert "says nothing of a patient at baseline" in declared.output


def test_the_words_of_visits_are_those_of_the_library():
    assert get_args(words.VisitsFormat) == get_args(visits.Format)
    assert get_args(words.VisitsRow) == get_args(visits.Row)
    assert get_args(words.OnFirstDay) == get_args(visits.FirstDay)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("visits.last_session=end", "last_session without first_session"),
        ("visits.row=patients", "Did you mean"),
        ("visits.days.week 1=soon", "it takes a number"),
    ],
)
def test_what_cannot_be_meant_of_visits_is_refused(folder, setting, told):
    with pytest.raises(SettingsError) as caught:
        read_settings(folder / "study.toml", [setting])
    assert told in str(caught.value)


def test_visits_are_written_out_and_read_back_with_the_study(folder):
    study = read_settings(folder / "study.toml")
    again = folder / "again.toml"
    again.write_text(study.to_toml(), encoding="utf-8")
    assert read_settings(again).visits == study.visits
