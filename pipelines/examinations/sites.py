"""Whether patients are told apart within a site, or only sites from one another."""

from __future__ import annotations

import numpy as np

from pipelines.examinations.values import Attachments, Trained
from stratify.metrics.resampling import FEWEST_GROUPS


def examine_sites(trained: Trained) -> Attachments:
    """Put each model's AUC over all sites beside that within them, where there are several."""
    import pandas as pd

    from stratify.evaluation import compute_site_agreement, tabulate_site_agreements

    asked = trained.study.settings.validation
    found = [
        compute_site_agreement(one, trained.study.table, seed=asked.seed, level=asked.level)
        for one in trained.evaluations
        if one.family != "prevalence"
    ]
    told = [agreement for agreement in found if agreement is not None]
    of_whom = say_whose_intervals(trained.study.table.by, asked.scheme)
    if not told:
        return Attachments(sentences=of_whom)
    by_site = [one.by_site.assign(model=one.name) for one in told]
    return Attachments(
        tables={
            "site_agreement": tabulate_site_agreements(told),
            "auc_by_site": pd.concat(by_site, ignore_index=True),
        },
        values={"site_agreement": [one.to_dict() for one in told]},
        sentences=[
            *(f"Sites: {one}" for one in told if one.finding in ("disagree", "differ")),
            *of_whom,
        ],
    )


def say_whose_intervals(by: np.ndarray | None, scheme: str) -> list[str]:
    """Say that intervals are of the patients of those sites or trials that were held out whole.

    They draw patients, and not sites: what a site of its own adds is not in them.
    """
    if by is None or scheme not in ("leave one site out", "leave one trial out"):
        return []
    unit = "site" if scheme == "leave one site out" else "trial"
    units = len(np.unique(by))
    few = f", and {units} are too few to tell how they would be" if units < FEWEST_GROUPS else ""
    return [
        f"Intervals: they are of patients of these {units} {unit}s. A new {unit} may differ by "
        f"more than they say{few}."
    ]
