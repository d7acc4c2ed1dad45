"""A report as one HTML page that needs nothing else: styles and figures are inside it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from stratify.report.drawing import draw_bar, draw_icons, draw_reasons
from stratify.report.values import PatientReport

if TYPE_CHECKING:
    from jinja2 import Template


def render_html(report: PatientReport) -> str:
    """Draw a report as HTML.

    Everything from the report is escaped; the page loads nothing from anywhere, and prints on
    paper in grayscale. It is readable by a screen reader: headings in order, tables with row and
    column headings, figures described in words.

    Parameters
    ----------
    report : PatientReport

    Returns
    -------
    html : str
        A whole document.
    """
    return _template().render(report=report, **_drawings(report))


def _drawings(report: PatientReport) -> dict[str, Any]:
    from markupsafe import Markup

    # The drawings escape the words they show; the rest of them is numbers.
    return {
        "icons": Markup(draw_icons(report.icons)) if report.icons else None,
        "bar": Markup(draw_bar(report.bar)) if report.bar else None,
        "bars": [Markup(bar) for bar in draw_reasons(report.reasons)] if report.reasons else [],
    }


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("stratify.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
