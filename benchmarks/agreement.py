"""Print how far figures are from those of their peers, and tell whether any is too far."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError

Row = tuple[str, str, str, float, float]
"""The figure, its peer, what it is computed on, the largest difference, and the one allowed."""


def print_agreement(
    peers: Mapping[str, Callable[[], Sequence[Row]]], widths: tuple[int, int, int]
) -> bool:
    """Print a row a figure; a peer that is not installed is named and left out.

    Returns
    -------
    too_far : bool
        Whether a figure is farther off than it may be.
    """
    first, second, third = widths
    head = f"{'figure':{first}}{'peer':{second}}{'on':{third}}"
    print(f"{head}{'largest difference':>20}{'allowed':>10}")
    too_far = False
    for name, compare in peers.items():
        try:
            rows = compare()
        except (ImportError, PackageNotFoundError, FileNotFoundError) as error:
            print(f"{name}: not installed here ({error})")
            continue
        except subprocess.CalledProcessError as error:
            print(f"{name}: not installed here ({error.stderr.strip().splitlines()[-1]})")
            continue
        for figure, peer, on, off, allowed in rows:
            print(f"{figure:{first}}{peer:{second}}{on:{third}}{off:20.2g}{allowed:10.0e}")
            too_far |= not off <= allowed
    return too_far
