"""Do the figures agree with the packages that others trust?

python benchmarks/references.py > benchmarks/references.txt

AUC, its DeLong interval and the difference of two AUCs beside pROC (R); calibration intercept and
slope with their Wald intervals beside a logistic fit of statsmodels; net benefit beside dcurves;
sample sizes beside pmsampsize. On made-up patients of several sizes, with ties among scores. It
stops with an error where a figure is farther off than its bound; a peer that is missing is named.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from agreement import Row, print_agreement
from measure import describe_machine
from scipy.special import expit

from stratify.metrics import (
    compute_auc_difference,
    compute_auc_interval,
    compute_calibration,
    compute_net_benefit,
    compute_sample_size,
    fit_recalibration,
)

SIZES = (40, 100, 400, 2000)
SEEDS = range(5)
THRESHOLDS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8)

PROC = """
suppressMessages(library(pROC))
for (file in commandArgs(TRUE)) {
  d <- read.csv(file)
  a <- roc(d$y, d$score, direction = "<", levels = c(0, 1), quiet = TRUE)
  b <- roc(d$y, d$other, direction = "<", levels = c(0, 1), quiet = TRUE)
  i <- ci.auc(a, method = "delong")
  t <- roc.test(a, b, method = "delong", paired = TRUE)
  cat(sprintf("%.17g", c(i[2], i[1], i[3], a$auc - b$auc, t$conf.int[1], t$conf.int[2])), "\\n")
}
cat("pROC", as.character(packageVersion("pROC")), "\\n")
"""

"""Figure, peer, on what, the largest difference, and what it may be."""


def make_patients(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, log-odds with ties, and the log-odds of another model."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=n)
    y = (rng.random(n) < expit(0.8 * true - 0.3)).astype(int)
    return y, np.round(true, 1), 0.6 * true + rng.normal(size=n)


def cases() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    for n in SIZES:
        for seed in SEEDS:
            yield make_patients(n, seed)


def compare_proc() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        files, ours = [], []
        for k, (y, score, other) in enumerate(cases()):
            path = Path(folder) / f"{k}.csv"
            frame = pd.DataFrame({"y": y, "score": score, "other": other})
            frame.to_csv(path, index=False, float_format="%.17g")
            files.append(str(path))
            auc = compute_auc_interval(y, score, scale="plain")
            difference = compute_auc_difference(y, score, other)
            ours.append([auc.value, auc.low, auc.high,
                         difference.value, difference.low, difference.high])  # fmt: skip
        script = Path(folder) / "proc.R"
        script.write_text(PROC)
        done = subprocess.run(
            ["Rscript", "--vanilla", str(script), *files],
            capture_output=True,
            text=True,
            check=True,
        )
    *lines, said = done.stdout.strip().splitlines()
    theirs = np.array([[float(word) for word in line.split()] for line in lines])
    off = np.abs(np.array(ours) - theirs).max(axis=0)
    on = f"{len(files)} cohorts of {SIZES[0]} to {SIZES[-1]:,}"
    return [
        ("AUC", said, on, off[0], 1e-9),
        ("its DeLong interval", said, on, off[1:3].max(), 1e-9),
        ("difference of two AUCs", said, on, off[3], 1e-9),
        ("its DeLong interval", said, on, off[4:].max(), 1e-9),
    ]


def compare_statsmodels() -> list[Row]:
    import statsmodels.api as sm

    off = np.zeros(4)
    count = 0
    for y, _, log_odds in cases():
        intercept, slope = compute_calibration(y, log_odds)
        family = sm.families.Binomial()
        ones = np.ones((len(y), 1))
        alone = sm.GLM(y, ones, family=family, offset=log_odds).fit(tol=1e-14)
        both = sm.GLM(y, sm.add_constant(log_odds), family=family).fit(tol=1e-14)
        off[0] = max(off[0], abs(intercept - alone.params[0]))
        off[1] = max(off[1], abs(slope - both.params[1]))
        count += 1
        if both.params[1] <= 0 or min(y.sum(), (1 - y).sum()) < 20:
            continue
        mine = fit_recalibration(y, log_odds, method="intercept and slope")
        given = np.array([[mine.intercept.low, mine.intercept.high],
                          [mine.slope.low, mine.slope.high]])  # fmt: skip
        off[2] = max(off[2], np.abs(given - both.conf_int()).max())
        only = fit_recalibration(y, log_odds).intercept
        off[3] = max(off[3], np.abs(np.array([only.low, only.high]) - alone.conf_int()[0]).max())
    peer, on = f"statsmodels {version('statsmodels')}", f"{count} cohorts"
    return [
        ("calibration intercept", peer, on, off[0], 1e-8),
        ("calibration slope", peer, on, off[1], 1e-8),
        ("intervals, intercept and slope", peer, on, off[2], 1e-6),
        ("interval, intercept alone", peer, on, off[3], 1e-6),
    ]


def compare_dcurves() -> list[Row]:
    import dcurves

    off = np.zeros(2)
    count = 0
    for y, _, log_odds in cases():
        # No likelihood lies on a threshold, where packages differ in who is treated.
        frame = pd.DataFrame({"y": y, "p": expit(log_odds)})
        told = dcurves.dca(frame, "y", ["p"], thresholds=list(THRESHOLDS)).set_index("threshold")
        theirs = {
            name: told[told["model"] == name]["net_benefit"].reindex(THRESHOLDS).to_numpy()
            for name in ("p", "all")
        }
        mine = compute_net_benefit(y, frame["p"].to_numpy(), THRESHOLDS)
        everybody = compute_net_benefit(y, np.ones(len(y)), THRESHOLDS)
        off = np.maximum(off, [np.abs(mine - theirs["p"]).max(),
                               np.abs(everybody - theirs["all"]).max()])  # fmt: skip
        count += 1
    peer, on = f"dcurves {version('dcurves')}", f"{count} cohorts, {len(THRESHOLDS)} thresholds"
    return [
        ("net benefit", peer, on, off[0], 1e-12),
        ("net benefit of treating all", peer, on, off[1], 1e-12),
    ]


def compare_pmsampsize() -> list[Row]:
    from pmsampsize.pmsampsize import cstat2rsq, pmsampsize

    off = np.zeros(4)
    count = 0
    for auc in (0.6, 0.65, 0.7, 0.8):
        for prevalence in (0.2, 0.5, 0.6):
            mine = compute_sample_size(auc=auc, prevalence=prevalence, parameters=1)
            simulated = cstat2rsq(auc, 1 - prevalence, 1, True)["R2_coxsnell"]
            off[3] = max(off[3], abs(mine.r2 - simulated))
            for parameters in (5, 10, 30):
                mine = compute_sample_size(auc=auc, prevalence=prevalence, parameters=parameters)
                theirs = pmsampsize(
                    "b", csrsquared=mine.r2, parameters=parameters, prevalence=prevalence,
                    noprint=True,
                )["results_table"]  # fmt: skip
                for k, name in enumerate(("shrinkage", "optimism", "base rate")):
                    off[k] = max(off[k], abs(mine.by_criterion[name] - theirs[k][1]))
                count += 1
    peer, on = f"pmsampsize {version('pmsampsize')}", f"{count} designs"
    return [
        ("patients, shrinkage", peer, on, off[0], 0),
        ("patients, optimism", peer, on, off[1], 0),
        ("patients, base rate", peer, on, off[2], 0),
        ("R² of an AUC (theirs is simulated)", peer, "12 designs", off[3], 2e-3),
    ]


PEERS: dict[str, Callable[[], list[Row]]] = {
    "pROC": compare_proc,
    "statsmodels": compare_statsmodels,
    "dcurves": compare_dcurves,
    "pmsampsize": compare_pmsampsize,
}


def main() -> None:
    print("PYTHONPATH=. python benchmarks/references.py")
    print(f"{describe_machine()}, pandas {pd.__version__}\n")
    too_far = print_agreement(PEERS, (36, 22, 34))
    if too_far:
        sys.exit("A figure is farther off than it may be.")


if __name__ == "__main__":
    main()
