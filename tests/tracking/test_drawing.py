import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stratify.explanation import plot_glass_brain
from stratify.metrics.plots import plot_roc
from stratify.tracking.drawing import draw_figures


def make_roc() -> Figure:
    rng = np.random.default_rng(0)
    y, f = np.repeat([0, 1], 30), rng.normal(size=60)
    predictions = pd.DataFrame(
        {"repeat": 0, "fold": np.arange(60) % 5, "y": y, "log_odds": f, "probability": f}
    )
    return plot_roc(predictions)


def make_brain() -> Figure:
    # nilearn draws with classes of its own, which travel to other processes too.
    columns = ["first", "second", "mean_absolute", "direction"]
    columns += [f"{end}_{axis}" for end in ("first", "second") for axis in "xyz"]
    edges = [["A", "B", 0.2, 0.1, -40, 20, 10, 40, -50, 30]]
    return plot_glass_brain(pd.DataFrame(edges, columns=columns))


def make_figures() -> dict[str, Figure]:
    plain = Figure(figsize=(3, 2), layout="constrained")
    plain.subplots().imshow(np.arange(12.0).reshape(3, 4))
    return {"roc": make_roc(), "plain": plain, "brain": make_brain()}


def draw(figures, folder, **how):
    writers = draw_figures(figures, simulated=True, **how)
    for name in reversed(list(writers)):
        writers[name](folder / name)
    return {name: (folder / name).read_bytes() for name in writers}


def test_workers_draw_every_figure_to_the_byte_in_whatever_order_they_are_asked_for(
    tmp_path,
):
    # Made anew each time, since laying out a figure changes it.
    alone = draw(make_figures(), tmp_path)
    assert all(png.startswith(b"\x89PNG") for png in alone.values())
    assert len(set(alone.values())) == 3
    beside = draw(make_figures(), tmp_path, workers=2)
    assert [name for name in alone if alone[name] != beside[name]] == []


def test_the_figures_are_left_as_they_were(tmp_path):
    figures = make_figures()
    before = {name: list(figure.texts) for name, figure in figures.items()}
    draw(figures, tmp_path)
    assert {name: list(figure.texts) for name, figure in figures.items()} == before


def test_no_figures_need_no_workers():
    assert draw_figures({}, simulated=False, workers=2) == {}
