"""How fast patients' reports are drawn, beside a waterfall picture by matplotlib.

Run: python benchmarks/report_speed.py [number of reports]

Prints milliseconds a report (median, quartiles) and ratios; ratios in one run are what counts,
since the milliseconds move with the machine. Before timing, it checks that drawing alone, in a
batch and in threads gives the same bytes.
"""

from __future__ import annotations

import datetime
import io
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.special import logit

from stratify.explanation.values import Reason
from stratify.metrics.estimates import Estimate
from stratify.report import (
    CalibrationBin,
    PatientReport,
    StudySummary,
    build_report,
    render_html,
    render_pdf,
)

STUDY = StudySummary(
    name="benchmark",
    date=datetime.date(2026, 11, 2),
    question="response under treatment",
    treatment="tms+ketamine",
    condition="depression",
    outcome="response at week 6",
    rule="response: madrs_week6 is at least 50% below madrs_baseline",
    n_patients=300,
    n_responders=141,
    family="logistic",
    features="both",
    n_models=7,
    metrics={
        "auc": Estimate(0.65, 0.58, 0.72),
        "brier": Estimate(0.231, 0.215, 0.247),
        "calibration_intercept": Estimate(-0.02, -0.25, 0.21),
        "calibration_slope": Estimate(0.92, 0.55, 1.29),
    },
    calibration=(
        CalibrationBin(0.18, 0.44, 0.35, 0.36, 150),
        CalibrationBin(0.44, 0.81, 0.58, 0.58, 150),
    ),
    responder_model=True,
    run_id="0" * 32,
    digest="0" * 64,
    version="0",
    simulated=True,
)


def make_report(k: int) -> PatientReport:
    """One report of ten reasons; no two are alike."""
    rng = np.random.default_rng(k)
    probability = float(rng.uniform(0.55, 0.75))
    contributions = rng.normal(size=10) * 0.3
    base, total = -0.12, float(logit(probability))
    reasons = [
        Reason(f"clinical factor number {j}", f"{rng.integers(10, 60)} points", float(c))
        for j, c in enumerate(contributions)
    ]
    rest = total - base - float(contributions.sum())
    return build_report(
        STUDY,
        patient=f"P{k:04d}",
        probability=probability,
        low=probability - 0.05,
        high=probability + 0.05,
        reasons=(*reasons, Reason("everything else", "31 more", rest)),
        base_log_odds=base,
        log_odds=total,
    )


def draw_waterfall(report: PatientReport) -> bytes:
    """The usual way: the reasons as a PNG by matplotlib, without any of the words around it."""
    from matplotlib.figure import Figure

    assert report.reasons is not None
    rows = report.reasons.rows
    figure = Figure(figsize=(7, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.barh(
        range(len(rows)),
        [row.end - row.start for row in rows],
        left=[row.start for row in rows],
        tick_label=[row.label for row in rows],
    )
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def time_each(draw: Callable[[PatientReport], object], reports: Sequence[PatientReport]) -> str:
    draw(reports[0])
    spent = []
    for report in reports:
        start = time.perf_counter()
        draw(report)
        spent.append(1000 * (time.perf_counter() - start))
    low, middle, high = np.percentile(spent, [25, 50, 75])
    MEDIAN[draw.__name__] = float(middle)
    return f"{middle:7.2f} ms a report ({low:.2f} to {high:.2f})"


MEDIAN: dict[str, float] = {}


def main() -> None:
    reports = [make_report(k) for k in range(int(sys.argv[1]) if len(sys.argv) > 1 else 40)]
    alone = [render_pdf(report) for report in reports]
    assert alone == [render_pdf(report) for report in reports]
    print(f"{len(reports)} reports of two pages, {len(alone[0]) // 1000} kB each")
    print("PDF                     ", time_each(render_pdf, reports))
    print("HTML                    ", time_each(render_html, reports))
    print("waterfall PNG alone     ", time_each(draw_waterfall, reports[:10]))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(render_pdf, reports[:4]))
        start = time.perf_counter()
        assert list(threads.map(render_pdf, reports)) == alone
        each = 1000 * (time.perf_counter() - start) / len(reports)
    print(f"PDF, two threads         {each:7.2f} ms a report")
    print(f"two threads : one        {MEDIAN['render_pdf'] / each:7.1f} times as fast")
    ratio = MEDIAN["draw_waterfall"] / MEDIAN["render_pdf"]
    print(f"PDF : waterfall alone    {ratio:7.1f} times as fast")


if __name__ == "__main__":
    main()
