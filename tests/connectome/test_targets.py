"""Stimulation targets: made spheres, the SUDMEX trial's own, and their distance by hand."""

from __future__ import annotations

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from stratify.connectome import Targets, compute_target_features, read_targets
from stratify.errors import DataError

# The 2 mm template's grid: the first axis runs from right to left, as FSL's images have it.
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
SHAPE = (91, 109, 91)
PLACES = {"P1": (-30, 42, 40), "P2": (-40, 46, 26), "P3": (-28, 46, 38)}


def grid_mm():
    return nib.affines.apply_affine(AFFINE, np.indices(SHAPE).reshape(3, -1).T)


def sphere(centre, radius=5.0):
    near = np.linalg.norm(grid_mm() - np.array(centre), axis=1) <= radius
    return near.reshape(SHAPE).astype(np.uint8)


def save(values, path):
    nib.save(nib.Nifti1Image(values, AFFINE), path)
    return path


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "targets"
    images.mkdir()
    for patient, place in PLACES.items():
        save(sphere(place), images / f"{patient}.nii.gz")
    return images


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_targets(path, **options)
    return "\n".join(map(str, refused.value.faults))


def test_images_and_tables_give_the_same_centres(folder, tmp_path):
    images = read_targets(folder)
    assert images.patients == tuple(PLACES)
    np.testing.assert_allclose(images.coordinates, list(PLACES.values()), atol=1e-9)
    assert read_targets(str(folder / "{patient}.nii.gz")).patients == tuple(PLACES)
    by_patient = read_targets({"A": folder / "P2.nii.gz"})
    assert by_patient.patients == ("A",)
    table = pd.DataFrame(PLACES.values(), columns=["MNIx", "MNIy", "MNIz"])
    table.insert(0, "rid", list(PLACES))
    # Counts of voxels beside the coordinates, as published tables have them.
    origin = np.array([90, 126, 72])
    table[["x", "y", "z"]] = table[["MNIx", "MNIy", "MNIz"]].to_numpy() + origin
    table.to_csv(tmp_path / "t.csv", index=False)
    read = read_targets(tmp_path / "t.csv", patient_column="rid")
    np.testing.assert_array_equal(read.coordinates, images.coordinates)
    table.drop(columns=["MNIx", "MNIy", "MNIz"]).to_csv(tmp_path / "v.csv", index=False)
    assert "not counts of voxels" in told(tmp_path / "v.csv", patient_column="rid")


def test_the_distance_is_pythagoras_whatever_the_order_of_patients(folder):
    targets = read_targets(folder)
    features = compute_target_features(targets, site=(6, 16, -10))
    expected = [
        np.sqrt((x - 6) ** 2 + (y - 16) ** 2 + (z + 10) ** 2) for x, y, z in PLACES.values()
    ]
    np.testing.assert_allclose(features.frame["target_distance_sgacc"], expected)
    turned = compute_target_features(targets.select(np.array([2, 0, 1])))
    pd.testing.assert_frame_equal(turned.frame, features.frame.iloc[[2, 0, 1]])
    (column,) = features.columns
    assert (column.unit, column.measured, column.is_feature) == ("mm", "baseline", True)
    assert features.site_value is None


def test_a_planted_map_is_read_at_the_target_and_around_the_site(folder, tmp_path):
    values = np.full(SHAPE, 0.1)
    values[sphere(PLACES["P1"]) > 0] = 0.8
    values[sphere((6, 16, -10), 10) > 0] = -0.3
    left = grid_mm()[:, 0].reshape(SHAPE) < -38
    values[left] = 0  # P2's target lies partly outside the brain
    path = save(values, tmp_path / "map.nii.gz")
    found = compute_target_features(read_targets(folder), connectivity=path, seed="sgacc")
    name = "target_connectivity_sgacc"
    assert found.site_value == pytest.approx(-0.3)
    assert found.frame.loc["P1", name] == pytest.approx(0.8)
    assert found.frame.loc["P2", name] == pytest.approx(0.1)
    assert 0 < found.inside["P2"] < 1
    assert found.inside[["P1", "P3"]].eq(1).all()
    assert [column.name for column in found.columns] == list(found.frame.columns)
    mask = save((~left).astype(np.uint8), tmp_path / "brain.nii.gz")
    values[left] = 9.0
    masked = compute_target_features(
        read_targets(folder),
        connectivity=save(values, tmp_path / "other.nii.gz"),
        seed="sgacc",
        brain=mask,
    )
    pd.testing.assert_frame_equal(masked.frame, found.frame)


def test_a_target_outside_the_brain_has_no_connectivity(tmp_path):
    values = np.zeros(SHAPE)
    values[:5] = 1.0
    far = np.array([[-30.0, 40, 40]])
    found = compute_target_features(
        Targets(("P",), far, (far,)), connectivity=save(values, tmp_path / "m.nii.gz"), seed="s"
    )
    assert np.isnan(found.frame["target_connectivity_s"]).all()
    assert found.inside["P"] == 0
    assert np.isnan(found.site_value)


def test_wrong_targets_and_maps_are_refused_in_words(folder, tmp_path):
    save(np.zeros(SHAPE, np.uint8), folder / "P4.nii.gz")
    save(sphere((-30, 42, 40)) | sphere((30, 42, 40)), folder / "P5.nii.gz")
    (folder / "P6.nii.gz").write_bytes(b"nothing")
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3, 2)), np.eye(4)), folder / "P7.nii.gz")
    said = told(folder)
    assert "P4.nii.gz: no voxel above 0" in said
    assert "2 targets apart from each other" in said
    assert "P6.nii.gz: it cannot be read" in said
    assert "an image of 4 dimensions" in said
    for name in ("P4", "P5", "P6", "P7"):
        (folder / f"{name}.nii.gz").unlink()
    assert "3 of 3 patients are not in the cohort" in told(folder, known=("Q1",))
    save(sphere(PLACES["P1"]), folder / "P9.nii.gz")
    assert "the very same target for patients P1, P9" in str(read_targets(folder).warnings[0])
    targets = read_targets(folder)
    path = save(np.ones(SHAPE), tmp_path / "map.nii.gz")
    with pytest.raises(DataError, match="a map without its seed"):
        compute_target_features(targets, connectivity=path)
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3)), np.eye(4)), tmp_path / "mask.nii.gz")
    with pytest.raises(DataError, match=r"a mask of shape \(3, 3, 3\)"):
        compute_target_features(
            targets, connectivity=path, seed="s", brain=tmp_path / "mask.nii.gz"
        )
    (tmp_path / "t.csv").write_text("patient,mni_x,mni_y,mni_z\nP1,1,2,\n")
    assert "no coordinates for patient P1" in told(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("patient,where\nP1,left\n")
    assert "mni_x, mni_y and mni_z in mm" in told(tmp_path / "t.csv")


@pytest.mark.skipif(not os.environ.get("STRATIFY_DATA"), reason="needs the public files")
def test_the_targets_of_a_real_trial_are_where_its_table_says():
    from stratify.datasets import fetch_sudmex_targets, fetch_sudmex_tms

    fetched = fetch_sudmex_targets()
    root = Path(os.environ["STRATIFY_DATA"]) / "sudmex_tms"
    table = pd.read_csv(
        root / "tms_localization/addimex_tms_localization_27.csv", dtype={"rid": str}
    )
    table = table.set_index("rid").loc[list(fetched.targets.patients)]
    assert len(fetched.targets) == 27
    np.testing.assert_allclose(
        fetched.targets.coordinates, table[["MNIx", "MNIy", "MNIz"]].to_numpy(float)
    )
    frame = fetched.features.frame
    # By hand: (-30, 42, 40) to (6, 16, -10) is the root of 36² + 26² + 50².
    assert frame.loc["23", "target_distance_sgacc"] == pytest.approx(np.sqrt(4472))
    # The map's seed is connected with its own place, and against the subgenual cingulate.
    assert frame["target_connectivity_left_dlpfc"].between(0, 1.6).all()
    assert frame["target_connectivity_left_dlpfc"].median() > 0.5
    assert -0.2 < fetched.features.site_value < 0
    assert "the very same target for patients 47, 48" in str(fetched.targets.warnings[0])
    assert set(fetched.targets.patients) <= set(fetch_sudmex_tms().cohort.patients)
