"""A study whose connectivity is computed of signals, with gates on the quality of the scans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.check import check
from pipelines.data import read_data
from pipelines.patients import (
    _require_quality,
    _scan_options,
    load_model_run,
    read_new_patients,
)
from pipelines.settings import read_settings
from pipelines.store import find_store
from pipelines.train import train
from stratify.connectome import Connectomes, compute_connectivity
from stratify.errors import DataError, SettingsError

STUDY = """
[study]
name = "scans"
[cohort]
file = "cohort.csv"
columns = "columns.toml"
[connectivity]
file = "scans/{patient}.tsv"
format = "timeseries"
kind = "partial correlation"
motion = "scans/{patient}_motion.tsv"
fd_threshold = 0.5
repetition_time = 2.0
[quality]
most_mean_fd = 0.4
least_minutes = 1.0
[question]
kind = "diagnosis"
[response]
name = "patient"
followup = "group"
responder = "patient"
[validation]
folds = 2
inner_folds = 2
"""
COLUMNS = """
[columns.patient]
role = "patient"
[columns.age]
low = 18
high = 90
[columns.group]
kind = "category"
levels = ["control", "patient"]
role = "outcome"
"""
PATIENTS = [f"P{k:02}" for k in range(20)]
REGIONS = ("SN_1", "DMN_1", "CEN_1")


@pytest.fixture
def study(tmp_path):
    """Write 20 people; P03 moved too much, and P04 so often that half a minute is left."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"patient": PATIENTS, "age": rng.integers(20, 70, 20)})
    frame["group"] = np.where(np.arange(20) % 2, "patient", "control")
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "columns.toml").write_text(COLUMNS)
    (tmp_path / "scans").mkdir()
    for k, patient in enumerate(PATIENTS):
        signals = pd.DataFrame(rng.normal(size=(60, 3)), columns=list(REGIONS))
        signals.to_csv(tmp_path / f"scans/{patient}.tsv", sep="\t", index=False)
        displacement = np.full(60, 0.45 if k == 3 else 0.1)
        displacement[: 45 if k == 4 else 3] = 0.51
        pd.DataFrame({"framewise_displacement": displacement}).to_csv(
            tmp_path / f"scans/{patient}_motion.tsv", sep="\t", index=False
        )
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_scans_that_do_not_pass_the_gates_are_left_out_and_told(study):
    result = check(study)
    assert result.ok, result.words()
    said = "\n".join(map(str, result.warnings))
    assert "mean framewise displacement above 0.4 mm in 2 patients: P03, P04" in said
    assert "minutes of scan left after censoring below 1 min in 1 patient: P04" in said
    assert result.plan.patients == 18
    assert result.plan.features["connectivity"] == 3


def test_the_connectivity_is_that_of_the_volumes_that_did_not_move(study):
    cohort, connectomes = read_data(read_settings(study))
    assert len(cohort) == 20
    assert len(connectomes) == 18
    signals = pd.read_csv(study.parent / "scans/P00.tsv", sep="\t").to_numpy()
    np.testing.assert_allclose(
        connectomes.matrices[0], compute_connectivity(signals[3:], "partial correlation")
    )
    assert connectomes.quality["volumes"].eq(57).all()
    said = "\n".join(map(str, connectomes.warnings))
    assert "15 volumes, which tell a Fisher z to a standard error of 0.29 (patient P04)" in said
    assert "gates of the study" in said
    # Of noise, shrinkage leaves nothing; told once of all.
    assert said.count("each edge is 0 for patient") == 1


def test_gates_without_connectivity_are_refused(study):
    text = study.read_text()
    start, end = text.index("[connectivity]"), text.index("[quality]")
    study.write_text(text[:start] + text[end:])
    with pytest.raises(SettingsError, match="gates on most_mean_fd, least_minutes"):
        read_settings(study)


def test_a_gate_on_what_is_not_known_is_an_error_of_the_study(study):
    result = check(study, overrides=["quality.least_coverage=0.9", "quality.most_mean_fd=0.01"])
    assert "none of 20 patients passes the gates" in "\n".join(map(str, result.errors))


def test_new_patients_are_read_as_the_study_reads_and_held_to_its_gates(tmp_path):
    reading = {"session": "1", "band": "alpha", "fd_threshold": 0.5, "atlas": "Tian"}
    (tmp_path / "P1_timeseries.tsv").touch()
    assert _scan_options(tmp_path, reading) == {"fd_threshold": 0.5}
    assert _scan_options(tmp_path / "edges.csv", reading) == {"band": "alpha"}
    func = tmp_path / "new/sub-1/func"
    func.mkdir(parents=True)
    (func / "sub-1_task-rest_atlas-Tian_stat-mean_timeseries.tsv").touch()
    assert _scan_options(tmp_path / "new", reading) == {
        "session": "1",
        "fd_threshold": 0.5,
        "atlas": "Tian",
    }
    quality = pd.DataFrame({"mean_fd": [0.1, 0.9]}, index=["A", "B"])
    two = Connectomes(
        np.zeros((2, 2, 2)), ("A", "B"), ("R", "S"), ("SN", "DMN"), "fisher z", quality=quality
    )
    with pytest.raises(DataError, match=r"above 0.5 mm in 1 patient: B.*better scans"):
        _require_quality(two, {"most_mean_fd": 0.5})
    assert _require_quality(two, {"most_mean_fd": 1.0}) is None
    assert _require_quality(two, {}) is None


def test_a_study_may_use_regional_values(study):
    rng = np.random.default_rng(1)
    rows = [(p, r, rng.uniform(0.5, 1.5)) for p in PATIENTS for r in REGIONS]
    table = pd.DataFrame(rows, columns=["participant_id", "roi", "value"])
    table.assign(tracer="ECD", session_id="pre").to_csv(
        study.parent / "spect.tsv", sep="\t", index=False
    )
    text = study.read_text()
    start, end = text.index("[connectivity]"), text.index("[question]")
    section = """[connectivity]
file = "spect.tsv"
format = "regional"
measure = "perfusion"
unit = "ratio to cerebellum"
"""
    study.write_text(text[:start] + section + text[end:])
    result = check(study)
    assert result.ok, result.words()
    assert result.plan.features["connectivity"] == 3
    _, values = read_data(read_settings(study))
    assert repr(values).endswith("perfusion of ECD, ratio to cerebellum)")


def test_sums_of_edges_are_planned_and_trained_where_a_model_sees_edges_and_told(study):
    overrides = ['models.families=["prevalence", "cpm"]', "validation.repeats=1"]
    overrides += ["validation.permutations=0", "instability.refits=0"]
    checked = check(study, overrides=overrides)
    assert checked.ok, checked.words()
    assert checked.plan.models == {"prevalence": (), "cpm": ("connectivity", "both")}
    assert checked.plan.runs == 3
    trained = train(study, overrides=overrides, store=str(study.parent / "runs"))
    assert [e.name for e in trained.evaluations] == ["prevalence", "connectivity cpm", "both cpm"]
    for result in (checked, trained):
        said = "\n".join(map(str, result.warnings))
        assert "models.families: cpm: not fitted on clinical and late fusion" in said


def test_sums_of_edges_without_edges_are_refused(study):
    overrides = ['models.families=["cpm"]', 'features.sets=["clinical"]']
    checked = check(study, overrides=overrides)
    assert "cpm on clinical features: no edges" in "\n".join(map(str, checked.errors))
    with pytest.raises(DataError, match="cpm on clinical features: no edges"):
        train(study, overrides=overrides, store=str(study.parent / "runs"))


def test_new_scans_of_another_atlas_are_refused_where_derivatives_name_theirs(study):
    """Regions of two resolutions may share their names; the study remembers which it read."""
    rng = np.random.default_rng(2)
    for atlas, folder in (("Tian", "xcp_d"), ("Other", "new")):
        for patient in PATIENTS:
            func = study.parent / folder / f"sub-{patient}" / "func"
            func.mkdir(parents=True)
            signals = pd.DataFrame(rng.normal(size=(60, 3)), columns=list(REGIONS))
            name = f"sub-{patient}_task-rest_atlas-{atlas}_stat-mean_timeseries.tsv"
            signals.to_csv(func / name, sep="\t", index=False)
    text = study.read_text()
    start, end = text.index("[connectivity]"), text.index("[question]")
    study.write_text(
        text[:start] + '[connectivity]\nfile = "xcp_d"\nkind = "pearson r"\n' + text[end:]
    )
    few = ['models.families=["ridge"]', 'features.sets=["connectivity"]', "validation.repeats=1"]
    few += ["validation.permutations=0", "instability.refits=0"]
    trained = train(study, overrides=few, store=str(study.parent / "runs"))
    loaded = load_model_run(find_store(str(study.parent / "runs")), trained.study)
    people = study.parent / "people.csv"
    pd.read_csv(study.parent / "cohort.csv").drop(columns="group").head(3).to_csv(people)
    assert len(read_new_patients(loaded, people, study.parent / "xcp_d")) == 3
    with pytest.raises(DataError, match="no atlas 'Tian'"):
        read_new_patients(loaded, people, study.parent / "new")
