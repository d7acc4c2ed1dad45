"""Do the figures of censored outcomes agree with scikit-survival and with R's survival, and cover?

OMP_NUM_THREADS=1 python benchmarks/time_to_event.py --studies 100 > benchmarks/time_to_event.txt

Cox weights with and without a ridge penalty, the partial likelihood, Harrell's and Uno's
concordance, the AUC and the Brier score at a horizon, Kaplan–Meier curves with their intervals: on
made-up patients of several sizes, with ties (R alone, as scikit-survival weights those tied with
somebody censored in another way) and without. It stops with an error where a figure is farther off
than its bound; a peer that is missing is named.

Then, on simulated studies: how often the interval of the held-out concordance holds the concordance
that a model of all patients reaches on fresh ones, and how often noise is taken for a model.
With ``--comparisons``, of two models: how often the interval of the difference holds the difference
on fresh patients, and how often one is called better. With ``--elsewhere``: how often the interval
of a validation holds the model's concordance.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from agreement import Row, print_agreement
from measure import describe_machine

from stratify.cohort import Cohort
from stratify.folds import Fold, draw_folds
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import (
    CensoredOutcome,
    FollowedModel,
    FollowedTable,
    TimeToEventEvaluation,
    assemble_followed,
    compare_followed,
    compute_auc_at,
    compute_brier_parts,
    compute_harrell_c,
    compute_kaplan_meier,
    compute_partial_likelihood,
    compute_uno_c,
    cross_validate_cox,
    fit_cox,
    fit_followed_model,
    make_time_to_event_verdict,
    validate_followed,
)

SIZES = (40, 100, 400)
SEEDS = range(5)
PENALTY = 5.0

SURVIVAL = """
library(survival)
for (file in commandArgs(TRUE)) {
  d <- read.csv(file)
  x <- as.matrix(d[, grep("^x", names(d))])
  y <- Surv(d$time, d$event)
  h <- d$horizon[1]
  tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 200)
  plain <- coxph(y ~ x, ties = "efron", control = tight)
  harrell <- concordance(y ~ d$risk, reverse = TRUE)$concordance
  uno <- concordance(y ~ d$risk, reverse = TRUE, timewt = "n/G2", ymax = h)$concordance
  k <- summary(survfit(y ~ 1, conf.type = "log-log"), times = h, extend = TRUE)
  cat(sprintf("%.17g", c(coef(plain), plain$loglik[2], harrell, uno, k$surv, k$lower, k$upper)),
      "\\n")
}
cat("survival", as.character(packageVersion("survival")), "\\n")
"""

"""Figure, peer, on what, the largest difference, and what it may be."""
Patients = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]


def make_patients(n: int, seed: int, *, ties: bool) -> Patients:
    """Return columns, times, events, risks with ties, and a horizon."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    time = rng.exponential(np.exp(-0.7 * X[:, 0]))
    lost = rng.exponential(1.5, n)
    observed = np.minimum(time, lost)
    if ties:
        observed = np.ceil(observed * 6) / 6
    risk = np.round(X[:, 0] + rng.normal(size=n), 1)
    return X, observed, (time <= lost).astype(int), risk, float(np.quantile(observed, 0.6))


def cases(*, ties: bool) -> Iterator[Patients]:
    for n in SIZES:
        for seed in SEEDS:
            yield make_patients(n, seed, ties=ties)


def compare_survival() -> list[Row]:
    rows = []
    for ties in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            files, ours = [], []
            for k, (X, time, event, risk, horizon) in enumerate(cases(ties=ties)):
                path = Path(folder) / f"{k}.csv"
                frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
                frame = frame.assign(time=time, event=event, risk=risk, horizon=horizon)
                frame.to_csv(path, index=False, float_format="%.17g")
                files.append(str(path))
                weights = fit_cox(X, time, event, [0.0])[0]
                free = compute_kaplan_meier(time, event).estimate_at(horizon)
                ours.append([
                    *weights,
                    compute_partial_likelihood(X @ weights, time, event),
                    compute_harrell_c(time, event, risk),
                    compute_uno_c(time, event, risk, horizon=horizon),
                    free.value, free.low, free.high,
                ])  # fmt: skip
            script = Path(folder) / "survival.R"
            script.write_text(SURVIVAL)
            done = subprocess.run(
                ["Rscript", "--vanilla", str(script), *files],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        *lines, said = done.stdout.strip().splitlines()
        theirs = np.array([[float(word) for word in line.split()] for line in lines])
        off = np.abs(np.array(ours) - theirs).max(axis=0)
        on = f"{len(files)} cohorts, {'ties' if ties else 'no ties'}"
        rows += [
            ("Cox weights", said, on, off[:4].max(), 1e-7),
            ("partial likelihood", said, on, off[4], 1e-8),
            ("Harrell's C", said, on, off[5], 1e-12),
            ("Uno's C to a horizon", said, on, off[6], 1e-12),
            ("Kaplan–Meier and interval", said, on, off[7:].max(), 1e-10),
        ]
    return rows


def compare_scikit_survival() -> list[Row]:
    import sksurv
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.metrics import (
        brier_score,
        concordance_index_censored,
        concordance_index_ipcw,
        cumulative_dynamic_auc,
    )
    from sksurv.util import Surv

    off = np.zeros(5)
    count = 0
    for X, time, event, risk, horizon in cases(ties=False):
        y = Surv.from_arrays(event == 1, time)
        told = np.clip(0.4 + 0.1 * risk, 0.01, 0.99)
        model = CoxPHSurvivalAnalysis(alpha=PENALTY, ties="efron", tol=1e-14, n_iter=1000)
        theirs = (
            model.fit(X, y).coef_,
            concordance_index_censored(event == 1, time, risk)[0],
            concordance_index_ipcw(y, y, risk, tau=horizon)[0],
            cumulative_dynamic_auc(y, y, risk, [horizon])[0][0],
            brier_score(y, y, (1 - told)[:, None], [horizon])[1][0],
        )
        ours = (
            fit_cox(X, time, event, [PENALTY])[0],
            compute_harrell_c(time, event, risk),
            compute_uno_c(time, event, risk, horizon=horizon),
            compute_auc_at(time, event, risk, horizon=horizon),
            compute_brier_parts(time, event, told, horizon=horizon).mean(),
        )
        differences = [np.abs(np.subtract(*pair)).max() for pair in zip(ours, theirs, strict=True)]
        off = np.maximum(off, differences)
        count += 1
    peer, on = f"scikit-survival {sksurv.__version__}", f"{count} cohorts, no ties"
    return [
        ("Cox weights, ridge penalty", peer, on, off[0], 1e-7),
        ("Harrell's C", peer, on, off[1], 1e-12),
        ("Uno's C to a horizon", peer, on, off[2], 1e-12),
        ("AUC at a horizon", peer, on, off[3], 1e-12),
        ("Brier score at a horizon", peer, on, off[4], 1e-12),
    ]


PEERS: dict[str, Callable[[], list[Row]]] = {
    "survival (R)": compare_survival,
    "scikit-survival": compare_scikit_survival,
}

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)


def make_study(n: int, effect: float, seed: int, *, censored: bool = True) -> FollowedTable:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12))
    time = rng.exponential(200 * np.exp(-effect * X[:, 0]))
    lost = rng.uniform(60, 500, n) if censored else np.full(n, 1e6)
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(12)])
    frame.index = [f"P{k}" for k in range(n)]
    frame["days"], frame["relapsed"] = np.minimum(time, lost), (time <= lost) * 1.0
    later = [Column(name=n, measured="followup", role="outcome") for n in ("days", "relapsed")]
    columns = (*(Column(name=f"x{k}") for k in range(12)), *later)
    task = Task(rule=OUTCOME.make_rule(), question="prognosis")
    return assemble_followed(task, OUTCOME, Cohort(frame, columns, simulated=True))


def study_intervals(studies: int, patients: int, effect: float) -> str:
    new = make_study(3_000, effect, 10**6, censored=False)
    rows = []
    for seed in range(studies):
        followed = make_study(patients, effect, seed)
        folds = draw_folds(followed.table, folds=5, repeats=2, inner_folds=3)
        found = cross_validate_cox(followed, folds, inner_folds=3)
        shipped = fit_followed_model(followed, folds, inner_folds=3)
        truth = compute_truth(shipped, new)[0]
        c = found.metrics["uno_c"]
        told = make_time_to_event_verdict([found], followed).finding == "time-to-event model"
        rows.append((truth, c.value, c.low <= truth <= c.high, (c.high - c.low) / 2, told))
    truth, value, covered, half, told = np.mean(np.array(rows, dtype=float), axis=0)
    return (
        f"{patients:9}{effect:8.1f}{truth:9.3f}{value:10.3f}{value - truth:+9.3f}"
        f"{100 * covered:9.1f} %{half:12.3f}{100 * told:9.1f} %"
    )


def study_elsewhere(studies: int, patients: int, effect: float) -> str:
    new = make_study(3_000, effect, 10**6, censored=False)
    folds = draw_folds((of := make_study(300, effect, 10**5)).table, folds=5, inner_folds=3)
    shipped = fit_followed_model(of, folds, inner_folds=3)
    internal = cross_validate_cox(of, folds, inner_folds=3).metrics
    truth = compute_truth(shipped, new)[0]
    held = []
    for seed in range(studies):
        found = validate_followed(shipped, make_study(patients, effect, seed), internal=internal)
        c = found.external["uno_c"]
        held.append((c.low <= truth <= c.high, (c.high - c.low) / 2))
    covered, half = np.mean(np.array(held, dtype=float), axis=0)
    return f"{patients:9}{effect:8.1f}{truth:9.3f}{100 * covered:9.1f} %{half:12.3f}"


def compute_truth(model: FollowedModel, new: FollowedTable) -> tuple[float, float]:
    """Return a model's concordance and Brier score on fresh patients, none of them lost."""
    said = model.predict(new.table.X)
    c = compute_uno_c(new.time, new.event, said["score"].to_numpy(), horizon=180)
    return c, float(((said["likelihood"].to_numpy() - (new.time <= 180)) ** 2).mean())


def narrow(followed: FollowedTable, names: Sequence[str]) -> FollowedTable:
    table = followed.table
    columns = tuple(column for column in table.columns if column.name in names)
    return replace(followed, table=replace(table, X=table.X[list(names)], columns=columns))


def study_comparisons(
    studies: int, patients: int, effect: float, sets: tuple[Sequence[str], Sequence[str]]
) -> Iterator[str]:
    new = make_study(3_000, effect, 10**6, censored=False)
    rows: dict[str, list[tuple[float, ...]]] = {"uno_c": [], "brier": []}
    for seed in range(studies):
        followed = make_study(patients, effect, seed)
        folds = draw_folds(followed.table, folds=5, repeats=2, inner_folds=3)
        both = [judge(narrow(followed, names), folds, new) for names in sets]
        found = compare_followed(both[0][0], both[1][0], horizon=180)
        for k, (metric, kept) in enumerate(rows.items()):
            each = found.differences[metric]  # type: ignore[index]
            truth = (both[0][1][k] - both[1][1][k]) * (-1 if metric == "brier" else 1)
            gain = each.gain
            kept.append(
                (
                    gain.value - truth,
                    gain.low <= truth <= gain.high,
                    each.finding == "A is better",
                    each.finding == "B is better",
                )
            )
    for metric, kept in rows.items():
        bias, covered, a, b = np.mean(np.array(kept, dtype=float), axis=0)
        yield f"{metric:8}{bias:+9.4f}{100 * covered:9.1f} %{100 * a:9.1f} %{100 * b:9.1f} %"


def judge(
    followed: FollowedTable, folds: Sequence[Fold], new: FollowedTable
) -> tuple[TimeToEventEvaluation, tuple[float, float]]:
    model = fit_followed_model(followed, folds, inner_folds=3)
    return cross_validate_cox(followed, folds, inner_folds=3), compute_truth(model, new)


KNOWS = ("x0", "x1", "x2", "x3")
TOO = ("x0", "x4", "x5", "x6")
BLIND = ("x4", "x5", "x6")
PAIRS = (
    ("two models of noise", 0.0, (KNOWS, BLIND)),
    ("two that know as much", 0.8, (KNOWS, TOO)),
    ("one that knows, one that does not", 0.8, (KNOWS[:3], BLIND)),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    for part in ("studies", "comparisons", "elsewhere"):
        parser.add_argument(f"--{part}", type=int, default=0)
    asked = parser.parse_args()
    parts = " ".join(f"--{part} {count}" for part, count in vars(asked).items() if count)
    print(f"OMP_NUM_THREADS=1 python benchmarks/time_to_event.py {parts}")
    print(f"{describe_machine()}, pandas {pd.__version__}\n")
    too_far = print_agreement(PEERS, (28, 24, 26))
    if asked.studies:
        print("\nUno's C of held-out patients beside that of the whole model on fresh ones")
        print(f"{asked.studies} simulated studies a row; 12 columns, one of which matters")
        print(" patients  effect    fresh  held out     bias  covered  half-width    found")
        for patients, effect in ((150, 0.0), (150, 0.4), (150, 0.8), (300, 0.4)):
            print(study_intervals(asked.studies, patients, effect), flush=True)
    if asked.comparisons:
        print("\nWhich of two models of 150 patients is better, beside fresh patients")
        print(f"{asked.comparisons} simulated studies each")
        print("metric       bias    covered   A better   B better")
        for name, effect, sets in PAIRS:
            print(name)
            for line in study_comparisons(asked.comparisons, 150, effect, sets):
                print(line, flush=True)
    if asked.elsewhere:
        print("\nUno's C of patients elsewhere, of one model of 300")
        print(f"{asked.elsewhere} simulated cohorts a row")
        print(" patients  effect    fresh    covered  half-width")
        for patients, effect in ((80, 0.8), (150, 0.4), (150, 0.8)):
            print(study_elsewhere(asked.elsewhere, patients, effect), flush=True)
    if too_far:
        sys.exit("A figure is farther off than it may be.")


if __name__ == "__main__":
    main()
