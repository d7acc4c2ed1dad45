"""Say what moves a model: overall, and for patients of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.patients import learn_sites, load_model_run, read_new_patients, say_unused
from pipelines.progress import Progress, quiet
from pipelines.store import find_store

if TYPE_CHECKING:
    import pandas as pd

    from stratify.explanation import Explanation
    from stratify.tracking import LoadedRun

MOST_ROWS = 15

SIMULATED = "Simulated patients: nothing here is evidence about real people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult:
    """What moves a model.

    Parameters
    ----------
    study, run_id, model : str
    method : str
        How contributions are computed.
    simulated : bool
        Whether the patients it was trained on, or those given, are made up.
    importance : DataFrame
        ``column``, ``label``, ``source``, ``block``, ``mean_absolute``, ``mean``, on the scale
        below, largest first; over the patients of training, or those given.
    blocks : DataFrame
        ``block`` and ``mean_absolute``: edges summed to pairs of networks, clinical columns apart.
    figures : tuple of str
        Where the figures are.
    contributions : str
        Where each patient's contributions were written; empty if no patients were given.
    notes : tuple of str
        What the reader should know beside: a file that was not used.
    scale : {"log-odds", "log hazard ratio"}
        Calibrated; the second of a censored outcome.
    """

    study: str
    run_id: str
    model: str
    method: str
    simulated: bool
    importance: pd.DataFrame
    blocks: pd.DataFrame
    figures: tuple[str, ...]
    contributions: str
    notes: tuple[str, ...] = ()
    scale: str = "log-odds"

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "run_id": self.run_id,
            "model": self.model,
            "method": self.method,
            "scale": self.scale,
            "simulated": self.simulated,
            "importance": self.importance.to_dict("records"),
            "blocks": self.blocks.to_dict("records"),
            "figures": list(self.figures),
            "contributions": self.contributions,
            "notes": list(self.notes),
        }

    def words(self) -> str:
        """Return the result in words, with a table of the largest contributions."""
        unit = f"mean |{self.scale}|"
        wide = max(15, len(unit))
        lines = [
            f"Study {self.study}, {self.model} model ({self.run_id}).",
            *([f"{SIMULATED}."] if self.simulated else []),
            self.method,
            "",
            f"{unit:>15}  what",
        ]
        shown = self.blocks[self.blocks["mean_absolute"] > 0].head(MOST_ROWS)
        lines += [
            f"{row.mean_absolute:{wide}.4f}  {row.label}" for row in shown.itertuples(index=False)
        ]
        if shown.empty:
            lines.append("  The model gives everybody the same likelihood: nothing moves it.")
        lines.append("")
        lines += [f"Figure: {figure}" for figure in self.figures]
        if self.contributions:
            lines.append(f"Contributions of each patient: {self.contributions}")
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def explain(
    run: str,
    *,
    patients: Path | None = None,
    connectivity: Path | None = None,
    site_patients: Path | None = None,
    site_connectivity: Path | None = None,
    out: Path | None = None,
    store: str | None = None,
    progress: Progress = quiet,
) -> ExplainResult:
    """Explain a model.

    Without patients it tells what training already computed and logged. With them it explains
    each, and writes the contributions to ``out``.

    Parameters
    ----------
    run : str
        A run id, a study's name, or a registry alias.
    patients : Path, optional
    connectivity : Path, optional
    site_patients, site_connectivity : Path, optional
        As for `pipelines.report.report`.
    out : Path, optional
        A folder, for the contributions of ``patients``.
    store : str, optional
    progress : Progress
    """
    import pandas as pd

    with progress("Loading the model"):
        loaded = load_model_run(find_store(store, existing=True), run, censored=True)
    tables = loaded.folder / "tables"
    written = ""
    unused = say_unused(loaded, connectivity)
    simulated = loaded.tags.get("simulated") == "true"
    if patients is None:
        importance = pd.read_csv(tables / "importance.csv")
        contributions = pd.read_csv(tables / "contributions.csv").drop(columns=["patient", "base"])
    else:
        with progress("Explaining the patients"):
            from stratify.explanation import write_contributions

            loaded = learn_sites(loaded, site_patients, site_connectivity)
            table = read_new_patients(loaded, patients, connectivity)
            simulated |= table.simulated
            explanation = _explain(loaded, table.X)
            importance, contributions = explanation.importance(), explanation.by_network()
            written = str(write_contributions(explanation, out or Path()))
    return ExplainResult(
        study=loaded.reference.study,
        run_id=loaded.reference.run_id,
        model=loaded.name,
        method=(loaded.folder / "explanation.md").read_text().strip(),
        simulated=simulated,
        importance=importance,
        blocks=_rank_blocks(contributions, importance),
        figures=tuple(str(path) for path in sorted((loaded.folder / "figures").glob("*.png"))),
        contributions=written,
        notes=(unused,) if unused else (),
        scale="log hazard ratio" if loaded.is_censored else "log-odds",
    )


def _explain(loaded: LoadedRun, X: pd.DataFrame) -> Explanation:
    if loaded.followed is not None:
        from stratify.time_to_event import explain_followed

        return explain_followed(loaded.followed, X)
    from stratify.explanation import explain as explain_rows

    assert loaded.model is not None
    return explain_rows(loaded.model, X)


def _rank_blocks(contributions: pd.DataFrame, importance: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    labels = dict(zip(importance["column"], importance["label"], strict=True))
    ranked = pd.DataFrame(
        {
            "block": contributions.columns,
            "label": [labels.get(name, f"{name} connectivity") for name in contributions.columns],
            "mean_absolute": contributions.abs().mean().to_numpy(),
        }
    )
    return ranked.sort_values("mean_absolute", ascending=False, kind="stable", ignore_index=True)
