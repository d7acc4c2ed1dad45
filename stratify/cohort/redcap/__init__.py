"""REDCap exports: raw or labelled, with events, arms, checkboxes and the data dictionary."""

from stratify.cohort.redcap.export import read_redcap
from stratify.cohort.redcap.fields import ANNOTATION, DICTIONARY_HEADERS, Field, read_dictionary
from stratify.cohort.redcap.files import find_redcap, is_dictionary, is_redcap
from stratify.cohort.redcap.write import write_redcap

__all__ = [
    "ANNOTATION",
    "DICTIONARY_HEADERS",
    "Field",
    "find_redcap",
    "is_dictionary",
    "is_redcap",
    "read_dictionary",
    "read_redcap",
    "write_redcap",
]
