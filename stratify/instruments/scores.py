"""What scoring gives: totals, bands, flags, and how much of each rests on missing answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stratify.errors import Fault, SettingsError
from stratify.instruments.answers import tell_rows
from stratify.instruments.bands import band_totals
from stratify.instruments.values import Flag, Instrument, Total


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """The totals of an instrument, one row a patient or visit.

    Parameters
    ----------
    instrument : Instrument
    totals : DataFrame of float64, shape (n_rows, n_totals)
        By the totals' columns (``"madrs_total"``); NaN where a total is missing. Ordinal levels
        are not here: they are no numbers.
    bands : DataFrame of ordered categories
        By the columns of the totals that have bands or levels.
    answered : DataFrame of int
        By the columns of all totals: how many of a total's items were answered.
    prorated : DataFrame of bool
        By the columns of all totals: whether a total stands on some of its items only.
    flags : DataFrame of boolean
        By the columns of the flags: raised, not raised, or NA where the answer is missing.
    warnings : tuple of Fault
        What a reader should know: flags raised, totals prorated, answers not assessed.
    """

    instrument: Instrument
    totals: pd.DataFrame
    bands: pd.DataFrame
    answered: pd.DataFrame
    prorated: pd.DataFrame
    flags: pd.DataFrame
    warnings: tuple[Fault, ...] = ()

    def __len__(self) -> int:
        return len(self.totals)

    @property
    def total(self) -> pd.Series:
        """The main total.

        Raises
        ------
        SettingsError
            If the instrument gives an ordinal level, which is no number.
        """
        main = self.instrument.total()
        if main.is_ordinal:
            raise SettingsError(
                Fault(
                    where=self.instrument.name,
                    met="its total was asked for",
                    wanted=f"the {self.instrument.short_name} gives a level, never a number",
                    way_out="Use band.",
                )
            )
        return self.totals[main.column]

    @property
    def band(self) -> pd.Series:
        """The band or level of the first total that has one.

        Raises
        ------
        SettingsError
            If the instrument has no bands.
        """
        if self.bands.empty and not len(self.bands.columns):
            raise SettingsError(
                Fault(
                    where=self.instrument.name,
                    met="its severity band was asked for",
                    wanted=f"no bands are agreed for the {self.instrument.short_name}",
                    way_out="Use the total.",
                )
            )
        return self.bands.iloc[:, 0]

    def to_frame(self) -> pd.DataFrame:
        """Return totals, bands (``..._band``) and flags side by side, for a cohort table."""
        levels = {t.column for t in self.instrument.totals if t.is_ordinal}
        bands = self.bands.rename(columns=lambda name: name if name in levels else f"{name}_band")
        return pd.concat([self.totals, bands, self.flags], axis=1)

    def __repr__(self) -> str:
        main = self.instrument.total()
        found = self.bands[main.column] if main.is_ordinal else self.totals[main.column]
        prorated = int(self.prorated[main.column].sum())
        parts = [f"{len(self)} rows", f"{int(found.isna().sum())} without {main.name}"]
        parts += [f"{prorated} prorated"] if prorated else []
        parts += [f"{len(self.warnings)} warnings"] if self.warnings else []
        return f"Scores({self.instrument.short_name}: {', '.join(parts)})"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.to_frame().head().to_html()


def make_scores(
    instrument: Instrument,
    index: pd.Index,
    *,
    totals: Mapping[str, np.ndarray],
    levels: Mapping[str, pd.Series] | None = None,
    answered: Mapping[str, np.ndarray],
    prorated: Mapping[str, np.ndarray],
    flags: pd.DataFrame | None = None,
    sex: pd.Series | None = None,
    warnings: Sequence[Fault] = (),
    name: str = "items",
) -> Scores:
    """Put together what a scoring function found, with the bands of its totals."""
    told = list(warnings)
    bands = dict(levels or {})
    for total in instrument.totals:
        if not total.bands or total.column in bands:
            continue
        values = pd.Series(totals[total.column], index=index)
        bands[total.column] = band_totals(total, values, sex)
        told += _sex_warnings(total, bands[total.column], values, name)
    for total in instrument.totals:
        told += _prorating_warnings(total, prorated[total.column], index, name)
    return Scores(
        instrument=instrument,
        totals=pd.DataFrame(dict(totals), index=index, dtype=float),
        bands=pd.DataFrame(bands, index=index),
        answered=pd.DataFrame(dict(answered), index=index),
        prorated=pd.DataFrame(dict(prorated), index=index),
        flags=pd.DataFrame(index=index) if flags is None else flags,
        warnings=tuple(told),
    )


def _prorating_warnings(
    total: Total, prorated: np.ndarray, index: pd.Index, name: str
) -> list[Fault]:
    if not prorated.any():
        return []
    met, patients = tell_rows(index, prorated)
    return [
        Fault(
            where=f"{name}: {total.column}",
            met=f"prorated from part of its answers, {met}",
            wanted="a total stands on all its items",
            way_out="Look at the missing answers; leave these totals missing in a second analysis.",
            patients=patients,
            severity="warning",
        )
    ]


def _sex_warnings(total: Total, bands: pd.Series, values: pd.Series, name: str) -> list[Fault]:
    unknown = (total.bands_need_sex & bands.isna() & values.notna()).to_numpy()
    if not unknown.any():
        return []
    met, patients = tell_rows(values.index, unknown)
    return [
        Fault(
            where=f"{name}: {total.column}",
            met=f"sex is not known, {met}",
            wanted=f"the bands of {total.label} differ by sex",
            way_out="Give sex, female or male; these bands are missing.",
            patients=patients,
            severity="warning",
        )
    ]


def flag_warnings(flag: Flag, raised: np.ndarray, index: pd.Index, name: str) -> list[Fault]:
    """Return the warning of a raised flag: a matter of data quality, and no advice."""
    if not raised.any():
        return []
    met, patients = tell_rows(index, raised)
    return [
        Fault(
            where=f"{name}: {', '.join(flag.items)}",
            met=f"{flag.wording}, {met}",
            wanted="a flag is seen by somebody who knows the local protocol",
            way_out="Check that it was seen when it was recorded.",
            patients=patients,
            severity="warning",
        )
    ]
