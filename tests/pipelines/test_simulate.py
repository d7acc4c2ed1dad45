import json

import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.simulate import FILES, simulate
from stratify.errors import DataError


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "demo"
    return folder, simulate("realistic", patients=60, seed=3, regions=12, out=folder)


def test_every_file_is_written(simulated):
    folder, result = simulated
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert (result.patients, result.regions) == (60, 12)


def test_the_result_says_that_nobody_is_real(simulated):
    _, result = simulated
    assert "60 simulated patients" in result.words()
    assert result.to_dict()["simulated"] is True


def test_an_earlier_simulation_is_replaced_by_the_same_one(simulated):
    folder, _ = simulated
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    simulate("realistic", patients=60, seed=3, regions=12, out=folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_somebody_s_own_study_is_never_written_over(tmp_path):
    (tmp_path / "cohort.csv").write_text("patient,age\nP1,40\n")
    with pytest.raises(DataError, match="never writes over a study of your own"):
        simulate("realistic", patients=60, seed=3, regions=12, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cohort.csv"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="it cannot be made"):
        simulate("realistic", patients=60, seed=3, regions=12, out=tmp_path / "file" / "demo")


def test_a_simulated_study_passes_its_check(simulated):
    folder, _ = simulated
    done = CliRunner().invoke(
        cli,
        ["check", str(folder / "study.toml"), "--set", "validation.folds=2", "--set",
         "validation.inner_folds=2", "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)["plan"]
    assert plan["simulated"] is True
    assert plan["features"]["connectivity"] == 12 * 11 // 2


def test_the_command_prints_one_object(tmp_path):
    done = CliRunner().invoke(
        cli,
        ["simulate", "null", "--patients", "60", "--seed", "1", "--regions", "12", "--out",
         str(tmp_path / "out"), "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["preset"], said["patients"], said["seed"]) == ("null", 60, 1)
