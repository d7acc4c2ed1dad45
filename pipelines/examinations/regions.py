"""Which network and hub each region was taken for."""

from __future__ import annotations

from pipelines.examinations.values import Assembled, Attachments


def describe_regions(study: Assembled) -> Attachments:
    """Keep the map of regions, and by which version of the tables it was made."""
    mapped = study.table.network_map
    if mapped is None:
        return Attachments()
    frame = mapped.to_frame().assign(atlas=mapped.atlas, tables_sha256=mapped.digest)
    return Attachments(tables={"network_map": frame})
