"""Refuse files above a size: a commit hook, given the names of the files of a commit."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Print every file that is too large; return 1 if there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-kb", type=int, default=500)
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    large = [
        (file, file.stat().st_size / 1000)
        for file in arguments.files
        if file.is_file() and file.stat().st_size > 1000 * arguments.most_kb
    ]
    for file, size in large:
        sys.stdout.write(f"{file}: {size:,.0f} kB; the most is {arguments.most_kb} kB\n")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
