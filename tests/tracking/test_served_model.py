from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stratify.tracking.served_model import make_input_example, make_signature


@pytest.fixture
def saved(trained) -> Path:
    """MLflow's folder of one model."""
    store, _, models = trained
    (output,) = store.client.get_run(models[1]).outputs.model_outputs
    logged = store.client.get_logged_model(output.model_id)
    assert str(logged.status) == "READY"
    return store.artifacts / Path(logged.artifact_location).relative_to(store.artifacts.as_uri())


def load(saved: Path):
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(saved))


def new_patients() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ACC~DLPFC": [0.1, np.nan, 0.3],
            "sex": ["male", None, "unheard of"],
            "madrs_baseline": [30.0, 31.0, np.nan],
        },
        index=["N1", "N2", "N3"],
    )


def test_a_logged_model_answers_with_a_likelihood_and_its_bounds(saved, stand_in):
    answer = load(saved).predict(new_patients())
    assert list(answer.columns) == ["probability", "low", "high", "log_odds", "cannot_say"]
    assert list(answer.index) == ["N1", "N2", "N3"]
    assert set(answer["log_odds"]) == {0.25}
    assert list(answer["cannot_say"].iloc[[0, 2]]) == ["", "sex: unheard of"]


def test_the_level_of_the_interval_can_be_asked_for(saved, stand_in):
    assert set(load(saved).predict(new_patients())["high"]) == {0.95}
    assert set(load(saved).predict(new_patients(), params={"level": 0.8})["high"]) == {0.8}


def test_columns_get_the_types_of_training_back(saved, stand_in):
    model = load(saved)
    model.predict(new_patients())
    given = model._model_impl.model.given
    assert list(given.columns) == ["madrs_baseline", "sex", "ACC~DLPFC"]
    assert list(given["sex"].cat.categories) == ["female", "male", "unheard of"]
    assert given["sex"].isna().tolist() == [False, True, False]
    assert given["madrs_baseline"].dtype == "float64"


def test_a_missing_column_is_refused_by_name(saved, stand_in):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=r"missing inputs.*madrs_baseline"):
        load(saved).predict(new_patients().drop(columns="madrs_baseline"))


def test_the_files_of_a_model_hold_no_code_and_no_pickle(saved):
    kinds = {path.suffix for path in saved.rglob("*") if path.is_file()}
    assert kinds <= {"", ".json", ".yaml", ".txt", ".skops"}
    description = (saved / "MLmodel").read_text()
    assert "loader_module: stratify.tracking.serving" in description
    assert "code: null" in description


def test_numbers_are_doubles_and_categories_are_text_in_the_signature(X):
    signature = make_signature(make_input_example(X))
    kinds = {column.name: str(column.type) for column in signature.inputs}
    assert kinds == {
        "madrs_baseline": "DataType.double",
        "sex": "DataType.string",
        "ACC~DLPFC": "DataType.double",
    }
    assert signature.outputs.input_names() == [
        "probability",
        "low",
        "high",
        "log_odds",
        "cannot_say",
    ]


def test_the_input_example_is_nobody(X, saved):
    example = make_input_example(X)
    assert len(example) == 1
    assert example["madrs_baseline"][0] == float(f"{np.median(X['madrs_baseline']):.3g}")
    assert example["sex"][0] == X["sex"].value_counts().index[0]
    row = example.iloc[0]
    assert not (X.astype(object) == row).all(axis=1).any()
    written = json.loads((saved / "input_example.json").read_text())
    assert written["data"] == example.to_numpy().tolist()


def test_an_example_of_columns_never_recorded_is_still_made():
    X = pd.DataFrame({"empty": [np.nan, np.nan], "level": pd.Categorical([None, None])})
    assert make_input_example(X).to_dict("records") == [{"empty": 0.0, "level": ""}]


def test_what_a_model_needs_is_pinned_without_naming_this_package(saved):
    needed = (saved / "requirements.txt").read_text().split()
    assert all("==" in line for line in needed)
    assert {"numpy", "scikit-learn", "skops"} <= {line.split("==")[0] for line in needed}
    assert not any(line.startswith("stratify") for line in needed)
