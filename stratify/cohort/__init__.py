"""Patients: read from the files clinics have, and checked as a whole."""

from stratify.cohort.check import check_cohort, check_response, examine_cohort
from stratify.cohort.checks.protocol import check_protocol, check_safety
from stratify.cohort.dictionary import Dictionary, read_columns, render_columns, write_columns
from stratify.cohort.read import read_cohort
from stratify.cohort.table_one import TableOne, make_table_one
from stratify.cohort.values import Cohort
from stratify.cohort.write import write_cohort

__all__ = [
    "Cohort",
    "Dictionary",
    "TableOne",
    "check_cohort",
    "check_protocol",
    "check_response",
    "check_safety",
    "examine_cohort",
    "make_table_one",
    "read_cohort",
    "read_columns",
    "render_columns",
    "write_cohort",
    "write_columns",
]
