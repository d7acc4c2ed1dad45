"""What was tried is counted, over all studies of a store."""

import pandas as pd
import pytest

from stratify.tracking import load_run, open_store


def load(studies, name):
    return load_run(open_store(studies.store), studies.trained[name]["study_run"])


def test_the_first_study_counts_its_own_models(studies):
    tried = studies.trained["first"]["tried"]
    assert (tried["on_this_outcome"], tried["in_this_study"]) == (1, 1)
    assert tried["best"] is None
    assert "so far" not in studies.trained["first"]["verdict"]


def test_another_study_of_these_patients_counts_those_before_it(studies):
    tried = studies.trained["second"]["tried"]
    assert (tried["on_this_outcome"], tried["in_this_study"]) == (3, 2)
    assert "(3 on this outcome of these patients so far" in studies.trained["second"]["verdict"]
    assert studies.trained["third"]["tried"]["on_this_outcome"] == 1


def test_it_is_kept_in_the_study_s_run(studies):
    loaded = load(studies, "second")
    assert loaded.tags["tried_on_outcome"] == "3"
    table = pd.read_csv(loaded.folder / "tables" / "tried.csv")
    assert table["study"].tolist() == ["first", "second", "second"]
    assert table["features"].tolist() == ["clinical", "clinical", "both"]
    assert "3 models have been tried on this outcome" in loaded.tags["mlflow.note.content"]


def test_the_best_of_two_is_corrected_for_having_been_chosen(studies):
    best = studies.trained["second"]["tried"]["best"]
    figures = {
        f"{run['features']} {run['family']}": run["auc"]
        for run in studies.trained["second"]["runs"]
    }
    assert best["model"] == max(figures, key=figures.get)
    assert best["apparent"] == pytest.approx(figures[best["model"]])
    assert best["corrected_low"] < best["corrected"] < best["corrected_high"]
    assert sum(best["chosen"].values()) == pytest.approx(1)


def test_the_same_again_is_nothing_new_and_another_outcome_is_counted_apart(studies):
    again = studies.train("here", "first-again", "features.sets=clinical")
    assert again["tried"]["on_this_outcome"] == 3
    other = studies.train("here", "other-outcome", "features.sets=clinical", "response.drop=0.35")
    assert other["tried"]["on_this_outcome"] == 1
    assert other["tried"]["on_other_outcomes"] == 3
