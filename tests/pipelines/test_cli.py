import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

import pipelines
from pipelines.cli import FEWEST_PATIENTS, PRESETS, cli
from pipelines.command import MOST_FAULTS
from stratify.errors import DataError, Fault, SettingsError

ROOT = Path(pipelines.__file__).parents[1]
HEAVY = (
    "numpy",
    "pandas",
    "sklearn",
    "scipy",
    "mlflow",
    "shap",
    "xgboost",
    "pydantic",
    "matplotlib",
    "rich",
)


def run_python(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
        **options,
    )


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


class Done:
    """What a pipeline returns, for commands whose pipeline is not what is tested."""

    def __init__(self, **values):
        self.values = values

    def to_dict(self):
        return self.values

    def words(self):
        return "done in words"


@pytest.fixture
def pipeline(monkeypatch):
    """Put a function in a pipeline's place; return the calls it gets."""

    def put(name, act=lambda: Done(ok=True)):
        calls = []

        def stand_in(*positional, **named):
            calls.append((positional, named))
            return act()

        module = types.ModuleType(f"pipelines.{name}")
        setattr(module, name, stand_in)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return put


def raising(error):
    def act():
        raise error

    return act


def make_fault(number=1):
    return Fault(
        where=f"cohort.csv: age of row {number}",
        met="-3",
        wanted="an age is 0 or more",
        way_out="Correct it.",
        patients=(f"P{number}",),
    )


# Light


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["simulate", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from pipelines.cli import main\n"
        f"sys.argv = ['stratify', *{arguments}]\n"
        "try:\n    main()\n"
        "finally:\n"
        f"    heavy = sorted(set(sys.modules) & set({HEAVY}))\n"
        "    print('heavy:', heavy, file=sys.stderr)\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: stratify")
    assert done.stderr.strip() == "heavy: []"


def test_a_broken_study_file_is_told_without_importing_pandas(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text("kind = diagnosis")
    code = (
        "import sys, pathlib\n"
        "from pipelines.settings import examine_settings\n"
        f"examine_settings({str(study)!r})\n"
        "print(sorted({'numpy', 'pandas', 'sklearn'} & set(sys.modules)))\n"
    )
    assert run_python("-c", code).stdout.strip() == "[]"


def test_version_is_printed():
    import stratify

    assert run("--version").stdout.strip() == f"stratify {stratify.__version__}"


def test_help_shows_no_escape_and_one_exit_code_after_the_other():
    shown = run("--help").stdout
    assert "\\" not in shown
    assert "\n  Exit codes: 0 done; 1 the data or settings are wrong; 2 wrong usage;\n" in shown


def test_each_command_has_help_that_fits_a_line():
    lines = run("--help").stdout.split("Commands:")[1].strip().splitlines()
    assert [line.split()[0] for line in lines] == [
        "check",
        "compare",
        "describe",
        "explain",
        "extract",
        "report",
        "simulate",
        "train",
        "ui",
        "validate",
    ]
    assert not [line for line in lines if line.endswith("...")]


# What a command hands on


def test_extract_hands_its_options_on_and_tells_the_scans_that_failed(pipeline):
    done = Done()
    done.errors, done.ok = (make_fault(),), False
    calls = pipeline("extract", lambda: done)
    arguments = ["extract", "fmriprep", "--atlas", "a.nii.gz", "--labels", "l.tsv", "--out", "o"]
    more = ["--confounds", "scrubbing", "--fd-threshold", "0.3", "--entity", "task=rest"]
    result = run(*arguments, *more, "--session", "pre", "--workers", "2")
    assert result.exit_code == 1
    assert str(make_fault()) in result.stderr
    assert "done in words" in result.stdout
    named = calls[-1][1]
    assert named["strategy"] == "scrubbing"
    assert (named["fd_threshold"], named["session"], named["workers"]) == (0.3, "pre", 2)
    assert named["entities"] == {"task": "rest"}
    assert named["out"] == Path("o")
    assert "is not KEY=VALUE" in run(*arguments, "--entity", "rest").stderr


def test_extract_knows_the_strategies_of_the_library():
    from stratify.connectome.extract import STRATEGIES

    (confounds,) = (p for p in cli.commands["extract"].params if p.name == "confounds")
    assert tuple(confounds.type.choices) == STRATEGIES


def test_train_hands_its_options_on(pipeline):
    calls = pipeline("train")
    done = run(
        "train",
        "study.toml",
        "--set",
        "validation.repeats=2",
        "--set",
        "models.families=logistic",
        "--workers",
        2,
        "--store",
        "runs",
    )
    assert done.exit_code == 0
    assert done.stdout == "done in words\n"
    [((study,), named)] = calls
    assert study == Path("study.toml")
    assert named["overrides"] == ("validation.repeats=2", "models.families=logistic")
    assert (named["workers"], named["store"]) == (2, "runs")


def test_train_without_options_leaves_them_to_the_study(pipeline):
    calls = pipeline("train")
    run("train", "study.toml")
    [(_, named)] = calls
    assert (named["overrides"], named["workers"], named["store"]) == ((), None, None)


def test_explain_hands_the_run_on(pipeline):
    calls = pipeline("explain")
    run("explain", "responder@champion")
    [((name,), _)] = calls
    assert name == "responder@champion"


def test_report_hands_its_files_on(pipeline):
    calls = pipeline("report")
    run("report", "my study", "--patients", "new.csv", "--out", "reports")
    [(_, named)] = calls
    assert (named["patients"], named["out"]) == (Path("new.csv"), Path("reports"))
    assert named["connectivity"] is None


def test_ui_hands_its_options_on(pipeline):
    calls = pipeline("ui", lambda: None)
    run("ui", "--store", "runs", "--port", 5001, "--no-open")
    [(_, named)] = calls
    assert (named["store"], named["port"], named["open_browser"]) == ("runs", 5001, False)


def test_the_presets_and_numbers_are_those_of_the_simulator():
    import inspect

    from stratify.datasets import PRESETS as KNOWN
    from stratify.datasets import make_cohort
    from stratify.datasets.regions import FEWEST_REGIONS, MOST_REGIONS

    assert set(PRESETS) == set(KNOWN)
    make_cohort("null", patients=FEWEST_PATIENTS, regions=12)
    with pytest.raises(SettingsError, match="at least 10"):
        make_cohort("null", patients=FEWEST_PATIENTS - 1, regions=12)
    defaults = {key: one.default for key, one in inspect.signature(make_cohort).parameters.items()}
    options = {option.name: option for option in cli.commands["simulate"].params}
    assert options["patients"].default == defaults["patients"]
    assert f"[default: {defaults['regions']}]" in options["regions"].help
    assert (options["regions"].type.min, options["regions"].type.max) == (
        FEWEST_REGIONS,
        MOST_REGIONS,
    )


# --json


def test_json_is_one_object_whatever_a_library_prints_meanwhile(pipeline):
    import numpy as np

    def noisy():
        print("View run at somewhere")
        return Done(
            auc=np.float64(0.5), slope=float("nan"), path=Path("a/b"), runs=(1, np.int64(2))
        )

    pipeline("train", noisy)
    done = run("train", "study.toml", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "auc": 0.5,
        "slope": None,
        "path": str(Path("a/b")),
        "runs": [1, 2],
    }
    assert done.stdout.count("\n") == 1
    assert "View run at somewhere" in done.stderr


def test_json_tells_faults_as_one_object(pipeline):
    pipeline("train", raising(DataError([make_fault(1), make_fault(2)])))
    done = run("train", "study.toml", "--json")
    assert done.exit_code == 1
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "data"
    assert [fault["patients"] for fault in error["faults"]] == [["P1"], ["P2"]]
    assert done.stderr == ""


def test_json_tells_wrong_settings_apart_from_wrong_data(pipeline):
    pipeline("train", raising(SettingsError(make_fault())))
    assert json.loads(run("train", "s.toml", "--json").stdout)["error"]["kind"] == "settings"


# Exit codes


def test_faults_are_told_one_a_line_without_a_traceback(pipeline):
    pipeline("train", raising(DataError([make_fault(1), make_fault(2)])))
    done = run("train", "study.toml")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [str(make_fault(1)), str(make_fault(2))]


def test_many_faults_are_cut_and_counted(pipeline):
    pipeline("train", raising(DataError(make_fault(k) for k in range(MOST_FAULTS + 3))))
    lines = run("train", "study.toml").stderr.splitlines()
    assert len(lines) == MOST_FAULTS + 1
    assert lines[-1] == "(3 more; stratify check STUDY tells them all)"


def test_faults_of_new_patients_are_not_said_to_be_told_by_checking_the_study(pipeline):
    pipeline("report", raising(DataError(make_fault(k) for k in range(MOST_FAULTS + 3))))
    lines = run("report", "a run", "--patients", "new.csv", "--out", "out").stderr.splitlines()
    assert lines[-1] == "(3 more; --json tells them all)"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["train"],
        ["train", "study.toml", "--workers", "many"],
        ["simulate", "realstic", "--out", "demo"],
        ["simulate", "realistic"],
        ["simulate", "realistic", "--patients", "9", "--out", "demo"],
        ["report", "run"],
        ["ui", "--port", "0"],
    ],
)
def test_wrong_usage_exits_2(arguments):
    assert run(*arguments).exit_code == 2


def test_a_fault_of_ours_shows_its_traceback_and_asks_for_a_report(pipeline):
    pipeline("explain", raising(KeyError("no such key")))
    done = run("explain", "a run")
    assert done.exit_code == 70
    assert "Traceback" in done.stderr
    assert "KeyError: 'no such key'" in done.stderr
    assert "Please report it" in done.stderr


def test_a_disk_that_refuses_is_told_in_words(pipeline):
    pipeline("explain", raising(PermissionError(13, "Permission denied", "mlruns")))
    done = run("explain", "a run")
    assert done.exit_code == 1
    assert done.stderr == "mlruns: Permission denied\n"


def test_a_file_that_could_not_take_its_name_is_told_by_that_name(pipeline):
    pipeline("explain", raising(OSError(28, "No space left on device", "out/a.new", None, "out/a")))
    done = run("explain", "a run")
    assert done.exit_code == 1
    assert done.stderr == "out/a: No space left on device\n"


@pytest.mark.parametrize("command", ["explain", "ui", "report"])
def test_a_mistyped_store_is_refused_and_not_made(command, tmp_path):
    words = {
        "explain": ["explain", "a run"],
        "ui": ["ui", "--no-open"],
        "report": ["report", "a run", "--patients", "new.csv", "--out", tmp_path / "out"],
    }
    done = run(*words[command], "--store", tmp_path / "typo")
    assert done.exit_code == 1
    assert f"{tmp_path / 'typo'}: there is no such folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_exits_130_with_one_line(pipeline):
    pipeline("train", raising(KeyboardInterrupt()))
    done = run("train", "study.toml")
    assert done.exit_code == 130
    assert done.stderr == "Stopped.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_being_terminated_unwinds_so_that_open_work_is_closed(tmp_path):
    code = (
        "import pathlib, sys, time, types\n"
        "def train(*_, **__):\n"
        "    try:\n"
        "        pathlib.Path('started').touch()\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        pathlib.Path('closed').touch()\n"
        "module = types.ModuleType('pipelines.train')\n"
        "module.train = train\n"
        "sys.modules['pipelines.train'] = module\n"
        "from pipelines.cli import main\n"
        "sys.argv = ['stratify', 'train', 'study.toml']\n"
        "main()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 143
    assert (tmp_path / "closed").exists()
    assert "Traceback" not in said


def test_a_missing_study_exits_1_in_a_real_process(tmp_path):
    (tmp_path / "study.toml").touch()
    done = run_python("-m", "pipelines.cli", "check", "sutdy.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "Did you mean study.toml?" in done.stderr
    assert "Traceback" not in done.stderr
