"""Visits: values measured over time, and which of them is the baseline."""

from stratify.cohort.visits.join import add_visits
from stratify.cohort.visits.read import read_visits
from stratify.cohort.visits.sessions import make_sessions
from stratify.cohort.visits.values import FORMATS, ROWS, FirstDay, Format, Row, Visits, WideVisits
from stratify.cohort.visits.wide import make_wide

__all__ = [
    "FORMATS",
    "ROWS",
    "FirstDay",
    "Format",
    "Row",
    "Visits",
    "WideVisits",
    "add_visits",
    "make_sessions",
    "make_wide",
    "read_visits",
]
