import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from stratify.report import PatientReport
from stratify.report.drawing import draw_bar, draw_icons, draw_reasons

Make = Callable[..., Any]
HEAD = "a3.5 3.5 0 1 1 7 0a"


def paths(svg: str) -> dict[str, str]:
    """Each path's outline by its fill."""
    return {
        element.get("fill", ""): element.get("d", "")
        for element in ElementTree.fromstring(svg).iter()
        if element.tag.endswith("path")
    }


@pytest.mark.parametrize(
    ("probability", "low", "high"), [(0.62, 0.52, 0.71), (0.004, 0.001, 0.02), (0.99, 0.9, 1.0)]
)
def test_as_many_people_are_filled_as_the_likelihood_counts(
    make_report: Make, probability: float, low: float, high: float
) -> None:
    report = make_report(probability, low, high)
    fills = paths(draw_icons(report.icons))
    filled = fills.get("#1f3a5f", "").count(HEAD)
    empty = fills.get("#ffffff", "").count(HEAD)
    assert (filled, filled + empty) == (report.likelihood.count, 100)
    shaded = fills.get("#c9d1db", "").count("z")
    assert shaded == report.likelihood.high_count - report.likelihood.low_count


def test_people_are_filled_from_the_first(make_report: Make) -> None:
    fills = paths(draw_icons(make_report(0.62).icons))
    first = re.match(r"M([\d.]+) ([\d.]+)", fills["#ffffff"])
    assert first is not None
    # The 63rd person is the third of the seventh row: 20 wide, 23 high.
    assert (float(first[1]), float(first[2])) == (20 * 2 + 10 - 3.5, 23 * 6 + 6.5)


def test_the_scale_puts_each_number_at_its_place(make_report: Make) -> None:
    report = make_report(0.62, 0.52, 0.71)
    root = ElementTree.fromstring(draw_bar(report.bar))
    texts = {e.text: float(e.get("x", "nan")) for e in root.iter() if e.tag.endswith("text")}
    assert [texts[str(tick)] for tick in (0, 25, 50, 75, 100)] == [20, 120, 220, 320, 420]
    band = [e for e in root.iter() if e.tag.endswith("rect")][1]
    assert float(band.get("x", "nan")) == pytest.approx(20 + 4 * 52)
    assert float(band.get("width", "nan")) == pytest.approx(4 * (71 - 52))
    assert f"M{20 + 4 * 47:g} " in draw_bar(report.bar)
    assert f"M{20 + 4 * 62:g} " in draw_bar(report.bar)


@pytest.mark.parametrize("numbers", [(0.004, 0.001, 0.02), (0.99, 0.9, 1.0), (0.2, 0.1, 0.3)])
def test_labels_stay_inside_the_drawing(make_report: Make, numbers: tuple[float, ...]) -> None:
    root = ElementTree.fromstring(draw_bar(make_report(*numbers).bar))
    for element in root.iter():
        if not element.tag.endswith("text") or not element.text:
            continue
        # DejaVu Sans Bold at 11 is on average under 7.2 wide.
        x, width = float(element.get("x", "nan")), 7.2 * len(element.text)
        start = {"middle": x - width / 2, "start": x, "end": x - width}[
            element.get("text-anchor", "start")
        ]
        assert start >= -8
        assert start + width <= 448


def test_bars_are_as_long_as_their_contributions(make_report: Make) -> None:
    report: PatientReport = make_report()
    lengths, contributions = [], []
    for row, svg in zip(report.reasons.rows, draw_reasons(report.reasons), strict=True):
        if row.kind in ("raises", "lowers"):
            (rect,) = (e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("rect"))
            lengths.append(float(rect.get("width", "nan")))
            contributions.append(abs(row.end - row.start))
            assert (rect.get("fill") == "#ffffff") == (row.kind == "lowers")
    scale = lengths[0] / contributions[0]
    assert lengths == pytest.approx([scale * size for size in contributions], abs=0.02)


def test_drawings_are_well_formed_whatever_the_words(make_report: Make) -> None:
    report = make_report(patient='"<&', study={"outcome": '"<&'})
    for svg in (draw_icons(report.icons), draw_bar(report.bar), *draw_reasons(report.reasons)):
        ElementTree.fromstring(svg)
