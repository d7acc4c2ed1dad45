"""What a column means: its kind, unit, range, levels, role, and when it was measured."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

Kind = Literal["number", "category", "boolean", "date", "text"]
Role = Literal[
    "feature",
    "confound",
    "patient",
    "person",
    "family",
    "site",
    "treatment",
    "condition",
    "outcome",
    "truth",
    "screen",
    "ignore",
]
Measured = Literal["baseline", "during", "followup"]
Source = Literal["clinical", "connectivity"]

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
MEASURED: tuple[str, ...] = get_args(Measured)
SOURCES: tuple[str, ...] = get_args(Source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a cohort table, or one edge of a connectome.

    Parameters
    ----------
    name : str
        The column's name in the file.
    kind : {"number", "category", "boolean", "date", "text"}
    role : str
        What the column is for. Only ``feature`` and ``confound`` columns may enter a model.
        ``screen`` is a safety check: a flag of data quality, never a feature. ``patient`` names the
        row; ``person`` says whom it is of, where a patient has a row for
        each treatment period.
    measured : {"baseline", "during", "followup"}
        When the value was known, relative to the treatment. Only baseline columns are features.
    unit : str
        For instance ``"points"``, ``"mg/kg"``, ``"mm"``; empty where there is none.
    low, high : float, optional
        The range a value must lie in, ends included.
    levels : tuple of str
        The values a category may take. For a boolean, the words for no and yes, in that order.
    label : str
        The column in a clinician's words; the name, where none is given.
    source : {"clinical", "connectivity"}
        Which kind of data it is; feature sets are chosen by it.
    regions : pair of str, optional
        The two regions of an edge.
    networks : pair of str, optional
        The networks of those two regions.
    visit : str
        The visit it was measured at, for instance ``"week 2"``; empty where it was at none.
    day : float, optional
        Days after the first session at which it is measured, planned or at the median; below 0
        before it.

    Examples
    --------
    >>> Column(name="madrs_baseline", low=0, high=60, unit="points").is_feature
    True
    >>> Column(name="madrs_week6", measured="followup", role="outcome").is_feature
    False
    """

    name: str
    kind: Kind = "number"
    role: Role = "feature"
    measured: Measured = "baseline"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    label: str = ""
    source: Source = "clinical"
    regions: tuple[str, str] | None = None
    networks: tuple[str, str] | None = None
    visit: str = ""
    day: float | None = None

    def __post_init__(self) -> None:
        # 0 and 0.0 are one number, and must be one in digests too.
        for name in ("low", "high", "day"):
            bound = getattr(self, name)
            if bound is not None:
                object.__setattr__(self, name, float(bound))

    @property
    def is_feature(self) -> bool:
        """Whether a model may use the column: a baseline feature or confound."""
        return self.role in ("feature", "confound") and self.measured == "baseline"

    @property
    def words(self) -> str:
        """The column in a clinician's words."""
        return self.label or self.name.replace("_", " ")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that differ from their default, and the name."""
        values = ((field, getattr(self, field.name)) for field in fields(self))
        return {
            field.name: list(value) if isinstance(value, tuple) else value
            for field, value in values
            if field.name == "name" or value != field.default
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Column:
        """Make a column from what `to_dict` returned."""
        fields_of: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**fields_of)
