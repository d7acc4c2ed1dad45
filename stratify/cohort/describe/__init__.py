"""Draft dictionaries: what the columns of a file probably mean, every guess marked as one."""

from stratify.cohort.describe.draft import GUESSED, Draft
from stratify.cohort.describe.kinds import FEWEST_IN_LEVEL, MOST_LEVELS, MOST_SITES
from stratify.cohort.describe.render import render_draft, write_draft
from stratify.cohort.describe.source import describe_source

__all__ = [
    "FEWEST_IN_LEVEL",
    "GUESSED",
    "MOST_LEVELS",
    "MOST_SITES",
    "Draft",
    "describe_source",
    "render_draft",
    "write_draft",
]
