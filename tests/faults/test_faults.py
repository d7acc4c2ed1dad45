"""A good study is damaged in more than 200 ways; each is mended and told, or refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from faults.damages import every_damage, kind_of
from faults.verdict import assert_mended_or_refused

from pipelines.check import CheckResult, check

DAMAGES = every_damage()
FEWEST = 200


@pytest.fixture(scope="session")
def sound(good: Path) -> CheckResult:
    return check(good / "study.toml")


def test_the_good_study_has_nothing_wrong_with_it(sound):
    assert sound.ok, sound.words()
    assert sound.warnings == ()
    assert sound.not_examined == ()


def test_there_are_more_than_two_hundred_ways():
    print(f"{len(DAMAGES)} ways:", dict(Counter(map(kind_of, DAMAGES))))
    assert len(DAMAGES) >= FEWEST


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damaged_study_is_mended_and_told_or_refused_in_words(damage, copied, sound, tmp_path):
    folder = copied(matrices=damage.name.startswith("matrices"))
    damage.apply(folder)
    # Training reads what checking reads, so a sample of the damages will do.
    store = None if DAMAGES.index(damage) % 4 else tmp_path / "store"
    assert_mended_or_refused(damage, folder, sound, store=store)
