"""Studies that leak, each in its own way: every one is named by its certificate, or refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.cohort import Cohort, examine_cohort
from stratify.errors import DataError
from stratify.evaluation import (
    check_canaries,
    check_shipped,
    cross_validate,
    make_certificate,
    make_verdict,
    refit,
)
from stratify.evaluation.certificate.columns import check_near_copies
from stratify.evaluation.certificate.patients import check_duplicates
from stratify.folds import draw_folds, make_folds
from stratify.model import ResponderClassifier, make_outcome_sets
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import Task, assemble

PATIENTS = 80


@pytest.fixture(scope="module")
def honest():
    """A study that leaks nothing, with numbers enough to tell one patient from another."""
    cohort = widen(make_small_cohort(PATIENTS, effect=1.0))
    return assemble(Task(rule=RULE, question="prognosis"), cohort)


def widen(cohort, count=6, seed=1):
    rng = np.random.default_rng(seed)
    noise = {f"x{k}": rng.normal(size=len(cohort)) for k in range(count)}
    columns = tuple(Column(name=name) for name in noise)
    frame = pd.concat([cohort.frame, pd.DataFrame(noise, index=cohort.frame.index)], axis=1)
    return Cohort(frame, cohort.columns + columns, name="made", simulated=True)


def study(table, **how):
    folds = how.pop("folds", None) or make_folds(table.y, table.groups, folds=4)
    return folds, cross_validate(table, "logistic", folds, inner_folds=3)


def failed(certificate):
    return [f"{check.name} ({check.detail})" for check in certificate.checks if not check.passed]


def put(table, name, values, **meaning):
    column = Column(name=name, **meaning)
    return replace(table, X=table.X.assign(**{name: values}), columns=(*table.columns, column))


def fitted_on(table, folds, X):
    """The models of a study whose columns had been made of all patients first."""
    leaky = replace(table, X=X)
    return cross_validate(leaky, "logistic", folds, inner_folds=3).replicas


def test_honest_study_passes(honest):
    folds, evaluation = study(honest)
    assert failed(evaluation.certificate) == []
    canaries = check_canaries([honest], folds, inner_folds=3)["clinical"]
    assert all(check.passed for check in canaries)


# What is done outside the fold --------------------------------------------------------------------


def test_scaling_outside_the_fold_is_named(honest):
    folds = make_folds(honest.y, folds=4)
    numbers = honest.X.select_dtypes("number")
    scaled = honest.X.copy()
    scaled[numbers.columns] = (numbers - numbers.mean()) / numbers.std()
    names = failed(make_certificate(honest, folds, fitted_on(honest, folds, scaled)))
    assert any("learned of the training rows alone" in name for name in names)


def test_imputation_outside_the_fold_is_named(honest):
    folds = make_folds(honest.y, folds=4)
    filled = honest.X.assign(age=honest.X["age"].fillna(honest.X["age"].mean()))
    names = failed(make_certificate(honest, folds, fitted_on(honest, folds, filled)))
    assert any("learned of the training rows alone" in name for name in names)


def test_harmonisation_outside_the_fold_is_named(honest):
    folds = make_folds(honest.y, folds=4)
    levels = honest.X["x0"].groupby(honest.site).transform("mean")
    moved = honest.X.assign(x0=honest.X["x0"] - levels)
    names = failed(make_certificate(honest, folds, fitted_on(honest, folds, moved)))
    assert any("learned of the training rows alone" in name for name in names)


def test_combat_that_preserves_the_outcome_is_refused():
    cohort = make_small_cohort(PATIENTS)
    with pytest.raises(DataError, match="responded"):
        assemble(
            Task(rule=RULE, question="prognosis"),
            cohort,
            make_small_connectomes(cohort, 6),
            preparation=Preparation(harmonise="combat", preserve=("responded",)),
        )


def test_selection_outside_the_fold_is_named(honest):
    """Of many columns of noise, those that go with the outcome, chosen on all patients."""
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(PATIENTS, 1000)), index=honest.X.index).add_prefix("n")
    signs = np.where(honest.y == 1, 1.0, -1.0)
    best = noise.columns[np.argsort(-np.abs(signs @ noise.to_numpy()))[:5]]
    columns = {name: Column(name=name) for name in noise}
    whole = replace(honest, X=noise, columns=tuple(columns.values()))
    chosen = replace(honest, X=noise[best], columns=tuple(columns[name] for name in best))
    folds, evaluation = study(chosen)
    assert evaluation.metrics["auc"].value > 0.7
    names = failed(make_certificate(whole, folds, evaluation.replicas))
    assert any("chosen or left out before the folds" in name for name in names)


def test_tuning_on_everybody_is_named(honest):
    folds = make_folds(honest.y, folds=4)
    everybody = ResponderClassifier("logistic", inner_folds=3).fit(honest.X, honest.y)
    names = failed(make_certificate(honest, folds, [everybody] * 4))
    assert any("tuning" in name for name in names)
    assert any("calibration" in name for name in names)


# Who is in the table ------------------------------------------------------------------------------


def test_patient_twice_under_two_names_is_named(honest):
    X = honest.X.copy()
    X.iloc[40:] = X.iloc[:40].to_numpy()
    X["sex"] = X["sex"].astype(honest.X["sex"].dtype)
    X[X.columns.drop("sex")] = X[X.columns.drop("sex")].astype(float)
    y = honest.y.copy()
    y[40:] = y[:40]
    _, evaluation = study(replace(honest, X=X, y=y))
    names = failed(evaluation.certificate)
    assert any("under two names" in name for name in names)


def test_one_scan_under_two_names_is_named_whatever_else_is_said_of_them():
    cohort = make_small_cohort(PATIENTS, effect=1.0)
    both = assemble(
        Task(rule=RULE, question="prognosis"), cohort, make_small_connectomes(cohort, 8)
    )
    X = both.X.copy()
    edges = [column.name for column in both.columns if column.source == "connectivity"]
    X.loc[X.index[1], edges] = X.loc[X.index[0], edges]
    folds = make_folds(np.arange(PATIENTS) % 2, folds=2)
    assert check_duplicates(both, folds).passed
    found = check_duplicates(replace(both, X=X), folds)
    assert not found.passed
    assert found.detail.startswith("2 rows")
    pair = both.groups.copy()
    pair[1] = pair[0]
    assert check_duplicates(replace(both, X=X, groups=pair), folds).passed


def test_patient_twice_under_two_names_is_refused_when_the_cohort_is_read():
    cohort = widen(make_small_cohort(PATIENTS))
    twice = cohort.frame.copy()
    twice.iloc[1] = twice.iloc[0]
    with pytest.raises(DataError, match="the very same values"):
        examine_cohort(Cohort(twice, cohort.columns))


def test_one_person_in_two_folds_is_named(honest):
    folds, evaluation = study(honest)
    people = np.repeat(np.arange(PATIENTS // 2), 2).astype(str)
    shared = replace(honest, groups=people)
    names = failed(make_certificate(shared, folds, evaluation.replicas))
    assert any("training and test of the same fold" in name for name in names)


# What a column tells ------------------------------------------------------------------------------


def test_followup_column_is_refused_and_named(honest):
    late = Column(name="x0", measured="followup")
    columns = tuple(late if c.name == "x0" else c for c in honest.columns)
    _, evaluation = study(replace(honest, columns=columns))
    assert any(
        "x0" in name and "before treatment" in name for name in failed(evaluation.certificate)
    )
    cohort = widen(make_small_cohort(PATIENTS))
    columns = tuple(late if c.name == "x0" else c for c in cohort.columns)
    task = Task(rule=RULE, question="prognosis", clinical=("severity", "x0"))
    with pytest.raises(DataError, match="x0: measured followup"):
        assemble(task, Cohort(cohort.frame, columns))


def test_copy_of_the_outcome_is_named_whether_number_or_level(honest):
    copy = honest.y + np.random.default_rng(0).normal(0, 0.1, PATIENTS)
    level = pd.Categorical(np.where(honest.y == 1, "stayed", "left"))
    for table in (
        put(honest, "late_score", copy),
        put(honest, "status", level, kind="category", levels=("left", "stayed")),
    ):
        _, evaluation = study(table)
        names = failed(evaluation.certificate)
        assert any("near-copy" in name and table.columns[-1].name in name for name in names)


def make_noise(honest, patients, responders, columns, seed):
    """A study of so few patients that some of many columns of noise part the classes by chance."""
    rng = np.random.default_rng(seed)
    noise = pd.DataFrame(rng.normal(size=(patients, columns)), index=honest.X.index[:patients])
    noise = noise.add_prefix("edge")
    y = np.zeros(patients, dtype=int)
    y[rng.permutation(patients)[:responders]] = 1
    return replace(
        honest,
        X=noise,
        y=y,
        groups=honest.groups[:patients],
        site=honest.site[:patients],
        columns=tuple(Column(name=name, source="connectivity") for name in noise),
    )


@pytest.mark.parametrize(("patients", "responders"), [(20, 4), (40, 4), (20, 10)])
def test_edges_of_noise_are_no_copies_where_a_class_has_few_members(honest, patients, responders):
    for seed in range(5):
        table = make_noise(honest, patients, responders, 4000, seed)
        assert check_near_copies(table).passed


@pytest.mark.parametrize(("patients", "responders"), [(24, 4), (40, 4), (20, 10)])
def test_clinical_copy_is_named_among_many_edges_even_of_few_patients(honest, patients, responders):
    table = make_noise(honest, patients, responders, 4000, 0)
    found = check_near_copies(put(table, "late_score", table.y + 0.0))
    assert not found.passed
    assert found.detail.endswith(": late_score")


def test_column_missing_for_those_who_did_not_respond_is_named(honest):
    values = np.random.default_rng(0).normal(size=PATIENTS)
    values[honest.y == 0] = np.nan
    values[np.flatnonzero(honest.y == 1)[:4]] = np.nan
    _, evaluation = study(put(honest, "exit_visit", values))
    names = failed(evaluation.certificate)
    assert any("exit_visit" in name and "missing where the outcome" in name for name in names)


def test_gaps_that_have_nothing_to_do_with_the_outcome_pass(honest):
    values = np.random.default_rng(0).normal(size=PATIENTS)
    values[::4] = np.nan
    _, evaluation = study(put(honest, "income", values))
    assert failed(evaluation.certificate) == []


def test_site_equal_to_the_outcome_is_named_and_refused(honest):
    site = np.where(honest.y == 1, "A", "B")
    table = replace(honest, site=site)
    _, evaluation = study(table)
    assert any("the site is not the outcome" in name for name in failed(evaluation.certificate))
    with pytest.raises(DataError, match="each site has one class only: A, B"):
        draw_folds(replace(table, scheme="leave one site out", by=site))


def test_order_of_rows_is_named_where_a_column_follows_it(honest):
    order = np.argsort(honest.y, kind="stable")
    table = replace(
        honest,
        X=honest.X.iloc[order],
        y=honest.y[order],
        groups=honest.groups[order],
        site=honest.site[order],
    )
    assert failed(study(table)[1].certificate) == []
    batch = np.arange(PATIENTS) + np.random.default_rng(0).normal(0, 8, PATIENTS)
    _, evaluation = study(put(table, "scan_number", batch))
    names = failed(evaluation.certificate)
    assert any("scan_number" in name and "order of rows" in name for name in names)


# What only a canary hears -------------------------------------------------------------------------


def test_labels_that_reach_the_model_by_another_way_make_the_canaries_sing(honest, monkeypatch):
    """A pipeline that looks its patients up in a list of answers, whatever it is given."""
    import stratify.evaluation.canaries as canaries

    answers = dict(zip(honest.X.index, honest.y, strict=True))

    def cheat(classifier, X, Y, held_out):
        return np.tile([[answers[name]] for name in held_out.index], (1, Y.shape[1]))

    monkeypatch.setattr(
        ResponderClassifier,
        "decision_function",
        lambda self, X: np.array([float(answers[name]) for name in X.index]),
    )
    folds = make_folds(honest.y, folds=4)
    noise = canaries.check_canaries([honest], folds, inner_folds=3)["clinical"][1]
    assert not noise.passed
    assert "noise" in noise.name


def test_shuffled_outcomes_that_are_found_again_make_the_canary_sing(honest, monkeypatch):
    import stratify.evaluation.canaries as canaries

    shown = {}
    make = canaries.make_shuffles

    def remember(*args, **how):
        shown["labels"] = make(*args, **how)
        return shown["labels"]

    def cheat(classifier, X, Y, held_out):
        rows = honest.X.index.get_indexer(held_out.index)
        noise = np.random.default_rng(0).normal(0, 2, (len(rows), Y.shape[1]))
        return shown["labels"][rows][:, : Y.shape[1]] + noise

    monkeypatch.setattr(canaries, "make_shuffles", remember)
    monkeypatch.setattr(canaries, "fit_labellings", cheat)
    folds = make_folds(honest.y, folds=4)
    shuffled = canaries.check_canaries([honest], folds, inner_folds=3)["clinical"][0]
    assert not shuffled.passed


def test_leak_that_is_named_blocks_the_report(honest):
    table = put(honest, "late_score", honest.y.astype(float))
    folds, evaluation = study(table)
    prevalence = cross_validate(table, "prevalence", folds, inner_folds=3)
    verdict = make_verdict([prevalence, evaluation], table)
    assert verdict.finding == "leak"
    assert "late_score" in verdict.words
    assert verdict.model is None


# What is shipped ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["logistic", "forest"])
def shipped(request, honest):
    folds = make_folds(honest.y, honest.groups, folds=4, repeats=2)
    evaluation = cross_validate(honest, request.param, folds, inner_folds=3)
    return folds, evaluation, refit(evaluation, honest, inner_folds=3)


def names_failed(checks):
    return [check.name for check in checks if not check.passed]


def test_honest_model_is_shipped(honest, shipped):
    folds, evaluation, model = shipped
    checks = check_shipped(honest, model, folds, evaluation.replicas)
    assert len(checks) == 2
    assert names_failed(checks) == []
    assert f"{len(honest)} patients scored again by 4 models" in checks[0].detail


def test_outcome_sets_of_patients_the_model_had_seen_are_named(honest, shipped):
    folds, evaluation, model = shipped
    seen = make_outcome_sets(honest.y, model.classifier.decision_function(honest.X))
    leaky = replace(model, limits=replace(model.limits, outcome_sets=seen))
    (name,) = names_failed(check_shipped(honest, leaky, folds, evaluation.replicas))
    assert "which outcomes remain" in name


def test_outcome_sets_scored_by_models_that_saw_a_member_of_the_family_are_named(honest, shipped):
    folds, evaluation, model = shipped
    pairs = replace(honest, groups=np.arange(len(honest)) // 2)
    (name,) = names_failed(check_shipped(pairs, model, folds, evaluation.replicas))
    assert "which outcomes remain" in name


def test_explanations_that_start_from_other_patients_are_named(honest, shipped):
    folds, evaluation, model = shipped
    of_a_fold = replace(model, classifier=evaluation.replicas[0])
    (name,) = names_failed(check_shipped(honest, of_a_fold, folds, evaluation.replicas))
    assert "explanations start from" in name
