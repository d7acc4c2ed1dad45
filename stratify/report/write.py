"""Reports as files."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from stratify.files import make_folder
from stratify.report.html import render_html
from stratify.report.pdf import render_pdf, replace_file
from stratify.report.values import PatientReport

_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)")


def write_report(report: PatientReport, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a report as HTML and as PDF; neither is ever seen half-written.

    Both are drawn before either is written.

    Parameters
    ----------
    report : PatientReport
    folder : path
        Made where it does not exist.

    Returns
    -------
    html, pdf : Path
        Named after the patient; see `report_stem`.
    """
    html, pdf = render_html(report).encode(), render_pdf(report)
    folder = make_folder(folder)
    stem = report_stem(report.patient)
    return (
        replace_file(folder / f"{stem}.html", html),
        replace_file(folder / f"{stem}.pdf", pdf),
    )


def report_stem(patient: str) -> str:
    """Return a file name for a patient, without ending, that no other patient's can collide with.

    An identifier of capital letters, digits, ``-`` and ``_`` is its own name. Any other is made
    safe and followed by a part of its digest, so that ``a/b`` and ``a:b`` stay apart, and ``p1``
    and ``P1`` too on file systems that do not tell them apart.

    Examples
    --------
    >>> report_stem("P017"), report_stem("../p 017")
    ('P017', 'p-017-67c05079')
    """
    if re.fullmatch(r"[A-Z0-9][A-Z0-9_-]{0,63}", patient) and not _RESERVED.fullmatch(patient):
        return patient
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", patient).strip("-_")[:48]
    digest = hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe or 'patient'}-{digest}"
