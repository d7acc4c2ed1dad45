"""A draft as the text of a dictionary, for somebody to correct."""

from __future__ import annotations

import re
from pathlib import Path

from stratify.cohort.describe.draft import Draft
from stratify.cohort.dictionary import render_columns
from stratify.errors import DataError, Fault
from stratify.files import replacing


def render_draft(draft: Draft) -> str:
    """Return a draft as the text of a dictionary, each key with where it comes from."""
    lines = [
        "# A draft, made from the file. Lines that end in 'guessed: ...' are guesses: read each,",
        "# correct it, and take the comment away. A column the study does not need may be deleted.",
    ]
    column, known = "", {_header(one.name): one.name for one in draft.dictionary.columns}
    for line in render_columns(draft.dictionary).splitlines():
        column = known.get(line, "" if line.startswith("[") else column)
        key = line.partition(" = ")[0]
        reason = draft.reasons.get(column, {}).get(key) if column else None
        lines.append(f"{line}  # {_one_line(reason)}" if reason else line)
    return "\n".join(lines) + "\n"


def _header(name: str) -> str:
    import tomlkit

    return f"[columns.{tomlkit.key(name).as_string()}]"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def write_draft(draft: Draft, path: str | Path) -> None:
    """Write a draft for somebody to correct; a file that is there already is never replaced.

    Raises
    ------
    DataError
        If the file is there.
    """
    path = Path(path)
    if path.exists():
        raise DataError(
            Fault(
                where=str(path),
                met="a file there already",
                wanted="a draft never replaces a dictionary that may have been corrected by hand",
                way_out="Name another file with --out, or move that one away.",
            )
        )
    try:
        with replacing(path) as part:
            part.write_text(render_draft(draft), encoding="utf-8", newline="\n")
    except OSError as error:
        raise DataError(
            Fault(
                where=str(path),
                met=f"it cannot be written ({error.strerror})",
                wanted="a place for the draft",
                way_out="Name another file with --out.",
            )
        ) from None
