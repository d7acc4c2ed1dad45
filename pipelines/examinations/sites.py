"""Whether patients are told apart within a site, or only sites from one another."""

from __future__ import annotations

from pipelines.examinations.values import Attachments, Trained


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
    if not told:
        return Attachments()
    by_site = [one.by_site.assign(model=one.name) for one in told]
    return Attachments(
        tables={
            "site_agreement": tabulate_site_agreements(told),
            "auc_by_site": pd.concat(by_site, ignore_index=True),
        },
        values={"site_agreement": [one.to_dict() for one in told]},
        sentences=[f"Sites: {one}" for one in told if one.finding in ("disagree", "differ")],
    )
