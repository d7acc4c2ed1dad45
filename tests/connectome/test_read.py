from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io

from stratify.connectome import Connectomes, network_of, read_connectomes, write_connectomes
from stratify.errors import DataError

REGIONS = (
    "SN_1",
    "SN_2",
    "DMN_1",
    "DMN_2",
    "CEN_1",
    "CEN_2",
)
PATIENTS = ("007", "P2", "P3")
FIRST, SECOND = np.triu_indices(len(REGIONS), k=1)


def correlations(n: int = len(PATIENTS), seed: int = 1) -> np.ndarray:
    signals = np.random.default_rng(seed).normal(size=(n, len(REGIONS), 30))
    matrices = np.stack([np.corrcoef(one) for one in signals])
    matrices = (matrices + matrices.transpose(0, 2, 1)) / 2
    matrices[:, np.arange(len(REGIONS)), np.arange(len(REGIONS))] = 1
    return matrices


R = correlations()


def wide(matrices=R, patients=PATIENTS, regions=REGIONS, separator="~", column="patient"):
    frame = pd.DataFrame(
        matrices[:, FIRST, SECOND],
        columns=[
            f"{regions[i]}{separator}{regions[j]}" for i, j in zip(FIRST, SECOND, strict=True)
        ],
    )
    frame.insert(0, column, list(patients))
    return frame


def long(matrices=R, patients=PATIENTS, regions=REGIONS):
    return pd.DataFrame(
        [
            {"patient": p, "region_a": regions[i], "region_b": regions[j], "value": m[i, j]}
            for p, m in zip(patients, matrices, strict=True)
            for i, j in zip(FIRST, SECOND, strict=True)
        ]
    )


def as_frame(matrix, regions=REGIONS):
    return pd.DataFrame(matrix, index=list(regions), columns=list(regions))


def assert_read(connectomes: Connectomes, matrices=R, patients=PATIENTS) -> None:
    assert connectomes.patients == tuple(patients)
    assert connectomes.regions == REGIONS
    assert connectomes.networks == ("SN", "SN", "DMN", "DMN", "CEN", "CEN")
    np.testing.assert_allclose(connectomes.matrices, matrices, rtol=0, atol=1e-12)


def faults_of(path, kind="pearson r", **options):
    with pytest.raises(DataError) as refused:
        read_connectomes(path, kind=kind, **options)
    return list(refused.value.faults)


def told(path, kind="pearson r", **options) -> str:
    return "\n".join(map(str, faults_of(path, kind, **options)))


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_hubs_and_centres_beside_the_regions_come_along_in_the_order_of_the_matrices(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    centres = np.arange(18.0).reshape(6, 3)
    centres[5] = np.nan
    table = pd.DataFrame({"region": REGIONS, "hub": [*"abcde", ""]})
    table[["x", "y", "z"]] = centres
    table.iloc[::-1].to_csv(tmp_path / "r.tsv", sep="\t", index=False)
    read = read_connectomes(tmp_path / "e.csv", kind="pearson r", regions=tmp_path / "r.tsv")
    assert read.regions == REGIONS[::-1]
    assert read.hubs == ("", "e", "d", "c", "b", "a")
    np.testing.assert_array_equal(read.coordinates, centres[::-1])
    write_connectomes(read, tmp_path / "w.parquet")
    again = read_connectomes(tmp_path / "w.parquet", regions=REGIONS)
    assert again.hubs == read.hubs[::-1]
    np.testing.assert_array_equal(again.coordinates, centres)
    assert read_connectomes(tmp_path / "w.parquet").digest == read.digest
    bare = read_connectomes(tmp_path / "e.csv", kind="pearson r")
    assert (bare.hubs, bare.coordinates) == ((), None)


def test_a_centre_that_is_no_number_is_refused_by_region(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    (tmp_path / "r.csv").write_text("region,x,y,z\nSN_1,1,two,3\n")
    with pytest.raises(DataError, match=r"r.csv: y: 'two' for region SN_1; millimetres"):
        read_connectomes(tmp_path / "e.csv", kind="pearson r", regions=tmp_path / "r.csv")


def test_hubs_must_fit_the_regions():
    with pytest.raises(DataError, match="1 hubs for 6 regions; a hub for each region, or for none"):
        Connectomes(R, PATIENTS, REGIONS, ("SN",) * 6, "pearson r", hubs=("dACC",))


def test_what_is_known_of_the_scans_is_written_and_read_back(tmp_path):
    quality = pd.DataFrame(
        {"mean_fd": [0.1, np.nan, 0.3], "volumes": [100.0, 90.0, 80.0]},
        index=pd.Index(PATIENTS, name="patient"),
    )
    known = Connectomes(
        R,
        PATIENTS,
        REGIONS,
        ("SN", "SN", "DMN", "DMN", "CEN", "CEN"),
        "pearson r",
        quality=quality,
        producer="XCP-D 0.10.6",
        band="alpha",
        coordinates=np.arange(18.0).reshape(6, 3),
    )
    write_connectomes(known, tmp_path / "e.parquet")
    back = read_connectomes(tmp_path / "e.parquet")
    assert back.digest == known.digest
    assert (back.producer, back.band) == ("XCP-D 0.10.6", "alpha")
    pd.testing.assert_frame_equal(back.quality, quality)
    np.testing.assert_array_equal(back.coordinates, known.coordinates)
    turned = read_connectomes(tmp_path / "e.parquet", regions=REGIONS[::-1])
    np.testing.assert_array_equal(turned.coordinates, known.coordinates[::-1])
    assert "alpha, from XCP-D 0.10.6" in repr(back)
    with pytest.raises(DataError, match="coordinates: an array of shape"):
        Connectomes(R, PATIENTS, REGIONS, REGIONS, "pearson r", coordinates=np.zeros((6, 2)))


# Each form, written by the library whose format it is.


def test_matlab_stacks_are_read_with_the_patients_last(tmp_path):
    from scipy.io import savemat

    held = {
        "Z": np.moveaxis(R, 0, 2),
        "regions": np.array(REGIONS, dtype=object),
        "kind": "pearson r",
        "note": {"a": 1},
    }
    savemat(tmp_path / "s.mat", {**held, "patients": np.array(PATIENTS, dtype=object)})
    assert_read(read_connectomes(tmp_path / "s.mat"))
    savemat(tmp_path / "first.mat", {**held, "Z": R})
    assert_read(read_connectomes(tmp_path / "first.mat", patients=PATIENTS))
    assert "3 patients without their names" in told(tmp_path / "first.mat")
    cube = correlations(6)
    savemat(tmp_path / "cube.mat", {"Z": cube})
    assert "as many patients as regions" in told(tmp_path / "cube.mat")
    (tmp_path / "broken.mat").write_bytes(b"nothing of the kind")
    assert "saved by MATLAB" in told(tmp_path / "broken.mat")


def test_matlab_stacks_of_version_7_3_are_read_alike(tmp_path):
    import h5py

    # As MATLAB writes them: HDF5 with the axes reversed, and cells as references.
    with h5py.File(tmp_path / "s.mat", "w", userblock_size=512) as file:
        numbers = file.create_dataset("Z", data=np.moveaxis(R, 0, 2).T)
        numbers.attrs["MATLAB_class"] = np.bytes_("double")
        for name, words in (("regions", REGIONS), ("patients", PATIENTS)):
            references = []
            for k, word in enumerate(words):
                text = file.create_dataset(
                    f"#refs#/{name}{k}", data=np.array([[ord(c)] for c in word], "uint16")
                )
                text.attrs["MATLAB_class"] = np.bytes_("char")
                references.append(text.ref)
            cells = file.create_dataset(
                name, data=np.array(references, dtype=h5py.ref_dtype)[:, None]
            )
            cells.attrs["MATLAB_class"] = np.bytes_("cell")
    with (tmp_path / "s.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    assert_read(read_connectomes(tmp_path / "s.mat", kind="pearson r"))


@pytest.mark.parametrize("ending", [".mat", ".txt"])
def test_matlab_and_plain_text_hold_one_matrix_a_patient(tmp_path, ending):
    from scipy.io import savemat

    for patient, matrix in zip(PATIENTS, R, strict=True):
        if ending == ".mat":
            savemat(tmp_path / f"{patient}.mat", {"ROICorrelation": matrix})
        else:
            np.savetxt(tmp_path / f"{patient}.txt", matrix, fmt="%.17g")
    assert_read(read_connectomes(tmp_path, kind="pearson r", regions=REGIONS))


def test_wide_tables_read_in_each_format(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    wide().to_csv(tmp_path / "e.tsv", index=False, sep="\t")
    wide().to_parquet(tmp_path / "e.parquet")
    wide(column="participant_id").set_index("participant_id").to_parquet(tmp_path / "i.parquet")
    for name in ("e.csv", "e.tsv", "e.parquet", "i.parquet"):
        before = digest(tmp_path / name)
        connectomes = read_connectomes(tmp_path / name, kind="pearson r", atlas="made")
        assert_read(connectomes)
        assert (connectomes.kind, connectomes.atlas, connectomes.name) == (
            "pearson r",
            "made",
            name,
        )
        assert connectomes.warnings == ()
        assert digest(tmp_path / name) == before


def test_another_separator_and_patient_column_are_found_or_given(tmp_path):
    wide(separator=".", column="subject").to_csv(tmp_path / "e.csv", index=False)
    assert_read(read_connectomes(tmp_path / "e.csv", kind="pearson r", separator="."))
    frame = wide(separator=".", column="subject")
    frame["age"] = 3
    frame.to_csv(tmp_path / "a.csv", index=False)
    read = read_connectomes(
        tmp_path / "a.csv", kind="pearson r", separator=".", patient_column="subject"
    )
    assert_read(read)
    assert "1 column not named as a pair of regions: age" in str(read.warnings[0])
    assert "no column of patients" in told(tmp_path / "a.csv", separator=".")
    assert "no column 'subjekt' (did you mean 'subject'?)" in told(
        tmp_path / "a.csv", separator=".", patient_column="subjekt"
    )
    assert "parted by '.': give it as the separator" in told(tmp_path / "e.csv")


def test_a_separator_inside_region_names_needs_the_list_of_regions(tmp_path):
    dotted = tuple(name.replace("_", ".") for name in REGIONS)
    wide(regions=dotted, separator=".").to_csv(tmp_path / "e.csv", index=False)
    assert "15 columns with '.' more than once" in told(tmp_path / "e.csv", separator=".")
    read = read_connectomes(
        tmp_path / "e.csv", kind="pearson r", separator=".", regions=dotted, networks=REGIONS
    )
    np.testing.assert_allclose(read.matrices, R, atol=1e-12)


def test_given_regions_set_the_order_and_not_the_values(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    turned = read_connectomes(tmp_path / "e.csv", kind="pearson r", regions=REGIONS[::-1])
    assert turned.regions == REGIONS[::-1]
    np.testing.assert_allclose(turned.matrices[:, ::-1, ::-1], R, atol=1e-12)


def test_edges_of_other_regions_than_those_given_are_refused(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    faults = told(tmp_path / "e.csv", regions=REGIONS[:5])
    assert "5 columns outside the pairs of the regions given: SN_1~CEN_2" in faults


def test_long_tables_read_whatever_the_order_and_direction_of_their_rows(tmp_path):
    rows = long()
    rows.to_csv(tmp_path / "l.csv", index=False)
    assert_read(read_connectomes(tmp_path / "l.csv", kind="pearson r"))
    shuffled = rows.sample(frac=1, random_state=3)
    flip = np.arange(len(rows)) % 2 == 0
    shuffled.loc[flip, ["region_a", "region_b"]] = shuffled.loc[
        flip, ["region_b", "region_a"]
    ].to_numpy()
    shuffled.to_parquet(tmp_path / "s.parquet", index=False)
    read = read_connectomes(tmp_path / "s.parquet", kind="pearson r", regions=REGIONS)
    order = np.array([read.patients.index(patient) for patient in PATIENTS])
    assert_read(read.select(order))
    both = pd.concat([rows, rows.rename(columns={"region_a": "region_b", "region_b": "region_a"})])
    both.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    assert_read(read_connectomes(tmp_path / "b.tsv", kind="pearson r"))


def test_stacks_read_with_names_inside_or_beside_them(tmp_path):
    np.savez(tmp_path / "s.npz", matrices=R, patients=np.array(PATIENTS), regions=REGIONS)
    assert_read(read_connectomes(tmp_path / "s.npz", kind="pearson r"))
    np.save(tmp_path / "s.npy", R)
    (tmp_path / "patients.txt").write_text("\n".join(PATIENTS))
    (tmp_path / "regions.csv").write_text(
        "index,region,network\n"
        + "".join(f"{k},{name},{network_of(name)}\n" for k, name in enumerate(REGIONS))
    )
    beside = {"patients": tmp_path / "patients.txt", "regions": tmp_path / "regions.csv"}
    assert_read(read_connectomes(tmp_path / "s.npy", kind="pearson r", **beside))
    given = {"patients": PATIENTS, "regions": list(REGIONS)}
    assert_read(read_connectomes(tmp_path / "s.npy", kind="pearson r", **given))
    np.savez(tmp_path / "alone.npz", R)
    assert_read(read_connectomes(tmp_path / "alone.npz", kind="pearson r", **given))
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\n" + "".join(f"{p}\t30\n" for p in PATIENTS)
    )
    given["patients"] = str(tmp_path / "participants.tsv")
    assert_read(read_connectomes(tmp_path / "s.npy", kind="pearson r", **given))


def test_a_stack_that_names_its_regions_keeps_its_order_whatever_the_order_of_a_list(tmp_path):
    np.savez(tmp_path / "s.npz", matrices=R, patients=np.array(PATIENTS), regions=REGIONS)
    turned = pd.DataFrame({"region": REGIONS[::-1], "x": range(6), "y": 0, "z": 0})
    turned.to_csv(tmp_path / "regions.csv", index=False)
    read = read_connectomes(tmp_path / "s.npz", kind="pearson r", regions=tmp_path / "regions.csv")
    assert_read(read)
    assert read.coordinates[:, 0].tolist() == [5, 4, 3, 2, 1, 0]
    assert "1 region in the stack's own names and not in the list of regions: " in told(
        tmp_path / "s.npz", regions=REGIONS[1:]
    )
    np.savez(tmp_path / "n.npz", matrices=R, patients=np.array(PATIENTS), labels=np.arange(6.0))
    assert_read(read_connectomes(tmp_path / "n.npz", kind="pearson r", regions=REGIONS))


def test_networks_beside_the_regions_go_before_their_names(tmp_path):
    np.save(tmp_path / "s.npy", R)
    table = pd.DataFrame({"region": REGIONS, "network": ["Vis"] * 6})
    table.to_csv(tmp_path / "regions.tsv", sep="\t", index=False)
    options = {"kind": "pearson r", "patients": PATIENTS, "regions": tmp_path / "regions.tsv"}
    assert set(read_connectomes(tmp_path / "s.npy", **options).networks) == {"Vis"}
    some = read_connectomes(tmp_path / "s.npy", **options, networks={"SN_2": "Limbic"})
    assert some.networks == ("Vis", "Limbic", "Vis", "Vis", "Vis", "Vis")


def one_file_each(folder, name="{}.csv", matrices=R, **options):
    folder.mkdir(exist_ok=True)
    for patient, matrix in zip(PATIENTS, matrices, strict=True):
        as_frame(matrix).to_csv(folder / name.format(patient), **options)
    return folder


def test_one_file_a_patient_reads_with_and_without_row_names(tmp_path):
    assert_read(read_connectomes(one_file_each(tmp_path / "a"), kind="pearson r"))
    assert_read(read_connectomes(one_file_each(tmp_path / "b", index=False), kind="pearson r"))
    tabs = one_file_each(tmp_path / "c", "sub-{}_relmat.tsv", sep="\t", index_label="Node")
    for pattern in ("sub-{patient}_relmat.tsv", "sub-*_relmat.tsv"):
        assert_read(read_connectomes(tabs / pattern, kind="pearson r"))
    bare = one_file_each(tmp_path / "d", header=False, index=False)
    assert_read(read_connectomes(bare, kind="pearson r", regions=REGIONS))
    arrays = tmp_path / "e"
    arrays.mkdir()
    for patient, matrix in zip(PATIENTS, R, strict=True):
        np.save(arrays / f"{patient}.npy", matrix)
    assert_read(read_connectomes(arrays, kind="pearson r", regions=REGIONS))


def test_a_pattern_may_name_the_patient_twice_and_a_session_in_between(tmp_path):
    for patient, matrix in zip(PATIENTS, R, strict=True):
        folder = tmp_path / f"sub-{patient}" / "ses-1"
        folder.mkdir(parents=True)
        as_frame(matrix).to_csv(folder / f"sub-{patient}_conmat.csv")
        as_frame(matrix).to_csv(folder / "sub-else_conmat.csv")
    pattern = tmp_path / "sub-{patient}" / "*" / "sub-{patient}_conmat.csv"
    assert_read(read_connectomes(pattern, kind="pearson r"))


def test_regions_in_another_order_are_put_right_by_name(tmp_path):
    folder = one_file_each(tmp_path / "m")
    as_frame(R[1]).loc[list(REGIONS[::-1]), list(REGIONS[::-1])].to_csv(folder / "P2.csv")
    as_frame(R[2]).loc[list(REGIONS[::-1])].to_csv(folder / "P3.csv")
    assert_read(read_connectomes(folder, kind="pearson r"))


def test_a_file_that_names_fewer_regions_is_the_odd_one_even_if_it_is_first(tmp_path):
    folder = one_file_each(tmp_path / "m")
    as_frame(R[0]).iloc[:5, :5].to_csv(folder / "007.csv")
    (fault,) = faults_of(folder)
    assert fault.where == "m/007.csv"
    assert "without CEN_2 (patient 007)" in fault.met


def test_parquet_metadata_is_kept_and_honoured(tmp_path):
    made = Connectomes(
        R, PATIENTS, REGIONS, ("A",) * 5 + ("B",), "pearson r", "atlas 1", "x", simulated=True
    )
    write_connectomes(made, tmp_path / "w.parquet")
    read = read_connectomes(tmp_path / "w.parquet")
    assert read.digest == made.digest
    assert (read.atlas, read.networks, read.simulated) == ("atlas 1", made.networks, True)
    assert "simulated patients" in repr(read)
    assert "the file says pearson r and the study asks for fisher z" in told(
        tmp_path / "w.parquet", kind="fisher z"
    )
    turned = read_connectomes(tmp_path / "w.parquet", regions=REGIONS[::-1])
    assert turned.networks == made.networks[::-1]
    names = pq.read_schema(tmp_path / "w.parquet").names
    assert names[:3] == ["patient", "SN_1~SN_2", "SN_1~DMN_1"]
    said = json.loads(pq.read_schema(tmp_path / "w.parquet").metadata[b"stratify"])
    assert set(said) == {"kind", "atlas", "regions", "networks", "simulated"}


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b'{"regions": [1], "networks": ["a"]}',
        b'{"regions": ["a", "b"], "networks": ["a"]}',
    ],
)
def test_metadata_that_cannot_be_used_is_refused(tmp_path, text):
    table = pa.Table.from_pandas(wide()).replace_schema_metadata({b"stratify": text})
    pq.write_table(table, tmp_path / "e.parquet")
    assert "metadata under the key stratify" in told(tmp_path / "e.parquet")


# Kinds and diagonals.


def test_the_diagonal_is_that_of_the_kind_whatever_the_file_holds(tmp_path):
    every = np.arange(6)
    for kind, matrices, wanted in (
        ("pearson r", R, 1.0),
        ("partial correlation", R, 1.0),
        ("fisher z", np.arctanh(np.where(R > 0.99, 0, R)), 0.0),
    ):
        for given in (np.nan, 0.0, 1.0):
            with_diagonal = matrices.copy()
            with_diagonal[:, every, every] = given
            np.savez(tmp_path / "s.npz", matrices=with_diagonal, patients=PATIENTS, regions=REGIONS)
            read = read_connectomes(tmp_path / "s.npz", kind=kind)
            assert (read.matrices[:, every, every] == wanted).all()
            np.testing.assert_allclose(
                read.matrices[:, FIRST, SECOND], matrices[:, FIRST, SECOND], atol=1e-12
            )


def test_infinity_on_the_diagonal_of_fisher_z_is_no_fault(tmp_path):
    with np.errstate(divide="ignore"):
        z = np.arctanh(np.where(np.eye(6, dtype=bool), 1.0, R))
    np.savez(tmp_path / "s.npz", matrices=z, patients=PATIENTS, regions=REGIONS)
    assert np.isfinite(read_connectomes(tmp_path / "s.npz", kind="fisher z").matrices).all()


def test_a_covariance_keeps_its_variances_and_needs_them(tmp_path):
    scale = np.arange(1.0, 7.0)
    covariance = R * np.outer(scale, scale)
    np.savez(tmp_path / "s.npz", matrices=covariance, patients=PATIENTS, regions=REGIONS)
    read = read_connectomes(tmp_path / "s.npz", kind="covariance")
    np.testing.assert_allclose(read.matrices, covariance, atol=1e-12)
    write_connectomes(read, tmp_path / "w.parquet")
    np.testing.assert_array_equal(read_connectomes(tmp_path / "w.parquet").matrices, read.matrices)
    wide(covariance).to_csv(tmp_path / "e.csv", index=False)
    assert "edges without the variances" in told(tmp_path / "e.csv", kind="covariance")
    broken = covariance.copy()
    broken[1, 2, 3] = broken[1, 3, 2] = 99
    broken[2, 0, 0] = -1
    np.savez(tmp_path / "s.npz", matrices=broken, patients=PATIENTS, regions=REGIONS)
    faults = told(tmp_path / "s.npz", kind="covariance")
    assert "99 at DMN_1 and DMN_2 for patient P2" in faults
    assert "-1 at SN_1 for patient P3; a variance is above 0" in faults


def test_values_above_one_are_told_to_look_like_fisher_z(tmp_path):
    z = R.copy()
    z[1, 0, 4] = z[1, 4, 0] = 1.4
    wide(z).to_csv(tmp_path / "e.csv", index=False)
    (fault,) = faults_of(tmp_path / "e.csv")
    assert "1.4 at SN_1 and CEN_1 for patient P2; a pearson r lies between -1 and 1" in str(fault)
    assert "looks like Fisher z" in str(fault)
    assert fault.patients == ("P2",)
    assert read_connectomes(tmp_path / "e.csv", kind="fisher z").kind == "fisher z"


def test_a_correlation_called_fisher_z_is_warned_of(tmp_path):
    np.savez(tmp_path / "s.npz", matrices=R, patients=PATIENTS, regions=REGIONS)
    (warning,) = read_connectomes(tmp_path / "s.npz", kind="fisher z").warnings
    assert "looks like Pearson r" in str(warning)


def test_a_covariance_called_pearson_is_told_by_its_diagonal(tmp_path):
    small = R * 0.5
    np.savez(tmp_path / "s.npz", matrices=small, patients=PATIENTS, regions=REGIONS)
    (fault,) = faults_of(tmp_path / "s.npz")
    assert "0.5 at SN_1 for patient 007" in fault.met
    assert 'Say kind = "covariance"' in fault.way_out


def test_rounding_above_one_is_cut_to_one(tmp_path):
    rounded = R.copy()
    rounded[0, 0, 1] = rounded[0, 1, 0] = 1 + 1e-7
    np.savez(tmp_path / "s.npz", matrices=rounded, patients=PATIENTS, regions=REGIONS)
    assert read_connectomes(tmp_path / "s.npz", kind="pearson r").matrices.max() == 1.0


def test_the_kind_is_needed_and_spelt_right(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    assert "no kind of connectivity" in told(tmp_path / "e.csv", kind=None)
    assert "did you mean 'pearson r'" in told(tmp_path / "e.csv", kind="pearson")


# Faults, each with its patient.


def test_a_region_that_was_not_covered_is_missing_as_a_whole_and_warned_of(tmp_path):
    gap = R.copy()
    gap[1, 2, :] = gap[1, :, 2] = np.nan
    for name in ("e.csv", "e.parquet"):
        frame = wide(gap)
        frame.to_csv(tmp_path / name, index=False, na_rep="n/a") if name.endswith(
            "csv"
        ) else frame.to_parquet(tmp_path / name)
        read = read_connectomes(tmp_path / name, kind="pearson r")
        np.testing.assert_array_equal(np.isnan(read.matrices), np.isnan(gap))
        (warning,) = read.warnings
        assert "1 region not covered in 1 patient: DMN_1 (patient P2)" in warning.met
    folder = one_file_each(tmp_path / "m", matrices=gap, index=False)
    read = read_connectomes(folder, kind="pearson r")
    np.testing.assert_array_equal(np.isnan(read.matrices), np.isnan(gap))
    write_connectomes(read, tmp_path / "w.parquet")
    again = read_connectomes(tmp_path / "w.parquet")
    np.testing.assert_array_equal(again.matrices, read.matrices)


def test_a_headless_matrix_whose_first_region_is_not_covered_still_reads(tmp_path):
    gap = R.copy()
    gap[:, 0, :] = gap[:, :, 0] = np.nan
    folder = one_file_each(tmp_path / "m", matrices=gap, index=False, header=False)
    read = read_connectomes(folder, kind="pearson r", regions=REGIONS)
    np.testing.assert_array_equal(np.isnan(read.matrices), np.isnan(gap))


def broken(cells) -> np.ndarray:
    matrices = R.copy()
    for (p, i, j), value in cells.items():
        matrices[p][... if i is ... else (i, j)] = value
    return matrices


@pytest.mark.parametrize(
    ("cells", "phrase"),
    [
        ({(1, 0, 3): np.nan, (1, 3, 0): np.nan}, "missing: at SN_1 and DMN_2 for patient P2"),
        ({(2, 1, 4): np.inf, (2, 4, 1): np.inf}, "inf at SN_2 and CEN_1 for patient P3"),
        ({(0, 1, 4): 0.9}, "halves of the matrix differ: 0.9 at SN_2 and CEN_1 for patient 007"),
        ({(0, 4, 1): np.nan}, "halves of the matrix differ"),
        ({(1, ..., ...): np.nan}, "no value at all for patient P2"),
    ],
)
def test_each_fault_of_a_matrix_is_told_with_patient_and_regions(tmp_path, cells, phrase):
    matrices = broken(cells)
    np.savez(tmp_path / "s.npz", matrices=matrices, patients=PATIENTS, regions=REGIONS)
    (fault,) = faults_of(tmp_path / "s.npz")
    assert phrase in str(fault)
    assert fault.where == "s.npz"
    assert len(fault.patients) == 1
    folder = one_file_each(tmp_path / "m", matrices=matrices)
    (fault,) = faults_of(folder)
    assert phrase in str(fault)


@pytest.mark.parametrize("filler", [0.0, np.nan])
def test_a_matrix_with_its_upper_half_only_is_told_so(tmp_path, filler):
    upper = np.where(np.triu(np.ones((6, 6), dtype=bool)), R, filler)
    np.savez(tmp_path / "s.npz", matrices=upper, patients=PATIENTS, regions=REGIONS)
    (fault,) = faults_of(tmp_path / "s.npz")
    assert "Only the upper half is filled" in fault.way_out
    assert fault.patients == PATIENTS


def test_complex_values_are_refused_in_every_array(tmp_path):
    """Casting would keep the real part of a coherency and say nothing."""
    stack = R + 0.2j * (1 - np.eye(len(REGIONS)))
    (tmp_path / "npy").mkdir()
    (tmp_path / "mat").mkdir()
    for patient, matrix in zip(PATIENTS, stack, strict=True):
        np.save(tmp_path / "npy" / f"{patient}.npy", matrix)
        scipy.io.savemat(tmp_path / "mat" / f"{patient}.mat", {"R": matrix})
    np.savez(tmp_path / "stack.npz", matrices=stack, patients=PATIENTS, regions=REGIONS)
    for path in ("npy", "mat", "stack.npz"):
        assert "complex values" in told(tmp_path / path, regions=REGIONS)
    assert_read(read_connectomes(write_stack(tmp_path, R + 0j), kind="pearson r"))


def write_stack(folder, matrices):
    np.savez(folder / "real.npz", matrices=matrices, patients=PATIENTS, regions=REGIONS)
    return folder / "real.npz"


def test_text_where_numbers_should_be_is_told(tmp_path):
    for patient, matrix in zip(PATIENTS, R, strict=True):
        np.save(tmp_path / f"{patient}.npy", matrix if patient != "P2" else matrix.astype(str))
    assert "values of type <U32 (patient P2)" in told(tmp_path, regions=REGIONS)


@pytest.mark.parametrize("filler", [0.0, 0.5])
def test_a_matrix_that_says_the_same_of_every_pair_is_refused(tmp_path, filler):
    """What a failed scan leaves behind: zeros off the diagonal."""
    empty = np.array(R)
    empty[1] = filler
    empty[1, np.arange(len(REGIONS)), np.arange(len(REGIONS))] = 1
    path = write_stack(tmp_path, empty)
    assert f"each edge is {filler:g} for patient P2" in told(path)


def test_all_faults_are_told_at_once(tmp_path):
    frame = wide(broken({(0, 0, 1): 1.7, (0, 1, 0): 1.7})).astype(object)
    frame.loc[1, "SN_1~DMN_1"] = "abc"
    frame.loc[3] = frame.loc[2]
    frame = frame.drop(columns="DMN_2~CEN_1")
    frame["CEN_1~SN_1"] = 0.1
    frame.to_csv(tmp_path / "e.csv", index=False)
    faults = told(tmp_path / "e.csv", known=["X1", "007"])
    for phrase in (
        "'abc' at SN_1~DMN_1 for patient P2",
        "1.7 at SN_1 and SN_2 for patient 007",
        "more than one matrix for patient P3",
        "1 of 15 pairs of the 6 regions are absent: DMN_2 and CEN_1",
        "pairs of regions given twice: CEN_1 and SN_1",
    ):
        assert phrase in faults


def test_absent_and_repeated_edges_of_a_long_table_are_told_by_patient(tmp_path):
    rows = long()
    rows.drop(index=20).to_csv(tmp_path / "l.csv", index=False)
    p, a, b = rows.loc[20, ["patient", "region_a", "region_b"]]
    assert f"edges without a row: {a} and {b} for patient {p}" in told(tmp_path / "l.csv")
    pd.concat([rows, rows.loc[[20]]]).to_csv(tmp_path / "l.csv", index=False)
    assert f"edges in more than one row: {a} and {b} for patient {p}" in told(tmp_path / "l.csv")
    assert "not in the list given: SN_1" in told(tmp_path / "l.csv", regions=REGIONS[1:])
    both = pd.concat([rows, rows.rename(columns={"region_a": "region_b", "region_b": "region_a"})])
    both.iloc[-1, 3] = 0.123
    both.to_csv(tmp_path / "l.csv", index=False)
    (fault,) = faults_of(tmp_path / "l.csv")
    assert "halves of the matrix differ" in fault.met
    assert fault.patients == ("P3",)


def test_tables_without_rows_are_refused(tmp_path):
    long().iloc[:0].to_csv(tmp_path / "l.csv", index=False)
    assert "a header and no rows" in told(tmp_path / "l.csv")
    wide().iloc[:0].to_csv(tmp_path / "e.csv", index=False)
    assert "no patient" in told(tmp_path / "e.csv")


def test_regions_named_twice_in_a_stack_are_refused(tmp_path):
    twice = ("SN_1", "SN_1", *REGIONS[2:])
    np.savez(tmp_path / "s.npz", matrices=R, patients=PATIENTS, regions=twice)
    assert "regions named twice: SN_1" in told(tmp_path / "s.npz")
    np.savez(tmp_path / "s.npz", matrices=R[:, :1, :1], patients=PATIENTS, regions=["SN_1"])
    assert "1 region; two at least" in told(tmp_path / "s.npz")


def test_ragged_rows_are_told(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    text = (tmp_path / "e.csv").read_text().splitlines()
    (tmp_path / "e.csv").write_text("\n".join([*text[:2], text[2].rsplit(",", 2)[0], text[3]]))
    assert "row 3 with 14 cells" in told(tmp_path / "e.csv")


def test_patients_unknown_to_the_cohort_are_warned_of_and_strangers_refused(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    some = read_connectomes(tmp_path / "e.csv", kind="pearson r", known=["007", "P2"])
    assert len(some) == 3
    (warning,) = some.warnings
    assert "1 of 3 patients are not in the cohort: P3" in warning.met
    assert warning.patients == ("P3",)
    same = read_connectomes(tmp_path / "e.csv", kind="pearson r", patients=["007", "P2"])
    assert [str(w) for w in same.warnings] == [str(warning)]
    (fault,) = faults_of(tmp_path / "e.csv", known=["sub-7", "sub-P2"])
    assert "3 of 3 patients are not in the cohort" in fault.met
    assert "differs from a patient of the cohort only in the prefix sub-" in fault.met


def test_one_scan_under_two_names_is_warned_of(tmp_path):
    wide(R[[0, 1, 0]]).to_csv(tmp_path / "e.csv", index=False)
    (warning,) = read_connectomes(tmp_path / "e.csv", kind="pearson r").warnings
    assert "the very same matrix for patients 007, P3" in warning.met


def test_stacks_without_names_or_with_other_shapes_are_refused(tmp_path):
    np.save(tmp_path / "s.npy", R)
    faults = told(tmp_path / "s.npy")
    assert "6 regions without their names" in faults
    assert "3 patients without their names" in faults
    faults = told(tmp_path / "s.npy", regions=REGIONS[:5], patients=[*PATIENTS, "P4"])
    assert "6 regions in the matrices and 5 names" in faults
    assert "3 patients in the matrices and 4 names" in faults
    np.save(tmp_path / "s.npy", R[:, :, :4])
    assert "an array of shape (3, 6, 4)" in told(tmp_path / "s.npy")
    np.savez(tmp_path / "s.npz", a=R, b=R)
    assert "the arrays a, b" in told(tmp_path / "s.npz")
    np.savez(tmp_path / "o.npz", matrices=R, patients=np.array(PATIENTS, dtype=object))
    assert "Save the names as text" in told(tmp_path / "o.npz")
    (tmp_path / "t.npy").write_bytes(b"no array")
    assert "cannot be read" in told(tmp_path / "t.npy")
    assert "no such file" in told(tmp_path / "u.npy")


@pytest.mark.parametrize(
    ("frame", "phrase"),
    [
        (as_frame(R[1]).iloc[:, :5], "first column only: CEN_2"),
        (as_frame(R[1]).rename(columns={"SN_1": "SN_2"}, index={"SN_1": "SN_2"}), "twice: SN_2"),
        (as_frame(R[1]).rename(columns={"SN_1": "Vis"}), "only: SN_1, Vis"),
        (as_frame(R[1]).rename(columns={"SN_1": "V"}, index={"SN_1": "V"}), "without SN_1 and wit"),
        (as_frame(R[1]).astype(object).replace(R[1][0, 1], "x"), "'x' at SN_1 and SN_2"),
    ],
)
def test_each_fault_of_one_file_is_told_with_its_file_and_patient(tmp_path, frame, phrase):
    folder = one_file_each(tmp_path / "m")
    frame.to_csv(folder / "P2.csv")
    fault = faults_of(folder)[0]
    assert fault.where == "m/P2.csv"
    assert fault.patients == ("P2",)
    assert phrase in fault.met
    assert "P2" in fault.met


def test_a_folder_with_several_bad_files_tells_of_each(tmp_path):
    folder = one_file_each(tmp_path / "m")
    (folder / "P2.csv").write_bytes(b"caf\xe9")
    (folder / "P3.csv").write_text("SN_1,SN_2\n1,2\n3\n")
    assert [fault.where for fault in faults_of(folder)] == ["m/P2.csv", "m/P3.csv"]
    (tmp_path / "empty").mkdir()
    (folder / "P3.csv").write_text("SN_1,SN_2\n1,0.3\n0.3,1\n0.1,0.2\n")
    assert "a matrix of shape (3, 2) (patient P3)" in told(folder)
    assert "one matrix file a patient" in told(tmp_path / "empty")
    assert "no file of this pattern" in told(tmp_path / "empty" / "{patient}.csv")


def test_headless_matrices_need_the_list_of_regions(tmp_path):
    folder = one_file_each(tmp_path / "m", header=False, index=False)
    assert "its first row holds numbers" in told(folder)
    assert "the 5 regions" in told(folder, regions=REGIONS[:5])


def test_regions_may_be_called_by_numbers(tmp_path):
    numbered = tuple(str(k) for k in range(6))
    folder = tmp_path / "m"
    folder.mkdir()
    for index in (True, False):
        for patient, matrix in zip(PATIENTS, R, strict=True):
            as_frame(matrix, numbered).to_csv(folder / f"{patient}.csv", index=index)
        read = read_connectomes(folder, kind="pearson r", regions=numbered[::-1])
        np.testing.assert_allclose(read.matrices[:, ::-1, ::-1], R, atol=1e-12)


def test_networks_that_do_not_fit_the_regions_are_refused(tmp_path):
    wide().to_csv(tmp_path / "e.csv", index=False)
    assert "5 networks for 6 regions" in told(tmp_path / "e.csv", networks=["SN"] * 5)
    assert "did you mean 'SN_1'" in told(tmp_path / "e.csv", networks={"SN1": "SN"})


def test_reading_then_selecting_keeps_warnings_and_simulation(tmp_path):
    made = Connectomes(R, PATIENTS, REGIONS, ("SN",) * 6, "pearson r", simulated=True)
    assert made.select(np.array([1])).simulated
    assert "SN" in made._repr_html_()


def test_regions_whose_name_holds_the_separator_cannot_be_written(tmp_path):
    odd = ("a~b", *REGIONS[1:])
    with pytest.raises(DataError, match="name holds '~'"):
        write_connectomes(
            Connectomes(R, PATIENTS, odd, ("SN",) * 6, "pearson r"), tmp_path / "w.parquet"
        )
    with pytest.raises(DataError, match=r"the ending '.csv'"):
        write_connectomes(
            Connectomes(R, PATIENTS, REGIONS, ("SN",) * 6, "pearson r"), tmp_path / "w.csv"
        )
    assert not list(tmp_path.iterdir())


def test_a_dialect_that_many_matrix_files_share_is_told_once(tmp_path):
    for patient, edge in (("a", ".2"), ("b", ".3"), ("c", ".4")):
        text = f"x;y\n1;{edge}\n{edge};1\n"
        (tmp_path / f"{patient}.csv").write_bytes(text.encode("utf-16"))
    connectomes = read_connectomes(tmp_path, kind="pearson r")
    assert connectomes.patients == ("a", "b", "c")
    assert [fault.met for fault in connectomes.warnings] == [
        "text in UTF-16 (and in 2 more)",
        "cells parted by semicolons (and in 2 more)",
    ]
