"""Compare two models that were trained: whether one is better, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.patients import load_model_run
from pipelines.progress import Progress, quiet
from pipelines.store import find_store
from stratify.errors import DataError, Fault, count_of

if TYPE_CHECKING:
    from stratify.evaluation import Comparison, KeptPredictions
    from stratify.evaluation.comparison import Metric
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
    decided_by: Metric = "log_loss",
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
        Run ids, names of studies, or registry aliases. A study's name means its responder model,
        or else the one with the highest AUC.
    decided_by, unpaired
        As for `stratify.evaluation.compare_evaluations`.
    regions : mapping of metric to float, optional
        Replaces the default of the metrics that it names.
    store : str, optional
        Of both runs.
    progress : Progress
    """
    with progress("Reading the runs"):
        opened = find_store(store, existing=True)
        loaded = [load_model_run(opened, run, with_model=False) for run in (a, b)]
        first, second = _read_held_out(*loaded)
    with progress("Comparing"):
        from stratify.evaluation import compare_evaluations
        from stratify.evaluation.comparison import REGIONS

        comparison = compare_evaluations(
            first,
            second,
            decided_by=decided_by,
            regions={**REGIONS, **(regions or {})},
            unpaired=unpaired,
        )
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


def _read_held_out(a: LoadedRun, b: LoadedRun) -> tuple[KeptPredictions, KeptPredictions]:
    import pandas as pd

    from stratify.evaluation import KeptPredictions

    read = []
    for run in (a, b):
        path = run.folder / "tables" / "out_of_fold.csv"
        if not path.exists():
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
