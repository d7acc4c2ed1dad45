"""A report as a PDF: two pages, tagged for screen readers, the same bytes for the same report."""

from __future__ import annotations

import datetime
import json
import os
import re
import threading
import unicodedata
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stratify.files import replacing
from stratify.report.drawing import draw_bar, draw_icons, draw_reasons
from stratify.report.values import PatientReport

if TYPE_CHECKING:
    import typst


_TEMPLATES = Path(__file__).parent / "templates"
_PAGES = 2
# In points. Ordinary content fits at the first; unusually long words are set smaller, down to a
# size that can still be read, before a third page is accepted.
_SIZES = (8.6, 8.0, 7.4, 6.8)


def render_pdf(report: PatientReport) -> bytes:
    """Draw a report as a PDF.

    Equal reports give equal bytes, whatever machine and day: the document's date is the report's,
    and its font comes with matplotlib, never from the system. The file conforms to PDF/UA-1
    (tagged, with a title, a language and described figures).

    A character the font lacks is written as its code point, ``[U+60A3]``, so that two patients
    never look alike; `render_html` shows it in the reader's own fonts.

    Many reports are drawn fastest by a few threads: the work is done outside Python's lock.

    Parameters
    ----------
    report : PatientReport

    Returns
    -------
    pdf : bytes
    """
    content = _content(report)
    for size in _SIZES:
        pdf = _compile(_source({**content, "size": size}), report.day)
        if _count_pages(pdf) <= _PAGES:
            break
    return pdf


def render_pictures(report: PatientReport, *, dots_per_inch: float = 110) -> tuple[bytes, ...]:
    """Draw each page of a report as a PNG picture, for a guide or a lecture.

    A picture cannot be read aloud or searched; the report itself is the PDF or the HTML.

    Parameters
    ----------
    report : PatientReport
    dots_per_inch : float

    Returns
    -------
    pages : tuple of bytes
    """
    content = _content(report)
    for size in _SIZES:
        drawn = _compiler().compile(
            input=_source({**content, "size": size}), format="png", ppi=dots_per_inch
        )
        pages = [page for page in (drawn if isinstance(drawn, list) else [drawn]) if page]
        if len(pages) <= _PAGES:
            break
    return tuple(pages)


def _content(report: PatientReport) -> dict[str, Any]:
    """Return what the template draws: the report's values, and its figures as drawings."""
    content = {
        **asdict(report),
        "day": [report.day.year, report.day.month, report.day.day],
        "running": _running_title(report),
    }
    content = _printable(content)
    content["drawings"] = {
        "icons": draw_icons(report.icons) if report.icons else None,
        "bar": draw_bar(report.bar) if report.bar else None,
        "bars": list(draw_reasons(report.reasons)) if report.reasons else [],
    }
    return content


def _source(content: dict[str, Any]) -> bytes:
    return f'#import "report.typ": draw\n#draw(json(bytes({_literal(content)})))'.encode()


def _compile(source: bytes, day: datetime.date) -> bytes:
    pdf = _compiler().compile(
        input=source,
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=datetime.datetime.combine(day, datetime.time(), datetime.UTC),
    )
    assert isinstance(pdf, bytes)
    return pdf


def _literal(content: dict[str, Any]) -> str:
    r"""Write values as JSON in a typst string, in which nothing but ``\`` and ``"`` is special.

    Typst keeps what it has laid out from one report to the next as long as ``sys.inputs`` stays
    as it is, so the values come this way instead.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _count_pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type ?/Page\b", pdf))


def write_pdf(report: PatientReport, path: str | os.PathLike[str]) -> Path:
    """Write a report's PDF; a file of that name is replaced at once or not at all.

    Parameters
    ----------
    report : PatientReport
    path : path
        Its folder must exist.

    Returns
    -------
    path : Path
    """
    return replace_file(Path(path), render_pdf(report))


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    with replacing(path) as part:
        part.write_bytes(content)
    return path


def _running_title(report: PatientReport) -> str:
    """Name the patient in the foot of each page, in case pages get parted."""
    patient = report.patient
    return patient if len(patient) <= 48 else patient[:47] + "…"


def _font_folder() -> Path:
    specification = find_spec("matplotlib")
    assert specification is not None
    assert specification.origin is not None
    return Path(specification.origin).parent / "mpl-data" / "fonts" / "ttf"


@cache
def _fonts() -> typst.Fonts:
    """Read the fonts once; that costs more than drawing a report."""
    import typst

    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_font_folder())],
    )


_of_thread = threading.local()


def _compiler() -> typst.Compiler:
    """Return this thread's compiler; one compiler cannot serve two threads at once."""
    import typst

    if not hasattr(_of_thread, "compiler"):
        _of_thread.compiler = typst.Compiler(root=str(_TEMPLATES), font_paths=_fonts())
    return _of_thread.compiler


@cache
def _has_glyph() -> frozenset[int]:
    """Return the code points that the regular and the bold font both have."""
    from matplotlib.ft2font import FT2Font

    faces = (
        set(FT2Font(str(_font_folder() / name)).get_charmap())
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    )
    return frozenset(set.intersection(*faces))


def _printable(content: Any) -> Any:
    """Replace what the font cannot show, anywhere in the content."""
    if isinstance(content, str):
        # These blocks are known to be whole, and almost every report needs no others.
        if all(character <= "ſ" or "‐" <= character <= "…" for character in content):
            return content
        return "".join(map(_shown, content))
    if isinstance(content, dict):
        return {key: _printable(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_printable(value) for value in content]
    return content


def _shown(character: str) -> str:
    covered = ord(character) in _has_glyph() and unicodedata.category(character) != "Co"
    return character if covered else f"[U+{ord(character):04X}]"
