"""A fitted model as MLflow keeps it: our own folder of safe files, under MLflow's interface."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratify.tracking.store import quiet

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

# What a model needs to speak, besides stratify itself. stratify is not named: an environment
# made from this list must be given the stratify that wrote the model, not whatever an index
# happens to hold under that name.
_REQUIREMENTS = (
    "mlflow",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "skops",
    "xgboost-cpu",
    "xgboost",
)


def make_input_example(X: pd.DataFrame) -> pd.DataFrame:
    """Make up one patient: the median of every number, the commonest level of every category.

    No patient's row, then. Medians are rounded to three digits.

    Parameters
    ----------
    X : DataFrame

    Returns
    -------
    example : DataFrame, one row
        Numbers are ``float64``, since an integer column could not say that a value is missing;
        categories are text.

    Examples
    --------
    >>> X = pd.DataFrame({"madrs": [31, 27, 40], "sex": pd.Categorical(["f", "m", "f"])})
    >>> make_input_example(X).to_dict("records")
    [{'madrs': 31.0, 'sex': 'f'}]
    """
    numbers = X.select_dtypes("number")
    medians = np.nan_to_num(numbers.astype("float64").median().to_numpy(), nan=0.0)
    example = {
        name: float(f"{median:.3g}") for name, median in zip(numbers.columns, medians, strict=True)
    }
    words = {name: _commonest_level(X[name]) for name in X.columns.difference(numbers.columns)}
    return pd.DataFrame([{**example, **words}])[list(X.columns)]


def _commonest_level(values: pd.Series) -> str:
    if not isinstance(values.dtype, pd.CategoricalDtype):
        raise TypeError(f"{values.name} is neither a number nor a category")
    return str(next(iter(values.mode()), ""))


def make_signature(example: pd.DataFrame) -> ModelSignature:
    """Say what a model takes and gives: the example's columns in, a likelihood with bounds out."""
    with quiet():
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(
            DataType.double
            if pd.api.types.is_numeric_dtype(example[name].dtype)
            else DataType.string,
            name,
        )
        for name in map(str, example.columns)
    ]
    outputs: list[ColSpec | TensorSpec] = [
        *(ColSpec(DataType.double, name) for name in ("probability", "low", "high", "log_odds")),
        ColSpec(DataType.string, "cannot_say"),
    ]
    level = ParamSpec("level", DataType.double, 0.95)
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema([level]))


def log_served_model(
    client: MlflowClient,
    run_id: str,
    *,
    name: str,
    write: Callable[[Path], object],
    X: pd.DataFrame,
) -> str:
    """Write a model beside its run, and return MLflow's id of it.

    The folder holds data only (JSON and skops files), and `stratify.tracking.serving` of the
    installed package reads it: loading a model runs no code that came with the model.
    """
    with quiet():
        import mlflow.pyfunc
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

    experiment_id = client.get_run(run_id).info.experiment_id
    logged = client.create_logged_model(experiment_id, name=name, source_run_id=run_id)
    example = make_input_example(X)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "stratify_model"
        write(data)
        saved = Path(folder) / "saved"
        mlflow.pyfunc.save_model(
            saved,
            loader_module="stratify.tracking.serving",
            data_path=str(data),
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
            signature=make_signature(example),
            input_example=example,
            pip_requirements=_requirements(),
            metadata={"needs": f"stratify=={_version('stratify')}"},
        )
        client.log_model_artifacts(logged.model_id, str(saved))
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    client.finalize_logged_model(logged.model_id, "READY")
    return logged.model_id


def register_model(client: MlflowClient, run_id: str, *, name: str, alias: str) -> str:
    """Make a run's model a version of a registered model, give it an alias, return the version."""
    from mlflow.exceptions import MlflowException

    name = registered_name(name)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    model_id = find_model_id(client, run_id)
    assert model_id is not None, "only a run with a model can be registered"
    logged = client.get_logged_model(model_id)
    # Not "models:/<id>": MLflow would look that up in whatever store its global setting names.
    made = client.create_model_version(
        name, logged.artifact_location, run_id=run_id, model_id=model_id, await_creation_for=0
    )
    link = json.dumps([{"name": name, "version": str(made.version)}])
    client.set_logged_model_tags(model_id, {"mlflow.modelVersions": link})
    client.set_registered_model_alias(name, alias, made.version)
    return str(made.version)


def registered_name(name: str) -> str:
    """Return a name as MLflow's registry can hold it, which knows neither slash nor colon.

    Examples
    --------
    >>> registered_name("TMS/ketamine: pilot")
    'TMS-ketamine- pilot'
    """
    return re.sub("[/:]+", "-", name)


def find_model_id(client: MlflowClient, run_id: str) -> str | None:
    """Return MLflow's id of a run's model, or None if the run has no model."""
    outputs = client.get_run(run_id).outputs
    models = outputs.model_outputs if outputs else []
    return models[0].model_id if models else None


def _requirements() -> list[str]:
    found = {name: _version(name) for name in _REQUIREMENTS}
    return [f"{name}=={number}" for name, number in found.items() if number]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
