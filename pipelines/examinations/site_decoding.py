"""Whether the site can be told from the features, before and after harmonisation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.examinations.values import Assembled, Attachments

if TYPE_CHECKING:
    from stratify.evaluation import SiteDecoding
    from stratify.task import Table

FEWEST_SITES = 2


def describe_site_decoding(study: Assembled) -> Attachments:
    """Tell sites from features, where two sites or more have patients in each fold."""
    site, folds = study.table.site, study.settings.validation.folds
    large = [] if site is None else [one for one, n in Counter(site).items() if n >= folds]
    if site is None or len(large) < FEWEST_SITES:
        return Attachments()
    from stratify.evaluation import plot_site_decoding

    features = "connectivity" if "connectivity" in study.table.has else "clinical"
    decoding = _decode(study, study.table.select(features))  # type: ignore[arg-type]
    return Attachments(
        tables={"site_decoding": decoding.to_frame(), "site_decoding_by_site": decoding.by_site},
        figures={
            "site_decoding": plot_site_decoding(decoding, title=f"Site from {features} features")
        },
        values={"site_decoding": decoding.to_dict()},
        sentences=[_say(decoding, features)],
    )


def _decode(study: Assembled, table: Table) -> SiteDecoding:
    from stratify.evaluation import compute_site_decoding

    asked = study.settings.validation
    assert table.site is not None
    before, after = _make_steps(table)
    # Folds that keep sites together would hold out each site whole.
    groups = None if asked.together == "site" else table.groups
    return compute_site_decoding(
        table.X,
        table.site,
        before=before,
        after=after,
        y=table.y,
        groups=groups,
        folds=asked.folds,
        repeats=asked.repeats,
        seed=asked.seed,
    )


def _make_steps(table: Table) -> tuple[Any, Any]:
    """Return the study's preparation without its harmonisation, and with it if there is one."""
    harmonised = table.preparation.harmonise != "none"
    plain = replace(table.preparation, harmonise="none", preserve=(), unseen_site="refuse")
    before = replace(table, preparation=plain).preparer
    if before is not None and not harmonised and not table.unused and plain.changes_nothing:
        return None, None
    return before, table.preparer if harmonised else None


def _say(decoding: SiteDecoding, features: str) -> str:
    told = f"Site decoding: {decoding} (0.5 is chance)"
    last = decoding.before if decoding.after is None else decoding.after
    if last.low > 0.5:
        return (
            f"{told}. A model can know the site from {features} features, so part of what it finds "
            "may be the site."
        )
    return f"{told}."
