"""Before training: what so many patients support, and what each feature set would need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stratify.errors import count_of

if TYPE_CHECKING:
    from stratify.metrics import SampleSize, Support
    from stratify.task import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a study can hope for.

    Parameters
    ----------
    support : Support
        What its patients support.
    needs : mapping of str to SampleSize
        What a model of each feature set would need.
    """

    support: Support
    needs: Mapping[str, SampleSize]

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "expected_auc": self.support.auc,
            "support": self.support.to_dict(),
            "needs": {name: needed.to_dict() for name, needed in self.needs.items()},
        }

    def words(self) -> str:
        """Return the outlook in a short paragraph."""
        from stratify.metrics.sample_size import CRITERIA

        support = self.support
        said = (
            f"support {count_of(support.parameters, 'parameter')}"
            if support.parameters
            else "do not support a single parameter"
        )
        needs = "; ".join(
            f"{name} ({count_of(size.parameters, 'parameter')}) would need "
            f"{count_of(size.patients, 'patient')}"
            for name, size in self.needs.items()
        )
        return (
            f"If the AUC is {support.auc:.2f}, {count_of(support.patients, 'patient')} with "
            f"{100 * support.prevalence:.0f} % responders {said} by Riley's four criteria (what "
            f"limits them: {CRITERIA[support.criterion]}). By the same criteria {needs}. In as "
            "many new patients the AUC would be known to within "
            f"{support.auc_half_width:.2f}; cross-validated, less well. These are figures for "
            "models without a penalty: the ones here shrink, which makes them steadier and no "
            "better informed; trees need more."
        )


def plan_support(
    sets: Sequence[Table], expected_auc: float, columns: Mapping[str, int] | None = None
) -> Outlook:
    """Compute what the patients of a study support.

    Parameters
    ----------
    sets : sequence of Table
        One a feature set, of the same patients. Those whose outcome is to be imputed are not
        counted: they bring less than one who was followed.
    expected_auc : float
    columns : mapping of str to int, optional
        How many columns a model of each set sees, where connectivity is represented by others than
        the table's.
    """
    from stratify.metrics import compute_sample_size, compute_support

    y = sets[0].take_known().y
    assert y is not None
    share = float(y.mean())
    return Outlook(
        support=compute_support(patients=len(y), auc=expected_auc, prevalence=share),
        needs={
            one.features: compute_sample_size(
                auc=expected_auc,
                prevalence=share,
                parameters=count_parameters(one)
                + (columns or {}).get(one.features, len(one.feature_columns))
                - len(one.feature_columns),
            )
            for one in sets
        },
    )


def count_parameters(table: Table) -> int:
    """Count the coefficients of a table's features: a category with k levels has k - 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from stratify.schema import Column
    >>> sex = Column(name="arm", kind="category", levels=("a", "b", "c"))
    >>> count_parameters(SimpleNamespace(feature_columns=(Column(name="age"), sex)))
    3
    """
    return sum(
        max(len(column.levels) - 1, 1) if column.kind == "category" else 1
        for column in table.feature_columns
    )
