"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside a file; it takes the file's place when the block ends well.

    A block that fails, or a process that is killed, leaves the file as it was.

    Parameters
    ----------
    path : str or Path
        The file to write; its folder is made if need be.

    Yields
    ------
    part : Path
        Ends as the file does, so that writers which go by the suffix do the same for it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "note.txt") as part:
    ...         _ = part.write_text("whole")
    ...     [(file.name, file.read_text()) for file in Path(folder).iterdir()]
    [('note.txt', 'whole')]
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(4)}.part.{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


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
