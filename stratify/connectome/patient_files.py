"""Files named by patient: where they are, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stratify.errors import DataError, Fault

PATIENT = "{patient}"


def find_patient_files(
    path: Path, endings: Sequence[str], *, what: str
) -> list[tuple[str, str, Path]]:
    """Find one file a patient.

    Parameters
    ----------
    path : Path
        A folder, whose files are named by patient; or a path with ``{patient}`` (or one ``*``)
        where the patient's name stands.
    endings : sequence of str
        Of the files that count in a folder.
    what : str
        Of what there is one file a patient, for messages: ``"matrix"``.

    Returns
    -------
    found : list of (str, str, Path)
        The patient, the place in words, and the file.

    Raises
    ------
    DataError
        If there is none.
    """
    pattern = str(path)
    if path.is_dir():
        found = [
            (_without_ending(file, endings), f"{path.name}/{file.name}", file)
            for file in sorted(path.iterdir())
            if file.name.lower().endswith(tuple(endings)) and not file.name.startswith(".")
        ]
    else:
        if PATIENT not in pattern:
            pattern = pattern.replace("*", PATIENT, 1)
        found = match_files(pattern)
    if not found:
        raise DataError(
            Fault(
                where=path.name,
                met="no file of this pattern"
                if PATIENT in pattern
                else f"no file that ends in {', '.join(endings)}",
                wanted=f"one {what} file a patient, named by patient",
                way_out="Correct the path; {patient} stands where the patient's name is, as in "
                "sub-{patient}_relmat.tsv.",
            )
        )
    return found


def _without_ending(file: Path, endings: Sequence[str]) -> str:
    fitting = [ending for ending in endings if file.name.lower().endswith(ending)]
    return file.name[: -len(max(fitting, key=len))]


def match_files(pattern: str) -> list[tuple[str, str, Path]]:
    """Find the files of a path with ``{patient}``, and perhaps ``*``, in it."""
    parts = Path(pattern).parts
    fixed = next(k for k, part in enumerate(parts) if PATIENT in part or "*" in part)
    root, below = Path(*parts[:fixed]), parts[fixed:]
    expression = ""
    for piece in re.split(r"(\{patient\}|\*)", "/".join(below)):
        if piece == PATIENT:
            named = "(?P<patient>" in expression
            expression += "(?P=patient)" if named else "(?P<patient>[^/]+?)"
        else:
            expression += "[^/]*" if piece == "*" else re.escape(piece)
    found = []
    for file in sorted(root.glob("/".join(below).replace(PATIENT, "*"))):
        relative = file.relative_to(root).as_posix()
        match = re.fullmatch(expression, relative)
        if match and file.is_file():
            found.append((match["patient"], relative, file))
    return found
