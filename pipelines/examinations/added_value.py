"""What connectivity adds to clinical columns."""

from __future__ import annotations

from pipelines.examinations.values import Attachments, Trained


def examine_added_value(trained: Trained) -> Attachments:
    """Compare models with and without connectivity, where both were used."""
    from stratify.evaluation import compute_added_value, tabulate_added_value

    found = compute_added_value(trained.evaluations)
    return Attachments(
        tables={"added_value": tabulate_added_value(found)} if found else {},
        values={"added_value": [value.to_dict() for value in found]},
        sentences=[f"Added value: {value}." for value in found],
    )
