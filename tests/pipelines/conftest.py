"""Studies trained once, for the tests of commands that read what training keeps."""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from stratify.datasets import make_cohort, write_simulation


class Studies(NamedTuple):
    """A store, the folders of cohorts, and what training each study printed."""

    store: Path
    cohorts: dict[str, Path]
    trained: dict[str, dict]

    def train(self, cohort, name, *settings):
        quick = (
            f"study.name={name}",
            "validation.repeats=2",
            "validation.permutations=0",
            "instability.refits=0",
            "models.families=prevalence,logistic",
        )
        overrides = [word for setting in (*quick, *settings) for word in ("--set", setting)]
        words = ["train", self.cohorts[cohort] / "study.toml", *overrides, "--workers", 1]
        done = CliRunner().invoke(
            cli, [*map(str, words), "--store", str(self.store), "--json"], catch_exceptions=False
        )
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)


def rename_patients(path):
    """Give another cohort's patients names of their own."""
    parquet = path.suffix == ".parquet"
    table = pd.read_parquet(path) if parquet else pd.read_csv(path, dtype=str)
    table["patient"] = "other-" + table["patient"].astype(str)
    if parquet:
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False)


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    """Three studies: two on the same patients, the second in other folds; one on other patients."""
    folder = tmp_path_factory.mktemp("studies")
    cohorts = {"here": folder / "here", "elsewhere": folder / "elsewhere"}
    write_simulation(make_cohort("optimistic", patients=700, seed=3, regions=12), cohorts["here"])
    write_simulation(
        make_cohort("optimistic", patients=400, seed=9, regions=12), cohorts["elsewhere"]
    )
    for file in ("cohort.csv", "connectivity.parquet"):
        rename_patients(cohorts["elsewhere"] / file)
    made = Studies(folder / "mlruns", cohorts, {})
    clinical = "features.sets=clinical"
    made.trained["first"] = made.train("here", "first", clinical)
    made.trained["second"] = made.train(
        "here", "second", "validation.seed=1", "features.sets=clinical,both"
    )
    made.trained["third"] = made.train("elsewhere", "third", clinical)
    return made
