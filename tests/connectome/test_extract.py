"""Signals from images: made volumes with planted signals, and made or real fMRIPrep confounds."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from pipelines.extract import extract
from stratify.connectome import read_connectomes
from stratify.connectome.atlas import read_atlas
from stratify.connectome.extract import Extraction, find_images
from stratify.errors import DataError

REGIONS = {3: "SN_1", 7: "DMN_1", 9: "CEN_1"}
AFFINE = np.diag([3.0, 3, 3, 1])
MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
SIMPLE = [
    *(f"{name}{part}" for name in MOTION for part in ("", "_derivative1", "_power2")),
    *(f"{name}_derivative1_power2" for name in MOTION),
    "csf",
    "white_matter",
]
# What scrubbing takes beside it.
MORE = [
    f"{name}{part}"
    for name in ("csf", "white_matter")
    for part in ("_derivative1", "_power2", "_derivative1_power2")
]


def real_confounds() -> pd.DataFrame:
    root = Path(os.environ.get("STRATIFY_DATA", "nowhere"))
    file = root / "bids_derivative_samples/load_confounds/test_desc-confounds_regressors.tsv"
    if not file.is_file():
        pytest.skip("the public files are not on this machine")
    return pd.read_csv(file, sep="\t", na_values="n/a")


def made_confounds(volumes=150, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = [*SIMPLE, *MORE]
    table = pd.DataFrame(rng.normal(size=(volumes, len(names))), columns=names)
    table["cosine00"] = np.cos(np.pi * (np.arange(volumes) + 0.5) / volumes)
    table["global_signal"] = rng.normal(size=volumes)
    table["framewise_displacement"] = np.where(np.arange(volumes) % 10 == 5, 2.0, 0.1)
    table.loc[0, [c for c in names if "derivative1" in c] + ["framewise_displacement"]] = np.nan
    table["std_dvars"] = 1.0
    return table


def labels_image() -> nib.Nifti1Image:
    labels = np.zeros((6, 6, 6), np.int16)
    labels[:3], labels[3:5], labels[5, :, :2] = 3, 7, 9
    return nib.Nifti1Image(labels, AFFINE)


@pytest.fixture
def atlas(tmp_path):
    nib.save(labels_image(), tmp_path / "atlas-Made_dseg.nii.gz")
    table = pd.DataFrame({"index": REGIONS.keys(), "name": REGIONS.values()})
    table.to_csv(tmp_path / "atlas-Made_dseg.tsv", sep="\t", index=False)
    return {
        "atlas": tmp_path / "atlas-Made_dseg.nii.gz",
        "labels": tmp_path / "atlas-Made_dseg.tsv",
    }


def write_scan(root, patient, confounds, *, scan="task-rest", mask_out=0, seed=0, space="MNI"):
    """Write what fMRIPrep writes; return the mean signal of each region."""
    rng = np.random.default_rng(seed)
    volumes = len(confounds)
    noise = np.nan_to_num(confounds[SIMPLE].to_numpy())
    noise = (noise - noise.mean(0)) / noise.std(0)
    labels = labels_image().get_fdata()
    data = 100 + rng.normal(size=(6, 6, 6, volumes))
    for index in REGIONS:
        data[labels == index] += rng.normal(size=volumes) + 5 * noise @ rng.normal(
            size=noise.shape[1]
        )
    folder = root / f"sub-{patient}/func"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{patient}_{scan}"
    image = nib.Nifti1Image(data.astype(np.float32), AFFINE)
    image.header.set_zooms((3, 3, 3, 2.0))
    nib.save(image, folder / f"{stem}_space-{space}_desc-preproc_bold.nii.gz")
    mask = np.ones((6, 6, 6), np.uint8)
    mask[6 - mask_out :] = 0
    nib.save(nib.Nifti1Image(mask, AFFINE), folder / f"{stem}_space-{space}_desc-brain_mask.nii.gz")
    confounds.to_csv(
        folder / f"{stem}_desc-confounds_timeseries.tsv", sep="\t", index=False, na_rep="n/a"
    )
    (folder / f"{stem}_desc-confounds_timeseries.json").write_text("{}")
    return np.stack([image.get_fdata()[labels == k].mean(0) for k in REGIONS], axis=1)


def residuals(signals, confounds):
    """Regress confounds out, with a constant; what nilearn does, written down independently."""
    confounds = ((confounds - confounds.mean()) / confounds.std()).to_numpy()
    design = np.column_stack([np.ones(len(signals)), confounds])
    return signals - design @ np.linalg.lstsq(design, signals, rcond=None)[0]


def test_signals_are_region_means_with_the_confounds_regressed_out(tmp_path, atlas):
    confounds = made_confounds()
    means = write_scan(tmp_path / "fmriprep", "01", confounds)
    result = extract(tmp_path / "fmriprep", out=tmp_path / "out", workers=1, **atlas)
    assert result.ok
    used = confounds[[*SIMPLE, "cosine00"]].copy()
    used = used.bfill()  # nilearn fills the first row, where no derivative is known, so
    expected = np.corrcoef(residuals(means, used).T)
    read = read_connectomes(tmp_path / "out", kind="pearson r")
    np.testing.assert_allclose(read.matrices[0], expected, atol=1e-5)
    assert np.abs(np.corrcoef(means.T) - expected).max() > 0.1
    assert read.patients == ("sub-01",)
    assert read.regions == tuple(REGIONS.values())
    assert read.atlas == "Made"
    assert read.producer.startswith("stratify ")
    quality = read.quality.loc["sub-01"]
    assert quality["volumes"] == 150
    assert quality["minutes"] == pytest.approx(5)
    assert quality["coverage"] == 1
    assert quality["degrees_of_freedom"] == 150 - 27 - 1
    assert quality["mean_fd"] == pytest.approx(confounds["framewise_displacement"].mean())


def test_a_region_outside_the_brain_mask_is_not_covered(tmp_path, atlas):
    for k, patient in enumerate(("01", "02")):
        write_scan(tmp_path / "fmriprep", patient, made_confounds(), mask_out=k, seed=k)
    result = extract(tmp_path / "fmriprep", out=tmp_path / "out", workers=1, **atlas)
    assert [scan.uncovered for scan in result.scans] == [0, 1]
    assert "Regions are not covered in 1 scan." in result.words()
    read = read_connectomes(tmp_path / "out", kind="pearson r")
    assert np.isnan(read.matrices[1, 2]).all()
    np.testing.assert_allclose(read.quality["coverage"], [1, 2 / 3])


def test_a_region_half_outside_the_mask_counts_as_the_limit_says(tmp_path, atlas):
    write_scan(tmp_path / "fmriprep", "01", made_confounds(), mask_out=2)
    uncovered = {
        limit: extract(
            tmp_path / "fmriprep", out=tmp_path / "out", least_coverage=limit, workers=1, **atlas
        )
        for limit in (0.5, 0.6)
    }
    assert [result.scans[0].uncovered for result in uncovered.values()] == [1, 2]
    table = pd.read_csv(next((tmp_path / "out").rglob("*timeseries.tsv")), sep="\t")
    assert table["DMN_1"].isna().all()
    assert table["SN_1"].notna().all()


def test_scrubbing_leaves_out_the_volumes_that_moved(tmp_path, atlas):
    write_scan(tmp_path / "fmriprep", "01", made_confounds())
    extract(
        tmp_path / "fmriprep",
        out=tmp_path / "out",
        strategy="scrubbing",
        fd_threshold=0.5,
        workers=1,
        **atlas,
    )
    read = read_connectomes(tmp_path / "out", kind="pearson r")
    volumes = read.quality["volumes"].iloc[0]
    assert 100 < volumes <= 150 - 15
    sidecar = next((tmp_path / "out").rglob("*timeseries.json"))
    said = json.loads(sidecar.read_text())
    assert (said["Strategy"], said["FramewiseDisplacementThreshold"]) == ("scrubbing", 0.5)
    outliers = pd.read_csv(next((tmp_path / "out").rglob("*outliers.tsv")), sep="\t")
    assert (outliers["framewise_displacement"] == 0).sum() == volumes
    assert outliers["framewise_displacement"].iloc[5] == 1


def test_real_confounds_of_fmriprep_are_used(tmp_path, atlas):
    confounds = real_confounds()
    write_scan(tmp_path / "short", "01", confounds)
    # Of thirty volumes the first is no steady state, and the strategy takes thirty confounds.
    with pytest.raises(DataError, match="29 volumes left and 30 confounds"):
        extract(tmp_path / "short", out=tmp_path / "none", workers=1, **atlas)
    assert not (tmp_path / "none").exists()
    # The same table five times over, with some noise, has volumes to spare.
    longer = pd.concat([confounds] * 5, ignore_index=True).bfill().astype(float)
    noise = np.random.default_rng(0).normal(size=longer.shape)
    fixed = longer.columns.str.startswith(("non_steady", "framewise"))
    longer += noise * longer.std().to_numpy() * ~fixed
    means = write_scan(tmp_path / "fmriprep", "01", longer)
    extract(tmp_path / "fmriprep", out=tmp_path / "out", workers=1, **atlas)
    read = read_connectomes(tmp_path / "out", kind="pearson r")
    sidecar = json.loads(next((tmp_path / "out").rglob("*timeseries.json")).read_text())
    used = longer[sidecar["Confounds"]]
    assert {"trans_x", "rot_z_derivative1_power2", "csf", "white_matter"} <= set(used)
    outliers = pd.read_csv(next((tmp_path / "out").rglob("*outliers.tsv")), sep="\t")
    kept = outliers["framewise_displacement"].to_numpy() == 0
    assert read.quality["volumes"].iloc[0] == kept.sum() == 145
    expected = np.corrcoef(residuals(means[kept], used[kept]).T)
    np.testing.assert_allclose(read.matrices[0], expected, atol=1e-5)


def test_patients_are_extracted_alike_alone_together_and_beside_each_other(tmp_path, atlas):
    for k, patient in enumerate(("01", "02", "03")):
        write_scan(tmp_path / "fmriprep", patient, made_confounds(seed=k), seed=k)
    shutil.copytree(tmp_path / "fmriprep/sub-02", tmp_path / "alone/sub-02")
    extract(tmp_path / "alone", out=tmp_path / "a", workers=1, **atlas)
    extract(tmp_path / "fmriprep", out=tmp_path / "t", workers=2, **atlas)
    assert_same_files(tmp_path / "a", tmp_path / "t")


# Sockets of a cluster close when they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_patients_are_extracted_by_a_cluster_as_here(tmp_path, atlas, start_cluster):
    for k, patient in enumerate(("01", "02")):
        write_scan(tmp_path / "fmriprep", patient, made_confounds(seed=k), seed=k)
    extract(tmp_path / "fmriprep", out=tmp_path / "here", workers=1, **atlas)
    with start_cluster(1) as cluster:
        there = {"scheduler": cluster.scheduler_address, "out": tmp_path / "there"}
        extract(tmp_path / "fmriprep", **there, **atlas)
    assert_same_files(tmp_path / "here", tmp_path / "there")


def assert_same_files(ours, theirs):
    files = sorted(ours.rglob("sub-02*.tsv"))
    assert len(files) == 4
    for file in files:
        assert file.read_bytes() == (theirs / file.relative_to(ours)).read_bytes()


def test_a_scan_that_fails_is_told_and_stops_no_other(tmp_path, atlas):
    for patient in ("01", "02", "03"):
        write_scan(tmp_path / "fmriprep", patient, made_confounds())
    for file in (tmp_path / "fmriprep/sub-02").rglob("*confounds*"):
        file.unlink()
    next((tmp_path / "fmriprep/sub-03").rglob("*brain_mask*")).unlink()
    result = extract(tmp_path / "fmriprep", out=tmp_path / "out", workers=1, **atlas)
    assert [len(scan.faults) for scan in result.scans] == [0, 1, 1]
    said = "\n".join(map(str, result.errors))
    assert "sub-02_task-rest_space-MNI_desc-preproc_bold.nii.gz: its confounds cannot" in said
    assert "no brain mask; desc-brain_mask.nii.gz beside it" in said
    assert "2 scans failed." in result.words()
    assert not result.ok
    assert read_connectomes(tmp_path / "out", kind="pearson r").patients == ("sub-01",)
    assert result.to_dict()["scans"][1]["faults"][0]["patients"] == ["sub-02"]


def test_scans_are_chosen_by_their_names(tmp_path, atlas):
    root = tmp_path / "fmriprep"
    for run in ("1", "2"):
        write_scan(root, "01", made_confounds(), scan=f"task-rest_run-{run}")
    assert len(find_images(root)["sub-01"]) == 2
    assert len(find_images(root, run="2")["sub-01"]) == 1
    write_scan(root, "01", made_confounds(), scan="task-rest_run-2", space="T1w")
    with pytest.raises(DataError, match=r"space MNI, T1w.*entities = \{space"):
        find_images(root)
    assert len(find_images(root, entities={"space": "MNI"})["sub-01"]) == 2
    with pytest.raises(DataError, match="no preprocessed image"):
        find_images(tmp_path / "nowhere")


def test_an_atlas_and_its_labels_belong_together(tmp_path, atlas):
    assert read_atlas(atlas["atlas"], atlas["labels"]).regions == tuple(REGIONS.values())
    (tmp_path / "lines.txt").write_text("A\nB\nC\n")
    assert read_atlas(atlas["atlas"], tmp_path / "lines.txt", name="X").regions == ("A", "B", "C")
    (tmp_path / "lines.txt").write_text("A\nB\n")
    with pytest.raises(DataError, match="2 names for 3 regions"):
        read_atlas(atlas["atlas"], tmp_path / "lines.txt")
    (tmp_path / "l.tsv").write_text("index\tname\n3\tA\n7\tB\n")
    with pytest.raises(DataError, match="no name for region 9"):
        read_atlas(atlas["atlas"], tmp_path / "l.tsv")
    (tmp_path / "l.tsv").write_text("index\tname\n3\tA\n7\tB\n9\tB\n")
    with pytest.raises(DataError, match="named twice: B"):
        read_atlas(atlas["atlas"], tmp_path / "l.tsv")
    nib.save(
        nib.Nifti1Image(np.random.default_rng(0).random((3, 3, 3)), AFFINE), tmp_path / "m.nii"
    )
    with pytest.raises(DataError, match="that are no labels"):
        read_atlas(tmp_path / "m.nii", tmp_path / "lines.txt")
    with pytest.raises(DataError, match="the strategy scrubbing"):
        Extraction(
            atlas=read_atlas(atlas["atlas"], atlas["labels"]), out=tmp_path, fd_threshold=0.5
        )


def test_centres_of_the_regions_are_written_and_read_back(tmp_path, atlas):
    write_scan(tmp_path / "fmriprep", "01", made_confounds())
    out = tmp_path / "out"
    assert extract(tmp_path / "fmriprep", out=out, workers=1, **atlas).ok
    found = read_connectomes(out, kind="pearson r", regions=out / "atlas-Made_dseg.tsv")
    # The first three planes of voxels of 3 mm, and the next two.
    places = dict(zip(found.regions, found.coordinates.tolist(), strict=True))
    assert places["SN_1"] == pytest.approx([3.0, 7.5, 7.5])
    assert places["DMN_1"] == pytest.approx([10.5, 7.5, 7.5])


def make_atlas(folder, labels, names):
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -9.0, -8.0, -8.0
    folder.mkdir(exist_ok=True)
    image = folder / "atlas-Halves_space-MNI152NLin6Asym_dseg.nii.gz"
    nib.save(nib.Nifti1Image(labels.astype(np.int16), affine), image)
    table = pd.DataFrame({"index": names.keys(), "label": names.values()})
    table.to_csv(folder / "atlas-Halves_dseg.tsv", sep="\t", index=False)
    return image


def test_centres_come_of_the_image_of_an_atlas_and_lie_in_the_larger_part(tmp_path):
    labels = np.zeros((10, 9, 9))
    labels[5:, :3, 4] = 1  # on the right, x from 1 to 9
    labels[4:5, 4, 4] = labels[5:8, 4, 4] = 2  # mostly on the right
    labels[1:5, 8, :] = labels[5:9, 8, :] = 3  # as much in both halves
    image = make_atlas(tmp_path / "atlas", labels, {1: "SN_1", 2: "DMN_1", 3: "CEN_1", 9: "Vis_1"})
    matrices = np.corrcoef(np.random.default_rng(0).normal(size=(4, 30)))
    np.savez(tmp_path / "s.npz", matrices=matrices[None], patients=["P1"])
    read = read_connectomes(tmp_path / "s.npz", kind="pearson r", regions=image)
    assert read.regions == ("SN_1", "DMN_1", "CEN_1", "Vis_1")
    np.testing.assert_allclose(read.coordinates[:3], [[5, -6, 0], [3, 0, 0], [-4, 8, 0]])
    assert np.isnan(read.coordinates[3]).all()


def test_an_atlas_without_its_table_is_told_what_it_is_called(tmp_path):
    image = make_atlas(tmp_path / "atlas", np.ones((10, 9, 9)), {1: "SN_1"})
    (tmp_path / "atlas" / "atlas-Halves_dseg.tsv").unlink()
    for path, phrase in ((image, "beside it: atlas-Halves_space-MNI152NLin6Asym_dseg.tsv or"),
                         (tmp_path / "none.nii.gz", "none.nii.gz: it cannot be read")):  # fmt: skip
        with pytest.raises(DataError, match=phrase):
            read_connectomes(tmp_path / "s.npz", kind="pearson r", regions=path)
