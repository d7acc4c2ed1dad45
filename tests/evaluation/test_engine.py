from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_study import make_study

from stratify.evaluation import Compute, cross_validate_many
from stratify.evaluation.checkpoints import Checkpoints, digest_of
from stratify.evaluation.engine import fit_folds, make_work
from stratify.model import FAMILIES
from stratify.preprocess import Preparation


def test_certificates_and_figures_are_those_of_the_reference():
    table, folds = make_study(Preparation(remove=("age", "mean_fd")))
    candidates = [("svm", table), ("cpm", table)]
    fast, plain = (
        cross_validate_many(candidates, folds, inner_folds=3, compute=Compute(engine=engine))
        for engine in ("fast", "reference")
    )
    for ours, theirs in zip(fast, plain, strict=True):
        assert ours.name == theirs.name
        pd.testing.assert_frame_equal(ours.chosen, theirs.chosen)
        assert ours.certificate.digest == theirs.certificate.digest
        assert ours.certificate.passed
        for name, estimate in ours.metrics.items():
            assert estimate.value == pytest.approx(theirs.metrics[name].value, abs=1e-6)
            assert estimate.low == pytest.approx(theirs.metrics[name].low, abs=1e-5)


def test_one_two_and_three_workers_find_the_same_to_the_last_digit():
    table, folds = make_study(Preparation(remove=("age",)))
    candidates = [(family, table) for family in FAMILIES]
    alone, *beside = (
        fit_folds(
            make_work(candidates, folds, inner_folds=3, seed=0), compute=Compute(workers=workers)
        )
        for workers in (1, 2, 3)
    )
    for found in beside:
        assert found.keys() == alone.keys()
        for place, result in found.items():
            np.testing.assert_array_equal(result.log_odds, alone[place].log_odds)
            assert result.classifier.parameters_ == alone[place].classifier.parameters_


@pytest.mark.parametrize("workers", [1, 2])
def test_resumed_study_fits_nothing_again_and_finds_the_same(tmp_path, monkeypatch, workers):
    table, folds = make_study(Preparation(remove=("age",)))
    candidates = [(family, table) for family in FAMILIES]
    first = cross_validate_many(
        candidates, folds, inner_folds=3, compute=Compute(checkpoints=tmp_path)
    )
    assert len(list(tmp_path.glob("??/*.skops"))) == len(FAMILIES) * 3
    monkeypatch.setattr("stratify.model.classifier._tune", None)
    again = cross_validate_many(
        candidates, folds, inner_folds=3, compute=Compute(checkpoints=tmp_path, workers=workers)
    )
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
        assert one.to_dict() == other.to_dict()


def test_study_stopped_halfway_goes_on_where_it_was(tmp_path):
    table, folds = make_study()
    candidates = [("logistic", table), ("svm", table)]

    class StopError(Exception):
        pass

    done = []

    def stop():
        done.append(1)
        if len(done) == 3:
            raise StopError

    with pytest.raises(StopError):
        cross_validate_many(candidates, folds, compute=Compute(checkpoints=tmp_path), on_fold=stop)
    assert len(list(tmp_path.glob("??/*.skops"))) == 3
    resumed = cross_validate_many(candidates, folds, compute=Compute(checkpoints=tmp_path))
    for one, other in zip(resumed, cross_validate_many(candidates, folds), strict=True):
        pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)


def test_changed_study_reuses_what_did_not_change(tmp_path):
    table, folds = make_study()

    def count(candidates, engine="fast", **how):
        before = len(list(tmp_path.glob("??/*.skops")))
        compute = Compute(checkpoints=tmp_path, engine=engine)
        cross_validate_many(candidates, folds, inner_folds=3, compute=compute, **how)
        return len(list(tmp_path.glob("??/*.skops"))) - before

    clinical, edges = table.select("clinical"), table.select("connectivity")
    assert count([("svm", clinical), ("svm", edges)]) == 6
    # One more family, another clinical column, a patient's other value, another seed.
    assert count([("svm", clinical), ("ridge", edges), ("svm", edges)]) == 3
    fewer = replace(clinical, X=clinical.X.drop(columns="age"))
    assert count([("svm", fewer), ("svm", edges)]) == 3
    changed = edges.X.copy()
    changed.iloc[0, 0] += 0.01
    assert count([("svm", clinical), ("svm", replace(edges, X=changed))]) == 3
    assert count([("svm", edges)], seed=1) == 3
    assert count([("svm", edges)], engine="reference") == 3
    assert count([("svm", clinical), ("svm", edges), ("ridge", edges)]) == 0


def test_damaged_checkpoint_is_made_again(tmp_path):
    table, folds = make_study()
    first = cross_validate_many([("svm", table)], folds, compute=Compute(checkpoints=tmp_path))[0]
    for path in tmp_path.glob("??/*.skops"):
        path.write_bytes(path.read_bytes()[:100])
    again = cross_validate_many([("svm", table)], folds, compute=Compute(checkpoints=tmp_path))[0]
    pd.testing.assert_frame_equal(first.predictions, again.predictions, check_exact=True)
    assert all(path.stat().st_size > 100 for path in tmp_path.glob("??/*.skops"))


def test_checkpoints_name_no_patient(tmp_path):
    import zipfile

    table, folds = make_study()
    cross_validate_many(
        [(f, table) for f in FAMILIES], folds, compute=Compute(checkpoints=tmp_path)
    )
    for path in tmp_path.glob("??/*.skops"):
        archive = zipfile.ZipFile(path)
        content = b"".join(archive.read(name) for name in archive.namelist())
        assert not [patient for patient in table.patients if patient.encode() in content]


def test_old_checkpoints_are_forgotten(tmp_path):
    kept = Checkpoints(tmp_path)
    kept.write_array("ab" * 32, np.arange(3))
    assert kept.forget_old(days=1) == 0
    np.testing.assert_array_equal(kept.read_array("ab" * 32), np.arange(3))
    assert kept.forget_old(days=-1) == 1
    assert kept.read_array("ab" * 32) is None


def test_digest_knows_values_names_shapes_and_missing():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": pd.Categorical(["x", None])})
    same = digest_of(frame.copy())
    assert digest_of(frame) == same
    others = [
        frame.rename(columns={"a": "c"}),
        frame.iloc[::-1],
        frame.assign(a=[1.0, 0.0]),
        frame.assign(b=pd.Categorical(["x", "None"])),
        frame[["b", "a"]],
    ]
    assert same not in {digest_of(other) for other in others}
    assert digest_of(np.zeros((2, 3))) != digest_of(np.zeros((3, 2)))
    assert digest_of(np.zeros(2)) != digest_of(np.zeros(2, dtype=np.float32))
