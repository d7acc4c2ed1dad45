"""Patients: read from the files clinics have, and checked as a whole."""

from stratify.cohort.values import Cohort

__all__ = ["Cohort"]
