"""Patients: read from the files clinics have, and checked as a whole."""

from stratify.cohort.bids import read_bids
from stratify.cohort.check import check_cohort, check_response, examine_cohort
from stratify.cohort.checks.levels import compute_level_strength
from stratify.cohort.checks.protocol import check_protocol, check_safety
from stratify.cohort.describe import Draft, describe_source, render_draft, write_draft
from stratify.cohort.dictionary import Dictionary, read_columns, render_columns, write_columns
from stratify.cohort.open import guess_format, read_source
from stratify.cohort.read import read_cohort
from stratify.cohort.redcap import read_redcap, write_redcap
from stratify.cohort.source import Source
from stratify.cohort.table_one import TableOne, make_table_one
from stratify.cohort.values import Cohort
from stratify.cohort.visits import (
    Visits,
    WideVisits,
    add_visits,
    make_sessions,
    make_wide,
    read_visits,
)
from stratify.cohort.write import write_cohort

__all__ = [
    "Cohort",
    "Dictionary",
    "Draft",
    "Source",
    "TableOne",
    "Visits",
    "WideVisits",
    "add_visits",
    "check_cohort",
    "check_protocol",
    "check_response",
    "check_safety",
    "compute_level_strength",
    "describe_source",
    "examine_cohort",
    "guess_format",
    "make_sessions",
    "make_table_one",
    "make_wide",
    "read_bids",
    "read_cohort",
    "read_columns",
    "read_redcap",
    "read_source",
    "read_visits",
    "render_columns",
    "render_draft",
    "write_cohort",
    "write_columns",
    "write_draft",
    "write_redcap",
]
