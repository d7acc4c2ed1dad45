"""Who of a cohort elsewhere took no part in making a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault, count_of

if TYPE_CHECKING:
    import numpy as np

    from stratify.task import Table
    from stratify.tracking import LoadedRun, Store


def find_newcomers(
    store: Store, loaded: LoadedRun, table: Table, *, other_people: bool
) -> tuple[np.ndarray, tuple[tuple[str, int], ...]]:
    """Tell who is neither a patient of training nor one whom the model does not speak of.

    Parameters
    ----------
    store : Store
    loaded : LoadedRun
    table : Table
    other_people : bool
        Patients with the name of one in training are others.

    Returns
    -------
    kept : array of bool, shape (n_patients,)
    left_out : tuple of (str, int)
        Why others are left out, and how many.

    Raises
    ------
    DataError
        If nobody is kept.
    """
    trained = _find_trained(store, loaded, table, other_people)
    unplaced = loaded.scope.from_unseen_site(loaded.scope.align(table.X)) & ~trained
    why = "the values or the name of a patient of training"
    left_out = (
        ("the values of a patient of training" if other_people else why, int(trained.sum())),
        ("of a site that harmonising has not seen", int(unplaced.sum())),
    )
    kept = ~(trained | unplaced)
    if not kept.any():
        raise DataError(_nobody_left(table.name, left_out, other_people))
    return kept, tuple((reason, count) for reason, count in left_out if count)


def _find_trained(store: Store, loaded: LoadedRun, table: Table, other_people: bool) -> np.ndarray:
    """Tell who trained the model, or one that it was made from by recalibrating."""
    from stratify.tracking import find_known, load_run

    known = find_known(store, loaded, table.X)
    trained = known.by_row if other_people else known.by_row | known.by_name
    parent = loaded.tags.get("recalibrated_from")
    if parent is None:
        return trained
    before = load_run(store, parent, with_model=False)
    before = replace(before, model=loaded.model, followed=loaded.followed)
    return trained | _find_trained(store, before, table, other_people)


def select_patients(table: Table, keep: np.ndarray) -> Table:
    """Return a table of some of its patients."""
    assert table.y is not None
    return replace(
        table,
        X=table.X[keep],
        y=table.y[keep],
        groups=table.groups[keep],
        site=None if table.site is None else table.site[keep],
        treatment=None if table.treatment is None else table.treatment[keep],
    )


def _nobody_left(name: str, left_out: tuple[tuple[str, int], ...], other_people: bool) -> Fault:
    told = "; ".join(f"{count_of(count, 'patient')}: {why}" for why, count in left_out if count)
    way_out = "Validate on patients the model has not seen"
    if not other_people:
        way_out += "; if these are other people under the same names, say --other-people"
    return Fault(
        where=name,
        met=told,
        wanted="patients who took no part in making the model",
        way_out=f"{way_out}.",
    )
