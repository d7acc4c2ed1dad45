"""How well each model does by sex, age, site, arm and condition."""

from __future__ import annotations

import json

from pipelines.examinations.values import Assembled, Attachments, Trained
from pipelines.patients import GROUPINGS


def describe_groupings(study: Assembled) -> Attachments:
    """Find how patients are parted into groups; refuse columns that part nobody."""
    from stratify.evaluation import find_groupings

    found = find_groupings(study.cohort, study.settings.subgroups.columns)
    text = json.dumps([grouping.to_dict() for grouping in found], indent=1)
    return Attachments(texts={GROUPINGS: text})


def examine_subgroups(trained: Trained) -> Attachments:
    """Judge each model in each group of patients, in its own run; the best one in the study's."""
    import pandas as pd

    from stratify.evaluation import compute_evaluation_subgroups, find_groupings, label_patients

    study, settings = trained.study, trained.study.settings
    groupings = find_groupings(study.cohort, settings.subgroups.columns)
    labels = label_patients(groupings, study.cohort, study.table.patients)
    found = {
        k: compute_evaluation_subgroups(
            trained.evaluations[k],
            study.table,
            labels,
            thresholds=settings.usefulness.thresholds,
            level=settings.validation.level,
        )
        for k in trained.speaking
    }
    if trained.best is None:
        return Attachments()
    tables = [one.table.assign(model=trained.evaluations[k].name) for k, one in found.items()]
    return Attachments(
        tables={"subgroups": pd.concat(tables, ignore_index=True)},
        figures=found[trained.best].figures(),
        of_models={k: [one] for k, one in found.items()},
    )
