"""Patients: read from the files clinics have, and checked as a whole."""

from stratify.cohort.check import check_cohort
from stratify.cohort.dictionary import Dictionary, read_columns, render_columns, write_columns
from stratify.cohort.read import read_cohort
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
    "Visits",
    "WideVisits",
    "add_visits",
    "check_cohort",
    "make_sessions",
    "make_wide",
    "read_cohort",
    "read_columns",
    "read_visits",
    "render_columns",
    "write_cohort",
    "write_columns",
]
