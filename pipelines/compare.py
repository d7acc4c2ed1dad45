"""Compare two models that were trained: whether one is better, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipelines.patients import load_model_run
from pipelines.progress import Progress, quiet
from pipelines.store import find_store
from stratify.errors import DataError, Fault, count_of

if TYPE_CHECKING:
    from stratify.evaluation import Comparison, KeptPredictions
    from stratify.evaluation.compared import Metric
    from stratify.tracking import LoadedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareResult:
    """What two runs have to say of each other.

    Parameters
    ----------
    run_a, run_b : str
        Ids of the models' runs.
    comparison : Comparison
    simulated : bool
    """

    run_a: str
    run_b: str
    comparison: Comparison
    simulated: bool

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "run_a": self.run_a,
            "run_b": self.run_b,
            **self.comparison.to_dict(),
            "simulated": self.simulated,
        }

    def words(self) -> str:
        """Return the result in words, with a table of the two."""
        comparison = self.comparison
        rows = [f"{'':10}{'A':>7}{'B':>8}   {'A better by':28}P(A better)  P(same)  P(B better)"]
        for each in comparison.differences.values():
            gain = f"{each.gain.value:.3f} ({each.gain.bounds})"
            rows.append(
                f"{each.metric.replace('_', ' '):10}{each.of_a:7.3f}{each.of_b:8.3f}   {gain:28}"
                f"{each.p_a_better:11.2f}{each.p_same:9.2f}{each.p_b_better:13.2f}"
            )
        how = "held-out sets" if comparison.paired else "held-out sets of A"
        return "\n".join(
            [
                f"A  {comparison.a}  {self.run_a}",
                f"B  {comparison.b}  {self.run_b}",
                *(["SIMULATED PATIENTS: not for any use with real people."] * self.simulated),
                "",
                *rows,
                "",
                f"{comparison.folds} {how}; {count_of(comparison.patients, 'patient')} in both.",
                comparison.words,
            ]
        )


def compare(
    a: str,
    b: str,
    *,
    decided_by: Metric | None = None,
    regions: Mapping[Metric, float] | None = None,
    unpaired: bool = False,
    store: str | None = None,
    progress: Progress = quiet,
) -> CompareResult:
    """Compare two models by their held-out predictions, which their runs keep.

    Nothing is fitted, and the patients stay the pseudonyms that they are in the store.

    Parameters
    ----------
    a, b : str
        Run ids, names of studies, or registry aliases. A study's name means the model that its
        verdict found, or else the one with the highest AUC or concordance.
    decided_by : str, optional
        Of a response ``"log_loss"``, unless ``"auc"`` is named; of a censored outcome ``"uno_c"``,
        unless ``"brier"`` is.
    unpaired
        As for `stratify.evaluation.compare_evaluations`.
    regions : mapping of metric to float, optional
        Replaces the default of the metrics that it names.
    store : str, optional
        Of both runs.
    progress : Progress
    """
    with progress("Reading the runs"):
        opened = find_store(store, existing=True)
        loaded = [load_model_run(opened, run, with_model=False, censored=True) for run in (a, b)]
        censored = _are_censored(*loaded)
        first, second = _read_held_out(*loaded, table="predictions" if censored else "out_of_fold")
    with progress("Comparing"):
        how = _choose(censored, decided_by, regions or {})
        if censored:
            from stratify.time_to_event import compare_followed

            horizon = _require_same_horizon(*loaded)
            comparison = compare_followed(first, second, horizon=horizon, unpaired=unpaired, **how)
        else:
            from stratify.evaluation import compare_evaluations

            comparison = compare_evaluations(first, second, unpaired=unpaired, **how)
    if not comparison.patients:
        _require_same_rule(*loaded)
    chosen = tuple(
        note
        for letter, word, run in zip("AB", (a, b), loaded, strict=True)
        if (note := _note_chosen(letter, word, run))
    )
    if any(run.params.get("imputed_outcomes") for run in loaded):
        chosen += ("Compared on patients whose outcome is known; imputed ones are left out.",)
    return CompareResult(
        run_a=loaded[0].reference.run_id,
        run_b=loaded[1].reference.run_id,
        comparison=replace(comparison, notes=(*comparison.notes, *chosen)),
        simulated=any(run.tags.get("simulated") == "true" for run in loaded),
    )


def _are_censored(a: LoadedRun, b: LoadedRun) -> bool:
    """Tell whether both are models of a censored outcome; refuse one of each."""
    censored = [run.is_censored for run in (a, b)]
    if censored[0] != censored[1]:
        raise DataError(
            Fault(
                where=f"{a.reference.study} and {b.reference.study}",
                met="a model of time to an event, and one of a response",
                wanted="models of one outcome, or there is no better and worse",
                way_out="Compare models of one study.",
            )
        )
    return censored[0]


def _choose(
    censored: bool, decided_by: Metric | None, regions: Mapping[Metric, float]
) -> dict[str, Any]:
    """Return the metric that decides, and the regions; refuse metrics of the other outcome."""
    if censored:
        from stratify.time_to_event.comparison import REGIONS
    else:
        from stratify.evaluation.comparison import REGIONS
    known = list(REGIONS)
    for name in (decided_by, *regions):
        if name is not None and name not in known:
            raise DataError(
                Fault(
                    where="the metric",
                    met=name,
                    wanted=f"{' or '.join(known)}: these are models of "
                    f"{'time to an event' if censored else 'a response'}",
                    way_out="Name one of these.",
                )
            )
    default: Metric = "uno_c" if censored else "log_loss"
    return {"decided_by": decided_by or default, "regions": {**REGIONS, **regions}}


def _require_same_horizon(a: LoadedRun, b: LoadedRun) -> float:
    horizons = [run.metrics["horizon"] for run in (a, b)]
    if horizons[0] != horizons[1]:
        raise DataError(
            Fault(
                where=f"{a.reference.study} and {b.reference.study}",
                met=f"likelihoods by day {horizons[0]:g} and by day {horizons[1]:g}",
                wanted="one horizon: a later one is another question",
                way_out="Train both with the same time_to_event.horizon.",
            )
        )
    return horizons[0]


def _read_held_out(
    a: LoadedRun, b: LoadedRun, *, table: str
) -> tuple[KeptPredictions, KeptPredictions]:
    import pandas as pd

    from stratify.evaluation import KeptPredictions

    read = []
    for run in (a, b):
        path = run.folder / "tables" / f"{table}.csv"
        if not path.exists() or "test_share" not in run.params:
            raise DataError(
                Fault(
                    where=f"run {run.reference.run_id}",
                    met="no held-out predictions are kept",
                    wanted="models are compared by them",
                    way_out=f"Train the study {run.reference.study!r} again.",
                )
            )
        read.append(pd.read_csv(path))
    shares = [float(run.params["test_share"]) for run in (a, b)]
    first, second = map(KeptPredictions, _name_apart(a, b), read, shares)
    return first, second


def _name_apart(a: LoadedRun, b: LoadedRun) -> tuple[str, str]:
    """Name two models so that nobody takes the one for the other."""
    if a.reference.study_run == b.reference.study_run:
        return a.name, b.name
    names = tuple(f"{run.name} of {run.reference.study}" for run in (a, b))
    if names[0] == names[1]:
        names = tuple(f"{run.name} ({run.reference.run_id[:8]})" for run in (a, b))
    return names[0], names[1]


def _note_chosen(letter: str, word: str, run: LoadedRun) -> str:
    """Say so, where a study's name stands for the best of its models."""
    tried = int(run.tags.get("models_tried", "1"))
    if tried < 2 or word.strip() != run.reference.study:
        return ""
    return (
        f"{letter} was chosen as the best of the {tried} models of its study on these same "
        "patients, which flatters it."
    )


def _require_same_rule(a: LoadedRun, b: LoadedRun) -> None:
    """Refuse two outcomes, where no patient shows by themselves that they are one."""
    rules = [run.params.get("rule", "") for run in (a, b)]
    if rules[0] != rules[1]:
        raise DataError(
            Fault(
                where=f"{a.reference.study} and {b.reference.study}",
                met=f"two outcomes: {rules[0]!r} and {rules[1]!r}",
                wanted="one outcome, or there is no better and worse",
                way_out="Compare models of one outcome rule.",
            )
        )
