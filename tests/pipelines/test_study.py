"""A whole study through its pipelines: simulated, trained, explained, reported."""

import json
import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from stratify.datasets import make_cohort, write_simulation
from stratify.metrics import METRICS
from stratify.model import classifier
from stratify.task import assemble
from stratify.tracking import find_identifiers, find_run, load_run, open_store, start_study

QUICK = (
    "validation.repeats=2",
    "validation.permutations=99",
    "instability.refits=20",
    "models.families=prevalence,logistic",
)


def run(*words):
    """Run a command that must go well; return its JSON."""
    result = CliRunner().invoke(cli, [*map(str, words), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def train(folder, *settings):
    overrides = [word for setting in (*QUICK, *settings) for word in ("--set", setting)]
    store = ("--workers", 1, "--store", folder / "mlruns")
    return run("train", folder / "study.toml", *overrides, *store)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A study with a strong planted effect, large enough that a responder model is found."""
    folder = tmp_path_factory.mktemp("found")
    simulation = make_cohort("optimistic", patients=900, seed=2, regions=12)
    write_simulation(simulation, folder)
    new = make_cohort("optimistic", patients=14, seed=4, regions=12)
    write_simulation(new, folder / "new")
    return folder, simulation, train(folder)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """A study in which nothing predicts."""
    folder = tmp_path_factory.mktemp("nothing")
    write_simulation(make_cohort("null", patients=300, seed=5, regions=12), folder)
    return folder, train(folder)


def test_train_prints_the_published_keys(found):
    _, _, result = found
    published = {"study", "study_run", "certificate", "responder_model", "verdict", "runs"}
    assert published <= set(result)
    assert result["study"] == "optimistic-depression"
    assert result["certificate"] == "passed"
    bounds = {f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")}
    for one in result["runs"]:
        assert {"run_id", "family", "features"} | bounds <= set(one)
    names = [(one["family"], one["features"]) for one in result["runs"]]
    assert names == [
        ("prevalence", "none"),
        ("logistic", "clinical"),
        ("logistic", "connectivity"),
        ("logistic", "both"),
    ]


def test_planted_effect_is_found_and_its_interval_holds_the_truth(found):
    _, simulation, result = found
    clinical = next(one for one in result["runs"] if one["features"] == "clinical")
    truth = simulation.oracle_auc("tms+ketamine", "clinical")
    assert clinical["auc_low"] <= truth <= clinical["auc_high"]
    assert result["responder_model"] in [one["run_id"] for one in result["runs"]]
    assert "simulated patients" in result["verdict"]


def test_use_and_subgroups_are_kept_of_each_model_and_of_the_study(found):
    folder, _, result = found
    store = open_store(folder / "mlruns")
    study = load_run(store, result["study_run"]).folder
    benefit = pd.read_csv(study / "tables" / "net_benefit.csv")
    groups = pd.read_csv(study / "tables" / "subgroups.csv", keep_default_na=False)
    assert set(benefit["model"]) == {"prevalence"} | set(groups["model"])
    assert set(groups["grouping"]) == {"", "sex", "age", "site", "arm", "condition"}
    empty = groups.query("group == 'ketamine' and metric == 'auc'")
    assert (empty["why_not"] == "no patients").all()
    assert len(empty) == 3
    for name in ("decision_curves", "subgroups_auc", "subgroups_calibration"):
        assert (study / "figures" / f"{name}.png").exists()
    for one in result["runs"]:
        own = load_run(store, one["run_id"])
        curve = pd.read_csv(own.folder / "tables" / "decision_curve.csv")
        assert (curve["threshold"].min(), curve["threshold"].max()) == (0.3, 0.7)
        name = f"{one['features']} {one['family']}".removeprefix("none ")
        mine = benefit[benefit["model"] == name].set_index("threshold")
        assert own.metrics["net_benefit_at_0.5"] == pytest.approx(mine.loc[0.5, "net_benefit"])


def test_the_model_that_speaks_has_its_interval_from_refits_and_knows_its_limits(found):
    folder, _, result = found
    store = open_store(folder / "mlruns")
    speaking = load_run(store, result["responder_model"])
    assert speaking.model.left_out_share is None
    assert len(speaking.model.replicas) == 20
    assert result["instability"]["refits"] == 20
    kept = pd.read_csv(speaking.folder / "tables" / "instability.csv")
    assert kept["mean_change"].mean() == pytest.approx(result["instability"]["mean_change"])
    assert kept["patient"].str.startswith("p-").all()
    assert speaking.metrics["flipped_at_0.5"] == pytest.approx(kept["flipped_at_0.5"].mean())
    assert (speaking.folder / "figures" / "instability.png").exists()
    for one in result["runs"]:
        model = load_run(store, one["run_id"]).model
        assert model.limits.sites == ("site A", "site B", "site C")
        assert model.limits.outcome_sets.confidence == 0.9
        assert model.limits.familiar is not None
        if one["run_id"] != result["responder_model"]:
            assert model.left_out_share == pytest.approx(0.2)


def test_runs_of_a_study_are_complete_and_name_no_patient(found):
    folder, simulation, result = found
    store = open_store(folder / "mlruns")
    for one in result["runs"]:
        loaded = load_run(store, one["run_id"])
        assert loaded.reference.study == "optimistic-depression"
        assert loaded.metrics["auc"] == pytest.approx(one["auc"], abs=1e-12)
        assert loaded.tags["certificate"] == "passed"
    assert not find_identifiers(folder / "mlruns", simulation.cohort.patients)


def test_same_study_again_gives_the_same_figures_to_the_last_digit(nothing):
    folder, first = nothing
    again = train(folder, "compute.workers=2", "compute.checkpoints=false")
    for one, other in zip(first["runs"], again["runs"], strict=True):
        one, other = ({k: v for k, v in run.items() if k != "run_id"} for run in (one, other))
        assert one == other


def test_chance_is_told_from_a_planted_effect_by_shuffled_outcomes(found, nothing):
    _, _, result = found
    tests = {test["features"]: test for test in result["permutation_tests"]}
    assert set(tests) == {"clinical", "connectivity", "both"}
    assert tests["clinical"]["p_value"] == pytest.approx(0.01)
    assert tests["clinical"]["within"] == "site"
    assert min(test["p_value"] for test in nothing[1]["permutation_tests"]) > 0.02


def test_permutation_tests_are_kept_with_the_study(found):
    folder, _, result = found
    kept = {path.name for path in (folder / "mlruns").rglob("permutation*")}
    assert {"permutations_clinical_ridge.png", "permutation_tests.csv"} <= kept
    words = CliRunner().invoke(cli, ["train", "--help"]).stdout
    assert "--scheduler" in words
    assert result["permutation_tests"][0]["permutations"] == 99


def test_training_again_fits_nothing_anew_and_finds_the_same(nothing, monkeypatch):
    folder, first = nothing
    monkeypatch.setattr("stratify.model.classifier._tune", None)
    monkeypatch.setattr("stratify.evaluation.permutation._run", None)
    again = train(folder)
    for one, other in zip(first["runs"], again["runs"], strict=True):
        one, other = ({k: v for k, v in run.items() if k != "run_id"} for run in (one, other))
        assert one == other
    assert again["permutation_tests"] == first["permutation_tests"]


def test_a_changed_study_fits_what_changed_and_nothing_else(nothing, monkeypatch):
    folder, _ = nothing
    fitted = []

    def tune(family, *rest, tune=classifier._tune):
        fitted.append(family)
        return tune(family, *rest)

    monkeypatch.setattr("stratify.model.classifier._tune", tune)
    monkeypatch.setattr("stratify.evaluation.permutation._run", None)
    same = ("planning.learning_curve=0", "instability.refits=0")
    more = train(folder, "models.families=prevalence,logistic,svm", *same)
    new = [r for r in more["runs"] if r["family"] == "svm" and r["features"] != "late fusion"]
    # Two repeats of five folds, and all patients; what was fused is joined of the others.
    assert len(fitted) == 11 * len(new) > 0
    assert {family.loss for family in fitted} == {"squared hinge"}
    fitted.clear()
    train(folder, "validation.level=0.9", "usefulness.thresholds=0.4,0.6", *same)
    assert fitted == []


# Sockets of a killed worker close when they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_study_on_a_cluster_that_loses_a_worker_finds_the_same(nothing, start_cluster):
    distributed = pytest.importorskip("distributed")
    folder, first = nothing
    with start_cluster(2) as cluster:
        killed = []
        killer = threading.Thread(target=kill_one_at_work, args=(cluster, killed))
        killer.start()
        again = train(
            folder,
            "compute.backend=dask",
            f"compute.scheduler={cluster.scheduler_address}",
            "compute.checkpoints=false",
        )
        killer.join()
        with distributed.Client(cluster, set_as_default=False) as client:
            # What is logged is logged by this process.
            logging = client.run(lambda: "mlflow" in __import__("sys").modules)
    assert len(killed) == 1
    assert not any(logging.values())
    assert again["instability"] == first["instability"]
    for one, other in zip(first["runs"], again["runs"], strict=True):
        one, other = ({k: v for k, v in run.items() if k != "run_id"} for run in (one, other))
        assert one == other
    assert again["permutation_tests"] == first["permutation_tests"]


def kill_one_at_work(cluster, killed):
    """Kill the first worker once it holds a task, unless that takes longer than it can."""
    nanny = next(iter(cluster.workers.values()))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = cluster.scheduler.workers.get(nanny.worker_address)
        if state is not None and state.processing:
            killed.append(nanny.pid)
            os.kill(nanny.pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def test_explanation_names_only_what_the_model_uses(found):
    folder, _, result = found
    told = run("explain", "optimistic-depression", "--store", folder / "mlruns")
    assert told["run_id"] == result["responder_model"]
    columns = [row["column"] for row in told["importance"]]
    model = load_run(open_store(folder / "mlruns"), told["run_id"]).model
    assert set(columns) == {column.name for column in model.columns}
    assert all(Path(figure).is_file() for figure in told["figures"])
    assert told["simulated"] is True
    words = CliRunner().invoke(
        cli, ["explain", "optimistic-depression", "--store", str(folder / "mlruns")]
    )
    assert "Simulated patients" in words.stdout


def test_explanations_of_new_patients_add_up_to_their_log_odds(found, tmp_path):
    folder, _, _ = found
    new = folder / "new"
    run(
        "explain", "optimistic-depression", "--store", folder / "mlruns",
        "--patients", new / "cohort.csv", "--connectivity", new / "connectivity.parquet",
        "--out", tmp_path,
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "contributions.csv", index_col="patient")
    total = table.drop(columns="log_odds").sum(axis=1)
    assert len(table) == 14
    np.testing.assert_allclose(total, table["log_odds"], atol=1e-9)


def report(folder, out, study="optimistic-depression"):
    new = folder / "new"
    files = ("--patients", new / "cohort.csv", "--connectivity", new / "connectivity.parquet")
    return run("report", study, *files, "--out", out, "--store", folder / "mlruns")


def test_each_new_patient_gets_a_report_labelled_simulated(found, tmp_path):
    folder, _, _ = found
    result = report(folder, tmp_path)
    assert sum(result["said"].values()) == 14
    assert len(result["reports"]) == 28
    for page in tmp_path.glob("*.html"):
        assert "SIMULATED PATIENTS" in page.read_text()
        assert "not a medical device" in page.read_text()
    assert len(list(tmp_path.glob("*.pdf"))) == 14


def test_patient_planned_for_another_treatment_gets_no_likelihood(found, tmp_path):
    folder, _, _ = found
    report(folder, tmp_path)
    table = pd.read_csv(folder / "new" / "cohort.csv")
    other = table[table["treatment"] != "tms+ketamine"]["patient"]
    assert len(other)
    for patient in other:
        page = (tmp_path / f"{patient}.html").read_text()
        assert "cannot say" in page
        assert not re.search(r"\d+ of 100 patients like this", page)


def test_report_says_the_likelihood_that_the_model_gives(found, tmp_path):
    folder, _, result = found
    report(folder, tmp_path)
    model = load_run(open_store(folder / "mlruns"), result["responder_model"]).model
    new = make_cohort("optimistic", patients=14, seed=4, regions=12)
    X = assemble(model.task, new.cohort, new.connectomes, labelled=False).X
    predicted = model.predict(X)
    told = 0
    for patient, p, outside in zip(
        X.index, predicted.table["probability"], predicted.cannot_say, strict=True
    ):
        page = (tmp_path / f"{patient}.html").read_text()
        if not outside and new.cohort.frame.loc[patient, "treatment"] == "tms+ketamine":
            assert f"about\xa0{int(p * 100 + 0.5)}\xa0(" in page
            told += 1
    assert told


def test_folder_that_is_a_file_is_refused_by_its_path(found, tmp_path):
    folder, _, _ = found
    (tmp_path / "file").write_text("mine")
    new = folder / "new"
    words = (
        "report", "optimistic-depression", "--store", folder / "mlruns", "--patients",
        new / "cohort.csv", "--connectivity", new / "connectivity.parquet", "--out",
        tmp_path / "file",
    )  # fmt: skip
    refused = CliRunner().invoke(cli, [*map(str, words)])
    assert refused.exit_code == 1
    assert f"{tmp_path / 'file'}: it cannot be made" in refused.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def retrained(found, tmp_path):
    """A copy of the study's store with a later training, in which nothing was found."""
    folder, _, result = found
    shutil.copytree(folder, tmp_path / "copy")
    store = open_store(tmp_path / "copy" / "mlruns")
    name = result["study"]
    with start_study(store, experiment=name, name=name, digest="ab" * 32, simulated=True) as run:
        run.finish(verdict="Cannot tell.", tags={"finding": "cannot tell"})
    return tmp_path / "copy", store, result


def test_report_from_a_champion_that_a_later_training_did_not_confirm_says_so(
    retrained, found, tmp_path
):
    folder, _, _ = retrained
    name = "optimistic-depression@champion"
    told = report(folder, tmp_path / "reports", name)
    assert "later training of this study" in told["notes"][0]
    for page in (tmp_path / "reports").glob("*.html"):
        assert "A later training of this study" in page.read_text()
    before = report(found[0], tmp_path / "before", name)["notes"]
    assert not any("later training" in note for note in before)
    assert not any("later training" in p.read_text() for p in (tmp_path / "before").glob("*.html"))


def test_connectivity_named_for_a_clinical_model_is_said_to_be_unused(retrained, tmp_path):
    folder, store, result = retrained
    clinical = next(one["run_id"] for one in result["runs"] if one["features"] == "clinical")
    store.client.set_tag(result["study_run"], "responder_run", clinical)
    files = ("--patients", folder / "new" / "cohort.csv", "--connectivity", "nope.parquet")
    for words in (("explain", clinical), ("report", clinical)):
        out = tmp_path / words[0]
        told = run(*words, *files, "--out", out, "--store", folder / "mlruns")
        assert "nope.parquet was not read" in told["notes"][-1]


def test_null_study_reports_chance_and_no_report_is_written(nothing, tmp_path):
    folder, result = nothing
    assert result["responder_model"] is None
    assert result["finding"] == "cannot tell"
    best = max(result["runs"], key=lambda one: one["auc"])
    assert best["auc_low"] <= 0.5 <= best["auc_high"]
    write_simulation(make_cohort("null", patients=12, seed=6, regions=12), folder / "new")
    refused = report(folder, tmp_path / "reports", "null-depression")
    assert refused["reports"] == []
    assert "no report is issued" in refused["verdict"]
    assert not (tmp_path / "reports").exists()


def test_model_that_is_not_the_responder_model_writes_no_report(found, tmp_path):
    folder, _, result = found
    prevalence = result["runs"][0]["run_id"]
    refused = report(folder, tmp_path / "reports", prevalence)
    assert refused["reports"] == []
    assert "is not the one this study may report with" in refused["verdict"]


def test_connectivity_model_without_connectivity_is_refused_in_words(found, tmp_path):
    folder, _, result = found
    edges = next(one["run_id"] for one in result["runs"] if one["features"] == "both")
    words = ("explain", edges, "--patients", folder / "new" / "cohort.csv")
    refused = CliRunner().invoke(
        cli, [*map(str, words), "--store", str(folder / "mlruns"), "--out", str(tmp_path)]
    )
    assert refused.exit_code == 1
    assert "--connectivity" in refused.stderr
    assert "Traceback" not in refused.output


def test_leaky_study_is_refused_by_the_name_of_the_column(tmp_path):
    write_simulation(make_cohort("leaky", patients=60, seed=1, regions=12), tmp_path)
    refused = CliRunner().invoke(
        cli, ["train", str(tmp_path / "study.toml"), "--store", str(tmp_path / "mlruns")]
    )
    assert refused.exit_code == 1
    assert "madrs_week1" in refused.stderr
    assert "Traceback" not in refused.output


def test_registry_alias_leads_to_the_responder_model(found):
    folder, _, result = found
    reference = find_run(open_store(folder / "mlruns"), "optimistic-depression@champion")
    assert reference.run_id == result["responder_model"]
