import numpy as np

from stratify.metrics import compute_null_histogram, plot_null_distribution


def test_every_shuffle_is_counted_once_and_the_observed_figure_lies_inside():
    null = np.random.default_rng(0).normal(0.5, 0.05, 1000)
    for observed in (0.9, 0.1, 0.5):
        table = compute_null_histogram(null, observed)
        assert table["count"].sum() == 1000
        assert table["low"].iloc[0] <= observed <= table["high"].iloc[-1]


def test_equal_figures_are_one_bar():
    assert compute_null_histogram(np.full(9, 0.5), 0.5)["count"].max() == 9


def test_figure_shows_the_observed_value_and_p():
    figure = plot_null_distribution(np.linspace(0.4, 0.6, 99), 0.71, p_value=0.01, title="svm $")
    axes = figure.axes[0]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "observed 0.710, p = 0.01" in words
    assert any("99 shuffles" in word for word in words)
    assert sum(patch.get_height() for patch in axes.patches) == 99
