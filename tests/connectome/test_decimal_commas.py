"""Files as Excel writes them where the decimal mark is a comma."""

import numpy as np
import pandas as pd
import pytest

from stratify.connectome import read_connectomes
from stratify.connectome.signals import read_signals
from stratify.errors import DataError

REGIONS = ["LH_Default_PCC_1", "LH_SalVentAttn_Med_1", "RH_Cont_PFCl_1"]
FIRST, SECOND = np.triu_indices(3, k=1)


@pytest.fixture(scope="module")
def matrices():
    rng = np.random.default_rng(0)
    return {name: np.corrcoef(rng.normal(size=(3, 30))) for name in ("P1", "P2", "P3")}


def write_wide(matrices, path, **how):
    edges = [f"{REGIONS[i]}~{REGIONS[j]}" for i, j in zip(FIRST, SECOND, strict=True)]
    table = pd.DataFrame([one[FIRST, SECOND] for one in matrices.values()], columns=edges)
    table.insert(0, "patient", list(matrices))
    table.to_csv(path, index=False, **how)
    return read_connectomes(path, kind="pearson r")


def write_long(matrices, path, **how):
    rows = [
        {"patient": name, "region_a": REGIONS[i], "region_b": REGIONS[j], "value": one[i, j]}
        for name, one in matrices.items()
        for i, j in zip(FIRST, SECOND, strict=True)
    ]
    pd.DataFrame(rows).to_csv(path, index=False, **how)
    return read_connectomes(path, kind="pearson r")


def write_folder(matrices, path, **how):
    path.mkdir()
    for name, one in matrices.items():
        pd.DataFrame(one, REGIONS, REGIONS).to_csv(path / f"{name}.csv", **how)
    return read_connectomes(path, kind="pearson r")


@pytest.mark.parametrize("write", [write_wide, write_long, write_folder])
def test_decimal_commas_are_the_same_numbers(tmp_path, matrices, write):
    points = write(matrices, tmp_path / "points.csv")
    commas = write(matrices, tmp_path / "commas.csv", sep=";", decimal=",")
    np.testing.assert_array_equal(commas.matrices, points.matrices)
    assert commas.regions == points.regions


@pytest.mark.parametrize("names", [None, REGIONS])
def test_time_series_may_have_decimal_commas(tmp_path, names):
    x = np.random.default_rng(1).normal(size=(20, 3))
    file = tmp_path / "signals.tsv"
    frame = pd.DataFrame(x, columns=names)
    frame.to_csv(file, sep="\t", decimal=",", index=False, header=names is not None)
    read = read_signals(file)
    np.testing.assert_array_equal(read.values, x)
    assert read.names == (None if names is None else tuple(names))


def test_points_beside_commas_are_no_numbers_that_can_be_told(tmp_path, matrices):
    path = tmp_path / "mixed.csv"
    write_wide(matrices, path, sep=";", decimal=",")
    text = path.read_text(encoding="utf-8")
    first = f"{matrices['P1'][0, 1]}".replace(".", ",")
    assert first in text
    path.write_text(text.replace(first, first.replace(",", ".")), encoding="utf-8")
    with pytest.raises(DataError, match="numbers with a decimal point"):
        read_connectomes(path, kind="pearson r")
