import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from made_sites import EDGES, make_scans
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.evaluation import compute_site_decoding, plot_site_decoding
from stratify.folds import make_folds
from stratify.metrics import compute_auc
from stratify.preprocess import ColumnImputer, ComBat

PUBLIC = Path(os.environ.get("STRATIFY_DATA", "nowhere"))


@pytest.fixture(scope="module")
def scans():
    scans = make_scans({"Bochum": 60, "Essen": 50, "Szeged": 40})
    return scans.assign(site=scans["site"].astype(str))


@pytest.fixture(scope="module")
def decoding(scans):
    y = (scans["site"] == "Essen").to_numpy().astype(int)
    after = ComBat("site", columns=EDGES)
    return compute_site_decoding(scans, scans["site"], after=after, columns=EDGES, y=y, repeats=2)


class Spied(ComBat):
    """Keeps whom it was fitted on."""

    fitted: ClassVar[list] = []

    def fit(self, X, y=None):
        self.fitted.append(set(X.index))
        return super().fit(X, y)


def test_steps_are_fitted_on_training_patients_alone(scans):
    Spied.fitted.clear()
    compute_site_decoding(scans, scans["site"], after=Spied("site", columns=EDGES), seed=4)
    codes = np.unique(scans["site"], return_inverse=True)[1]
    folds = make_folds(codes, folds=5, seed=4)
    assert Spied.fitted == [set(scans.index[fold.train]) for fold in folds]


def test_planted_sites_are_told_before_and_not_after(decoding):
    assert decoding.before.value > 0.9
    assert decoding.after.value < 0.65
    assert decoding.after.low < 0.55
    assert decoding.removed.low > 0.2
    assert decoding.removed.value == pytest.approx(decoding.before.value - decoding.after.value)


def test_an_outcome_that_is_the_site_is_told_by_the_site_alone(decoding):
    assert decoding.outcome.value == 1


def test_an_outcome_without_bearing_on_site_is_not_told(scans):
    y = np.random.default_rng(0).integers(0, 2, len(scans))
    decoding = compute_site_decoding(scans, scans["site"], y=y, repeats=3)
    assert decoding.outcome.low < 0.5 < decoding.outcome.high + 0.1
    assert decoding.after is None
    assert decoding.removed is None


def test_features_of_noise_tell_no_site():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 40))
    decoding = compute_site_decoding(X, np.tile(["A", "B", "C"], 50), repeats=3)
    assert decoding.before.low < 0.5 < decoding.before.high


def test_the_macro_auc_is_the_mean_over_sites(decoding):
    assert decoding.by_site["before"].mean() == pytest.approx(decoding.before.value)
    assert decoding.by_fold["before"].mean() == pytest.approx(decoding.before.value)
    assert decoding.by_site["patients"].tolist() == [60, 50, 40]
    assert len(decoding.by_fold) == 10


def test_two_sites_are_told_alike(scans):
    two = scans[scans["site"] != "Essen"]
    decoding = compute_site_decoding(two, two["site"], columns=EDGES)
    one, other = decoding.by_site["before"]
    assert one == other


def test_a_site_column_of_numbers_does_not_give_the_site_away(scans):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 12))).add_prefix("e")
    X["site"] = np.tile([1.0, 2.0, 3.0], 50)
    decoding = compute_site_decoding(X, X["site"], after=ComBat("site"))
    assert decoding.before.value < 0.65


def test_missing_features_count_as_the_training_mean(scans):
    gaps = scans.copy()
    gaps.iloc[::5, 1] = np.nan
    after = make_pipeline(ColumnImputer(), ComBat("site", columns=EDGES))
    decoding = compute_site_decoding(gaps, gaps["site"], after=after, columns=EDGES)
    assert decoding.before.value > 0.9
    assert decoding.after.value < 0.65


def test_a_site_smaller_than_the_folds_takes_no_part_and_is_named(scans):
    small = pd.concat([scans, scans.iloc[:3].assign(site="Graz")])
    decoding = compute_site_decoding(small, small["site"], columns=EDGES)
    assert decoding.left_out == ("Graz",)
    assert decoding.by_site["site"].tolist() == ["Bochum", "Essen", "Szeged"]
    whole = compute_site_decoding(scans, scans["site"], columns=EDGES)
    assert decoding.before == whole.before


def test_one_site_is_refused(scans):
    with pytest.raises(DataError, match="1 site with 5 patients or more, of 1 site: everywhere"):
        compute_site_decoding(scans, ["everywhere"] * len(scans))


def test_unknown_columns_are_refused(scans):
    with pytest.raises(DataError, match="nonsense, which the step does not give"):
        compute_site_decoding(scans, scans["site"], columns=["nonsense"])


def test_people_scanned_twice_are_held_out_together():
    """Scans of noise, each twice: a classifier that has seen the other copy would know its site."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(60, 200))
    X = np.vstack([half, half])
    site, person = np.tile(["A", "B"], 60), np.tile(np.arange(60).astype(str), 2)
    apart = compute_site_decoding(X, site, repeats=2)
    together = compute_site_decoding(X, site, groups=person, repeats=2)
    assert apart.before.value > 0.8
    assert together.before.value < 0.65


def test_estimates_are_a_table_and_plain_values(decoding):
    table = decoding.to_frame()
    assert table["quantity"].tolist() == [
        "site_auc_before",
        "site_auc_after",
        "site_auc_removed",
        "outcome_auc_from_site",
    ]
    values = decoding.to_dict()
    assert values["site_auc_before"] == decoding.before.value
    assert values["site_auc_after_low"] == decoding.after.low
    assert "after harmonisation" in str(decoding)


def test_the_figure_shows_each_auc_and_each_site(decoding):
    axes = plot_site_decoding(decoding, title="sites").axes[0]
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == [
        decoding.before.value,
        decoding.after.value,
        decoding.outcome.value,
    ]
    strokes = [line for line in axes.lines if line.get_marker() == "|"]
    assert strokes[0].get_xdata().tolist() == decoding.by_site["before"].tolist()
    assert axes.get_yticklabels()[0].get_text() == "site from features"


def test_table_is_unchanged(scans):
    before = scans.copy(deep=True)
    compute_site_decoding(scans, scans["site"], after=ComBat("site", columns=EDGES))
    pd.testing.assert_frame_equal(scans, before)


def outcome_auc(values_of, y):
    """Return the mean held-out AUC of a linear model on what is made of the edges in each fold."""
    aucs = []
    for fold in make_folds(y, folds=5, repeats=2, seed=0):
        values = values_of(fold)
        model = make_pipeline(
            StandardScaler(), RidgeClassifierCV(alphas=values.shape[1] * np.logspace(-4, 1, 6))
        ).fit(values[fold.train], y[fold.train])
        aucs.append(compute_auc(y[fold.test], model.decision_function(values[fold.test])))
    return np.mean(aucs)


@pytest.fixture(scope="module")
def outcome_aucs():
    """One site has most of the responders, and its scans look different."""
    found = []
    for seed in range(3):
        simulation = make_cohort("site_confounded", patients=160, regions=16, seed=seed)
        edges = simulation.connectomes.edges
        edges = edges.fillna(edges.mean()).copy()
        y = simulation.truth.loc[edges.index, "response"].to_numpy().astype(int)
        site = simulation.cohort.frame.loc[edges.index, "site"].astype(str)
        names = list(edges)
        X = edges.assign(site=site, outcome=np.where(y == 1, "yes", "no"))
        combat = ComBat("site", columns=names)
        telling = ComBat("site", ["outcome"], columns=names)
        outside = combat.fit(X).transform(X)[names].to_numpy()
        told = telling.fit(X).transform(X)[names].to_numpy()
        found.append(
            {
                "raw": outcome_auc(lambda fold, X=X, e=names: X[e].to_numpy(), y),
                "inside": outcome_auc(
                    lambda fold, X=X, e=names: (
                        ComBat("site", columns=e).fit(X.iloc[fold.train]).transform(X)[e].to_numpy()
                    ),
                    y,
                ),
                "outside": outcome_auc(lambda fold, v=outside: v, y),
                "outside, told the outcome": outcome_auc(lambda fold, v=told: v, y),
                "site": compute_site_decoding(X, site, columns=names, y=y),
            }
        )
    return pd.DataFrame(found)


def test_what_the_site_told_of_the_outcome_goes_with_harmonisation(outcome_aucs):
    assert all(decoding.before.low > 0.7 for decoding in outcome_aucs["site"])
    assert all(decoding.outcome.value > 0.6 for decoding in outcome_aucs["site"])
    assert (outcome_aucs["raw"] > outcome_aucs["inside"] + 0.1).all()


def test_harmonising_outside_the_fold_changes_the_outcomes_auc(outcome_aucs):
    assert ((outcome_aucs["outside"] - outcome_aucs["inside"]).abs() > 0.02).all()


def test_harmonising_outside_the_fold_with_the_outcome_preserved_inflates_it(outcome_aucs):
    gained = outcome_aucs["outside, told the outcome"] - outcome_aucs["inside"]
    assert (gained > 0.05).all()


def read_thickness():
    folder = PUBLIC / "opn_multisite_thickness"
    if not folder.exists():
        pytest.skip("STRATIFY_DATA has no opn_multisite_thickness")
    both = [pd.read_csv(folder / f"OpenNeuroTransfer_ct_{part}.csv") for part in ("tr", "te")]
    table = pd.concat(both, ignore_index=True)
    thickness = [name for name in table if name.endswith("thickness")]
    return table[[*thickness, "site", "age", "sex"]].copy(), thickness


def test_six_real_sites_are_told_by_cortical_thickness_until_harmonised():
    table, thickness = read_thickness()
    decoding = compute_site_decoding(
        table, table["site"], after=ComBat("site", columns=thickness), columns=thickness, repeats=2
    )
    assert len(decoding.by_site) == 6
    assert decoding.before.low > 0.95
    assert decoding.after.high < 0.65
    assert decoding.removed.low > 0.35


def test_two_real_scanners_are_told_by_connectivity_until_harmonised():
    folder = PUBLIC / "rpn_signature"
    if not folder.exists():
        pytest.skip("STRATIFY_DATA has no rpn_signature")
    with np.load(folder / "fc_fisherz_upper_122.npz", allow_pickle=True) as held:
        edges, patients = held["fc"], held["participant_id"].astype(str)
    people = pd.read_csv(folder / "participants_tidy.tsv", sep="\t").set_index("participant_id")
    site = people.loc[patients, "site"].to_numpy()
    X = pd.DataFrame(edges).add_prefix("edge").assign(site=site)
    after = make_pipeline(ColumnImputer(), ComBat("site"))
    decoding = compute_site_decoding(X, site, after=after, repeats=2)
    assert decoding.before.value > 0.97
    assert decoding.after.low < 0.5
    assert decoding.removed.low > 0.1
