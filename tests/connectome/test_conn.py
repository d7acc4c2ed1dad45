"""CONN's and DPABI's files, written with scipy and h5py."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from stratify.connectome import guess_format, read_connectomes
from stratify.errors import DataError

REGIONS = (
    "networks.Salience.ACC (0,22,35)",
    "networks.DefaultMode.PCC (1,-61,38)",
    "networks.FrontoParietal.LPFC (L)  (-43,33,28)",
)
TARGETS = (*REGIONS, "atlas.Extra")
PATIENTS = ("P1", "P2", "P3", "P4")
XYZ = np.array([[0.0, 22, 35], [1, -61, 38], [-43, 33, 28], [9, 9, 9]])


def make_z(seed=0):
    """Make Fisher z, shape (n_sources, n_targets, n_subjects), NaN of a region with itself."""
    half = np.random.default_rng(seed).normal(size=(len(TARGETS), len(TARGETS), len(PATIENTS)))
    z = (half + half.swapaxes(0, 1))[: len(REGIONS)] / 2
    z[np.arange(3), np.arange(3)] = np.nan
    return z


Z = make_z()
MATRICES = np.moveaxis(np.nan_to_num(Z[:, :3]), 2, 0)


def cells(words):
    return np.array([list(words)], dtype=object)


def results(z=Z, **more):
    xyz = np.empty((1, 4), dtype=object)
    xyz[0] = [row[None] for row in XYZ]
    names = {"names": cells(REGIONS), "names2": cells(TARGETS), "xyz": xyz}
    return {"Z": z, **names, "SE": np.zeros(z.shape[1:]), **more}


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_connectomes(path, **options)
    return "\n".join(map(str, refused.value.faults))


def assert_read(read):
    assert read.patients == PATIENTS
    assert read.regions == REGIONS
    assert (read.kind, read.producer) == ("fisher z", "CONN")
    np.testing.assert_allclose(read.matrices, MATRICES)
    np.testing.assert_array_equal(read.coordinates, XYZ[:3])


def test_the_results_of_all_subjects_are_read_by_the_order_of_the_project(tmp_path):
    file = tmp_path / "resultsROI_Condition001.mat"
    savemat(file, results(DOF=np.array([[50.0, 60, 70, 80]])))
    assert guess_format(file) == guess_format(tmp_path) == "conn"
    for path in (file, tmp_path):
        read = read_connectomes(path, patients=PATIENTS)
        assert_read(read)
        assert read.quality["degrees_of_freedom"].to_list() == [50, 60, 70, 80]
    (tmp_path / "who.csv").write_text("subject,patient\n4,P4\n1,P1\n003,P3\n2,P2\n")
    assert_read(read_connectomes(file, patients=tmp_path / "who.csv", known=PATIENTS))


def test_subjects_without_their_patients_are_refused(tmp_path):
    file = tmp_path / "resultsROI_Condition001.mat"
    savemat(file, results())
    assert "4 subjects by number, without the patients' names" in told(file)
    assert "4 subjects, and a list of 2 patients" in told(file, patients=("P1", "P2"))
    assert "no patient for subject 3, 4" in told(file, patients={"1": "P1", "2": "P2"})


def test_files_of_one_subject_each_are_joined(tmp_path):
    for k in range(4):
        savemat(tmp_path / f"resultsROI_Subject{k + 1:03d}_Condition001.mat", results(Z[:, :, k]))
    assert_read(read_connectomes(tmp_path, patients=PATIENTS))
    savemat(tmp_path / "resultsROI_Subject001_Condition002.mat", results(Z[:, :, 0]))
    assert "results of the conditions 1, 2; one condition" in told(tmp_path, patients=PATIENTS)
    assert_read(read_connectomes(tmp_path, patients=PATIENTS, entities={"condition": "001"}))


def test_matlab_7_3_is_read_alike(tmp_path):
    path = tmp_path / "resultsROI_Condition001.mat"
    with h5py.File(path, "w", userblock_size=512) as file:

        def keep(name, value, kind):
            held = file.create_dataset(name, data=value)
            held.attrs["MATLAB_class"] = np.bytes_(kind)
            return held

        keep("Z", Z.T, "double")
        for name, words in (("names", REGIONS), ("names2", TARGETS)):
            references = [
                keep(f"#refs#/{name}{k}", np.array([[ord(c)] for c in w], "uint16"), "char").ref
                for k, w in enumerate(words)
            ]
            keep(name, np.array(references, dtype=h5py.ref_dtype)[:, None], "cell")
        places = [keep(f"#refs#/xyz{k}", xyz[:, None], "double").ref for k, xyz in enumerate(XYZ)]
        keep("xyz", np.array(places, dtype=h5py.ref_dtype)[:, None], "cell")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file")
    assert_read(read_connectomes(path, patients=PATIENTS))


def test_other_matlab_files_are_refused(tmp_path):
    file = tmp_path / "resultsROI_Condition001.mat"
    savemat(file, {"R": np.eye(3)})
    assert "the arrays R; Z and names, as CONN saves them" in told(file, patients=PATIENTS)
    savemat(file, results(names2=cells(TARGETS[::-1])))
    assert "targets in another order than the sources" in told(file, patients=PATIENTS)
    asymmetric = Z.copy()
    asymmetric[0, 1] += 1
    savemat(file, results(asymmetric))
    assert "the two halves of the matrix differ" in told(file, patients=PATIENTS)


def test_dpabi_is_read_by_kind_and_computed_of_signals_otherwise(tmp_path):
    signals = {p: np.random.default_rng(k).normal(size=(50, 3)) for k, p in enumerate(PATIENTS)}
    for patient, values in signals.items():
        r = np.corrcoef(values.T)
        np.savetxt(tmp_path / f"ROICorrelation_{patient}.txt", r)
        with np.errstate(divide="ignore"):
            np.savetxt(tmp_path / f"ROICorrelation_FisherZ_{patient}.txt", np.arctanh(r))
        np.savetxt(tmp_path / f"ROISignals_{patient}.txt", values)
        savemat(tmp_path / f"ROICorrelation_{patient}.mat", {"ROICorrelation": r})
    assert guess_format(tmp_path) == "dpabi"
    names = ("SN_1", "DMN_1", "CEN_1")
    read = {
        kind: read_connectomes(tmp_path, kind=kind, regions=names)
        for kind in ("pearson r", "fisher z", "partial correlation")
    }
    for kind, connectomes in read.items():
        assert connectomes.patients == PATIENTS
        assert (connectomes.kind, connectomes.producer) == (kind, "DPABI")
    r = np.stack([np.corrcoef(values.T) for values in signals.values()])
    np.testing.assert_allclose(read["pearson r"].matrices, r, atol=1e-12)
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(np.tanh(read["fisher z"].matrices)[:, off], r[:, off])
    assert read["partial correlation"].quality["volumes"].eq(50).all()
    assert "one kind of connectivity" in told(tmp_path, regions=names)
    assert "band = alpha, for format 'dpabi'" in told(tmp_path, regions=names, band="alpha")


def test_options_of_other_formats_are_refused(tmp_path):
    (tmp_path / "e.csv").write_text("patient,A~B\nP1,0.1\n")
    said = told(tmp_path / "e.csv", kind="pearson r", session="1")
    assert "session = 1, for format 'edges'; session for one of xcpd, cpac" in said
