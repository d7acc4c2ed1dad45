"""A patient's report: content first, then HTML and PDF made from it and from it alone."""

from stratify.report.content import build_report
from stratify.report.html import render_html
from stratify.report.pdf import render_pdf, write_pdf
from stratify.report.values import (
    NOT_TESTED_ON,
    CalibrationBin,
    Likelihood,
    PatientReport,
    StudySummary,
)
from stratify.report.write import report_stem, write_report

__all__ = [
    "NOT_TESTED_ON",
    "CalibrationBin",
    "Likelihood",
    "PatientReport",
    "StudySummary",
    "build_report",
    "render_html",
    "render_pdf",
    "report_stem",
    "write_pdf",
    "write_report",
]
