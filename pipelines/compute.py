"""How the work of a study is done: by whom, and with what kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.study import StudySettings
    from stratify.evaluation import Compute


def choose_compute(settings: StudySettings, workers: int | None, folder: Path) -> Compute:
    """Return how the work is done, which changes no result.

    Parameters
    ----------
    settings : StudySettings
    workers : int, optional
        Processes at once, 0 for one a core; the study's own setting, where not given.
    folder : Path
        Of the runs, beside which finished fits are kept.
    """
    from joblib import cpu_count

    from stratify.evaluation import Compute

    asked = settings.compute
    return Compute(
        workers=(asked.workers if workers is None else workers) or cpu_count(),
        engine=asked.engine,
        scheduler=asked.scheduler if asked.backend == "dask" else None,
        checkpoints=_open_checkpoints(folder) if asked.checkpoints else None,
    )


def _open_checkpoints(folder: Path) -> Path:
    """Return where finished fits are kept beside the runs; forget the old ones."""
    from stratify.evaluation import Checkpoints

    kept = Checkpoints(folder / "checkpoints")
    kept.forget_old()
    return kept.folder
