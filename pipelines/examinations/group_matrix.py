"""What the connectivity of these patients is on average."""

from __future__ import annotations

from pipelines.examinations.values import Assembled, Attachments


def describe_group_matrix(study: Assembled) -> Attachments:
    """Draw the mean matrix, ordered by network, and by how much responders differ from it.

    The difference is a description and says so: nothing is tested.
    """
    scans = study.scans
    if scans is None or len(scans.regions) < 2:
        return Attachments()
    from stratify.connectome import compute_group_matrix, plot_group_matrix

    assert study.table.y is not None
    edges = compute_group_matrix(scans, study.table.y)
    responders = int(study.table.y.sum())
    others = len(study.table) - responders
    return Attachments(
        tables={"group_matrix": edges},
        figures={
            "group_matrix": plot_group_matrix(
                edges,
                title=f"Mean of {len(scans)} patients, regions ordered by network",
                unit=scans.kind,
            ),
            "group_difference_descriptive": plot_group_matrix(
                edges,
                column="difference",
                title=f"{study.table.task.rule.name}: mean of {responders} with it less mean of "
                f"{others} without,\na description of these patients, not tested, not a finding",
                unit=f"difference in {scans.kind}",
            ),
        },
    )
