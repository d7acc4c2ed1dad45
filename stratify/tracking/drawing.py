"""Figures as PNG, drawn by other processes while this one writes everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIMULATED = "Simulated patients: nothing here is evidence about real people"


def draw_figures(
    figures: Mapping[str, Figure], *, simulated: bool, workers: int = 1
) -> dict[str, Callable[[Path], object]]:
    """Return a writer of each figure; with several workers, drawing has begun by then.

    Parameters
    ----------
    figures : mapping of str to Figure
    simulated : bool
        Whether each says at its foot that its patients are made up.
    workers : int
        Processes that draw.

    Returns
    -------
    writers : dict of str to callable
        Of the file to write; each is called once.
    """
    # Only a study that draws needs what evaluation brings along.
    from stratify.evaluation.workers import run_tasks

    running = run_tasks(_draw, simulated, list(figures.values()), workers=workers)
    drawing = _Drawing(tuple(figures), running)
    return {name: partial(drawing.write, name) for name in figures}


class _Drawing:
    def __init__(self, names: tuple[str, ...], running: Iterator[tuple[int, bytes]]) -> None:
        self._names = names
        self._running = running
        self._drawn: dict[str, bytes] = {}

    def write(self, name: str, path: Path) -> None:
        while name not in self._drawn:
            position, png = next(self._running)
            self._drawn[self._names[position]] = png
        path.write_bytes(self._drawn.pop(name))


def _draw(simulated: bool, figure: Figure) -> bytes:
    # Below all that is drawn, whatever its layout; the caller's figure is left as it was.
    mark = figure.text(1, -0.01, SIMULATED, ha="right", va="top", color="firebrick", size=9)
    mark.set_visible(simulated)
    drawn = BytesIO()
    try:
        figure.savefig(drawn, dpi=150, bbox_inches="tight")
    finally:
        mark.remove()
    return drawn.getvalue()
