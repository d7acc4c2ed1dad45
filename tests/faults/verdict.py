"""What must be true of a damaged study: mended and told, or refused in words, nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faults.damages import Damage

from pipelines.check import CheckResult, check
from pipelines.train import train
from stratify.errors import DataError, Fault


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_mended_or_refused(
    damage: Damage, folder: Path, sound: CheckResult, *, store: Path | None = None
) -> CheckResult:
    """Check a damaged study; train on it too, where a place for its runs is given.

    A study whose errors say nothing new against the sound one must have its very plan.
    """
    before = contents(folder)
    study = folder / "study.toml"

    result = check(study)

    assert contents(folder) == before, "checking wrote something"
    told = [one for one in result.warnings if not one.where.endswith(": baseline")]
    new = [*result.errors, *(one for one in told if one not in sound.warnings)]
    if damage.same and not new:
        assert plan_of(result) == plan_of(sound), "read in silence, but not the same study"
    else:
        assert new, f"nothing was said of {damage.name}"
    if new and not (damage.same and result.ok):
        assert any(speaks_of(damage, fault) for fault in new), "\n".join(map(str, new))
    for fault in new:
        assert_readable(fault)
    if store is not None and not result.ok:
        with pytest.raises(DataError):
            train(study, store=str(store))
        assert not store.exists()
        assert contents(folder) == before, "training wrote something"
    return result


def plan_of(result: CheckResult) -> str:
    return json.dumps(result.to_dict()["plan"])


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
