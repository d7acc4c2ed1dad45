"""What an examination is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipelines.candidates import is_blind

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from pipelines.progress import Progress
    from pipelines.study import StudySettings
    from stratify.cohort import Cohort
    from stratify.connectome import Connectomes
    from stratify.evaluation import Compute, Evaluation, Verdict
    from stratify.folds import Fold
    from stratify.model import FamilyName, FittedModel
    from stratify.task import Table
    from stratify.tracking import Examined, Tried


@dataclass(frozen=True, slots=True)
class Attachments:
    """What is kept in the study's own run beside the verdict.

    Parameters
    ----------
    tables : dict of str to DataFrame
    figures : dict of str to Figure
    texts : dict of str to str
        File names and their content.
    values : dict of str to list or dict
        Plain values for the JSON of `TrainResult.to_dict`, by their key there.
    sentences : list of str
        What the terminal and the description of the study's run say of it.
    tags : dict of str to object
        By which the study's run can be found and sorted.
    of_models : dict of int to list of Examined
        What is kept in a model's own run, by the position of its candidate.
    models : dict of int to FittedModel
        Models that know more than before, to be kept in place of those that were examined.
    """

    tables: dict[str, DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    tags: dict[str, object] = field(default_factory=dict)
    of_models: dict[int, list[Examined]] = field(default_factory=dict)
    models: dict[int, FittedModel] = field(default_factory=dict)

    def add(self, other: Attachments) -> None:
        """Take in what another examination found."""
        self.tables.update(other.tables)
        self.figures.update(other.figures)
        self.texts.update(other.texts)
        self.values.update(other.values)
        self.sentences.extend(other.sentences)
        self.tags.update(other.tags)
        for position, found in other.of_models.items():
            self.of_models.setdefault(position, []).extend(found)
        self.models.update(other.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A study before any model is fitted.

    Parameters
    ----------
    settings : StudySettings
    cohort : Cohort
        As read, with the patients that the question leaves out.
    connectomes : Connectomes or RegionalValues, or None
        Of everybody whose scan passed the gates.
    table : Table
        With every feature.
    sets : sequence of Table
        Narrowed to each feature set.
    folds : sequence of Fold
    """

    settings: StudySettings
    cohort: Cohort
    connectomes: Connectomes | None
    table: Table
    sets: Sequence[Table]
    folds: Sequence[Fold]

    @property
    def scans(self) -> Connectomes | None:
        """The matrices of the table's patients, in its order; None where there are none."""
        import numpy as np

        from stratify.connectome import Connectomes

        if not isinstance(self.connectomes, Connectomes):
            return None
        place = {patient: k for k, patient in enumerate(self.connectomes.patients)}
        return self.connectomes.select(np.array([place[one] for one in self.table.patients]))

    def take_known(self) -> Assembled:
        """Return the study of the patients whose outcome is known, in the same folds.

        Imputed outcomes are combined in the models' own figures, and in what is compared fold by
        fold; whatever else is looked at would have to combine them too, and does not.
        """
        missing = self.table.missing
        if not missing.any():
            return self
        from stratify.folds import restrict_folds

        return replace(
            self,
            table=self.table.take_known(),
            sets=[one.take_known() for one in self.sets],
            folds=restrict_folds(self.folds, ~missing),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A study whose models were cross-validated, judged and fitted.

    Parameters
    ----------
    study : Assembled
    candidates : sequence of (family, table)
        Each model's family, and the table narrowed to its features.
    evaluations : sequence of Evaluation
        One for each candidate.
    references : sequence of Evaluation
        Of the simple models that candidates must beat; no candidates, and without runs.
    verdict : Verdict
    models : sequence of FittedModel
        Each candidate fitted on every patient.
    tried : Tried
        What earlier studies have tried on these patients.
    compute : Compute
        How the work is done.
    progress : Progress
    """

    study: Assembled
    candidates: Sequence[tuple[FamilyName, Table]]
    evaluations: Sequence[Evaluation]
    references: Sequence[Evaluation]
    verdict: Verdict
    models: Sequence[FittedModel]
    tried: Tried
    compute: Compute
    progress: Progress

    @property
    def speaking(self) -> list[int]:
        """Positions of the candidates that tell patients apart; the prevalence does not."""
        return [k for k, (family, _) in enumerate(self.candidates) if not is_blind(family)]

    @property
    def best(self) -> int | None:
        """Position of the verdict's model; without one, of the highest AUC; None if none speaks."""
        for k in self.speaking:
            if self.verdict.model == (self.evaluations[k].family, self.evaluations[k].features):
                return k
        aucs = {k: self.evaluations[k].metrics["auc"].value for k in self.speaking}
        return max(aucs, key=aucs.__getitem__, default=None)


def say_of_whom(study: Assembled) -> Attachments:
    """Say of whom everything beside the models' own figures is, where some outcomes are imputed."""
    missing = int(study.table.missing.sum())
    if not missing:
        return Attachments()
    return Attachments(
        sentences=[
            f"The models' figures, their differences and their calibration have the {missing} "
            "imputed outcomes in them; whatever else was looked at, permutation tests among it, "
            f"is of the {len(study.table) - missing} patients whose outcome is known."
        ]
    )


Examination = Callable[[Trained], Attachments]
"""Looks at one thing; empty attachments where there is nothing to look at."""
