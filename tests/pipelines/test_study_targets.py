"""A study that asks whether where patients are stimulated says how they fare."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from pipelines.check import check
from pipelines.data import read_table
from pipelines.patients import load_model_run, read_new_patients
from pipelines.settings import read_settings
from pipelines.train import train
from stratify.errors import SettingsError
from stratify.tracking import open_store

STUDY = """
[study]
name = "targets"
[cohort]
file = "cohort.csv"
columns = "columns.toml"
[targets]
file = "targets.csv"
map = "map.nii.gz"
seed = "dlpfc"
[question]
kind = "prognosis"
[response]
name = "response"
followup = "responded"
responder = "yes"
[features]
clinical = ["age"]
[validation]
folds = 2
inner_folds = 2
repeats = 1
permutations = 0
[models]
families = ["prevalence", "ridge"]
"""
COLUMNS = """
[columns.patient]
role = "patient"
[columns.age]
low = 18
high = 90
[columns.responded]
kind = "boolean"
levels = ["no", "yes"]
role = "outcome"
measured = "followup"
"""
PATIENTS = [f"P{k:02}" for k in range(24)]


@pytest.fixture
def study(tmp_path):
    """Write 24 people of whom the last was not stimulated; the map rises by 0.01 a millimetre."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"patient": PATIENTS, "age": rng.integers(20, 70, 24)})
    frame["responded"] = np.where(rng.random(24) < 0.5, "yes", "no")
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "columns.toml").write_text(COLUMNS)
    places = pd.DataFrame(
        np.column_stack([np.full(24, -40), 30 + np.arange(24), np.full(24, 26)]),
        columns=["mni_x", "mni_y", "mni_z"],
    )
    places.insert(0, "patient", PATIENTS)
    places.iloc[:-1].to_csv(tmp_path / "targets.csv", index=False)
    affine = np.array([[2.0, 0, 0, -90], [0, 1, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    values = np.broadcast_to(0.01 * (np.arange(218) - 126)[None, :, None] + 2, (91, 218, 91))
    nib.save(nib.Nifti1Image(values.astype(np.float32), affine), tmp_path / "map.nii.gz")
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_distance_and_connectivity_of_targets_are_features_of_connectivity(study):
    result = check(study)
    assert result.ok, result.words()
    assert result.plan.features == {"clinical": 1, "connectivity": 2, "both": 3, "late fusion": 3}
    assert "of 1 patient" in "\n".join(map(str, result.warnings))
    X = read_table(read_settings(study)).table.X
    distance = np.linalg.norm(np.array([-40, 30, 26]) - np.array([6, 16, -10]))
    assert X.loc["P00", "target_distance_sgacc"] == pytest.approx(distance)
    assert X.loc["P05", "target_connectivity_dlpfc"] == pytest.approx(2.35, abs=1e-6)
    assert X.loc["P23"].isna().tolist() == [False, True, True]


def test_new_patients_come_with_what_is_computed_of_their_targets(study):
    result = train(study, overrides=["features.sets=both"], store=str(study.parent / "runs"))
    loaded = load_model_run(open_store(study.parent / "runs"), result.run_ids[1])
    new = pd.DataFrame(
        {
            "patient": ["N1"],
            "age": [40],
            "target_distance_sgacc": [60.0],
            "target_connectivity_dlpfc": [2.4],
        }
    )
    new.to_csv(study.parent / "new.csv", index=False)
    table = read_new_patients(loaded, study.parent / "new.csv", None)
    assert table.X.loc["N1"].tolist() == [40, 60.0, 2.4]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('seed = "dlpfc"\n', "", "a map without its seed"),
        ('map = "map.nii.gz"\n', "", "a seed without its map"),
        (
            'file = "cohort.csv"\ncolumns = "columns.toml"',
            'dataset = "help"',
            "a file of targets beside the data set",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(study, old, new, said):
    study.write_text(STUDY.replace(old, new))
    with pytest.raises(SettingsError, match=said):
        read_settings(study)
