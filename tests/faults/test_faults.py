"""A good study is damaged in more than 200 ways; each is mended and told, or refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from faults.damages import Damage, every_damage, kind_of

from pipelines.check import CheckResult, check
from pipelines.train import train
from stratify.errors import DataError, Fault

DAMAGES = every_damage()
FEWEST = 200


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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
    before = contents(folder)
    study = folder / "study.toml"

    result = check(study)

    assert contents(folder) == before, "checking wrote something"
    new = [*result.errors, *(one for one in result.warnings if one not in sound.warnings)]
    if damage.same and not new:
        assert result.plan == sound.plan, "read in silence, but not the same study"
    else:
        assert new, f"nothing was said of {damage.name}"
    if new and not (damage.same and result.ok):
        assert any(speaks_of(damage, fault) for fault in new), "\n".join(map(str, new))
    for fault in new:
        assert_readable(fault)
    if not result.ok:
        # Training reads what checking reads, so a sample of the damages will do.
        if DAMAGES.index(damage) % 4:
            return
        with pytest.raises(DataError):
            train(study, store=str(tmp_path / "store"))
        assert not (tmp_path / "store").exists()
        assert contents(folder) == before, "training wrote something"


def speaks_of(damage: Damage, fault: Fault) -> bool:
    """Tell whether a message holds the file, the column and the patient it should."""
    said = f"{fault} {' '.join(fault.patients)}"
    return all(word in said for word in damage.says)


def assert_readable(fault: Fault) -> None:
    for part in (fault.where, fault.met, fault.wanted, fault.way_out):
        assert part.strip()
        assert "Traceback" not in part
        assert "Error(" not in part
        assert len(part) < 700, part
    assert fault.way_out[0].isupper() or not fault.way_out[0].isalpha()
    assert fault.way_out.endswith((".", "?")), fault.way_out
