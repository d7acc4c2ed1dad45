"""Take the pictures of MLflow's pages that the guide for researchers shows.

Run from the repository, once `make demo` has left its runs in mlruns:

    .venv/bin/python docs/images/draw_runs.py [STORE]

It needs chromium, which the project otherwise does without; nothing is sent anywhere. Prints the
size of each picture.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
SIZE = (1500, 660)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    f"--window-size={SIZE[0]},{SIZE[1]}",
    "--virtual-time-budget=30000",
)


def take(browser: str, profile: str, address: str, name: str) -> None:
    """Open a page and write what it shows as a PNG of few colours."""
    from PIL import Image

    path = FOLDER / name
    subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={profile}", f"--screenshot={path}", address],
        check=True,
        capture_output=True,
        timeout=180,
    )
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{name:18} {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    from stratify.tracking import find_run, list_studies, open_store
    from stratify.tracking.ui import running_server

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        sys.exit("chromium is not installed")
    store = open_store(sys.argv[1] if len(sys.argv) > 1 else "mlruns")
    study = find_run(store, list_studies(store)[0].name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runs = f"#/experiments/{study.experiment_id}/runs"
    with (
        running_server(store, port=port) as (address, _),
        tempfile.TemporaryDirectory() as profile,
    ):
        # The first page only settles the browser's choices; what it shows next is taken twice,
        # since the first visit spends its time on loading.
        for _ in range(2):
            take(browser, profile, f"{address}/stratify{runs}", "runs.png")
        take(browser, profile, f"{address}/{runs}?compareRunsMode=CHART", "charts.png")


if __name__ == "__main__":
    main()
