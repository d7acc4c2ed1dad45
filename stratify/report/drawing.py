"""The figures of a report as SVG, from the report's values alone.

HTML and PDF show the very same drawings. Meaning is carried by fill, hatching, shape and words,
never by hue, so that a grayscale print loses nothing.
"""

from __future__ import annotations

from html import escape

from stratify.report.values import IconArray, LikelihoodBar, ReasonChart, ReasonRow

INK = "#1a1a1a"
DARK = "#1f3a5f"
SHADE = "#c9d1db"
FAINT = "#767676"
FONT = "DejaVu Sans, Verdana, sans-serif"


def draw_icons(icons: IconArray) -> str:
    """Draw a hundred people in ten rows of ten, filled from the top left.

    Examples
    --------
    >>> svg = draw_icons(IconArray(48, (38, 59), ("a", "b", "c"), "words"))
    >>> svg.count("<svg"), 'viewBox="0 0 200 230"' in svg
    (1, True)
    """
    low, high = icons.shaded
    tiles = "".join(f"M{20 * (k % 10)} {23 * (k // 10)}h20v23h-20z" for k in range(low, high))
    filled = "".join(map(_person, range(icons.filled)))
    empty = "".join(map(_person, range(icons.filled, 100)))
    shapes = "".join(
        f'<path d="{path}" {style}/>'
        for path, style in (
            (tiles, f'fill="{SHADE}"'),
            (filled, f'fill="{DARK}" stroke="{DARK}" stroke-width="1"'),
            (empty, f'fill="#ffffff" stroke="{FAINT}" stroke-width="1"'),
        )
        if path
    )
    return _svg(200, 230, shapes)


def _person(k: int) -> str:
    """Return the outline of the k-th person: a head and shoulders."""
    x, y = 20 * (k % 10) + 10, 23 * (k // 10)
    head = f"M{x - 3.5:g} {y + 6.5:g}a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1 -7 0z"
    body = f"M{x - 6} {y + 20}v-4a4.5 4.5 0 0 1 4.5 -4.5h3a4.5 4.5 0 0 1 4.5 4.5v4z"
    return head + body


def draw_bar(bar: LikelihoodBar) -> str:
    """Draw the scale: the range as a band, the patient as a diamond, the average as a dashed line.

    Labels keep inside the drawing whatever the numbers are.
    """
    left, width, top = 20, 400, 34

    def place(count: float) -> float:
        return left + width * count / 100

    ticks = "".join(
        f'<path d="M{place(tick):g} {top + 26}v5" stroke="{INK}" stroke-width="1"/>'
        f'<text x="{place(tick):g}" y="{top + 42}" text-anchor="middle">{tick}</text>'
        for tick in bar.ticks
    )
    x, mean = place(bar.patient), place(bar.average)
    band_width = max(place(bar.high) - place(bar.low), 1)
    shapes = (
        f'<rect x="{left}" y="{top}" width="{width}" height="26" fill="#ffffff" stroke="{FAINT}"/>'
        f'<rect x="{place(bar.low):g}" y="{top}" width="{band_width:g}" height="26" '
        f'fill="{SHADE}" stroke="{INK}" stroke-width="0.8"/>'
        f'<path d="M{mean:g} {top - 6}v56" stroke="{INK}" stroke-width="1.6" '
        'stroke-dasharray="4 3"/>'
        f'<path d="M{x:g} {top + 3}l7 10l-7 10l-7 -10z" fill="{DARK}" stroke="#ffffff" '
        'stroke-width="1"/>'
        f"{ticks}"
        f"{_label(x, 20, bar.patient_label, bold=True)}"
        f"{_label(mean, top + 62, bar.average_label)}"
    )
    return _svg(440, 104, f'<g font-family="{FONT}" font-size="11" fill="{INK}">{shapes}</g>')


def _label(x: float, y: float, text: str, *, bold: bool = False) -> str:
    """Write a label centred on x, or flush with the edge where centring would run over it."""
    half = 3.6 * len(text) + 4
    anchor = "middle"
    if x - half < 0:
        anchor, x = "start", 4
    elif x + half > 440:
        anchor, x = "end", 436
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def draw_reasons(chart: ReasonChart) -> tuple[str, ...]:
    """Draw one bar for each row of the reasons, all on one scale of log-odds."""
    points = [point for row in chart.rows for point in (row.start, row.end)]
    low, high = min(points), max(points)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return tuple(_reason_bar(row, chart, low, high) for row in chart.rows)


def _reason_bar(row: ReasonRow, chart: ReasonChart, low: float, high: float) -> str:
    width, height, margin = 220, 16, 5

    def place(log_odds: float) -> float:
        return round(margin + (width - 2 * margin) * (log_odds - low) / (high - low), 2)

    start, end, base = place(row.start), place(row.end), place(chart.rows[0].start)
    axis = (
        f'<path d="M{base:g} 0v{height}" stroke="{FAINT}" stroke-width="1" stroke-dasharray="2 2"/>'
    )
    if row.kind == "base":
        return _svg(
            width, height, f'{axis}<path d="M{base:g} 2v12" stroke="{INK}" stroke-width="3"/>'
        )
    if row.kind == "total":
        return _svg(
            width,
            height,
            f'{axis}<path d="M{min(start, end):g} 8H{max(start, end):g}" stroke="{INK}" '
            f'stroke-width="1.4"/><path d="M{end:g} 1.5l5 6.5l-5 6.5l-5 -6.5z" fill="{DARK}"/>',
        )
    left, length = min(start, end), max(abs(end - start), 0.8)
    fill = DARK if row.kind == "raises" else "#ffffff"
    bar = (
        f'<rect x="{left:g}" y="3" width="{length:g}" height="10" '
        f'fill="{fill}" stroke="{DARK}" stroke-width="1"/>'
    )
    if row.kind != "raises":
        bar += f'<path d="{_hatching(left, left + length)}" stroke="{DARK}" stroke-width="1"/>'
    return _svg(width, height, axis + bar)


def _hatching(left: float, right: float, top: float = 3, bottom: float = 13) -> str:
    """Return slanting lines that fill a bar, cut at its ends."""
    lines = []
    foot = left - (bottom - top) + 3
    while foot < right:
        start, end = max(foot, left), min(foot + bottom - top, right)
        if end > start:
            lines.append(
                f"M{start:.4g} {bottom - (start - foot):.4g}L{end:.4g} {bottom - (end - foot):.4g}"
            )
        foot += 4
    return "".join(lines)


def _svg(width: int, height: int, shapes: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{shapes}</svg>'
    )
