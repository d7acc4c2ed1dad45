"""What each model gains over the simple ones."""

from __future__ import annotations

from pipelines.examinations.values import Attachments, Trained


def examine_baselines(trained: Trained) -> Attachments:
    """Keep each model's gain over each simple one, such as severity alone."""
    import pandas as pd

    gains = [gain.to_dict() for gain in trained.verdict.gains]
    if not gains:
        return Attachments()
    return Attachments(
        tables={
            "gains_over_baselines": pd.DataFrame(gains),
            "baseline_by_fold": pd.concat(
                [one.by_fold.assign(model=one.name) for one in trained.references],
                ignore_index=True,
            ),
        },
        values={"gains_over_baselines": gains},
    )
