"""Who the patients are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.examinations.values import Assembled, Attachments

if TYPE_CHECKING:
    from stratify.cohort import TableOne


def describe_patients(study: Assembled) -> Attachments:
    """Make table one by arm, and by site; of all patients together, where there is neither."""
    from stratify.cohort import make_table_one

    cohort = study.cohort
    made: dict[str, TableOne] = {}
    if cohort.named("treatment") is None and cohort.named("site") is None:
        made["table_one"] = make_table_one(cohort, None)
    if cohort.named("treatment") is not None:
        made["table_one"] = make_table_one(cohort, "arm")
    if cohort.named("site") is not None:
        name = "table_one_by_site" if made else "table_one"
        made[name] = make_table_one(cohort, "site")
    return Attachments(
        tables={name: one.table for name, one in made.items()},
        texts={f"{name}.html": one.to_html() for name, one in made.items()},
    )
