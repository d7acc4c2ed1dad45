from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

from stratify.connectome import (
    Connectomes,
    RegionalValues,
    apply_quality_gates,
    compute_qc_fc,
    plot_qc_fc,
)
from stratify.errors import DataError

REGIONS = ("SN_1", "SN_2", "DMN_1", "CEN_1")
FD = np.array([0.1, 0.2, 0.3, 0.4, 0.5, np.nan])
PATIENTS = tuple(f"P{k}" for k in range(len(FD)))


def make(n=6, *, mean_fd=FD, seed=0, **more):
    half = np.random.default_rng(seed).normal(size=(n, 4, 4))
    patients = tuple(f"P{k}" for k in range(n))
    quality = pd.DataFrame({"mean_fd": mean_fd, **more}, index=pd.Index(patients, name="patient"))
    return Connectomes(
        half + half.swapaxes(1, 2), patients, REGIONS, REGIONS, "fisher z", quality=quality
    )


def test_patients_beyond_a_gate_are_left_out_and_counted():
    connectomes = make(volumes=[100.0, 90, 80, 70, 60, 50], coverage=[1, 1, 0.5, 1, 1, 1])
    passed, faults = apply_quality_gates(
        connectomes, most_mean_fd=0.4, least_coverage=0.6, least_volumes=80
    )
    assert passed.patients == ("P0", "P1")
    assert tuple(passed.quality.index) == passed.patients
    np.testing.assert_array_equal(passed.matrices, connectomes.matrices[:2])
    assert [fault.summary for fault in faults] == [
        "mean framewise displacement above 0.4 mm in 1 patient",
        "no mean framewise displacement in 1 patient",
        "share of the regions that the scan covers below 0.6 in 1 patient",
        "volumes left after censoring below 80 in 3 patients",
    ]
    assert [fault.patients for fault in faults][:2] == [("P4",), ("P5",)]
    assert {fault.severity for fault in faults} == {"warning"}
    assert len(connectomes) == 6


def test_a_value_at_the_limit_passes_and_no_gate_leaves_everybody():
    connectomes = make(mean_fd=FD[:5], n=5)
    assert apply_quality_gates(connectomes, most_mean_fd=0.5)[0].patients == PATIENTS[:5]
    untouched, faults = apply_quality_gates(make())
    assert (untouched.patients, faults) == (PATIENTS, ())


def test_patients_alone_pass_as_they_do_together():
    connectomes = make()
    together = set(apply_quality_gates(connectomes, most_mean_fd=0.3)[0].patients)
    alone = set()
    for k in range(5):
        with contextlib.suppress(DataError):
            one = connectomes.select(np.array([k]))
            alone |= set(apply_quality_gates(one, most_mean_fd=0.3)[0].patients)
    assert alone == together


def test_gates_that_cannot_be_kept_or_that_nobody_passes_are_refused():
    with pytest.raises(DataError, match="minutes is not known of any scan; mean_fd is"):
        apply_quality_gates(make(), least_minutes=5)
    with pytest.raises(DataError, match="none of 6 patients passes the gates"):
        apply_quality_gates(make(), most_mean_fd=0.01)


def test_regional_values_pass_the_same_gates():
    values = RegionalValues(
        np.ones((2, 1)),
        ("A", "B"),
        ("ACC",),
        ("SN",),
        "alff",
        quality=pd.DataFrame({"mean_fd": [0.1, 0.9]}, index=["A", "B"]),
    )
    assert apply_quality_gates(values, most_mean_fd=0.5)[0].patients == ("A",)


def test_qc_fc_is_scipys_correlation_edge_by_edge():
    rng = np.random.default_rng(1)
    connectomes = make(40, mean_fd=rng.gamma(2, 0.1, 40))
    connectomes.matrices[3, 1] = connectomes.matrices[3, :, 1] = np.nan
    table = compute_qc_fc(connectomes)
    assert list(table["edge"]) == [column.name for column in connectomes.edge_columns]
    motion = connectomes.quality["mean_fd"].to_numpy()
    for k, (_, edge) in enumerate(connectomes.edges.items()):
        known = edge.notna().to_numpy()
        r, p = pearsonr(edge[known], motion[known])
        assert table.loc[k, "r"] == pytest.approx(r)
        assert table.loc[k, "p"] == pytest.approx(p)
        assert table.loc[k, "patients"] == known.sum()
    assert "distance" not in table


def test_planted_motion_is_found_in_near_edges():
    rng = np.random.default_rng(2)
    motion = rng.gamma(2, 0.1, 60)
    connectomes = make(60, mean_fd=motion, seed=3)
    places = np.array([[0, 0, 0], [10, 0, 0], [60, 0, 0], [0, 80, 0.0]])
    connectomes.matrices[:, 0, 1] += 30 * motion
    table = compute_qc_fc(connectomes, coordinates=places)
    assert table["r"].idxmax() == 0
    assert table.loc[0, "p"] < 1e-6
    np.testing.assert_allclose(table["distance"], [10, 60, 80, 50, np.hypot(10, 80), 100])
    figure = plot_qc_fc(table)
    assert len(figure.axes) == 2
    assert "p < 0.05" in figure.axes[0].get_title()
    assert len(plot_qc_fc(table.drop(columns="distance")).axes) == 1


def test_edges_that_never_vary_or_are_never_there_have_no_correlation():
    connectomes = make()
    connectomes.matrices[:, 0, 1] = 1.0
    connectomes.matrices[:, 0, 2] = np.nan
    table = compute_qc_fc(connectomes)
    assert table["r"][:2].isna().all()
    assert table["p"][:2].isna().all()
    assert table["r"][2:].notna().all()
    plot_qc_fc(table)
