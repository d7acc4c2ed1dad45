"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def publish(made: Path, target: Path) -> None:
    """Give a finished file its name, unless somebody else was faster; theirs is then kept.

    Parameters
    ----------
    made : Path
        The finished file, on the same disk as ``target``. Its own name is gone afterwards.
    target : Path
    """
    try:
        os.link(made, target)  # unlike a rename, never replaces what is there
    except FileExistsError:
        pass
    except OSError:  # a disk without hard links
        if not target.exists():
            os.rename(made, target)
            return
    made.unlink(missing_ok=True)
