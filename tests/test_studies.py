"""The study files of the project run from end to end on the real data they name."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import cli

STUDIES = sorted((Path(__file__).parents[1] / "studies").glob("*.toml"))

pytestmark = pytest.mark.skipif(
    "STRATIFY_DATA" not in os.environ, reason="STRATIFY_DATA names no mirror of the public data"
)

QUICK = ("folds=3", "repeats=1", "inner_folds=3")


def test_there_is_a_study_of_each_first_data_set():
    assert {path.stem for path in STUDIES} >= {"tulsa-mdd", "sudmex-tms", "help-linkage"}


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_study_on_real_data_runs_and_says_what_it_found(study, tmp_path):
    settings = [word for one in QUICK for word in ("--set", f"validation.{one}")]
    words = ["train", study, *settings, "--workers", 1, "--store", tmp_path / "mlruns", "--json"]
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["certificate"] == "passed"
    assert told["study"] == study.stem
    # Published and independent figures on these data are 0.43 to 0.73; far above is a leak.
    assert all(one["auc"] < 0.85 for one in told["runs"])
    if study.stem == "sudmex-tms":
        assert told["responder_model"] is None
        assert "no usable individual prediction" in told["verdict"]
