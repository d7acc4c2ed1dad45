"""Every figure kept of simulated patients says so; no figure of real ones does."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from stratify.tracking import add_to_run, drawing, items, start_study


def draw(title: str) -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.subplots().set_title(title)
    return figure


@pytest.fixture
def said(monkeypatch) -> list[set[str]]:
    """What each figure says, texts that are not drawn left out, in the order they are written."""
    said: list[set[str]] = []
    save = Figure.savefig

    def remember(figure, *arguments, **named):
        said.append({text.get_text() for text in figure.texts if text.get_visible()})
        save(figure, *arguments, **named)

    monkeypatch.setattr(Figure, "savefig", remember)
    return said


def test_every_figure_of_a_simulated_study_says_so(store, make_model_run, begin, said):
    figures = {"roc": draw("ROC curve"), "beeswarm": draw("Contributions")}
    with begin(store) as study:
        model = study.log_model_run(make_model_run(figures=figures))
        study.finish(verdict="None.", figures={"comparison": draw("Models")})
    add_to_run(store, model, figures={"later": draw("Later")})
    assert said == [{drawing.SIMULATED}] * 4
    assert all(figure.texts == [] for figure in figures.values())


def test_no_figure_of_real_patients_is_called_simulated(store, make_model_run, said):
    with start_study(store, experiment="real", name="real", digest="ab" * 32) as study:
        model = study.log_model_run(make_model_run())
        study.finish(verdict="None.", figures={"comparison": draw("Models")})
    add_to_run(store, model, figures={"later": draw("Later")})
    assert said == [set()] * 3


def test_the_words_stand_below_the_figure_and_cover_nothing(tmp_path):
    figure = draw("ROC curve")
    read = {}
    for simulated in (True, False):
        [item] = items.make_items(figures={"a": figure}, simulated=simulated, key=b"key")
        item.write(tmp_path / f"{simulated}.png")
        read[simulated] = imread(tmp_path / f"{simulated}.png")
    marked, plain = read[True], read[False]
    added = marked.shape[0] - plain.shape[0]
    red = (marked[..., 0] - marked[..., 1:3].max(axis=-1)) > 0.3
    rows = np.flatnonzero(red.any(axis=1))
    assert added > 0
    # Saved figures have a blank margin of 15 rows, which the words may begin in.
    assert rows.min() >= plain.shape[0] - 15
