"""BIDS folders, REDCap exports and visits, damaged: mended and told, or refused in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from faults import folders
from faults.bids_damages import bids_damages
from faults.damages import Damage
from faults.redcap_damages import event_damages, labelled_damages, redcap_damages
from faults.verdict import assert_mended_or_refused
from faults.visits_damages import long_damages, wide_damages

from pipelines.check import CheckResult, check

LAYOUTS: dict[str, tuple[Callable[[Path], None], tuple[Damage, ...]]] = {
    "BIDS": (folders.make_bids, tuple(bids_damages())),
    "REDCap": (partial(folders.make_redcap, labelled=False), tuple(redcap_damages())),
    "labelled REDCap": (partial(folders.make_redcap, labelled=True), tuple(labelled_damages())),
    "REDCap with events": (folders.make_events, tuple(event_damages())),
    "long visits": (folders.make_long, tuple(long_damages())),
    "wide visits": (folders.make_wide_visits, tuple(wide_damages())),
}
DAMAGES = [
    pytest.param(layout, damage, id=f"{layout}-{damage.name}")
    for layout, (_, damages) in LAYOUTS.items()
    for damage in damages
]
FEWEST = 180


@pytest.fixture(scope="session")
def good_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for layout, (make, _) in LAYOUTS.items():
        made[layout] = tmp_path_factory.mktemp("good") / "study"
        made[layout].mkdir()
        make(made[layout])
    return made


@pytest.fixture(scope="session")
def sound_folders(good_folders: dict[str, Path]) -> dict[str, CheckResult]:
    return {layout: check(folder / "study.toml") for layout, folder in good_folders.items()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_good_folders_have_nothing_wrong_with_them(layout, sound_folders):
    sound = sound_folders[layout]
    assert sound.ok, sound.words()
    assert all(fault.where.endswith(": baseline") for fault in sound.warnings)
    assert sound.not_examined == ()


def test_all_layouts_ask_one_question_of_the_same_patients(sound_folders):
    plans = [sound.plan for sound in sound_folders.values()]
    assert len({(plan.patients, plan.responders) for plan in plans}) == 1


def test_there_are_many_ways_and_each_has_a_name_of_its_own():
    names = [param.id for param in DAMAGES]
    assert len(set(names)) == len(names) >= FEWEST


@pytest.mark.parametrize(("layout", "damage"), DAMAGES)
def test_a_damaged_folder_is_mended_and_told_or_refused_in_words(
    layout, damage, good_folders, sound_folders, tmp_path
):
    folder = Path(shutil.copytree(good_folders[layout], tmp_path / "study"))
    damage.apply(folder)
    # Training reads what checking reads, so a sample of the damages will do.
    place = LAYOUTS[layout][1].index(damage)
    store = None if place % 6 else tmp_path / "store"
    assert_mended_or_refused(damage, folder, sound_folders[layout], store=store)
