"""Folders as XCP-D and C-PAC write them, written here with pandas and nibabel as they do."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from stratify.connectome import compute_connectivity, guess_format, read_connectomes
from stratify.connectome.averaging import average_matrices
from stratify.errors import DataError

REGIONS = ("LH_Cont_PFCl_1", "LH_Default_PFC_1", "LH_SalVentAttn_Med_1", "LH-Pu")
PEOPLE = ("01", "02", "03")

# How each generation names the same three files of one atlas.
XCPD = {
    "26": {
        "matrix": "atlas-{a}_stat-pearsoncorrelation_relmat.tsv",
        "signals": "atlas-{a}_stat-mean_timeseries.tsv",
        "coverage": "atlas-{a}_stat-coverage_bold.tsv",
    },
    "0.10": {
        "matrix": "seg-{a}_stat-pearsoncorrelation_relmat.tsv",
        "signals": "seg-{a}_stat-mean_timeseries.tsv",
        "coverage": "seg-{a}_stat-coverage_bold.tsv",
    },
    "0.6": {
        "matrix": "atlas-{a}_measure-pearsoncorrelation_conmat.tsv",
        "signals": "atlas-{a}_timeseries.tsv",
        "coverage": "atlas-{a}_coverage.tsv",
    },
}


def signals_of(person: str, scan: int = 0, volumes: int = 60) -> np.ndarray:
    rng = np.random.default_rng(int(person) * 10 + scan)
    return rng.normal(size=(volumes, len(REGIONS)))


def outliers(volumes: int = 60) -> np.ndarray:
    return np.arange(volumes) % 5 == 4


def write_scan(
    root: Path,
    person: str,
    entities: str = "task-rest",
    *,
    atlas: str = "4S156Parcels",
    version: str = "26",
    gap: int | None = None,
    scan: int = 0,
    scale: float = 1.0,
) -> None:
    """Write what XCP-D writes of one run, censored volumes left out of the signals."""
    session = next((part for part in entities.split("_") if part.startswith("ses-")), "")
    folder = root / f"sub-{person}" / session / "func"
    folder.mkdir(parents=True, exist_ok=True)
    run = f"sub-{person}_{entities}"
    space = f"{run}_space-MNI152NLin6Asym"
    names = {role: name.format(a=atlas) for role, name in XCPD[version].items()}
    whole = signals_of(person, scan) * scale
    frame = pd.DataFrame(whole[~outliers()], columns=list(REGIONS))
    if gap is not None:
        frame.iloc[:, gap] = np.nan
    how = {"sep": "\t", "na_rep": "n/a"}
    frame.to_csv(folder / f"{space}_{names['signals']}", index=False, **how)
    frame.corr().to_csv(folder / f"{space}_{names['matrix']}", index_label="Node", **how)
    shorter = names["matrix"].replace("_relmat", "_desc-30volumes_relmat")
    if shorter != names["matrix"]:
        frame[:30].corr().to_csv(folder / f"{space}_{shorter}", index_label="Node", **how)
    coverage = np.full(len(REGIONS), 0.9)
    coverage[[] if gap is None else gap] = 0.3
    pd.DataFrame({"coverage": coverage}, index=list(REGIONS)).to_csv(
        folder / f"{space}_{names['coverage']}", index_label="Node", **how
    )
    displacement = np.where(outliers(), 0.8, 0.1)
    pd.DataFrame({"trans_x": 0.0, "framewise_displacement": displacement}).to_csv(
        folder / f"{run}_motion.tsv", index=False, **how
    )
    pd.DataFrame({"framewise_displacement": outliers().astype(int)}).to_csv(
        folder / f"{run}_outliers.tsv", index=False, **how
    )
    (folder / f"{space}_desc-denoised_bold.json").write_text('{"RepetitionTime": 2.5}')


def write_folder(root: Path, people=PEOPLE, **how) -> Path:
    for person in people:
        write_scan(root, person, **how)
    (root / "dataset_description.json").write_text(
        json.dumps({"GeneratedBy": [{"Name": "xcp_d", "Version": "26.0.1"}]})
    )
    return root


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_connectomes(path, **options)
    return "\n".join(map(str, refused.value.faults))


def correlations(people=PEOPLE, scan=0):
    return np.stack([np.corrcoef(signals_of(p, scan)[~outliers()].T) for p in people])


@pytest.mark.parametrize("version", XCPD)
def test_each_generation_of_names_gives_the_same_connectomes(tmp_path, version):
    folder = write_folder(tmp_path / "xcp_d", version=version)
    assert guess_format(folder) == "xcpd"
    read = read_connectomes(folder)
    assert read.patients == ("sub-01", "sub-02", "sub-03")
    assert read.regions == REGIONS
    assert read.networks[:3] == ("CEN", "DMN", "SN")
    assert (read.kind, read.atlas, read.producer) == (
        "pearson r",
        "4S156Parcels",
        "XCP-D 26.0.1",
    )
    np.testing.assert_allclose(read.matrices, correlations(), atol=1e-12)
    expected = {"coverage": 0.9, "mean_fd": 0.1 * 0.8 + 0.8 * 0.2, "volumes": 48, "minutes": 2}
    for name, value in expected.items():
        np.testing.assert_allclose(read.quality[name], value, err_msg=name)


def test_the_cohort_may_name_patients_without_the_prefix(tmp_path):
    folder = write_folder(tmp_path / "xcp_d")
    assert read_connectomes(folder, known=PEOPLE).patients == PEOPLE
    assert list(read_connectomes(folder, known=PEOPLE).quality.index) == list(PEOPLE)
    prefixed = tuple(f"sub-{person}" for person in PEOPLE)
    assert read_connectomes(folder, known=prefixed).patients == prefixed


@pytest.mark.parametrize("kind", ["pearson r", "fisher z", "partial correlation", "covariance"])
def test_other_kinds_are_computed_of_the_signals(tmp_path, kind):
    read = read_connectomes(write_folder(tmp_path / "xcp_d"), kind=kind)
    expected = [compute_connectivity(signals_of(p)[~outliers()], kind) for p in PEOPLE]
    np.testing.assert_allclose(read.matrices, expected, atol=1e-12)
    assert read.kind == kind
    np.testing.assert_allclose(read.quality["volumes"], 48)
    np.testing.assert_allclose(read.quality["coverage"], 0.9)
    np.testing.assert_allclose(read.quality["minutes"], 2)


def test_a_threshold_of_displacement_censors_the_signals_again(tmp_path):
    folder = write_folder(tmp_path / "xcp_d")
    displacement = np.where(outliers(), 0.8, np.where(np.arange(60) % 2, 0.1, 0.3))
    for person in PEOPLE:
        motion = folder / f"sub-{person}/func/sub-{person}_task-rest_motion.tsv"
        pd.DataFrame({"framewise_displacement": displacement}).to_csv(motion, sep="\t", index=False)
    read = read_connectomes(folder, fd_threshold=0.2)
    left = displacement <= 0.2
    np.testing.assert_allclose(read.quality["volumes"], left.sum())
    expected = [np.corrcoef(signals_of(p)[left].T) for p in PEOPLE]
    np.testing.assert_allclose(read.matrices, expected, atol=1e-12)


def test_a_parcel_below_the_least_coverage_is_not_covered(tmp_path):
    folder = write_folder(tmp_path / "xcp_d")
    write_scan(folder, "02", gap=1)
    for kind in ("pearson r", "partial correlation"):
        read = read_connectomes(folder, kind=kind)
        assert np.isnan(read.matrices[1, 1]).all()
        assert np.isfinite(read.matrices[[0, 2]]).all()
        assert read.quality["coverage"].tolist() == pytest.approx([0.9, 0.75, 0.9])
        assert "1 region not covered in 1 patient" in str(read.warnings[0])


def test_several_atlases_are_told_apart(tmp_path):
    folder = write_folder(tmp_path / "xcp_d")
    write_folder(folder, atlas="Tian", scale=-1.0)
    assert "the atlases 4S156Parcels, Tian; one atlas" in told(folder)
    assert read_connectomes(folder, atlas="Tian").atlas == "Tian"
    assert "no atlas 'tian' (did you mean 'Tian'?)" in told(folder, atlas="tian")


def test_sessions_and_runs_are_chosen_or_averaged_and_never_mixed(tmp_path):
    folder = tmp_path / "xcp_d"
    for k, entities in enumerate(("ses-1_task-rest_run-1", "ses-1_task-rest_run-2")):
        write_folder(folder, entities=entities, scan=k)
    said = told(folder)
    assert "2 scans of patient sub-01 (and 2 more patients): run 1, 2" in said
    assert 'run = "1" or "average"' in said
    second = read_connectomes(folder, run="2")
    np.testing.assert_allclose(second.matrices, correlations(scan=1), atol=1e-12)
    average = read_connectomes(folder, run="average")
    both = np.arctanh(np.stack([correlations(scan=k) for k in (0, 1)]) * (1 - np.eye(4)))
    np.testing.assert_allclose(average.matrices, np.tanh(both.mean(axis=0)) + np.eye(4), atol=1e-12)
    np.testing.assert_allclose(average.quality["volumes"], 96)
    np.testing.assert_allclose(average.quality["minutes"], 4)
    write_scan(folder, "01", "ses-2_task-rest_run-1", scan=2)
    assert "ses 1, 2; run 1, 2" in told(folder)
    chosen = read_connectomes(folder, session="1", run="01")
    np.testing.assert_allclose(chosen.matrices, correlations(), atol=1e-12)
    assert read_connectomes(folder, session="average", run="average").quality[
        "volumes"
    ].to_list() == [
        144,
        96,
        96,
    ]
    few = read_connectomes(folder, session="ses-2")
    assert few.patients == ("sub-01",)
    assert "no scan of ses-2 for patient sub-02, sub-03" in str(few.warnings[0])
    assert "no scan of ses-3; there are ses 1, 2" in told(folder, session="3")


def test_tasks_spaces_and_versions_are_not_mixed_between_patients(tmp_path):
    folder = write_folder(tmp_path / "xcp_d", people=("01", "02"))
    write_scan(folder, "03", "task-nback")
    said = told(folder)
    assert "files that differ between patients: task nback, rest" in said
    assert read_connectomes(folder, entities={"task": "rest"}).patients == ("sub-01", "sub-02")
    mixed = write_folder(tmp_path / "mixed", people=("01", "02"))
    write_scan(mixed, "03", version="0.10")
    assert "2 files named atlas-4S156Parcels, 1 file named seg-4S156Parcels" in told(mixed)


def test_what_is_not_there_is_told(tmp_path):
    folder = write_folder(tmp_path / "xcp_d")
    for file in folder.rglob("*timeseries.tsv"):
        file.unlink()
    assert "no matrices of covariance and no signals" in told(folder, kind="covariance")
    assert "no signals to leave out volumes of, above 0.2 mm" in told(folder, fd_threshold=0.2)
    (tmp_path / "empty").mkdir()
    assert "no file that is named as XCP-D names its outputs" in told(
        tmp_path / "empty", format="xcpd"
    )
    assert "format 'xcp'" in told(folder, format="xcp")


# CIFTI, written by nibabel.


def parcels(names=REGIONS):
    brain = nib.cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 1)), affine=np.eye(4))
    return nib.cifti2.ParcelsAxis.from_brain_models(
        [(name, brain[k : k + 1]) for k, name in enumerate(names)]
    )


def save(path: Path, values: np.ndarray, *axes) -> None:
    header = nib.cifti2.Cifti2Header.from_axes(axes)
    nib.save(nib.Cifti2Image(values, header), path)


def test_ptseries_and_pconn_are_read_one_a_patient(tmp_path):
    for person in PEOPLE:
        signals = signals_of(person)
        series = nib.cifti2.SeriesAxis(0, 0.8, len(signals), unit="SECOND")
        save(tmp_path / f"{person}.ptseries.nii", signals, series, parcels())
        save(tmp_path / f"{person}.pconn.nii", np.corrcoef(signals.T), parcels(), parcels())
    series = read_connectomes(f"{tmp_path}/{{patient}}.ptseries.nii", kind="pearson r")
    matrices = read_connectomes(f"{tmp_path}/{{patient}}.pconn.nii", kind="pearson r")
    assert series.patients == matrices.patients == PEOPLE
    assert series.regions == matrices.regions == REGIONS
    np.testing.assert_allclose(series.matrices, matrices.matrices, atol=1e-6)
    np.testing.assert_allclose(series.quality["minutes"], 60 * 0.8 / 60)
    other = nib.cifti2.ParcelsAxis.from_brain_models([*_turned()])
    save(tmp_path / "bad.pconn.nii", np.eye(4), parcels(), other)
    assert "other parcels along its rows than along its columns" in told(
        f"{tmp_path}/{{patient}}.pconn.nii", kind="pearson r"
    )
    (tmp_path / "bad.pconn.nii").write_bytes(b"nothing")
    assert "a CIFTI-2 file" in told(f"{tmp_path}/{{patient}}.pconn.nii", kind="pearson r")


def _turned():
    brain = nib.cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 1)), affine=np.eye(4))
    return [(name, brain[k : k + 1]) for k, name in enumerate(REGIONS[::-1])]


def test_xcpd_in_cifti_is_read_where_it_has_no_tables(tmp_path):
    for person in PEOPLE:
        folder = tmp_path / f"sub-{person}/func"
        folder.mkdir(parents=True)
        name = f"sub-{person}_task-rest_space-fsLR_den-91k_atlas-Glasser_"
        save(
            folder / f"{name}stat-pearsoncorrelation_boldmap.pconn.nii",
            np.corrcoef(signals_of(person).T),
            parcels(),
            parcels(),
        )
        series = nib.cifti2.SeriesAxis(0, 0.8, 60, unit="SECOND")
        save(
            folder / f"{name}stat-mean_timeseries.ptseries.nii",
            signals_of(person),
            series,
            parcels(),
        )
    read = read_connectomes(tmp_path)
    assert (read.atlas, read.producer, read.kind) == ("Glasser", "XCP-D", "pearson r")
    again = read_connectomes(tmp_path, kind="fisher z", fd_threshold=None)
    np.testing.assert_allclose(np.tanh(again.matrices[:, 0, 1]), read.matrices[:, 0, 1], atol=1e-6)


# C-PAC.


def write_cpac(root: Path, *, old: bool = False, tools=("Nilearn",)) -> Path:
    for person in PEOPLE:
        folder = root / f"sub-{person}/ses-1/func"
        folder.mkdir(parents=True, exist_ok=True)
        space = "space-MNI152NLin6res-2x2x2" if old else "_space-MNI152NLin6ASym_reg-36Parameter"
        name = f"sub-{person}_ses-1_task-rest_run-1_atlas-AAL{space}_desc-"
        signals = signals_of(person)
        for tool in tools:
            for word, kind in (("Pearson", "pearson r"), ("Partial", "partial correlation")):
                matrix = compute_connectivity(signals, kind)
                np.fill_diagonal(matrix, 0)
                np.savetxt(folder / f"{name}{word}{tool}_correlations.tsv", matrix, delimiter="\t")
        np.savetxt(folder / f"{name}Mean_timeseries.1D", signals, header="\t".join(REGIONS))
        np.savetxt(
            folder / f"sub-{person}_ses-1_task-rest_run-1_framewise-displacement-power.1D",
            np.full(60, 0.2),
        )
    return root


@pytest.mark.parametrize("old", [False, True])
def test_cpac_is_read_with_and_without_the_underscore(tmp_path, old):
    folder = write_cpac(tmp_path, old=old)
    assert guess_format(folder) == "cpac"
    assert "matrices of partial correlation and of pearson r" in told(folder, regions=REGIONS)
    for kind in ("pearson r", "partial correlation"):
        read = read_connectomes(folder, kind=kind, regions=REGIONS)
        assert (read.atlas, read.producer) == ("AAL", "C-PAC")
        expected = [compute_connectivity(signals_of(p), kind) for p in PEOPLE]
        np.testing.assert_allclose(read.matrices, expected, atol=1e-12)
        np.testing.assert_allclose(read.quality["mean_fd"], 0.2)
    signals = read_connectomes(folder, kind="covariance")
    assert signals.regions == REGIONS
    assert "the names of the regions" in told(folder, kind="pearson r")


def test_two_tools_of_cpac_are_told_apart(tmp_path):
    folder = write_cpac(tmp_path, tools=("Nilearn", "AFNI"))
    assert "desc PearsonAFNI, PearsonNilearn" in told(folder, kind="pearson r", regions=REGIONS)
    read = read_connectomes(
        folder, kind="pearson r", regions=REGIONS, entities={"desc": "PearsonNilearn"}
    )
    assert len(read) == 3


def test_averaging_one_matrix_gives_that_matrix_and_a_gap_is_filled_by_the_other():
    r = np.corrcoef(signals_of("01").T)
    np.testing.assert_allclose(average_matrices(r[None], "pearson r"), r, atol=1e-12)
    gap = r.copy()
    gap[2], gap[:, 2] = np.nan, np.nan
    np.testing.assert_allclose(average_matrices(np.stack([r, gap]), "pearson r"), r, atol=1e-12)
    nobody = average_matrices(np.stack([gap, gap]), "covariance")
    assert np.isnan(nobody[2]).all()
