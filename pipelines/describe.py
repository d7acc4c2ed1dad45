"""Draft a column dictionary from a file, with every guess marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stratify.cohort import Draft
    from stratify.cohort.source import Format
    from stratify.errors import Fault

MOST_WARNINGS = 10
MOST_NAMES = 8

_FORMATS = {"table": "a table", "bids": "a BIDS folder", "redcap": "a REDCap export"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeResult:
    """What a file probably holds.

    Parameters
    ----------
    file : str
    format : {"table", "bids", "redcap"}
    rows : int
    columns : tuple of mapping
        Each column as in the draft, with the reason for each of its keys.
    guesses : int
        How many keys are guesses.
    warnings : tuple of Fault
    out : Path, optional
        Where the draft was written.
    each : bool
        Whether words tell each warning by itself; those of one kind are told in one line, if not.
    """

    file: str
    format: str
    rows: int
    columns: tuple[Mapping[str, Any], ...]
    guesses: int
    warnings: tuple[Fault, ...]
    out: Path | None
    each: bool = False

    def named(self, role: str) -> tuple[str, ...]:
        """Return the columns of a role."""
        return tuple(c["name"] for c in self.columns if c.get("role", "feature") == role)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns a model might be given: features known before treatment."""
        return tuple(
            c["name"]
            for c in self.columns
            if c.get("role", "feature") in ("feature", "confound")
            and c.get("measured", "baseline") == "baseline"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, for JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "rows": self.rows,
            "columns": [dict(column) for column in self.columns],
            "guesses": self.guesses,
            "warnings": [fault.to_dict() for fault in self.warnings],
            "out": None if self.out is None else str(self.out),
        }

    def words(self) -> str:
        """Return the result in words."""
        lines = [
            f"{self.file} is {_FORMATS[self.format]} of {self.rows:,} rows and "
            f"{len(self.columns):,} columns.",
            f"patients     {_some(self.named('patient'))}",
        ]
        for role in ("site", "treatment", "condition", "family", "outcome"):
            if self.named(role):
                lines.append(f"{role:<12} {_some(self.named(role))}")
        features = set(self.features)
        kinds = Counter(c.get("kind", "number") for c in self.columns if c["name"] in features)
        lines.append(
            f"features     {len(self.features):,} known before treatment: "
            + (", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) or "none")
        )
        later = [
            c["name"]
            for c in self.columns
            if c.get("measured", "baseline") != "baseline" and c.get("role", "feature") == "feature"
        ]
        if later:
            lines.append(f"later        {_some(later)} (never features)")
        for reason, names in self._ignored().items():
            lines.append(f"ignored      {_some(names)}: {reason}")
        lines += self._look_at()
        lines.append(f"{self.guesses:,} keys are guesses.")
        lines.append(
            "Nothing was written; --out columns.toml writes the draft."
            if self.out is None
            else f"Wrote {self.out}. Each guess in it is marked: read them, and correct them."
        )
        return "\n".join(lines)

    def _look_at(self) -> list[str]:
        from stratify.errors import group_faults

        if not self.warnings:
            return []
        if self.each:
            return ["Look at:", *(f"  {fault}" for fault in self.warnings)]
        groups = group_faults(self.warnings)
        lines = ["Look at:", *(f"  {group}" for group in groups[:MOST_WARNINGS])]
        if len(groups) > MOST_WARNINGS or len(groups) < len(self.warnings):
            lines.append(f"  ({len(self.warnings)} in all; --all tells each by itself)")
        return lines

    def _ignored(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for column in self.columns:
            if column.get("role") == "ignore":
                reason = column["reasons"].get("role", "").removeprefix("guessed: ")
                found.setdefault(reason, []).append(column["name"])
        return found


def describe(
    file: Path, *, format: Format | None = None, out: Path | None = None, each: bool = False
) -> DescribeResult:
    """Draft the column dictionary of a file.

    Parameters
    ----------
    file : Path
        A table, a BIDS folder or a REDCap export.
    format : {"table", "bids", "redcap"}, optional
        Guessed from the path, if not given.
    out : Path, optional
        Where the draft goes; nothing is written without it, and no file is ever replaced.
    each : bool
        As of `DescribeResult`.
    """
    from stratify.cohort import describe_source, read_source, write_draft

    source = read_source(file, format=format)
    draft = describe_source(source)
    if out is not None:
        write_draft(draft, out)
    return DescribeResult(
        file=source.sheet.name,
        format=source.format,
        rows=draft.rows,
        columns=tuple(_as_dict(draft)),
        guesses=draft.guesses,
        # Who is concerned is left out: a draft is shown to people who need not know.
        warnings=tuple(fault.anonymous() for fault in draft.faults),
        out=out,
        each=each,
    )


def _as_dict(draft: Draft) -> list[dict[str, Any]]:
    return [
        {**column.to_dict(), "reasons": dict(draft.reasons[column.name])}
        for column in draft.dictionary.columns
    ]


def _some(names: tuple[str, ...] | list[str]) -> str:
    from stratify.errors import name_some

    return name_some(names, most=MOST_NAMES) if names else "none"
