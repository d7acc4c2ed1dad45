"""Which feature sets a model of a censored outcome is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault

if TYPE_CHECKING:
    from pipelines.sections import FeatureSet
    from pipelines.study import StudySettings
    from stratify.time_to_event import FollowedTable


def choose_sets(settings: StudySettings, followed: FollowedTable) -> tuple[FeatureSet, ...]:
    """Return the feature sets to compare: those of one table, since fused models have no hazard.

    Raises
    ------
    DataError
        If late fusion alone is asked for.
    """
    asked = settings.feature_sets(followed.table.has)
    chosen = tuple(name for name in asked if name != "late fusion")
    if not chosen:
        raise DataError(
            Fault(
                where="features.sets",
                met='"late fusion" alone with [time_to_event]',
                wanted="a Cox model of one table",
                way_out='Write sets = ["both"], or clinical, or connectivity.',
            )
        )
    return chosen
