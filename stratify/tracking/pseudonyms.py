"""Names for patients that mean nothing outside one store."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from stratify.files import publish

_KEY_FILE = ".pseudonym-key"


def pseudonymise(patients: Iterable[str], key: bytes) -> tuple[str, ...]:
    """Give each patient a name that only the holder of the key can lead back to them.

    A plain hash would not do: identifiers are few and short, so anybody could hash them all and
    compare. The hash is keyed.

    Parameters
    ----------
    patients : iterable of str
    key : bytes
        Up to 64 secret bytes; `read_key` keeps one for each store.

    Returns
    -------
    pseudonyms : tuple of str
        In the order of the patients; equal for equal patients under one key.

    Source
    ------
    BLAKE2b in keyed mode, RFC 7693, section 2.9.

    Examples
    --------
    >>> first, second, again = pseudonymise(["P017", "P018", "P017"], b"a secret")
    >>> first == again, first == second
    (True, False)
    """
    return tuple(
        "p-" + hashlib.blake2b(str(patient).encode(), key=key, digest_size=6).hexdigest()
        for patient in patients
    )


def read_key(folder: Path) -> bytes:
    """Return a store's secret key, making it at its first use; only its owner may read the file.

    Parameters
    ----------
    folder : Path
        The store's folder.
    """
    path = folder / _KEY_FILE
    if not path.exists():
        # mkstemp lets only the owner read; the link gives the finished file its name, once.
        handle, made = tempfile.mkstemp(prefix=".making-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        publish(Path(made), path)
    return path.read_bytes()


def find_identifiers(folder: Path, patients: Iterable[str]) -> tuple[str, ...]:
    """Look for patients' identifiers in every file of a store, its database included.

    Parameters
    ----------
    folder : Path
        The store's folder, or any other. Zipped files (a model's among them) are looked into.
    patients : iterable of str
        The identifiers to look for, as whole words.

    Returns
    -------
    places : tuple of str
        The files that hold one, relative to ``folder``; empty when the store keeps its promise.
        The identifiers themselves are not repeated.
    """
    wanted = re.compile(
        rb"(?<![A-Za-z0-9])(?:" + b"|".join(_spellings(patients)) + rb")(?![A-Za-z0-9])"
    )
    return tuple(
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(wanted.search(content) for content in _contents(path))
    )


def _spellings(patients: Iterable[str]) -> list[bytes]:
    plain = {str(patient) for patient in patients}
    escaped = {json.dumps(patient)[1:-1] for patient in plain}
    return [re.escape(spelling.encode()) for spelling in sorted(plain | escaped)]


def _contents(path: Path) -> Iterator[bytes]:
    yield path.name.encode()
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
