"""Signals of regions, one file a patient, in each form they come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from stratify.connectome import compute_connectivity, read_connectomes
from stratify.errors import DataError

REGIONS = ("SN_1", "DMN_1", "CEN_1", "CEN_2")
PATIENTS = ("007", "P2", "P3")
SIGNALS = {
    patient: np.random.default_rng(k).normal(size=(40 + k, len(REGIONS)))
    for k, patient in enumerate(PATIENTS)
}
R = np.stack([compute_connectivity(signals, "pearson r") for signals in SIGNALS.values()])


def write(folder: Path, ending: str = ".tsv", *, names=REGIONS, suffix="", signals=None, **how):
    folder.mkdir(exist_ok=True)
    for patient, values in (signals or SIGNALS).items():
        file = folder / f"{patient}{suffix}{ending}"
        if ending == ".npy":
            np.save(file, values)
        elif ending == ".mat":
            savemat(file, {"signals": values, "note": "made"})
        elif ending in (".1D", ".txt"):
            np.savetxt(file, values, fmt="%.17g", **how)
        else:
            frame = pd.DataFrame(values, columns=None if names is None else list(names))
            comma = "," if "csv" in ending else "\t"
            frame.to_csv(file, sep=comma, index=False, header=names is not None)
    return folder


def read(path, **options):
    return read_connectomes(path, **{"format": "timeseries", "kind": "pearson r", **options})


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read(path, **options)
    return "\n".join(map(str, refused.value.faults))


def assert_read(connectomes, matrices=R):
    assert connectomes.patients == PATIENTS
    assert connectomes.regions == REGIONS
    assert connectomes.networks == ("SN", "DMN", "CEN", "CEN")
    np.testing.assert_allclose(connectomes.matrices, matrices, atol=1e-12)
    assert list(connectomes.quality["volumes"]) == [40, 41, 42]


@pytest.mark.parametrize("ending", [".tsv", ".csv", ".tsv.gz", ".csv.gz"])
def test_tables_with_a_header_of_regions_are_read(tmp_path, ending):
    assert_read(read(write(tmp_path / "s", ending)))


@pytest.mark.parametrize("ending", [".tsv", ".csv.gz", ".1D", ".txt", ".npy", ".mat"])
def test_files_without_names_are_read_with_the_list_of_regions(tmp_path, ending):
    folder = write(tmp_path / "s", ending, names=None)
    (tmp_path / "regions.txt").write_text("\n".join(REGIONS))
    assert_read(read(folder, regions=tmp_path / "regions.txt"))
    assert "signals without the names of their regions (patient 007)" in told(folder)
    assert "one for each of the 3 regions" in told(folder, regions=REGIONS[:3])


def test_the_comment_of_afni_names_the_regions(tmp_path):
    folder = write(tmp_path / "s", ".1D", header="made by a test\n" + "\t".join(REGIONS))
    assert_read(read(folder))
    commas = write(tmp_path / "c", ".1D", delimiter=",", header=",".join(REGIONS), comments="#")
    assert_read(read(commas))


def test_patients_are_found_by_a_pattern_and_by_a_table(tmp_path):
    folder = write(tmp_path / "s", suffix="_timeseries")
    assert_read(read_connectomes(folder, kind="pearson r"))
    assert_read(read(str(folder / "{patient}_timeseries.tsv")))
    called = {patient: f"scan{k}" for k, patient in enumerate(PATIENTS)}
    scans = write(tmp_path / "n", signals={called[p]: SIGNALS[p] for p in PATIENTS})
    table = tmp_path / "who.csv"
    pd.DataFrame({"file": called.values(), "patient": called.keys()}).to_csv(table, index=False)
    renamed = read(scans, patients=table, known=PATIENTS)
    assert_read(renamed)
    assert tuple(renamed.quality.index) == PATIENTS
    assert_read(read(scans, patients={scan: patient for patient, scan in called.items()}))
    assert "scan2, not in the table of patients" in told(
        scans, patients={"scan0": "007", "scan1": "P2"}
    )


@pytest.mark.parametrize("kind", ["partial correlation", "covariance", "fisher z"])
def test_the_kind_asked_for_is_computed_of_each_patient_alone(tmp_path, kind):
    together = read(write(tmp_path / "all"), kind=kind)
    assert together.kind == kind
    for k, patient in enumerate(PATIENTS):
        alone = read(write(tmp_path / patient, signals={patient: SIGNALS[patient]}), kind=kind)
        np.testing.assert_array_equal(alone.matrices[0], together.matrices[k])


def test_a_kind_has_to_be_asked_for(tmp_path):
    folder = write(tmp_path / "s")
    assert "no kind of connectivity to compute" in told(folder, kind=None)
    assert "kind 'pearson'" in told(folder, kind="pearson")


def test_given_regions_choose_and_order_the_columns(tmp_path):
    chosen = read(write(tmp_path / "s"), regions=("CEN_2", "SN_1"))
    assert chosen.regions == ("CEN_2", "SN_1")
    np.testing.assert_allclose(chosen.matrices[:, 0, 1], R[:, 3, 0], atol=1e-12)
    assert "not among the regions given: CEN_1, DMN_1" in str(chosen.warnings[0])


def test_regions_named_twice_are_taken_by_their_place(tmp_path):
    folder = write(tmp_path / "s", names=("SN", "DMN", "CEN", "CEN"))
    assert "regions named twice: CEN (patient 007)" in told(folder)
    assert_read(read(folder, regions=REGIONS))
    assert "regions named twice" in told(folder, regions=("DMN_1", "SN_1", "CEN_1", "CEN_2"))


def test_a_region_without_a_signal_is_not_covered_and_counted(tmp_path):
    gap = {patient: values.copy() for patient, values in SIGNALS.items()}
    gap["P2"][:, 1] = np.nan
    gap["P3"][:, 1] = 3.0
    connectomes = read(write(tmp_path / "s", signals=gap))
    assert np.isnan(connectomes.matrices[1:, 1]).all()
    np.testing.assert_array_equal(connectomes.quality["coverage"], [1, 0.75, 0.75])
    assert "1 region not covered in 2 patients: DMN_1" in str(connectomes.warnings[0])


def with_motion(folder: Path, name: str, *, drop_first=False, column="framewise_displacement"):
    """Write displacements of 0.1 mm, and of 1 mm in every fourth volume."""
    for patient, values in SIGNALS.items():
        displacement = np.where(np.arange(len(values)) % 4 == 3, 1.0, 0.1)
        displacement[0] = np.nan
        frame = pd.DataFrame({column: displacement, "trans_x": 0.0})
        frame = frame[1:] if drop_first else frame
        frame = frame[[column]] if name.endswith(".txt") else frame
        frame.to_csv(folder / name.format(patient=patient), sep="\t", index=False, na_rep="n/a")
    return folder


def kept(values):
    return values[np.arange(len(values)) % 4 != 3]


@pytest.mark.parametrize("drop_first", [False, True])
def test_volumes_that_moved_are_left_out_and_counted(tmp_path, drop_first):
    folder = write(tmp_path / "s", suffix="_timeseries")
    with_motion(folder, "{patient}_motion.tsv", drop_first=drop_first)
    whole = read(folder, repetition_time=2.0)
    assert_read(whole)
    assert_read(read(str(write(tmp_path / "p") / "{patient}.tsv")))
    with_motion(tmp_path / "p", "{patient}_motion.tsv")
    assert_read(read(str(tmp_path / "p" / "{patient}.tsv")))
    moved = [np.r_[np.where(np.arange(1, n) % 4 == 3, 1.0, 0.1)].mean() for n in (40, 41, 42)]
    np.testing.assert_allclose(whole.quality["mean_fd"], moved)
    np.testing.assert_allclose(whole.quality["minutes"], [40 / 30, 41 / 30, 42 / 30])
    scrubbed = read(folder, repetition_time=2.0, fd_threshold=0.5)
    np.testing.assert_allclose(
        scrubbed.matrices,
        [compute_connectivity(kept(values), "pearson r") for values in SIGNALS.values()],
    )
    assert list(scrubbed.quality["volumes"]) == [30, 31, 32]
    np.testing.assert_allclose(scrubbed.quality["minutes"], [1, 31 / 30, 32 / 30])
    np.testing.assert_allclose(scrubbed.quality["mean_fd"], moved)


def test_motion_is_found_by_a_pattern(tmp_path):
    folder = write(tmp_path / "s")
    motion = tmp_path / "motion"
    motion.mkdir()
    with_motion(motion, "FD_{patient}.txt", column="FramewiseDisplacement")
    scrubbed = read(folder, motion=motion / "FD_{patient}.txt", fd_threshold=0.5)
    assert list(scrubbed.quality["volumes"]) == [30, 31, 32]
    (motion / "FD_P2.txt").unlink()
    assert "FD_P2.txt: no such file (patient P2)" in told(
        folder, motion=motion / "FD_{patient}.txt"
    )


def test_motion_of_other_volumes_is_told_and_never_censors(tmp_path):
    folder = with_motion(write(tmp_path / "s"), "{patient}_motion.tsv")
    shorter = SIGNALS["P2"][:30]
    write(folder, signals={"P2": shorter})
    connectomes = read(folder)
    assert "30 volumes of signals and 41 of motion in P2_motion.tsv" in str(connectomes.warnings[0])
    assert connectomes.quality["mean_fd"].notna().all()
    assert "30 volumes of signals and 41 of motion (patient P2)" in told(folder, fd_threshold=0.5)


def test_censoring_without_motion_or_volumes_is_refused(tmp_path):
    folder = write(tmp_path / "s")
    assert "no framewise displacement (patient 007)" in told(folder, fd_threshold=0.5)
    with_motion(folder, "{patient}_motion.tsv")
    assert "1 volumes left (patient 007)" in told(folder, fd_threshold=0.05)


def test_broken_files_are_told_by_patient(tmp_path):
    folder = write(tmp_path / "s")
    text = (folder / "P2.tsv").read_text()
    (folder / "P2.tsv").write_text(text.replace("\n", "\nbad\t1\t1\t1\n", 2))
    (folder / "P3.tsv").write_text("SN_1\tDMN_1\n1\t2\n3\n")
    said = told(folder)
    assert "'bad' in row 1 of SN_1" in said
    assert "row 3 with more or fewer cells than the first row (patient P3)" in said
    write(folder, names=("SN_1", "DMN_1", "CEN_1", "CEN_3"), signals={"P3": SIGNALS["P3"]})
    write(folder, signals={"P2": SIGNALS["P2"]})
    assert "without CEN_2 and with CEN_3 (patient P3)" in told(folder)
    (folder / "P3_fd.txt").write_text("fd\n-1\n")
    write(folder, signals={"P3": SIGNALS["P3"]})
    assert "a framewise displacement of -1 (patient P3)" in told(folder)


def test_a_gap_in_a_signal_is_told_by_its_region(tmp_path):
    gappy = {patient: np.array(values) for patient, values in SIGNALS.items()}
    gappy["P2"][5:7, 2] = np.nan
    write(tmp_path, signals=gappy)
    assert "2 volumes without a value of CEN_1 (patient P2)" in told(tmp_path)


def test_few_volumes_are_warned_of_with_what_they_can_tell(tmp_path):
    assert read(write(tmp_path / "enough")).warnings == ()
    write(tmp_path / "few", signals=SIGNALS | {"P2": SIGNALS["P2"][:7]})
    (warning,) = read(tmp_path / "few").warnings
    assert "7 volumes, which tell a Fisher z to a standard error of 0.5" in str(warning)
    assert warning.patients == ("P2",)
    assert "quality.least_volumes" in str(warning)


def test_an_array_turned_or_doubled_is_told(tmp_path):
    folder = write(tmp_path / "s", ".npy", names=None, signals={"P2": SIGNALS["P2"].T})
    assert "turn it" in told(folder, regions=REGIONS)
    savemat(tmp_path / "P1.mat", {"a": SIGNALS["P2"], "b": SIGNALS["P3"]})
    assert "the arrays a (41, 4), b (42, 4)" in told(
        str(tmp_path / "{patient}.mat"), regions=REGIONS
    )


def test_signals_of_real_people_give_the_correlations_published_with_them():
    import os

    root = Path(os.environ.get("STRATIFY_DATA", "nowhere")) / "rpn_signature"
    if not root.is_dir():
        pytest.skip("the public files are not on this machine")
    names = pd.read_csv(
        root / "timeseries/bochum-sample/bochum-004_pumi-0.tsv.gz", sep="\t", nrows=0
    ).columns
    raw = pd.read_csv(
        root / "timeseries/bochum-sample/bochum-004_pumi-0.tsv.gz", sep="\t", header=0
    )
    numbered = [name.replace(".", "_") for name in raw.columns]
    assert len(set(names)) == 123
    connectomes = read(
        str(root / "timeseries/bochum-sample/{patient}.tsv.gz"),
        kind="fisher z",
        regions=numbered,
        motion=root / "framewise_displacement/FD_{patient}.txt",
    )
    assert len(connectomes) == 41
    assert connectomes.quality["volumes"].eq(200).all()
    told_of = pd.read_csv(root / "participants_tidy.tsv", sep="\t").set_index("participant_id")
    theirs = told_of.loc[told_of["site"] == "bochum", "mean_fd"].to_numpy()
    np.testing.assert_allclose(connectomes.quality["mean_fd"], theirs, atol=5e-5)
