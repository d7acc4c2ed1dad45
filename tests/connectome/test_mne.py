"""netCDF files of MNE-Connectivity: as xarray writes its layouts, and as the package saves them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray

from stratify.connectome import guess_format, read_connectomes
from stratify.connectome.mne import METHODS
from stratify.errors import DataError

NAMES = ("SN_1", "DMN_1", "CEN_1", "CEN_2")
PATIENTS = ("P1", "P2", "P3")
N = len(NAMES)
FREQUENCIES = np.array([6.0, 10.5, 21.5])
ENDS = np.array([[4.0, 8.0], [8.0, 13.0], [13.0, 30.0]])


def make_values(seed=0, frequencies=3, low=0.0):
    """Make symmetric matrices, shape (n_patients, n_regions, n_regions, n_frequencies)."""
    rng = np.random.default_rng(seed)
    half = np.tril(rng.uniform(low, 1, (len(PATIENTS), frequencies, N, N)), -1)
    return np.moveaxis(half + half.swapaxes(2, 3), 1, 3)


VALUES = make_values()


def save(path, square, *, method="coh", frequencies=FREQUENCIES, used=ENDS, layout="lower", **said):
    """Save one patient's values with the attributes that MNE-Connectivity 0.9 gives them."""
    if layout == "lower":  # what spectral_connectivity_epochs keeps
        values, indices = np.tril(np.moveaxis(square, 2, 0), -1), "n/a"
        values = np.moveaxis(values, 0, 2).reshape(N * N, -1)
    elif layout == "all":
        values, indices = square.reshape(N * N, -1), "all"
    elif layout == "symmetric":
        values, indices = square[np.triu_indices(N)], "symmetric"
    else:
        first, second = np.triu_indices(N, k=1)
        values, indices = square[first, second], np.array([first, second])
    dims = ["node_in -> node_out", "freqs"]
    coordinates = {"freqs": frequencies}
    if frequencies is None:
        values, dims, coordinates = values[:, 0], dims[:1], {}
    array = xarray.DataArray(values, dims=dims, coords=coordinates)
    array.attrs = {
        "node_names": list(NAMES),
        "indices": indices,
        "method": method,
        "n_nodes": N,
        "data_structure": "SpectralConnectivity",
        "metadata": "[]",
        "freqs_used": "n/a" if used is None else used,
        **said,
    }
    array.to_netcdf(path, engine="h5netcdf")


def write(folder, values=VALUES, patients=PATIENTS, **how):
    folder.mkdir(exist_ok=True)
    for patient, square in zip(patients, values, strict=True):
        save(folder / f"{patient}.nc", square, **how)
    return folder


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_connectomes(path, **options)
    return "\n".join(map(str, refused.value.faults))


def off_diagonal(matrices):
    return matrices[:, ~np.eye(N, dtype=bool)]


@pytest.mark.parametrize("layout", ["lower", "all", "symmetric", "pairs"])
def test_each_layout_gives_the_same_connectomes(tmp_path, layout):
    folder = write(tmp_path / "eeg", layout=layout)
    assert guess_format(folder) == "mne"
    read = read_connectomes(folder, band="alpha")
    assert read.patients == PATIENTS
    assert read.regions == NAMES
    assert (read.kind, read.band, read.producer) == (
        "coherence",
        "alpha (8-13 Hz)",
        "MNE-Connectivity",
    )
    np.testing.assert_allclose(off_diagonal(read.matrices), off_diagonal(VALUES[..., 1]))
    assert (np.einsum("kii->ki", read.matrices) == 1).all()


def test_one_band_is_chosen_and_bands_are_never_mixed(tmp_path):
    folder = write(tmp_path / "eeg")
    said = told(folder)
    assert said.count("the frequencies 4-8 Hz, 8-13 Hz, 13-30 Hz; one band") == 1
    assert "\n" not in said
    assert "no frequency within 9-12 Hz" in told(folder, band="9-12 Hz")
    assert "did you mean 'alpha'" in told(folder, band="alfa")
    alpha, beta = (read_connectomes(folder, band=band) for band in ("alpha", "beta"))
    assert alpha.digest != beta.digest
    np.testing.assert_allclose(off_diagonal(beta.matrices), off_diagonal(VALUES[..., 2]))
    alone = write(tmp_path / "one", VALUES[..., 1:2], frequencies=[10.5], used=[8.0, 13.0])
    assert read_connectomes(alone).band == "8-13 Hz"
    np.testing.assert_array_equal(read_connectomes(alone).matrices, alpha.matrices)


def test_bins_of_a_band_are_averaged(tmp_path):
    bins = np.arange(7.0, 15.0)
    values = make_values(frequencies=len(bins))
    folder = write(tmp_path / "eeg", values, frequencies=bins, used=bins)
    inside = (bins >= 8) & (bins <= 13)
    read = read_connectomes(folder, band="alpha")
    expected = values[..., inside].mean(axis=-1)
    np.testing.assert_allclose(off_diagonal(read.matrices), off_diagonal(expected))


@pytest.mark.parametrize(
    ("method", "kind", "diagonal"),
    [("plv", "plv", 1), ("wpli", "wpli", 0), ("envelope correlation", "envelope correlation", 1)],
)
def test_the_method_says_the_kind(tmp_path, method, kind, diagonal):
    folder = write(tmp_path / "eeg", frequencies=None, used=None, method=method)
    read = read_connectomes(folder)
    assert (read.kind, read.band) == (kind, "")
    assert (np.einsum("kii->ki", read.matrices) == diagonal).all()
    assert "no frequencies" in told(folder, band="alpha")
    assert "the file says" in told(folder, kind="coherence")


def test_imaginary_coherence_is_its_size_whatever_the_order_of_regions(tmp_path):
    values = make_values(low=-1.0)
    read = read_connectomes(write(tmp_path / "eeg", values, method="imcoh"), band="theta")
    assert read.kind == "imaginary coherence"
    np.testing.assert_allclose(off_diagonal(read.matrices), off_diagonal(np.abs(values[..., 0])))


def test_what_cannot_be_symmetric_connectivity_is_refused(tmp_path):
    assert "the method 'dpli', which has a direction" in told(
        write(tmp_path / "d", method="dpli"), band="alpha"
    )
    assert "the method 'cacoh'" in told(write(tmp_path / "m", method="cacoh"), band="alpha")
    directed = VALUES.copy()
    directed[0, 0, 1, 1] += 0.1
    said = told(write(tmp_path / "a", directed, layout="all"), band="alpha")
    assert "the two halves of the matrix differ" in said
    assert "a coherence lies between 0 and 1" in told(write(tmp_path / "n", -VALUES), band="alpha")


def test_epochs_other_files_and_mixtures_are_refused(tmp_path):
    folder = write(tmp_path / "eeg")
    epochs = xarray.DataArray(
        np.zeros((5, N * N)),
        dims=["epochs", "node_in -> node_out"],
        attrs={"node_names": list(NAMES), "method": "coh", "data_structure": "EpochConnectivity"},
    )
    epochs.to_netcdf(folder / "P2.nc", engine="h5netcdf")
    xarray.DataArray(np.zeros(3)).to_netcdf(folder / "P3.nc", engine="h5netcdf")
    (folder / "P4.nc").write_bytes(b"nothing")
    said = told(folder, band="alpha")
    assert "5 epochs (patient P2)" in said
    assert "no names of nodes (patient P3)" in said
    assert "it cannot be read" in said
    write(folder)
    (folder / "P4.nc").unlink()
    save(folder / "P2.nc", VALUES[1], method="plv")
    assert "files of more than one method: coh in 2, plv in 1" in told(folder, band="alpha")


def test_edge_tables_with_a_column_of_bands_are_read_one_band_at_a_time(tmp_path):
    first, second = np.triu_indices(N, k=1)
    bands = ("theta", "alpha", "beta")
    long = pd.DataFrame(
        [
            {"patient": p, "band": band, "region_a": NAMES[i], "region_b": NAMES[j], "value": v}
            for p, square in zip(PATIENTS, VALUES, strict=True)
            for k, band in enumerate(bands)
            for i, j, v in zip(first, second, square[first, second, k], strict=True)
        ]
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    wide = pd.DataFrame(
        [
            {"patient": p, "band": band}
            | {
                f"{NAMES[i]}~{NAMES[j]}": square[i, j, k]
                for i, j in zip(first, second, strict=True)
            }
            for p, square in zip(PATIENTS, VALUES, strict=True)
            for k, band in enumerate(bands)
        ]
    )
    wide.to_csv(tmp_path / "wide.csv", index=False)
    for name in ("long.csv", "wide.csv"):
        path = tmp_path / name
        assert "the bands theta, alpha, beta; one band" in told(path, kind="coherence")
        assert "rows of the band gamma" in told(path, kind="coherence", band="gamma")
        read = read_connectomes(path, kind="coherence", band="alpha")
        assert (read.patients, read.band) == (PATIENTS, "alpha")
        np.testing.assert_allclose(off_diagonal(read.matrices), off_diagonal(VALUES[..., 1]))
        assert read.warnings == ()
    wide[wide["band"] == "beta"].to_parquet(tmp_path / "beta.parquet")
    assert read_connectomes(tmp_path / "beta.parquet", kind="plv").band == "beta"
    wide.drop(columns="band")[::3].to_csv(tmp_path / "none.csv", index=False)
    assert "no column band" in told(tmp_path / "none.csv", kind="plv", band="alpha")


SAVING = "ignore:You are writing invalid netcdf features:UserWarning"
"""What MNE-Connectivity has h5netcdf say of every file that it saves."""


@pytest.mark.filterwarnings(SAVING)
@pytest.mark.parametrize(
    ("method", "kind"),
    [(method, kind) for method, kind in METHODS.items() if method != "envelope correlation"],
)
def test_files_that_mne_connectivity_saved_are_read_as_its_dense_matrices(method, kind, tmp_path):
    package = pytest.importorskip("mne_connectivity")
    signals = np.random.default_rng(0).normal(size=(20, N, 400))
    saved = package.spectral_connectivity_epochs(
        signals,
        names=list(NAMES),
        method=method,
        sfreq=200,
        fmin=(4, 8, 13),
        fmax=(8, 13, 30),
        faverage=True,
        verbose="error",
    )
    saved.save(tmp_path / "P1.nc")
    read = read_connectomes(tmp_path, band="alpha")
    dense = saved.get_data("dense")[..., 1]
    dense = np.abs(dense) if method == "imcoh" else dense
    np.testing.assert_allclose(np.tril(read.matrices[0], -1), np.tril(dense, -1))
    assert (read.kind, read.band, read.regions) == (kind, "alpha (8-13 Hz)", NAMES)


@pytest.mark.filterwarnings(SAVING)
def test_envelopes_that_mne_connectivity_correlated_are_read_and_directions_refused(tmp_path):
    package = pytest.importorskip("mne_connectivity")
    signals = np.random.default_rng(0).normal(size=(20, N, 400))
    envelopes = package.envelope_correlation(signals, names=list(NAMES), verbose="error").combine()
    (tmp_path / "env").mkdir()
    envelopes.save(tmp_path / "env" / "P1.nc")
    read = read_connectomes(tmp_path / "env")
    dense = np.squeeze(envelopes.get_data("dense"))
    np.testing.assert_allclose(off_diagonal(read.matrices)[0], off_diagonal(dense[None])[0])
    assert read.kind == "envelope correlation"

    directed = package.spectral_connectivity_epochs(
        signals, names=list(NAMES), method="dpli", sfreq=200, fmin=8, fmax=13, verbose="error"
    )
    (tmp_path / "dpli").mkdir()
    directed.save(tmp_path / "dpli" / "P1.nc")
    assert "which has a direction" in told(tmp_path / "dpli")
