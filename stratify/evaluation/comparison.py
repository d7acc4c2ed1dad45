"""Is one model better than another? One value, from their held-out predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.evaluation.compared import WORDS, Comparison, Difference, Metric, Predicted
from stratify.evaluation.held_out import compute_by_fold
from stratify.metrics import Estimate, compute_corrected_difference

REGIONS: Mapping[Metric, float] = {"auc": 0.02, "log_loss": 0.01}
"""How far two models may differ and still be the same for practice.

The two agree about where models of this field stand: from an AUC of 0.60 to one of 0.62, with as
many responders as others, the log loss of a calibrated model falls by 0.007.
"""


def compare_evaluations(
    a: Predicted,
    b: Predicted,
    *,
    decided_by: Metric = "log_loss",
    regions: Mapping[Metric, float] = REGIONS,
    unpaired: bool = False,
    level: float = 0.95,
) -> Comparison:
    """Say whether one model is better than another.

    On the same folds the figures of each fold are subtracted, and the mean has the interval of the
    corrected resampled t test. Under a flat prior that interval is also the credible one, which
    gives the probabilities that the gain lies beyond, or within, a region of practical equivalence.

    Parameters
    ----------
    a, b : Evaluation or KeptPredictions
    decided_by : {"log_loss", "auc"}
        The log loss judges the likelihoods themselves, ranks and calibration at once.
    regions : mapping of metric to float
        As `Difference.region`.
    unpaired : bool
        Allow other patients or other folds. The two are then taken as independent, which makes the
        interval wider than it need be where they share patients; the result says so.
    level : float

    Returns
    -------
    comparison : Comparison
        If one was repeated more often than the other, of the repeats they share.

    Raises
    ------
    DataError
        If they share no folds and ``unpaired`` is not set, or if a patient's outcome is not the
        same in both: then they answer different questions.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281; Benavoli, Corani, Demšar and Zaffalon
    2017, Journal of Machine Learning Research 18(77), 1-36 (region of practical equivalence).

    Examples
    --------
    >>> from stratify.evaluation import KeptPredictions
    >>> rng = np.random.default_rng(0)
    >>> y, x = np.tile([0, 1], 50), rng.normal(size=100)
    >>> def predict(log_odds):
    ...     return pd.DataFrame({"patient": np.arange(100), "repeat": 0, "fold": np.arange(100) % 5,
    ...         "y": y, "probability": 1 / (1 + np.exp(-log_odds)), "log_odds": log_odds,
    ...         "base_rate": 0.5})
    >>> good = KeptPredictions("good", predict(x + 2 * y - 1), 0.2)
    >>> blind = KeptPredictions("blind", predict(0 * x), 0.2)
    >>> comparison = compare_evaluations(good, blind)
    >>> comparison.finding, compare_evaluations(good, good).finding
    ('A is better', 'practically the same')
    """
    return compare_held_out(
        a,
        b,
        compute=compute_by_fold,
        outcome=("y",),
        decided_by=decided_by,
        regions={metric: regions.get(metric, np.nan) for metric in REGIONS},
        unpaired=unpaired,
        level=level,
    )


def compare_held_out(
    a: Predicted,
    b: Predicted,
    *,
    compute: Callable[[pd.DataFrame], pd.DataFrame],
    outcome: Sequence[str],
    decided_by: Metric,
    regions: Mapping[Metric, float],
    unpaired: bool = False,
    level: float = 0.95,
) -> Comparison:
    """Compare held-out predictions of any outcome by figures of each fold.

    `compare_evaluations` does so for a response, and `stratify.time_to_event.compare_followed` for
    a censored outcome.

    Parameters
    ----------
    a, b : Predicted
        With ``patient``, ``repeat``, ``fold``, and what the two below read.
    compute : callable
        Takes predictions; returns ``repeat``, ``fold`` and a column for each metric, one row a
        fold, both in ascending order.
    outcome : sequence of str
        The columns in which a patient must have the same in both.
    decided_by : str
    regions : mapping of metric to float
        Its keys are the metrics compared.
    unpaired, level
        As for `compare_evaluations`.
    """
    _require_regions(regions)
    first, second = _normalise(a.predictions), _normalise(b.predictions)
    shared = _require_same_outcomes(a, b, first, second, outcome)
    repeats = _shared_repeats(first, second)
    if not repeats and not unpaired:
        raise DataError(_explain_unpaired(a, b, first, second, shared))
    notes: tuple[str, ...]
    if repeats:
        notes = _note_repeats(repeats, first, second)
        first, second = (each[each["repeat"].isin(repeats)] for each in (first, second))
    else:
        notes = (_note_unpaired(first, second, shared),)
    of_a, of_b = compute(first), compute(second)
    shares = (a.test_share, b.test_share)
    return Comparison(
        a=a.name,
        b=b.name,
        paired=bool(repeats),
        patients=shared,
        folds=len(of_a),
        differences={
            metric: _compare(metric, of_a, of_b, shares, region, bool(repeats), level)
            for metric, region in regions.items()
        },
        decided_by=decided_by,
        notes=notes,
    )


def _normalise(predictions: pd.DataFrame) -> pd.DataFrame:
    ordered = predictions.assign(patient=predictions["patient"].astype(str))
    return ordered.sort_values(["repeat", "fold", "patient"], ignore_index=True)


def _require_same_outcomes(
    a: Predicted,
    b: Predicted,
    first: pd.DataFrame,
    second: pd.DataFrame,
    outcome: Sequence[str],
) -> int:
    """Return how many patients both have predicted, who must have the same outcome in both."""
    outcomes = [
        each.drop_duplicates("patient").set_index("patient")[list(outcome)]
        for each in (first, second)
    ]
    shared = outcomes[0].index.intersection(outcomes[1].index)
    differs = (outcomes[0].loc[shared] != outcomes[1].loc[shared]).any(axis=1)
    other = int(differs.sum())
    if other:
        raise DataError(
            Fault(
                where=f"{a.name} and {b.name}",
                met=f"another outcome for {other} of {count_of(len(shared), 'patient')} they share",
                wanted="the same outcome of each patient, or there is no better and worse",
                way_out="Compare models of one outcome rule. If these are other people under the "
                "same names, give them names of their own.",
            )
        )
    return len(shared)


def _shared_repeats(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, ...]:
    """Return the repeats in which both held out the same patients together."""
    parts = [
        {
            int(repeat): each.loc[each["repeat"] == repeat, ["fold", "patient"]].to_numpy()
            for repeat in each["repeat"].unique()
        }
        for each in (first, second)
    ]
    return tuple(
        repeat
        for repeat in sorted(parts[0].keys() & parts[1].keys())
        if np.array_equal(parts[0][repeat], parts[1][repeat])
    )


def _compare(
    metric: Metric,
    of_a: pd.DataFrame,
    of_b: pd.DataFrame,
    shares: tuple[float, float],
    region: float,
    paired: bool,
    level: float,
) -> Difference:
    sign = -1.0 if WORDS[metric][1] == "lower" else 1.0
    a, b = of_a[metric].to_numpy(), of_b[metric].to_numpy()
    if paired:
        gain = compute_corrected_difference(sign * (a - b), test_share=shares[0], level=level)
        freedom = float(np.isfinite(a - b).sum() - 1)
    else:
        freedoms = [int(each["fold"].nunique()) - 1 for each in (of_a, of_b)]
        gain, freedom = _subtract(sign * a, sign * b, shares, freedoms, level)
    beyond, below = _compute_tails(gain, freedom, region)
    return Difference(
        metric=metric,
        of_a=float(np.nanmean(a)),
        of_b=float(np.nanmean(b)),
        gain=gain,
        region=region,
        p_a_better=beyond,
        p_same=1 - beyond - below,
        p_b_better=below,
    )


def _subtract(
    a: np.ndarray,
    b: np.ndarray,
    shares: tuple[float, float],
    freedoms: list[int],
    level: float,
) -> tuple[Estimate, float]:
    """Subtract two corrected means as if they were independent, as Welch does."""
    means, variances = [], []
    for values, share in zip((a, b), shares, strict=True):
        known = values[np.isfinite(values)]
        means.append(float(known.mean()) if len(known) else np.nan)
        widened = (1 / max(len(known), 1) + share / (1 - share)) * np.var(known, ddof=1)
        variances.append(float(widened) if len(known) > 1 else np.nan)
    total = sum(variances)
    parts = sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    freedom = total**2 / parts if parts > 0 else sum(freedoms)
    half = float(stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(total))
    value = means[0] - means[1]
    return Estimate(value, value - half, value + half, level), float(freedom)


def _compute_tails(gain: Estimate, freedom: float, region: float) -> tuple[float, float]:
    """Return how probable a gain above the region is, and one below it."""
    half = (gain.high - gain.low) / 2
    if not np.isfinite(half):
        return float("nan"), float("nan")
    if half == 0:
        return float(gain.value > region), float(gain.value < -region)
    scale = half / stats.t.ppf((1 + gain.level) / 2, freedom)
    return (
        float(stats.t.sf((region - gain.value) / scale, freedom)),
        float(stats.t.cdf((-region - gain.value) / scale, freedom)),
    )


def _note_repeats(
    repeats: tuple[int, ...], first: pd.DataFrame, second: pd.DataFrame
) -> tuple[str, ...]:
    left_out = max(each["repeat"].nunique() for each in (first, second)) - len(repeats)
    if not left_out:
        return ()
    return (
        f"Compared on the {count_of(len(repeats), 'repeat')} of the folds that both have; "
        f"{left_out} more of one of them left out.",
    )


def _note_unpaired(first: pd.DataFrame, second: pd.DataFrame, shared: int) -> str:
    counts = [each["patient"].nunique() for each in (first, second)]
    if not shared:
        who = (
            f"on different patients ({counts[0]:,} and {counts[1]:,}), who may be easier or harder"
        )
    elif counts[0] == counts[1] == shared:
        who = f"on the same {count_of(shared, 'patient')} in different folds"
    else:
        who = f"on {counts[0]:,} and {count_of(counts[1], 'patient')}, {shared:,} of them shared"
    wider = ", which makes the interval wider than it need be" if shared else ""
    return f"Not paired: the two were judged {who}, and are taken as independent{wider}."


def _explain_unpaired(
    a: Predicted, b: Predicted, first: pd.DataFrame, second: pd.DataFrame, shared: int
) -> Fault:
    counts = [each["patient"].nunique() for each in (first, second)]
    if counts[0] == counts[1] == shared:
        met = f"the same {count_of(shared, 'patient')} in different folds"
        way_out = "Train both with the same validation.seed, folds and together"
    else:
        met = (
            f"{counts[0]:,} patients of the one and {counts[1]:,} of the other, {shared:,} of them "
            "in both"
        )
        way_out = "Train both on the same patients with the same folds"
    return Fault(
        where=f"{a.name} and {b.name}",
        met=met,
        wanted="a paired comparison is of the same patients in the same folds",
        way_out=f"{way_out}, or ask for an unpaired comparison.",
    )


def _require_regions(regions: Mapping[Metric, float]) -> None:
    wrong = [f"{name}: {region}" for name, region in regions.items() if not region >= 0]
    if wrong:
        raise DataError(
            Fault(
                where="regions",
                met=name_some(wrong),
                wanted=f"a number of 0 or more for each of {', '.join(regions)}",
                way_out="Say which difference would not matter in practice.",
            )
        )
