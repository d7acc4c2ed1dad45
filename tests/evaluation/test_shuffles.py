from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.evaluation.shuffles import make_blocks, make_shuffles, make_units


def test_outcomes_never_leave_their_block():
    rng = np.random.default_rng(0)
    y, site = rng.integers(0, 2, 60), rng.integers(0, 4, 60)
    shuffled = make_shuffles(y, count=50, blocks=site)
    for block in range(4):
        assert (shuffled[site == block].sum(axis=0) == y[site == block].sum()).all()
    assert len(np.unique(shuffled, axis=1).T) > 45


def test_every_arrangement_is_equally_likely():
    y = np.array([1, 0, 0, 0])
    place = make_shuffles(y, count=4000, seed=2).argmax(axis=0)
    # 1,000 expected in each place, with a standard deviation of 27.
    np.testing.assert_allclose(np.bincount(place), 1000, atol=120)


def test_rows_of_one_patient_keep_their_outcomes_together():
    y = np.array([0, 1, 1, 1, 0, 0, 1, 0])
    units = np.array([0, 0, 1, 1, 2, 2, 3, 4])
    shuffled = make_shuffles(y, count=200, units=units)
    pairs = {tuple(column[:6].reshape(3, 2).ravel()) for column in shuffled.T}
    assert pairs == {
        (0, 1, 1, 1, 0, 0), (0, 1, 0, 0, 1, 1), (1, 1, 0, 1, 0, 0),
        (1, 1, 0, 0, 0, 1), (0, 0, 0, 1, 1, 1), (0, 0, 1, 1, 0, 1),
    }  # fmt: skip
    # Units of one row change places with each other alone.
    assert (shuffled[6:].sum(axis=0) == 1).all()


def test_first_of_many_are_those_of_few():
    y = np.arange(30) % 2
    np.testing.assert_array_equal(
        make_shuffles(y, count=3, seed=4), make_shuffles(y, count=9, seed=4)[:, :3]
    )
    assert (make_shuffles(y, count=3, seed=4) != make_shuffles(y, count=3, seed=5)).any()


def test_outcomes_are_unchanged():
    y = np.arange(30) % 2
    before = y.copy()
    make_shuffles(y, count=3)
    np.testing.assert_array_equal(y, before)


def test_sites_of_one_outcome_each_leave_nothing_to_shuffle():
    with pytest.raises(DataError, match="no two patients with different outcomes"):
        make_shuffles(np.array([0, 0, 1, 1]), count=1, blocks=np.array([0, 0, 1, 1]))


def test_blocks_and_units_are_the_tables(make_table):
    table = make_table(60)
    assert make_blocks(table, "cohort") is None
    np.testing.assert_array_equal(make_blocks(table, "site"), table.site)
    np.testing.assert_array_equal(make_units(table), table.groups)
    by_site = make_table(60, together="site")
    assert make_units(by_site) is None
    with pytest.raises(DataError, match=r"permutations\.within"):
        make_blocks(replace(table, site=None), "site")
    with pytest.raises(ValueError, match="one of cohort, site, treatment"):
        make_blocks(table, "person")
