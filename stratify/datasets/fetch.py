"""Public files: from their pinned place or from a mirror, never without their checksum."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from stratify.errors import DataError, Fault

MIRROR_VARIABLE = "STRATIFY_DATA"
RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    """One file of a public data set.

    Parameters
    ----------
    url : str
        Its address at one commit of its public repository.
    sha256 : str
        The checksum of the file at that address.
    mirror : str
        Its path in a mirror folder, data set first.
    mirror_sha256 : str
        The checksum of the mirror's copy, where that was converted; else the same.
    """

    url: str
    sha256: str
    mirror: str
    mirror_sha256: str = ""


def fetch_file(file: PublicFile, *, mirror: str | Path | None = None) -> Path:
    """Return the path of a public file, downloaded into the local cache if need be.

    With a mirror nothing is downloaded. Either way the file's SHA-256 is checked on every call.

    Parameters
    ----------
    file : PublicFile
    mirror : path, optional
        A folder with one folder a data set; by default the one named by the environment variable
        ``STRATIFY_DATA``. That is the only variable the library reads, and it is read here alone,
        as scikit-learn reads ``SCIKIT_LEARN_DATA``: where data lie is a matter of the machine, not
        of a study.

    Raises
    ------
    DataError
        If the file is not in the mirror, cannot be downloaded, or is not the file it should be.
    """
    import pooch

    mirror = mirror or os.environ.get(MIRROR_VARIABLE)
    if mirror:
        path = Path(mirror) / file.mirror
        if not path.is_file():
            raise DataError(
                Fault(
                    where=str(path),
                    met="no such file",
                    wanted="the mirror holds one folder a data set",
                    way_out=f"Correct the mirror (argument `mirror`, or {MIRROR_VARIABLE}), or "
                    "name none, and the file is downloaded.",
                )
            )
        _check(path, file.mirror_sha256 or file.sha256)
        return path
    cache = Path(pooch.os_cache("stratify"))
    try:
        return Path(
            pooch.retrieve(
                file.url,
                known_hash=f"sha256:{file.sha256}",
                fname=file.mirror.replace("/", "-"),
                path=cache,
            )
        )
    except (OSError, ValueError) as error:
        raise DataError(
            Fault(
                where=file.url,
                met=str(error).splitlines()[0],
                wanted=f"the file whose SHA-256 is {file.sha256}",
                way_out="Check the connection and try again, or name a folder that holds the file "
                f"as {file.mirror} (argument `mirror`, or {MIRROR_VARIABLE}).",
            )
        ) from error


def _check(path: Path, sha256: str) -> None:
    import pooch

    met = pooch.file_hash(str(path), alg="sha256")
    if met != sha256:
        raise DataError(
            Fault(
                where=str(path),
                met=f"SHA-256 {met}",
                wanted=f"the published file's is {sha256}",
                way_out="The copy is damaged or is another version: get it again.",
            )
        )
