"""A table as it stands in a file: headers and cells, before anybody says what they mean."""

from stratify.sheet.cells import MISSING_WORDS, as_decimal_commas, as_numbers, as_text
from stratify.sheet.read import DELIMITERS, TABLE_SUFFIXES, read_sheet
from stratify.sheet.values import RaggedRow, Repeated, Sheet

__all__ = [
    "DELIMITERS",
    "MISSING_WORDS",
    "TABLE_SUFFIXES",
    "RaggedRow",
    "Repeated",
    "Sheet",
    "as_decimal_commas",
    "as_numbers",
    "as_text",
    "read_sheet",
]
