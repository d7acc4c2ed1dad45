"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stratify.errors import DataError, Fault


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder to write to, if it is not there.

    Raises
    ------
    DataError
        If there is a file of that name, or the disk refuses.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        a_file = isinstance(error, FileExistsError | NotADirectoryError)
        raise DataError(
            Fault(
                where=str(folder),
                met="it cannot be made, since it or a folder above it is a file"
                if a_file
                else f"it cannot be made ({error.strerror})",
                wanted="a folder to write to",
                way_out="Name another folder.",
            )
        ) from None
    return folder


@contextmanager
def naming(path: str | Path, *, instead_of: str | Path | None = None) -> Iterator[None]:
    """Let an error of the disk name the file it is about, which a full disk's does not.

    Parameters
    ----------
    path : str or Path
        The file as its user knows it.
    instead_of : str or Path, optional
        The name it has for the time being.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (
            None,
            None if instead_of is None else str(instead_of),
        ):
            error.filename, error.filename2 = str(path), None
        raise


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
        Empty. Ends as the file does, so that writers which go by the suffix do the same for it.

    Raises
    ------
    DataError
        If the folder cannot be made or written to.

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
    make_folder(path.parent)
    part = path.with_name(f".{secrets.token_hex(4)}.part.{path.name}")
    try:
        part.touch()
    except OSError as error:
        raise DataError(
            Fault(
                where=str(path),
                met=f"it cannot be written ({error.strerror})",
                wanted="a file in a folder that can be written to",
                way_out="Name another place.",
            )
        ) from None
    try:
        with naming(path, instead_of=part):
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
