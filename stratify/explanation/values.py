"""Why a model says what it says, as a table of contributions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from stratify.files import replacing
from stratify.schema import Column

Scale = Literal["log-odds", "log hazard ratio"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One column's, or one network block's, share in a patient's likelihood.

    Parameters
    ----------
    label : str
        In clinical words.
    value : str
        The patient's value, with its unit; for a network block, how many edges it sums.
    contribution : float
        In calibrated log-odds: above 0 raises the likelihood, below 0 lowers it.
    """

    label: str
    value: str
    contribution: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contributions that add up: base + the row's sum is the calibrated log-odds, exactly.

    Of a model of a censored outcome it is the logarithm of the hazard ratio.

    Parameters
    ----------
    contributions : DataFrame, shape (n_patients, n_columns), indexed by patient
        On the scale below, one column for each column of ``X``.
    base : float
        What there is before anything is known of a patient.
    log_odds : array, shape (n_patients,)
        What contributions add up to, with the base.
    X : DataFrame, shape (n_patients, n_columns)
        The values explained.
    columns : tuple of Column
    method : str
        What was computed, in words: the background and the perturbation.
    scale : {"log-odds", "log hazard ratio"}
    """

    contributions: pd.DataFrame
    base: float
    log_odds: np.ndarray
    X: pd.DataFrame
    columns: tuple[Column, ...]
    method: str
    scale: Scale = "log-odds"

    def __len__(self) -> int:
        return len(self.contributions)

    def __repr__(self) -> str:
        rows, columns = self.contributions.shape
        return f"Explanation({rows} patients × {columns} columns, in calibrated {self.scale})"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.importance().head(10).to_html(index=False)

    def by_network(self) -> pd.DataFrame:
        """Sum the edges of each pair of networks; clinical columns stay as they are.

        Returns
        -------
        contributions : DataFrame, shape (n_patients, n_clinical + n_blocks)
            Blocks are named ``"DMN-SN"``, the pair in alphabetical order. Rows add up as before.
        """
        names = [block_name(column) or column.name for column in self.columns]
        summed = self.contributions.T.groupby(np.array(names), sort=False).sum().T
        return summed

    def importance(self) -> pd.DataFrame:
        """Rank columns by mean absolute contribution.

        Returns
        -------
        importance : DataFrame
            ``column``, ``label``, ``source``, ``block``, ``mean_absolute``, and ``mean``.
        """
        return pd.DataFrame(
            {
                "column": [column.name for column in self.columns],
                "label": [column.words for column in self.columns],
                "source": [column.source for column in self.columns],
                "block": [block_name(column) or "" for column in self.columns],
                "mean_absolute": self.contributions.abs().mean().to_numpy(),
                "mean": self.contributions.mean().to_numpy(),
            }
        ).sort_values("mean_absolute", ascending=False, kind="stable", ignore_index=True)

    def reasons(self, patient: int, most: int = 8) -> tuple[Reason, ...]:
        """Return one patient's reasons, edges summed to network blocks, largest first.

        Parameters
        ----------
        patient : int
            Position of the row.
        most : int
            How many to return; the others are summed into a last one.
        """
        summed = self.by_network().iloc[patient]
        by_name = {column.name: column for column in self.columns}
        order = summed.abs().sort_values(ascending=False, kind="stable").index
        edges = pd.Series([block_name(column) for column in self.columns]).value_counts()
        reasons = [
            Reason(
                by_name[name].words if name in by_name else f"{name} connectivity",
                self._value(patient, by_name[name]) if name in by_name else f"{edges[name]} edges",
                float(summed[name]),
            )
            for name in order
        ]
        rest = reasons[most:]
        if not rest:
            return tuple(reasons)
        others = Reason("everything else", f"{len(rest)} more", sum(r.contribution for r in rest))
        return (*reasons[:most], others)

    def _value(self, patient: int, column: Column) -> str:
        value = self.X[column.name].iloc[patient]
        if pd.isna(value):
            return "not recorded"
        if column.kind == "boolean" and len(column.levels) == 2:
            return column.levels[int(value)]
        if isinstance(value, str):
            return value
        return f"{value:.4g} {column.unit}".strip()


def block_name(column: Column) -> str | None:
    """Name the pair of networks an edge joins, in alphabetical order; None for other columns.

    Examples
    --------
    >>> block_name(Column(name="a~b", networks=("SN", "DMN"), source="connectivity"))
    'DMN-SN'
    """
    return None if column.networks is None else "-".join(sorted(column.networks))


def write_contributions(explanation: Explanation, folder: Path) -> Path:
    """Write each patient's contributions as ``contributions.csv``, whole or not at all.

    The file names patients as their table does: it belongs with that table, and in no run.

    Parameters
    ----------
    explanation : Explanation
    folder : Path
        Made if absent.

    Returns
    -------
    path : Path
        With a column for each column of the model, and ``base`` and ``log_odds``, or
        ``log_hazard_ratio``.
    """
    path = folder / "contributions.csv"
    total = explanation.scale.replace("-", "_").replace(" ", "_")
    table = explanation.contributions.assign(base=explanation.base, **{total: explanation.log_odds})
    with replacing(path) as part:
        table.to_csv(part, index_label="patient")
    return path
