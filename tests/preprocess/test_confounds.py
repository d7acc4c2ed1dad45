import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.errors import DataError
from stratify.preprocess import ConfoundRemover


@parametrize_with_checks([ConfoundRemover(), ConfoundRemover([0], keep=True)])
def test_confound_remover_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture
def cohort():
    rng = np.random.default_rng(3)
    n = 60
    age, motion = rng.normal(45, 12, n), rng.gamma(2, 0.1, n)
    sex = rng.choice(["F", "M"], n)
    noise = rng.normal(size=(n, 4))
    edges = noise + np.outer(age / 12, [1, 0, -1, 0.5]) + np.outer(motion * 10, [0, 1, 1, 0])
    frame = pd.DataFrame(edges, columns=["SN~DMN", "SN~CEN", "DMN~CEN", "A~B"])
    frame.insert(1, "age", age)
    frame["sex"] = pd.Categorical(sex)
    frame["motion"] = motion
    frame["history"] = pd.Categorical(rng.choice(["none", "one", "two"], n))
    frame.index = [f"P{k}" for k in range(n)]
    return frame


EDGES = ["SN~DMN", "SN~CEN", "DMN~CEN", "A~B"]
CONFOUNDS = ["age", "sex", "motion"]


def test_cleaned_columns_equal_the_residuals_of_an_independent_regression(cohort):
    cleaned = ConfoundRemover(CONFOUNDS).fit_transform(cohort)
    design = np.column_stack([cohort["age"], cohort["motion"], cohort["sex"] == "F"])
    line = LinearRegression().fit(design, cohort[EDGES])
    wanted = cohort[EDGES] - line.predict(design) + cohort[EDGES].mean()
    np.testing.assert_allclose(cleaned[EDGES], wanted, atol=1e-12)


def test_nothing_of_the_confounds_is_left_in_training(cohort):
    cleaned = ConfoundRemover(CONFOUNDS).fit_transform(cohort)
    for confound in (cohort["age"], cohort["motion"], cohort["sex"] == "M"):
        for edge in EDGES:
            assert abs(np.corrcoef(confound, cleaned[edge])[0, 1]) < 1e-12


def test_new_rows_are_cleaned_by_what_training_learned(cohort):
    train, new = cohort.iloc[:40], cohort.iloc[40:]
    remover = ConfoundRemover(CONFOUNDS).fit(train)
    design = [np.column_stack([f["age"], f["motion"], f["sex"] == "F"]) for f in (train, new)]
    line = LinearRegression().fit(design[0], train[EDGES])
    wanted = new[EDGES] - line.predict(design[1]) + train[EDGES].mean()
    np.testing.assert_allclose(remover.transform(new)[EDGES], wanted, atol=1e-12)


@pytest.mark.parametrize("confounds", [CONFOUNDS, ()])
@pytest.mark.parametrize("gap", [False, True])
def test_training_rows_cleaned_at_once_are_as_cleaned_afterwards(cohort, confounds, gap):
    if gap:
        cohort.iloc[3, 0] = np.nan
        cohort.loc["P5", "age"] = np.nan
    before = cohort.copy()
    at_once = ConfoundRemover(confounds).fit_transform(cohort)
    pd.testing.assert_frame_equal(cohort, before)
    afterwards = ConfoundRemover(confounds).fit(cohort).transform(cohort)
    pd.testing.assert_frame_equal(at_once, afterwards, check_exact=True)


def test_rows_alone_equal_rows_together(cohort):
    cohort.iloc[3, 0] = np.nan
    cohort.loc["P5", "age"] = np.nan
    remover = ConfoundRemover(CONFOUNDS).fit(cohort)
    together = remover.transform(cohort)
    for k in range(len(cohort)):
        alone = remover.transform(cohort.iloc[k : k + 1])
        pd.testing.assert_frame_equal(alone, together.iloc[k : k + 1], rtol=0, atol=1e-12)


def test_confounds_go_and_other_columns_keep_their_place_and_kind(cohort):
    cleaned = ConfoundRemover(CONFOUNDS).fit_transform(cohort)
    assert list(cleaned) == [*EDGES, "history"]
    assert cleaned["history"].equals(cohort["history"])
    assert cleaned.index.equals(cohort.index)


def test_kept_confounds_come_out_as_they_went_in(cohort):
    kept = ConfoundRemover(CONFOUNDS, keep=True).fit_transform(cohort)
    assert list(kept) == list(cohort)
    pd.testing.assert_frame_equal(kept[CONFOUNDS], cohort[CONFOUNDS])


def test_only_the_named_columns_are_cleaned(cohort):
    cleaned = ConfoundRemover(["age"], columns=["A~B"]).fit_transform(cohort)
    pd.testing.assert_frame_equal(cleaned[EDGES[:3]], cohort[EDGES[:3]])
    assert abs(np.corrcoef(cleaned["A~B"], cohort["age"])[0, 1]) < 1e-12


def test_a_table_and_an_array_come_out_alike(cohort):
    numbers = cohort[[*EDGES, "age", "motion"]]
    by_name = ConfoundRemover(["age", "motion"]).fit(numbers).transform(numbers)
    by_position = ConfoundRemover([4, 5]).fit_transform(numbers.to_numpy())
    assert isinstance(by_position, np.ndarray)
    np.testing.assert_array_equal(by_name.to_numpy(), by_position)


def test_a_column_of_a_table_can_be_named_or_counted(cohort):
    by_name = ConfoundRemover(["age", "sex"]).fit_transform(cohort)
    by_position = ConfoundRemover([1, 5]).fit_transform(cohort)
    pd.testing.assert_frame_equal(by_name, by_position)


def test_a_missing_value_stays_missing_and_leaves_other_columns_alone(cohort):
    gaps = cohort.copy()
    gaps.loc[["P1", "P8"], ["SN~CEN", "A~B"]] = np.nan
    cleaned = ConfoundRemover(CONFOUNDS).fit_transform(gaps)
    assert cleaned.isna().sum().tolist() == [0, 2, 0, 2, 0]
    whole = ConfoundRemover(CONFOUNDS).fit_transform(cohort)
    pd.testing.assert_series_equal(cleaned["SN~DMN"], whole["SN~DMN"])


def test_a_column_with_gaps_is_learned_from_the_rows_that_have_it(cohort):
    gaps = cohort.copy()
    gaps.iloc[:20, 0] = np.nan
    coef = ConfoundRemover(["age"]).fit(gaps).coef_[0, 0]
    known = cohort.iloc[20:]
    slope = np.polyfit(known["age"], known["SN~DMN"], 1)[0]
    assert coef == pytest.approx(slope * cohort["age"].std(ddof=0))


def test_a_column_known_in_too_few_rows_is_left_and_named(cohort):
    cohort.iloc[3:, 0] = np.nan
    remover = ConfoundRemover(CONFOUNDS).fit(cohort)
    assert remover.untouched_ == ("SN~DMN",)
    cleaned = remover.transform(cohort)["SN~DMN"]
    pd.testing.assert_series_equal(cleaned, cohort["SN~DMN"])


def test_a_missing_confound_counts_as_the_training_mean(cohort):
    remover = ConfoundRemover(["age"]).fit(cohort)
    lone, average = cohort.iloc[:1].copy(), cohort.iloc[:1].copy()
    lone["age"], average["age"] = np.nan, cohort["age"].mean()
    np.testing.assert_allclose(
        remover.transform(lone)[EDGES], remover.transform(average)[EDGES], atol=1e-12
    )


def test_coefficients_name_what_each_confound_takes_off(cohort):
    remover = ConfoundRemover(CONFOUNDS).fit(cohort)
    table = remover.to_frame()
    assert list(table.columns) == ["age", "sex=F", "sex=M", "motion"]
    assert list(table.index) == EDGES
    encoded = remover.encoder_.transform(cohort[CONFOUNDS])
    taken = cohort[EDGES] - remover.transform(cohort)[EDGES]
    np.testing.assert_allclose(encoded @ table.T.to_numpy(), taken, atol=1e-12)


def test_an_unseen_level_takes_nothing_off_or_is_refused_as_declared(cohort):
    new = cohort.iloc[:1].copy()
    new["sex"] = "intersex"
    lenient = ConfoundRemover(["sex"]).fit(cohort)
    pd.testing.assert_frame_equal(lenient.transform(new)[EDGES], new[EDGES])
    strict = ConfoundRemover(["sex"], unseen="refuse").fit(cohort)
    with pytest.raises(DataError, match="intersex, not among training's F, M"):
        strict.transform(new)


def test_a_constant_confound_takes_nothing_off(cohort):
    cohort["motion"] = 0.1
    cleaned = ConfoundRemover(["motion"]).fit_transform(cohort)
    np.testing.assert_array_equal(cleaned[EDGES], cohort[EDGES])


def test_an_unknown_confound_is_refused_with_its_neighbour(cohort):
    with pytest.raises(DataError, match=r"'agee', which is no column .*did you mean 'age'"):
        ConfoundRemover(["agee"]).fit(cohort)


def test_a_category_cannot_be_cleaned(cohort):
    with pytest.raises(DataError, match="history, which hold categories"):
        ConfoundRemover(["age"], columns=["history"]).fit(cohort)


def test_more_confounds_than_patients_are_refused(cohort):
    with pytest.raises(DataError, match="4 training patients for 3 independent confounds"):
        ConfoundRemover(CONFOUNDS).fit(cohort.iloc[:4])


def test_an_infinite_value_is_refused_by_name(cohort):
    cohort.iloc[0, 0] = np.inf
    with pytest.raises(DataError, match="an infinite value in SN~DMN"):
        ConfoundRemover(["age"]).fit(cohort)


def test_the_outcome_makes_no_difference(cohort):
    y = np.arange(len(cohort)) % 2
    given = ConfoundRemover(CONFOUNDS).fit(cohort, y).transform(cohort)
    pd.testing.assert_frame_equal(given, ConfoundRemover(CONFOUNDS).fit_transform(cohort))


def test_table_is_unchanged(cohort):
    before = cohort.copy(deep=True)
    ConfoundRemover(CONFOUNDS).fit_transform(cohort)
    pd.testing.assert_frame_equal(cohort, before)
