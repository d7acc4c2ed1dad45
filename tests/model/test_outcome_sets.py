import numpy as np
import pytest
from scipy import stats

from stratify.errors import DataError
from stratify.model import make_outcome_sets


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    y = (rng.random(150) < 0.4).astype(int)
    return y, rng.normal(size=(1, 150)) + y


def test_shares_are_the_p_values_of_an_independent_package(held_out):
    from crepes import ConformalClassifier

    y, f = held_out
    new = np.linspace(-3, 4, 50)
    found = make_outcome_sets(y, f).compute(new)
    for label, sign, name in ((1, -1, "p_responder"), (0, 1, "p_nonresponder")):
        classifier = ConformalClassifier().fit(sign * f[0, y == label])
        theirs = classifier.predict_p((sign * new)[:, None], smoothing=False)[:, 0]
        np.testing.assert_allclose(found[name], theirs, atol=1e-12)


def test_sets_agree_with_an_independent_package(held_out):
    from crepes import ConformalClassifier

    y, f = held_out
    new = np.linspace(-3, 4, 200)
    found = make_outcome_sets(y, f, confidence=0.83).compute(new)["remain"]
    mondrian = np.stack(
        [
            ConformalClassifier()
            .fit(sign * f[0, y == label])
            .predict_set((sign * new)[:, None], confidence=0.83, smoothing=False)[:, 0]
            for label, sign in ((1, -1), (0, 1))
        ]
    )
    words = {(1, 1): "both", (1, 0): "responder", (0, 1): "non-responder", (0, 0): "neither"}
    assert found.tolist() == [words[tuple(pair)] for pair in mondrian.T]


@pytest.mark.parametrize("repeats", [1, 4])
@pytest.mark.parametrize(("patients", "confidence"), [(40, 0.9), (60, 0.8), (120, 0.95)])
def test_each_class_is_covered_as_often_as_was_said(repeats, patients, confidence):
    rng = np.random.default_rng(patients)
    studies, covered = 400, np.zeros(2)
    for _ in range(studies):
        y = np.r_[np.zeros(patients), np.ones(patients)].astype(int)
        of_patient = rng.normal(size=2 * patients) + y
        f = of_patient + 0.3 * rng.normal(size=(repeats, 2 * patients))
        sets = make_outcome_sets(y, f, confidence=confidence)
        new = rng.normal(size=2) + np.array([0, 1]) + 0.3 * rng.normal(size=2)
        remain = sets.compute(new)["remain"]
        covered += [remain[0] in ("both", "non-responder"), remain[1] in ("both", "responder")]
    # At least the confidence, and no more than the ties of so many patients make of it.
    low = stats.binom.ppf(0.001, studies, confidence)
    high = stats.binom.ppf(0.999, studies, confidence + 1 / (patients + 1))
    assert (covered >= low).all()
    assert (covered <= high).all()


def test_rows_alone_equal_rows_together(held_out):
    sets = make_outcome_sets(*held_out)
    new = np.random.default_rng(1).normal(size=30)
    together = sets.compute(new)
    for k in range(30):
        assert sets.compute(new[k : k + 1]).iloc[0].tolist() == together.iloc[k].tolist()


def test_too_few_of_a_class_never_rule_it_out():
    y = np.r_[np.ones(8), np.zeros(40)].astype(int)
    f = np.r_[np.full(8, 5.0), np.linspace(-1, 1, 40)]
    remain = make_outcome_sets(y, f, confidence=0.9).compute(np.array([-9.0, 9.0]))["remain"]
    assert remain.tolist() == ["both", "responder"]


def test_a_patient_without_likelihood_has_no_set(held_out):
    row = make_outcome_sets(*held_out).compute(np.array([np.nan])).iloc[0]
    assert row["remain"] == ""
    assert np.isnan(row["p_responder"])


def test_repeats_count_patients_once(held_out):
    y, f = held_out
    new = np.linspace(-2, 2, 9)
    once = make_outcome_sets(y, f).compute(new)
    thrice = make_outcome_sets(y, np.tile(f, (3, 1))).compute(new)
    np.testing.assert_allclose(once["p_responder"], thrice["p_responder"])


def test_well_separated_classes_can_leave_neither_or_one():
    y = np.repeat([0, 1], 50)
    f = np.r_[np.linspace(-6, -4, 50), np.linspace(4, 6, 50)]
    remain = make_outcome_sets(y, f).compute(np.array([-5.0, 0.0, 5.0]))["remain"]
    assert remain.tolist() == ["non-responder", "neither", "responder"]


def test_one_class_alone_or_no_confidence_is_refused():
    with pytest.raises(DataError, match="held-out log-odds of both classes"):
        make_outcome_sets(np.ones(5, dtype=int), np.zeros(5))
    with pytest.raises(DataError, match="a confidence between 0 and 1"):
        make_outcome_sets(np.array([0, 1]), np.zeros(2), confidence=90)
