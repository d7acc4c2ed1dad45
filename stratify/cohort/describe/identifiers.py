"""Columns that name patients: the one that does so for the file, and those that must not."""

from __future__ import annotations

import numpy as np

from stratify.cohort import names
from stratify.cohort.describe.cells import Cells
from stratify.cohort.describe.draft import GUESSED, ColumnDraft
from stratify.cohort.source import Said, Source
from stratify.errors import DataError, Fault


def find_patient(source: Source) -> tuple[str, str]:
    """Return the column that names the patients, and how that is known."""
    if source.patient:
        what = "BIDS" if source.format == "bids" else "REDCap"
        return source.patient, f"{what} has the identifiers here"
    unique = []
    for header in source.sheet.headers:
        text = source.sheet.text(header)
        known = [cell for cell in text if cell is not None]
        if len(text) and len(known) == len(text) and len(set(known)) == len(text):
            unique.append(header)
    named = [header for header in source.sheet.headers if names.PATIENT.match(header)]
    for header in named:
        if header in unique:
            return header, f"{GUESSED}the name is that of an identifier, and each row has its own"
    if named:
        return named[0], (
            f"{GUESSED}the name is that of an identifier, though rows share one or have none"
        )
    if unique and unique[0] == source.sheet.headers[0]:
        return unique[0], f"{GUESSED}the first column, and each row has its own value"
    nobody = Fault(
        where=source.sheet.name,
        met="no column that names the patients",
        wanted="one column with an identifier for each row, such as patient_id",
        way_out="Name that column patient_id, and describe the file again.",
    )
    # How the file was read may tell why: a title above the names, the wrong delimiter.
    raise DataError([*source.sheet.faults, nobody])


def find_identifier(draft: ColumnDraft, said: Said | None, cells: Cells, rows: int) -> None:
    """Ignore a column that names patients, and keep none of its values."""
    if said is not None and said.identifies:
        draft.values["role"] = "ignore"
        draft.reasons["role"] = f"an identifier: {said.identifies} in {said.by}"
        _keep_no_values(draft)
        return
    for pattern, what in names.IDENTIFIERS:
        if draft.values.get("role") in ("site", "family"):
            break
        if pattern.search(draft.name):
            draft.ignore(f"the name is that of {what}")
            _keep_no_values(draft)
            return
    unique = cells.known == rows >= 20 and len(cells.words) == rows
    if unique and cells.numbers is not None and "high" not in draft.values:
        _find_numbering(draft, cells)


def _find_numbering(draft: ColumnDraft, cells: Cells) -> None:
    """Ignore whole numbers of which each patient has one, if they are evenly spaced or so named."""
    numbers = cells.numbers
    if numbers is None or not np.array_equal(numbers, np.round(numbers)):
        return
    steps = np.diff(np.sort(numbers))
    if (steps == steps[0]).all():
        draft.ignore("it counts the rows")
    elif names.NUMBERING.search(draft.name):
        draft.ignore("each row has a number of its own, and the name is that of an identifier")
    elif "role" not in draft.values:
        draft.guess(
            "each row has a whole number of its own; ignore it, if it names patients",
            role="feature",
        )


def _keep_no_values(draft: ColumnDraft) -> None:
    """Make an identifier text without levels: those would be names."""
    if draft.values.get("kind") in ("category", "boolean"):
        draft.values["kind"] = "text"
        draft.reasons["kind"] = f"{GUESSED}an identifier"
    draft.values.pop("levels", None)
    draft.reasons.pop("levels", None)
