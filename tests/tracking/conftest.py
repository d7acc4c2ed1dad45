"""A prepared store to copy, a made-up study, and a stand-in for the model's own files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from stratify.tracking import ModelRun, Store, StudyRun, open_store, start_study

PATIENTS = tuple(f"TK-{number:03d}" for number in range(40))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty store. Making one takes seconds; copying it, none."""
    return open_store(tmp_path_factory.mktemp("prepared") / "mlruns").folder


@pytest.fixture(scope="session")
def copy_store(prepared: Path) -> Callable[[Path], Store]:
    def copy(folder: Path) -> Store:
        shutil.copytree(prepared, folder)
        return open_store(folder)

    return copy


@pytest.fixture
def store(copy_store: Callable[[Path], Store], tmp_path: Path) -> Store:
    return copy_store(tmp_path / "mlruns")


@pytest.fixture
def patients() -> tuple[str, ...]:
    return PATIENTS


@pytest.fixture(scope="session")
def X() -> pd.DataFrame:  # noqa: N802
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "madrs_baseline": rng.integers(20, 45, len(PATIENTS)).astype(float),
            "sex": pd.Categorical(rng.choice(["female", "male"], len(PATIENTS))),
            "ACC~DLPFC": rng.normal(size=len(PATIENTS)),
        },
        index=pd.Index(PATIENTS, name="patient"),
    )


@pytest.fixture(scope="session")
def make_model_run(X: pd.DataFrame) -> Callable[..., ModelRun]:
    """Return a function that makes one model's run with everything in it that may hold patients."""

    def make(
        family: str = "logistic", features: str = "both", auc: float = 0.6, **more
    ) -> ModelRun:
        by_fold = pd.DataFrame(
            [
                {"repeat": repeat, "fold": fold, "n_test": 8, "auc": auc + repeat + fold / 10}
                for fold in range(5)
                for repeat in range(2)
            ]
        )
        predictions = pd.DataFrame({"patient": PATIENTS, "probability": X["ACC~DLPFC"].to_numpy()})
        parts = {
            "params": {"C": 0.1, "penalty": ("l1", "l2"), "calibrate": True},
            "metrics": {"auc": auc, "auc_low": auc - 0.1, "auc_high": auc + 0.1},
            "fold_metrics": by_fold,
            "figures": {"roc": draw("ROC curve")},
            "tables": {
                "predictions": predictions,
                "contributions": X[["ACC~DLPFC"]],  # indexed by patient, and says so
                "unnamed": X[["ACC~DLPFC"]].rename_axis(None),  # indexed by patient, silently
            },
            "texts": {"certificate.json": json.dumps({"passed": True})},
            "description": f"**{family}** on {features}",
            "model": write_stand_in,
            "X": X,
        }
        return ModelRun(family=family, features=features, **{**parts, **more})

    return make


@pytest.fixture(scope="session")
def train(make_model_run: Callable[..., ModelRun]) -> Callable[..., tuple[str, list[str]]]:
    """Return a function that writes a whole study of two models."""

    def train(store: Store, name: str = "demo", **finish) -> tuple[str, list[str]]:
        with start(
            store, name, **{key: finish.pop(key) for key in set(finish) & {"experiment"}}
        ) as study:
            models = [
                study.log_model_run(make_model_run("prevalence", auc=0.5)),
                study.log_model_run(make_model_run("logistic", auc=0.6)),
            ]
            if finish.pop("register", False):
                finish |= {"responder": models[1], "register_as": f"responder-{name}"}
            study.finish(verdict="No usable individual prediction.", **finish)
        return study.run_id, models

    return train


@pytest.fixture(scope="session")
def trained(
    copy_store: Callable[[Path], Store],
    train: Callable[..., tuple[str, list[str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Store, str, list[str]]:
    """A store with one study, its run, and those of its two models. Not to be written to."""
    store = copy_store(tmp_path_factory.mktemp("trained") / "mlruns")
    study, models = train(store, register=True)
    return store, study, models


def start(store: Store, name: str = "demo", experiment: str = "simulated TMS + ketamine"):
    return start_study(
        store,
        experiment=experiment,
        name=name,
        digest="ab" * 32,
        simulated=True,
        dataset="realistic",
        patients=len(PATIENTS),
        params={"validation.folds": 5, "seed": 0},
        study_toml=f'[study]\nname = "{name}"\n',
    )


@pytest.fixture
def begin() -> Callable[..., StudyRun]:
    return start


def draw(title: str) -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_title(title)
    return figure


def write_stand_in(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps({"shift": 0.25}))


class StandIn:
    """Predicts the same log-odds for all, which it reads from its file."""

    def __init__(self, folder: Path) -> None:
        from stratify.schema import Column

        self.shift = json.loads((folder / "model.json").read_text())["shift"]
        self.columns = (
            Column(name="madrs_baseline"),
            Column(name="sex", kind="category", levels=("female", "male")),
            Column(name="ACC~DLPFC", source="connectivity"),
        )

    def predict(self, X: pd.DataFrame, *, level: float = 0.95):
        from types import SimpleNamespace

        self.given = X
        values = {"probability": 0.56, "low": 1 - level, "high": level, "log_odds": self.shift}
        outside = tuple(
            (f"sex: {sex}",) if sex not in ("female", "male") else () for sex in X["sex"]
        )
        return SimpleNamespace(table=pd.DataFrame(values, index=X.index), cannot_say=outside)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Let a folder written by `write_stand_in` be read as a model."""
    import stratify.model

    monkeypatch.setattr(stratify.model, "read_model", StandIn, raising=False)
    return StandIn
