"""Draft dictionaries: what the columns of a file probably mean, every guess marked as one."""

from __future__ import annotations

from stratify.cohort.describe.cells import look_at, set_odd_cells_apart
from stratify.cohort.describe.draft import GUESSED, ColumnDraft, Draft
from stratify.cohort.describe.identifiers import find_identifier, find_patient
from stratify.cohort.describe.kinds import describe_empty, find_kind
from stratify.cohort.describe.meaning import find_meaning
from stratify.cohort.dictionary import ROLES_OF_ONE_COLUMN, Dictionary
from stratify.cohort.source import Source
from stratify.schema import Column


def describe_source(source: Source) -> Draft:
    r"""Draft the dictionary of a file.

    No value of a patient is kept but the levels of a category with few of them. A range is never
    taken from the data, only from a sidecar, a data dictionary, a rating scale or what the name
    says.

    Parameters
    ----------
    source : Source
        From `read_source`, `read_bids` or `read_redcap`.

    Raises
    ------
    DataError
        If no column can be the patients' identifiers.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from stratify.cohort import read_source
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "clinic.csv"
    ...     _ = path.write_text("patient_id,phq9_baseline\nP1,17\nP2,20\n")
    ...     draft = describe_source(read_source(path))
    >>> draft.dictionary.columns[1].high
    27.0
    >>> draft.reasons["phq9_baseline"]["high"]
    'guessed: the name is that of PHQ-9, and every value lies in its range'
    """
    patient, why = find_patient(source)
    drafts = []
    for header in source.sheet.headers:
        if header == patient:
            one = ColumnDraft(header, {"kind": "text", "role": "patient"}, {"role": why})
        else:
            one = _describe_column(source, header)
        drafts.append(one)
    _warn_of_visits(source, patient, drafts)
    _keep_one_of_each_role(drafts)
    for one in drafts:
        if one.name != patient:
            one.reasons.setdefault("role", f"{GUESSED}nothing says otherwise")
            one.reasons.setdefault("measured", f"{GUESSED}nothing in the name says otherwise")
    columns = tuple(Column(**{"name": one.name, **one.values}) for one in drafts)
    ragged = source.sheet.tell_ragged("Nothing of them is in the draft; mend them first.")
    dictionary = Dictionary(
        columns, name=source.name, licence=source.licence, citation=source.citation
    )
    return Draft(
        dictionary=dictionary,
        reasons={one.name: one.reasons for one in drafts},
        faults=(*source.sheet.faults, *ragged, *(fault for one in drafts for fault in one.faults)),
        rows=len(source),
        format=source.format,
    )


def _warn_of_visits(source: Source, patient: str, drafts: list[ColumnDraft]) -> None:
    known = [cell for cell in source.sheet.text(patient) if cell is not None]
    if len(set(known)) < len(known):
        next(one for one in drafts if one.name == patient).warn(
            source,
            f"{len(known):,} rows of {len(set(known)):,} patients",
            "one row a patient",
            "Make a table of visits wide first, each visit a column of its own; or keep one row.",
        )


def _describe_column(source: Source, header: str) -> ColumnDraft:
    said = source.said.get(header)
    draft = ColumnDraft(header, {}, {})
    cells = look_at(source, header)
    if said is not None:
        draft.values |= said.values
        draft.reasons |= dict.fromkeys(said.values, f"from {said.by}")
    if not cells.known:
        describe_empty(draft, said)
    else:
        if said is None or not said.levels:
            cells = set_odd_cells_apart(source, draft, cells)
        find_kind(source, draft, said, cells)
        find_meaning(source, draft, said, cells)
    find_identifier(draft, said, cells, len(source))
    _drop_what_does_not_fit(draft)
    return draft


def _drop_what_does_not_fit(draft: ColumnDraft) -> None:
    kind = draft.values["kind"]
    keys: tuple[str, ...] = () if kind == "number" else ("low", "high", "unit")
    keys += () if kind in ("category", "boolean") else ("levels",)
    for key in keys:
        draft.values.pop(key, None)
        draft.reasons.pop(key, None)
    if kind == "text" and draft.values.get("role", "feature") == "feature":
        draft.ignore("text is no feature")


def _keep_one_of_each_role(drafts: list[ColumnDraft]) -> None:
    taken: set[str] = set()
    for draft in sorted(
        drafts, key=lambda one: "role" in one.reasons and one.reasons["role"].startswith(GUESSED)
    ):
        role = draft.values.get("role", "feature")
        if role not in ROLES_OF_ONE_COLUMN:
            continue
        if role in taken:
            draft.values["role"] = "feature"
            draft.reasons["role"] = f"{GUESSED}another column is the {role} already"
        taken.add(role)
