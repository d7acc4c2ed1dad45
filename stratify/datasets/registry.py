"""Public data sets by name, as study files ask for them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from stratify.datasets.help_linkage import fetch_help
from stratify.datasets.opn_thickness import fetch_opn_multisite_thickness
from stratify.datasets.public import Dataset
from stratify.datasets.rpn_signature import fetch_rpn_signature
from stratify.datasets.sudmex_targets import fetch_sudmex_tms_targets
from stratify.datasets.sudmex_tms import fetch_sudmex_tms
from stratify.datasets.tulsa_mdd import fetch_tulsa_mdd
from stratify.errors import Fault, SettingsError

DATASETS: dict[str, Callable[..., Dataset]] = {
    "tulsa_mdd": fetch_tulsa_mdd,
    "sudmex_tms": fetch_sudmex_tms,
    "sudmex_tms_targets": fetch_sudmex_tms_targets,
    "help": fetch_help,
    "rpn_signature": fetch_rpn_signature,
    "opn_multisite_thickness": fetch_opn_multisite_thickness,
}


def fetch(name: str, mirror: str | Path | None = None) -> Dataset:
    """Fetch a public data set by its name.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else files are downloaded.

    Raises
    ------
    SettingsError
        If there is no data set of that name.
    DataError
        If a file cannot be had, or is not the file it should be.
    """
    if name not in DATASETS:
        near = difflib.get_close_matches(str(name), DATASETS, n=1)
        raise SettingsError(
            Fault(
                where="cohort.dataset",
                met=repr(name),
                wanted=f"one of {', '.join(DATASETS)}",
                way_out=f"Did you mean {near[0]!r}?" if near else "Choose one of them.",
            )
        )
    return DATASETS[name](mirror=mirror)
