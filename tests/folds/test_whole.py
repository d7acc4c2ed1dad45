"""A whole site or trial is held out, at both levels, and no patient straddles."""

from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.folds import draw_folds, draw_inner_folds, make_site_folds, make_trial_folds


def test_each_site_is_held_out_once_and_trained_on_otherwise():
    rng = np.random.default_rng(0)
    y, sites = rng.integers(0, 2, 60), rng.choice(list("ABC"), 60)
    folds = make_site_folds(y, sites)
    assert [fold.held_out for fold in folds] == ["A", "B", "C"]
    for fold in folds:
        assert set(sites[fold.test]) == {fold.held_out}
        assert sorted([*fold.train, *fold.test]) == list(range(60))
    assert {fold.scheme for fold in make_trial_folds(y, sites)} == {"leave one trial out"}


def test_patient_seen_at_two_sites_never_straddles():
    y = np.array([0, 1] * 6)
    sites, people = np.repeat(list("ABC"), 4), np.arange(12)
    people[4] = people[0]
    for fold in make_site_folds(y, sites, people):
        assert not set(people[fold.train]) & set(people[fold.test])
    assert "1 row of its patients left out" in make_site_folds(y, sites, people)[0].why


def test_site_with_one_class_is_still_predicted():
    y, sites = np.array([0, 1, 0, 1, 0, 0]), np.repeat(list("ABC"), 2)
    assert len(make_site_folds(y, sites)) == 3


@pytest.mark.parametrize(
    ("y", "sites", "said"),
    [
        ([0, 1, 0, 1], "AAAA", "one site only, A"),
        ([0, 0, 1, 1], "AABB", "each site has one class only"),
        ([0, 0, 1, 0], "AABB", "without site B one class only"),
        ([0, 1, 0, 1], ["A", "A", "", "B"], "1 patient whose site is not known"),
    ],
)
def test_sites_that_cannot_be_held_out_are_refused_by_name(y, sites, said):
    with pytest.raises(DataError, match=said):
        make_site_folds(np.array(y), np.array(list(sites)))


def by_site(make_table, sites):
    table = make_table(len(sites))
    return replace(table, scheme="leave one site out", by=np.array(sites), site=np.array(sites))


def test_inner_folds_hold_out_whole_sites_too(make_table):
    table = by_site(make_table, list("ABCD") * 20)
    for fold in draw_folds(table, inner_folds=5):
        inner = draw_inner_folds(table, fold, folds=5)
        assert len(inner) == 3
        for train, test in inner:
            sites = table.by[fold.train]
            assert not set(sites[train]) & set(sites[test])
            assert sorted([*train, *test]) == list(range(len(fold.train)))


def test_with_two_sites_inner_folds_part_patients(make_table):
    table = by_site(make_table, list("AB") * 30)
    for fold in draw_folds(table, inner_folds=3):
        assert len(draw_inner_folds(table, fold, folds=3)) == 3


def test_many_sites_are_shared_out_over_the_inner_folds(make_table):
    table = by_site(make_table, [f"S{k:02d}" for k in range(12)] * 8)
    for fold in draw_folds(table, inner_folds=4)[:3]:
        sizes = [len(test) for _, test in draw_inner_folds(table, fold, folds=4)]
        assert len(sizes) == 4
        assert max(sizes) - min(sizes) <= 8
