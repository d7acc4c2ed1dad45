"""Scoring: from the answers to items to totals, subscales, levels, bands and flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import Fault, SettingsError
from stratify.instruments.answers import read_answers, tell_rows
from stratify.instruments.bands import make_levels, read_sex
from stratify.instruments.scores import Scores, flag_warnings, make_scores
from stratify.instruments.values import Flag, Instrument, Item, Total


def score(
    instrument: Instrument,
    items: pd.DataFrame,
    *,
    prorate: bool = False,
    sex: Any = None,
    name: str = "items",
) -> Scores:
    """Score an instrument.

    Parameters
    ----------
    instrument : Instrument
    items : DataFrame, shape (n_rows, n_columns)
        The answers as the patient or rater gave them, before any reversal or weighting, by the
        neutral names of the items. Indexed by patient, or by patient and visit. Other columns are
        not looked at.
    prorate : bool
        Whether totals with missing items are made from the others, where the instrument allows it
        and enough are answered: the mean of the known terms times their number. What was prorated
        is told in `Scores.prorated`. Without it a missing item leaves the total missing.
    sex : Series or array of str, optional
        ``"female"`` or ``"male"``, where bands differ by sex; without it those bands are missing.
    name : str
        What messages call the table.

    Returns
    -------
    scores : Scores
        One row for each row of ``items``, in the same order.

    Raises
    ------
    SettingsError
        If prorating is asked of an instrument that does not allow it, or the instrument is scored
        by a function of its own.
    DataError
        With every answer out of range, by item and patient, and every item without a column.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> phq9 = read_instrument("phq9")
    >>> answers = pd.DataFrame([[1, 2, 1, 3, 0, 2, 1, 0, 0]], index=["P01"],
    ...                        columns=phq9.item_names)
    >>> scores = score(phq9, answers)
    >>> scores.total.to_dict(), scores.band.to_dict()
    ({'P01': 10.0}, {'P01': 'moderate'})
    """
    _check_settings(instrument, prorate)
    answers = read_answers(instrument, items, name=name)
    given = answers.notna().to_numpy()
    asked = _fill_unasked(instrument, answers)
    points = {item.name: _points(item, asked[item.name].to_numpy()) for item in instrument.items}
    fewest = instrument.missing.fewest_answered if prorate else None
    numbers = [total for total in instrument.totals if not total.is_ordinal]
    made = {total.column: _total(total, points, fewest) for total in numbers}
    nothing = np.zeros(len(items), bool)
    flags, warnings = _raise_flags(instrument, asked, name)
    return make_scores(
        instrument,
        items.index,
        totals={column: one.values for column, one in made.items()},
        levels={t.column: _level(t, asked) for t in instrument.totals if t.is_ordinal},
        answered={t.column: _answered(t, instrument, given) for t in instrument.totals},
        prorated={
            t.column: made[t.column].prorated if t.column in made else nothing
            for t in instrument.totals
        },
        flags=flags,
        sex=None if sex is None else read_sex(sex, items.index, name=f"{name}: sex"),
        warnings=[*_unasked_warnings(instrument, answers, name), *warnings],
        name=name,
    )


def _check_settings(instrument: Instrument, prorate: bool) -> None:
    if instrument.scored_by != "score":
        raise SettingsError(
            Fault(
                where=instrument.name,
                met="items to score",
                wanted=f"the {instrument.short_name} is made from days or visits",
                way_out=f"Use {instrument.scored_by}.",
            )
        )
    if prorate and not instrument.missing.prorate:
        raise SettingsError(
            Fault(
                where=instrument.name,
                met="prorate = True",
                wanted=f"the {instrument.short_name} is not prorated ({instrument.missing.rule})",
                way_out="Score it without; totals with a missing item are then missing.",
            )
        )


# Answers that were not asked for ------------------------------------------------------------------


def _fill_unasked(instrument: Instrument, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers, with what was not asked by design at its lowest value."""
    filled = answers.copy()
    for pair in instrument.either:
        some = answers[[*pair]].notna().any(axis=1)
        for item in pair:
            filled[item] = answers[item].mask(
                answers[item].isna() & some, instrument.item(item).low
            )
    for skip in instrument.skips:
        skipped = filled[skip.when] == skip.answer
        for item in skip.items:
            filled[item] = filled[item].mask(
                filled[item].isna() & skipped, instrument.item(item).low
            )
    return filled


def _unasked_warnings(instrument: Instrument, answers: pd.DataFrame, name: str) -> list[Fault]:
    """Warn of a yes to a question that another answer rules out."""
    told = []
    for skip in instrument.skips:
        yes = (answers[[*skip.items]] > 0).any(axis=1) & (answers[skip.when] == skip.answer)
        if not yes.any():
            continue
        met, patients = tell_rows(answers.index, yes.to_numpy())
        told.append(
            Fault(
                where=f"{name}: {skip.when}",
                met=f"answered {skip.answer:g}, and yes to one of {', '.join(skip.items)}; {met}",
                wanted="these are asked only after another answer",
                way_out="Check the rows; they are scored as they stand.",
                patients=patients,
                severity="warning",
            )
        )
    return told


# Points, totals, levels, flags --------------------------------------------------------------------


def _points(item: Item, answers: np.ndarray) -> np.ndarray:
    turned = item.low + (item.high or 0.0) - answers if item.reversed else answers
    return item.weight * turned


@dataclass(frozen=True)
class _Made:
    values: np.ndarray
    prorated: np.ndarray


def _total(total: Total, points: Mapping[str, np.ndarray], fewest: int | None) -> _Made:
    # A term of several items is known only when all of them are: the highest of NaN is NaN.
    terms = np.column_stack(
        [np.maximum.reduce([points[item] for item in term]) for term in total.terms]
    )
    known = (~np.isnan(terms)).sum(axis=1)
    prorated = np.zeros(len(terms), bool)
    if total.how == "count":
        counted = (terms >= total.counted_from).sum(axis=1).astype(float)
        return _Made(np.where(known == terms.shape[1], counted, np.nan), prorated)
    sums = terms.sum(axis=1)
    if fewest is not None:
        prorated = (known < terms.shape[1]) & (known >= fewest)
        # Multiplied first: the highest total then stays the highest, to the last digit.
        scaled = np.nansum(terms, axis=1) * terms.shape[1] / np.maximum(known, 1)
        sums = np.where(prorated, scaled, sums)
    return _Made(sums / terms.shape[1] if total.how == "mean" else sums, prorated)


def _answered(total: Total, instrument: Instrument, given: np.ndarray) -> np.ndarray:
    enters = np.isin(instrument.item_names, total.items)
    return given[:, enters].sum(axis=1)


def _level(total: Total, answers: pd.DataFrame) -> pd.Series:
    """Return the highest level reached by a yes; missing if an unknown answer could raise it."""
    codes = np.zeros(len(answers), int)
    unsure = np.zeros(len(answers), bool)
    for position, level in enumerate(total.levels[1:], start=1):
        cells = answers[[*level.any_of]].to_numpy()
        reached = (cells > 0).any(axis=1)
        codes[reached] = position
        unsure = (unsure | np.isnan(cells).any(axis=1)) & ~reached
    return make_levels(np.where(unsure, -1, codes), total, answers.index)


def _raise_flags(
    instrument: Instrument, answers: pd.DataFrame, name: str
) -> tuple[pd.DataFrame, list[Fault]]:
    raised, warnings = {}, []
    for flag in instrument.flags:
        raised[flag.column] = _flag(flag, answers)
        yes = raised[flag.column].fillna(False).to_numpy(bool)
        warnings += flag_warnings(flag, yes, answers.index, name)
    return pd.DataFrame(raised, index=answers.index), warnings


def _flag(flag: Flag, answers: pd.DataFrame) -> pd.Series:
    cells = answers[[*flag.items]].to_numpy()
    yes = (cells >= flag.at_least).any(axis=1)
    unknown = np.isnan(cells).any(axis=1) & ~yes
    raised = np.where(unknown, np.nan, yes.astype(float))
    return pd.Series(raised, index=answers.index).astype("boolean")
