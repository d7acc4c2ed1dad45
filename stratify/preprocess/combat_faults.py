"""What ComBat refuses, and what it could not learn, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stratify.errors import DataError, Fault, count_of, name_some

FEWEST = 10
"""How few scans of a new site are enough to adapt to it, where nothing else is said."""

NO_SITE = Fault(
    where="ComBat: site",
    met="none",
    wanted="a column that says where a patient was scanned",
    way_out="Name it: ComBat(site='...').",
)

NO_REFERENCE = Fault(
    where="ComBat: unseen",
    met="'reference' and no reference",
    wanted="the site that an unseen one is taken for",
    way_out="Name it: reference='...', or refuse unseen sites.",
)


def find_reference(reference: str | None, sites: tuple[str, ...]) -> int | None:
    """Return the position of the reference among training's sites.

    Raises
    ------
    DataError
        If nobody was scanned there.
    """
    if reference is None:
        return None
    if str(reference) in sites:
        return sites.index(str(reference))
    raise DataError(
        Fault(
            where="ComBat: reference",
            met=f"{reference!r}, where no training patient was scanned",
            wanted=f"one of {name_some(sites)}",
            way_out="Name a site that has patients in every training fold.",
        )
    )


def tell_of_sites(preserved: np.ndarray) -> Fault:
    """Tell that something to preserve varies between sites only."""
    return Fault(
        where="ComBat: preserve",
        met=f"{name_some(preserved)}, of which something differs between the sites and never "
        "within one",
        wanted="columns that vary within sites, or site and column cannot be told apart",
        way_out="Leave that column out, or do not harmonise.",
    )


def tell_unseen(column: str, unseen: np.ndarray, sites: tuple[str, ...]) -> Fault:
    """Tell that patients come from sites that training has not met, and what can be declared."""
    return Fault(
        where=f"ComBat: {column}",
        met=f"{name_some(unseen)}, where no training patient was scanned",
        wanted=f"one of {name_some(sites)}",
        way_out=f"Adapt to it from {FEWEST} or more scans of it, outcomes not needed "
        "(ComBat.adapt), or declare unseen='reference' and the reference site that it is taken "
        "for.",
    )


def require_new(column: str, met: np.ndarray, known: tuple[str, ...], fewest: int) -> None:
    """Refuse sites that are known already, or of which there are too few scans.

    Raises
    ------
    DataError
    """
    where = f"ComBat: {column}"
    faults = []
    for site, count in zip(*np.unique(met.astype(str), return_counts=True), strict=True):
        if site in known:
            faults.append(
                Fault(
                    where=where,
                    met=f"{site}, which is known already",
                    wanted="new sites only",
                    way_out="Leave its patients out; what is known of it stays.",
                )
            )
        elif count < fewest:
            faults.append(
                Fault(
                    where=where,
                    met=f"{count_of(int(count), 'scan')} of {site}",
                    wanted=f"at least {fewest}",
                    way_out="Gather more scans of this site, or map it to a reference site.",
                )
            )
    if faults:
        raise DataError(faults)


def find_weak(
    column: str, sites: tuple[str, ...], counts: np.ndarray, constant: np.ndarray
) -> Iterator[Fault]:
    """Find what could not be learned, or not in full.

    Parameters
    ----------
    column : str
        The column of sites.
    sites : tuple of str
    counts : array of int, shape (n_sites,)
    constant : array of str
        Columns that do not vary within sites.
    """
    if len(sites) == 1:
        yield _warn(column, f"one site only, {sites[0]}", "two or more", "Nothing is harmonised.")
        return
    lone = [site for site, count in zip(sites, counts, strict=True) if count == 1]
    if lone:
        yield _warn(
            column,
            f"a single training patient at {name_some(lone)}",
            "two or more, to learn a spread from",
            "There, only the mean is harmonised.",
        )
    if len(constant):
        yield _warn(
            column,
            f"{count_of(len(constant), 'column')} without variation within sites: "
            f"{name_some(constant)}",
            "columns that vary",
            "They are set to their mean.",
        )


def _warn(column: str, met: str, wanted: str, way_out: str) -> Fault:
    return Fault(
        where=f"ComBat: {column}", met=met, wanted=wanted, way_out=way_out, severity="warning"
    )
