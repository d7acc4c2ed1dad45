"""Two scans of one person under two names."""

import numpy as np
import pandas as pd
import pytest

from stratify.connectome import read_connectomes
from stratify.connectome.fingerprint import find_twin_scans

PEOPLE, REGIONS = 60, 24


def make_scans(people=PEOPLE, *, scans=1, own=0.6, seed=0, volumes=300):
    """Correlations of signals: a network of everybody's, one of each person's own, and noise."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(REGIONS, 4))
    made = []
    for _ in range(people):
        mixing = np.column_stack([common, own * rng.normal(size=(REGIONS, 4))])
        for _ in range(scans):
            signals = rng.normal(size=(volumes, 8)) @ mixing.T
            signals += rng.normal(size=(volumes, REGIONS))
            made.append(np.corrcoef(signals.T))
    return np.array(made)


def names_of(scans):
    return [f"P{k:02d}" for k in range(len(scans))]


def with_second_scan(row=5):
    """Everybody's first scan, and one person's second at the end."""
    twice = make_scans(scans=2)
    return np.concatenate([twice[::2], twice[2 * row + 1][None]])


def find(scans):
    return list(find_twin_scans(scans, names_of(scans), "scans"))


def test_a_second_scan_of_one_person_under_another_name_is_a_warning_that_names_nobody():
    (fault,) = find(with_second_scan())
    assert (fault.severity, fault.patients) == ("warning", ("P05", "P60"))
    assert fault.met.startswith("1 pair of scans under different names as alike as two scans of")
    assert "P05" not in str(fault)
    assert "P05" not in str(fault.anonymous())


def test_different_people_are_not_taken_for_one():
    assert sum(bool(find(make_scans(seed=seed))) for seed in range(200)) <= 2


def test_people_of_one_scanner_are_not_taken_for_one():
    alarms = 0
    for seed in range(40):
        scans = make_scans(seed=seed)
        shift = np.random.default_rng(seed).normal(size=(2, REGIONS, REGIONS)) * 0.3
        scans[:10] += shift[0] + shift[0].T
        scans[10:30] += shift[1] + shift[1].T
        alarms += bool(find(scans))
    assert alarms <= 1


def test_scanners_do_not_hide_a_second_scan():
    """What the people of a scanner share is taken off, or everybody's closest would be as close."""
    scans = with_second_scan()
    shift = np.random.default_rng(1).normal(size=(3, REGIONS, REGIONS)) * 0.3
    scans += (shift + shift.transpose(0, 2, 1))[np.arange(len(scans)) % 3]
    # The second scan is of the same scanner.
    scans[60] += (shift + shift.transpose(0, 2, 1))[5 % 3] - (shift + shift.transpose(0, 2, 1))[0]
    (fault,) = find(scans)
    assert fault.patients == ("P05", "P60")


def test_a_region_that_some_scans_do_not_cover_changes_nothing():
    scans = with_second_scan()
    scans[::7, 3] = scans[::7, :, 3] = np.nan
    (fault,) = find(scans)
    assert fault.patients == ("P05", "P60")


def test_the_very_same_matrix_is_told_elsewhere_and_few_people_are_left_alone():
    scans = make_scans()
    scans[9] = scans[4]
    assert find(scans) == []
    assert find(with_second_scan()[-15:]) == []


@pytest.mark.parametrize("most", [1e5, 2e11])
def test_of_many_people_some_edges_are_enough(monkeypatch, most):
    monkeypatch.setattr("stratify.connectome.fingerprint._MOST_PRODUCTS", most * 5)
    (fault,) = find(with_second_scan())
    assert fault.patients == ("P05", "P60")


def test_reading_a_file_tells_it(tmp_path):
    scans = with_second_scan()
    first, second = np.triu_indices(REGIONS, k=1)
    regions = [f"DMN_{k}" for k in range(REGIONS)]
    table = pd.DataFrame(
        scans[:, first, second],
        columns=[f"{regions[i]}~{regions[j]}" for i, j in zip(first, second, strict=True)],
    )
    table.insert(0, "patient", names_of(scans))
    table.to_csv(tmp_path / "scans.csv", index=False)
    read = read_connectomes(tmp_path / "scans.csv", kind="pearson r")
    (fault,) = [one for one in read.warnings if "as alike as" in one.met]
    assert fault.patients == ("P05", "P60")
