"""Models on disk, in a form that is safe to load: text and arrays, never code."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile

import numpy as np

from stratify.errors import DataError, Fault
from stratify.files import replacing
from stratify.model.average import AveragedClassifier
from stratify.model.classifier import ResponderClassifier, Tuned
from stratify.model.encoded import Encoder
from stratify.model.fitted import FittedModel, SiteCalibration
from stratify.model.likeness import Familiar, Likeness
from stratify.model.limits import Limits
from stratify.model.outcome_sets import OutcomeSets
from stratify.model.parts import FoldClassifier, parts_of
from stratify.model.scope import Scope
from stratify.model.stack import StackedClassifier
from stratify.outcome import ResponseRule
from stratify.preprocess import Preparation, TablePreparer
from stratify.schema import Column
from stratify.task import Task

FORMAT = 3
"""2 had no limits: a model of it would speak of patients that this version must not."""

TRUSTED_TYPES = (
    "collections.OrderedDict",
    "numpy.dtype",
    "scipy.sparse._csr.csr_array",
    "stratify.model.average.AveragedClassifier",
    "stratify.model.classifier.ResponderClassifier",
    "stratify.connectome.features.edges.Edges",
    "stratify.connectome.features.graph_measures.GraphMeasures",
    "stratify.connectome.features.network_blocks.NetworkBlocks",
    "stratify.connectome.features.partial_correlation.PartialCorrelation",
    "stratify.connectome.features.seeds.Seeds",
    "stratify.connectome.features.tangent.TangentVectors",
    "stratify.model.cpm.ConnectomePredictiveModel",
    "stratify.model.elastic_net.ElasticNetLogistic",
    "stratify.model.forest.RandomTrees",
    "stratify.model.machines.LinearMachine",
    "stratify.model.stack.StackedClassifier",
    "stratify.model.trees.ScreenedTrees",
    "stratify.preprocess.combat.ComBat",
    "stratify.preprocess.confounds.ConfoundRemover",
    "stratify.preprocess.encode.TableEncoder",
    "stratify.preprocess.impute.ColumnImputer",
    "stratify.preprocess.prepare.TablePreparer",
    "xgboost.core.Booster",
)
"""The only classes, beside those skops itself trusts, that a model file may hold."""


def write_model(model: FittedModel, folder: Path) -> Path:
    """Write a model as ``model.json`` and ``classifiers.skops``.

    Parameters
    ----------
    model : FittedModel
    folder : Path
        Made if need be. Each file appears whole or not at all.
    """
    names: dict[tuple[str, ...], np.ndarray] = {}
    kept = {
        "classifiers": [_without_patients(c, names) for c in (model.classifier, *model.replicas)],
    }
    facts = {
        "left_out_share": model.left_out_share,
        "n_responders": model.n_responders,
        "n_imputed": model.n_imputed,
        "calibration": None if model.calibration is None else asdict(model.calibration),
    }
    return write_scope(model, folder, "classifiers.skops", facts, kept, names)


def write_scope(
    model: Scope,
    folder: Path,
    file: str,
    facts: dict[str, Any],
    kept: dict[str, Any],
    names: dict[tuple[str, ...], np.ndarray],
) -> Path:
    """Write a model's scope beside what else is known of it.

    Parameters
    ----------
    model : Scope
    folder : Path
    file : str
        The name of the file of arrays.
    facts : dict
        As JSON writes them, into ``model.json``.
    kept : dict
        Arrays and objects of `TRUSTED_TYPES`, into the other.
    names : dict
        Arrays of names that several objects share, as `pack_encoder` gathers them.
    """
    import skops.io

    with replacing(folder / file) as part:
        whole = {**kept, "limits": _limits_to_dict(model.limits, names)}
        skops.io.dump(whole, part, compression=ZIP_DEFLATED)
    whole = {
        "format": FORMAT,
        "columns": [column.to_dict() for column in model.columns],
        "ranges": {name: list(seen) for name, seen in model.ranges.items()},
        "task": _task_to_dict(model.task),
        "features": model.features,
        "n_patients": model.n_patients,
        "simulated": model.simulated,
        "digest": model.digest,
        "preparation": asdict(model.preparation),
        **facts,
    }
    with replacing(folder / "model.json") as part:
        part.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    return folder


def read_model(folder: Path) -> FittedModel:
    """Read a model that `write_model` wrote.

    Raises
    ------
    DataError
        If a file is missing, of another format, or holds any class beside ours.
    """
    facts, loaded, scope = read_scope(folder, "classifiers.skops")
    classifier, *replicas = map(_with_tuples, loaded["classifiers"])
    return FittedModel(
        classifier=classifier,
        replicas=tuple(replicas),
        left_out_share=facts["left_out_share"],
        n_responders=facts["n_responders"],
        n_imputed=facts.get("n_imputed", 0),
        calibration=SiteCalibration(**facts["calibration"]) if facts.get("calibration") else None,
        **scope,
    )


def read_scope(folder: Path, file: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Read what `write_scope` wrote.

    Returns
    -------
    facts, kept : dict
    scope : dict
        The fields of a `Scope`.

    Raises
    ------
    DataError
        As `read_model`.
    """
    import skops.io

    try:
        facts = json.loads((folder / "model.json").read_text())
        untrusted = set(skops.io.get_untrusted_types(file=folder / file))
    except (OSError, ValueError) as error:
        raise _unreadable(folder, str(error)) from None
    if facts.get("format") != FORMAT:
        raise _unreadable(folder, f"format {facts.get('format')}")
    if untrusted - set(TRUSTED_TYPES):
        raise _unreadable(folder, f"classes {sorted(untrusted - set(TRUSTED_TYPES))}")
    loaded = skops.io.load(folder / file, trusted=sorted(untrusted & set(TRUSTED_TYPES)))
    scope = {
        "columns": tuple(Column.from_dict(column) for column in facts["columns"]),
        "ranges": {name: tuple(seen) for name, seen in facts["ranges"].items()},
        "task": _task_from_dict(facts["task"]),
        "features": facts["features"],
        "n_patients": facts["n_patients"],
        "simulated": facts["simulated"],
        "digest": facts["digest"],
        "preparation": _preparation_from_dict(facts["preparation"]),
        "limits": _limits_from_dict(loaded["limits"]),
    }
    return facts, loaded, scope


def pack_encoder(encoder: Encoder, names: dict[tuple[str, ...], np.ndarray]) -> Encoder:
    """Return a copy of an encoder for a file: its names as arrays, each list of them once."""
    return _with_arrays(copy(encoder), names)


def unpack_encoder(encoder: Encoder) -> Encoder:
    """Give an encoder that was read back the form of its settings."""
    if isinstance(encoder, TablePreparer):
        encoder.edges = tuple(map(str, encoder.edges))
    return encoder


def write_tuned(tuned: Tuned, path: Path) -> None:
    """Write what fitting came to, to be read by `read_tuned`; text and arrays, never code."""
    import skops.io

    values = {field.name: getattr(tuned, field.name) for field in fields(tuned)}
    skops.io.dump(values, path, compression=ZIP_DEFLATED)


def read_tuned(path: Path) -> Tuned | None:
    """Read what `write_tuned` wrote; None where the file is damaged or holds any other class."""
    import skops.io

    try:
        untrusted = set(skops.io.get_untrusted_types(file=path))
        if untrusted - set(TRUSTED_TYPES):
            return None
        return Tuned(**skops.io.load(path, trusted=sorted(untrusted)))
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None


def _without_patients(
    classifier: FoldClassifier, names: dict[tuple[str, ...], np.ndarray]
) -> FoldClassifier:
    """Copy a classifier without what it keeps of single patients."""
    kept = copy(classifier)
    if isinstance(kept, StackedClassifier):
        kept.parts_ = [_without_patients(part, names) for part in kept.parts_]
        kept.parts = ()
        return kept
    if isinstance(kept, AveragedClassifier):
        kept.parts_ = [_without_patients(part, names) for part in kept.parts_]
        kept.classifier = None  # type: ignore[assignment]
        return kept
    for name in ("inner_folds_", "inner_scores_"):
        kept.__dict__.pop(name, None)
    kept.inner_folds = 5
    kept.preparer = None
    kept.encoder_ = pack_encoder(kept.encoder_, names)
    return _with_arrays(kept, names)


def _with_arrays(part: Any, names: dict[tuple[str, ...], np.ndarray]) -> Any:
    """Make names text of fixed width: one array in the file, and one for all that share them."""
    for attribute in ("feature_names_in_", "names_", "edges"):
        if hasattr(part, attribute):
            listed = tuple(map(str, getattr(part, attribute)))
            setattr(part, attribute, names.setdefault(listed, np.asarray(listed, dtype=str)))
    for attribute in ("encoder_", "represent_", "remover_", "harmoniser_"):
        inner = getattr(part, attribute, None)
        if inner is not None and not isinstance(part, ResponderClassifier):
            setattr(part, attribute, _with_arrays(copy(inner), names))
    return part


def _with_tuples(classifier: FoldClassifier) -> FoldClassifier:
    """Give preparers back the form of their settings."""
    for part, _ in parts_of(classifier):
        unpack_encoder(part.encoder_)
    return classifier


def _limits_to_dict(limits: Limits, names: dict[tuple[str, ...], np.ndarray]) -> dict[str, Any]:
    sets, familiar = limits.outcome_sets, limits.familiar
    return {
        "outcome_sets": None if sets is None else vars(sets),
        "encoder": None if familiar is None else pack_encoder(familiar.encoder, names),
        "parts": [] if familiar is None else [vars(part) for part in familiar.parts],
        "sites": list(limits.sites),
        "most_missing": limits.most_missing,
    }


def _limits_from_dict(values: dict[str, Any]) -> Limits:
    sets, encoder = values["outcome_sets"], values["encoder"]
    familiar = None
    if encoder is not None:
        familiar = Familiar(
            unpack_encoder(encoder), tuple(Likeness(**part) for part in values["parts"])
        )
    return Limits(
        outcome_sets=None if sets is None else OutcomeSets(**sets),
        familiar=familiar,
        sites=tuple(values["sites"]),
        most_missing=values["most_missing"],
    )


def _task_to_dict(task: Task) -> dict[str, Any]:
    return asdict(task)


def _task_from_dict(values: dict[str, Any]) -> Task:
    clinical = values["clinical"]
    return Task(
        **{
            **values,
            "rule": ResponseRule.from_dict(values["rule"]),
            "clinical": None if clinical is None else tuple(clinical),
        }
    )


def _preparation_from_dict(values: dict[str, Any]) -> Preparation:
    lists = {name: tuple(v) for name, v in values.items() if isinstance(v, list)}
    return Preparation(**{**values, **lists})


def _unreadable(folder: Path, met: str) -> DataError:
    return DataError(
        Fault(
            where=str(folder),
            met=met,
            wanted=f"a model of format {FORMAT}, with no class but scikit-learn's and ours",
            way_out="Train the study again with this version, or read the model with the version "
            "that wrote it.",
        )
    )
