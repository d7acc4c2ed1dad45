import numpy as np
import pandas as pd
import pytest
from made_sites import EDGES, combat_as_published, make_scans
from sklearn.utils.estimator_checks import parametrize_with_checks

from stratify.errors import DataError
from stratify.preprocess import ComBat, fit_combat_folds

SITES = {"Bochum": 40, "Essen": 30, "Szeged": 25}


@parametrize_with_checks([ComBat(), ComBat(0), ComBat(0, keep=True)])
def test_combat_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture
def scans():
    return make_scans(SITES)


def design_of(scans):
    return np.column_stack([scans["age"], scans["sex"] == "M"])


def test_without_covariates_it_is_the_published_procedure(scans):
    ours = ComBat("site", columns=EDGES).fit_transform(scans)
    wanted = combat_as_published(scans[EDGES].to_numpy(), list(scans["site"]), np.empty((0, 0)))
    np.testing.assert_allclose(ours[EDGES], wanted, rtol=0, atol=1e-10)


def test_it_stops_where_the_published_programs_stop():
    """Few patients, many draws: one step more or less would show in the fifth digit."""
    for seed in range(25):
        scans = make_scans({"A": 6, "B": 9, "C": 7}, seed=seed)
        ours = ComBat("site", columns=EDGES).fit_transform(scans)[EDGES]
        wanted = combat_as_published(scans[EDGES].to_numpy(), list(scans["site"]), np.empty((0, 0)))
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-10)


def test_with_covariates_it_is_the_published_procedure(scans):
    ours = ComBat("site", ["age", "sex"]).fit_transform(scans)
    wanted = combat_as_published(scans[EDGES].to_numpy(), list(scans["site"]), design_of(scans))
    np.testing.assert_allclose(ours[EDGES], wanted, rtol=0, atol=1e-10)


def test_with_a_reference_it_is_the_published_procedure(scans):
    ours = ComBat("site", ["age", "sex"], reference="Essen").fit_transform(scans)
    wanted = combat_as_published(
        scans[EDGES].to_numpy(), list(scans["site"]), design_of(scans), reference="Essen"
    )
    np.testing.assert_allclose(ours[EDGES], wanted, rtol=0, atol=1e-10)


def test_patients_of_the_reference_come_out_as_they_went_in(scans):
    ours = ComBat("site", ["age"], reference="Essen").fit_transform(scans)
    there = scans["site"] == "Essen"
    pd.testing.assert_frame_equal(ours.loc[there, EDGES], scans.loc[there, EDGES])


def test_sites_have_equal_means_and_spreads_afterwards_where_patients_are_many():
    scans = make_scans({"A": 4000, "B": 3000})
    ours = ComBat("site").fit_transform(scans[[*EDGES, "site"]])
    means, spreads = (
        getattr(ours.groupby(scans["site"], observed=True), f)() for f in ("mean", "std")
    )
    before = scans[EDGES].groupby(scans["site"], observed=True).mean()
    assert before.diff().iloc[1].abs().max() > 1
    assert means.diff().iloc[1].abs().max() < 0.01
    assert (spreads.iloc[1] / spreads.iloc[0] - 1).abs().max() < 0.02


def test_what_is_preserved_stays_and_what_is_not_goes():
    """Site B has the older patients: only a ComBat that is told so keeps the effect of age."""
    young, old = make_scans({"A": 1500}), make_scans({"B": 1500}, seed=1)
    shift = 20 * np.random.default_rng(1).normal(size=12) / 12
    old["age"] += 20
    old[EDGES] += shift
    scans = pd.concat([young, old], ignore_index=True).astype({"site": "category"})

    def slope(table):
        return np.polyfit(scans["age"], table["edge0"], 1)[0]

    true = np.random.default_rng(1).normal(size=12)[0] / 12
    told = ComBat("site", ["age", "sex"]).fit_transform(scans)
    untold = ComBat("site", columns=EDGES).fit_transform(scans)
    assert slope(told) == pytest.approx(true, rel=0.1)
    assert abs(slope(untold)) < 0.8 * abs(true)


def test_rows_alone_equal_rows_together(scans):
    combat = ComBat("site", ["age", "sex"]).fit(scans.iloc[:70])
    together = combat.transform(scans)
    for k in range(len(scans)):
        alone = combat.transform(scans.iloc[k : k + 1])
        pd.testing.assert_frame_equal(alone, together.iloc[k : k + 1], rtol=0, atol=1e-12)


def test_what_is_transformed_changes_nothing_that_was_learned(scans):
    combat = ComBat("site", ["age"]).fit(scans.iloc[:70])
    before = combat.to_frame()
    combat.transform(scans.iloc[70:])
    pd.testing.assert_frame_equal(combat.to_frame(), before)


def test_held_out_patients_change_nothing(scans):
    train, changed = scans.iloc[:70], scans.copy()
    changed.iloc[70:, 1:13] += 100
    ours = ComBat("site", ["age"]).fit(train).transform(train)
    theirs = ComBat("site", ["age"]).fit(changed.iloc[:70]).transform(changed.iloc[:70])
    pd.testing.assert_frame_equal(ours, theirs)


def test_the_outcome_cannot_be_told_to_it(scans):
    y = np.arange(len(scans)) % 2
    given = ComBat("site", ["age"]).fit(scans, y).transform(scans)
    pd.testing.assert_frame_equal(given, ComBat("site", ["age"]).fit_transform(scans))


def test_the_site_goes_and_other_columns_keep_their_place(scans):
    ours = ComBat("site", ["age", "sex"]).fit_transform(scans)
    assert list(ours) == ["age", *EDGES, "sex"]
    assert ours.index.equals(scans.index)
    pd.testing.assert_frame_equal(ours[["age", "sex"]], scans[["age", "sex"]])
    assert list(ComBat("site", keep=True).fit_transform(scans)) == list(scans)


def test_a_table_and_an_array_come_out_alike(scans):
    table = scans[["age", *EDGES]].assign(site=scans["site"].cat.codes.astype(float))
    by_name = ComBat("site", ["age"]).fit_transform(table)
    by_position = ComBat(13, [0]).fit_transform(table.to_numpy())
    np.testing.assert_array_equal(by_name.to_numpy(), by_position)


def test_an_unseen_site_is_refused_with_its_name_and_the_choices(scans):
    combat = ComBat("site", columns=EDGES).fit(scans)
    new = scans.iloc[:2].assign(site="Graz")
    with pytest.raises(DataError, match=r"site: Graz, where no .*adapt.*unseen='reference'"):
        combat.transform(new)


def test_an_unseen_site_is_taken_for_the_reference_where_that_is_declared(scans):
    combat = ComBat("site", ["age"], "reference", reference="Essen").fit(scans)
    new = scans.iloc[:2].assign(site="Graz")
    pd.testing.assert_frame_equal(combat.transform(new)[EDGES], new[EDGES])


def test_the_reference_must_be_named_and_have_patients(scans):
    with pytest.raises(DataError, match="'reference' and no reference"):
        ComBat("site", unseen="reference").fit(scans)
    with pytest.raises(DataError, match="'Graz', where no training patient"):
        ComBat("site", columns=EDGES, reference="Graz").fit(scans)


def test_a_site_learned_from_many_scans_equals_a_site_of_training():
    scans = make_scans({"A": 3000, "B": 3000, "C": 3000})
    known = scans[scans["site"] != "C"]
    adapted = ComBat("site", ["age", "sex"]).fit(known).adapt(scans[scans["site"] == "C"])
    assert adapted.adapted_ == {"C": 3000}
    means = adapted.transform(scans).groupby(scans["site"], observed=True)[EDGES].mean()
    assert (means.loc["C"] - means.loc["A"]).abs().max() < 0.1


def test_adapting_leaves_the_known_sites_and_the_first_one_as_they_are(scans):
    known, new = scans[scans["site"] != "Essen"], scans[scans["site"] == "Essen"]
    combat = ComBat("site", ["age", "sex"]).fit(known)
    before = combat.transform(known)
    adapted = combat.adapt(new)
    pd.testing.assert_frame_equal(adapted.transform(known), before)
    assert combat.sites_ == ("Bochum", "Szeged")
    assert adapted.sites_ == ("Bochum", "Szeged", "Essen")
    with pytest.raises(DataError, match="Essen, where no training patient"):
        combat.transform(new)


def test_an_adapted_site_is_shrunk_as_in_training(scans):
    """With the pooled spread and mean given, a site's estimates need no other site."""
    combat = ComBat("site", columns=EDGES).fit(scans)
    renamed = scans[scans["site"] == "Szeged"].assign(site="again")
    adapted = combat.adapt(renamed)
    np.testing.assert_allclose(adapted.shift_[3], combat.shift_[2], atol=1e-10)
    np.testing.assert_allclose(adapted.variance_[3], combat.variance_[2], atol=1e-10)


def test_too_few_scans_of_a_new_site_are_refused(scans):
    combat = ComBat("site", columns=EDGES).fit(scans)
    new = scans.iloc[:9].assign(site="Graz")
    with pytest.raises(DataError, match="9 scans of Graz; at least 10"):
        combat.adapt(new)
    assert combat.adapt(new, fewest=9).adapted_ == {"Graz": 9}
    with pytest.raises(DataError, match="1 scan of Graz; at least 2"):
        combat.adapt(new.iloc[:1], fewest=0)


def test_a_known_site_is_not_adapted_to(scans):
    with pytest.raises(DataError, match="Bochum, which is known already"):
        ComBat("site", columns=EDGES).fit(scans).adapt(scans[scans["site"] == "Bochum"])


def test_one_site_only_changes_nothing_and_says_so(scans):
    one = scans[scans["site"] == "Essen"]
    combat = ComBat("site", ["age"]).fit(one)
    pd.testing.assert_frame_equal(combat.transform(one)[EDGES], one[EDGES])
    assert "one site only, Essen" in str(combat.warnings_[0])


def test_a_single_patient_at_a_site_is_moved_but_not_stretched_and_told(scans):
    lone = pd.concat([scans, scans.iloc[:1].assign(site="Graz")]).astype({"site": "category"})
    combat = ComBat("site", columns=EDGES).fit(lone)
    place = combat.sites_.index("Graz")
    assert (combat.variance_[place] == 1).all()
    assert np.isfinite(combat.shift_).all()
    assert "a single training patient at Graz" in str(combat.warnings_[0])
    many = ComBat("site", columns=EDGES).fit(scans)
    assert not many.warnings_


def test_a_constant_column_stays_and_leaves_the_others_alone(scans):
    held = scans.assign(dead=0.1)
    combat = ComBat("site", ["age", "sex"]).fit(held)
    ours = combat.transform(held)
    assert ours["dead"].tolist() == pytest.approx([0.1] * len(held))
    pd.testing.assert_frame_equal(
        ours[EDGES], ComBat("site", ["age", "sex"]).fit_transform(scans)[EDGES]
    )
    assert "1 column without variation within sites: dead" in str(combat.warnings_[0])


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -1e5 / 7, 1e-9 / 7])
def test_whatever_its_value_a_constant_column_is_known_as_one(scans, value):
    held = scans.assign(dead=value, mark=value + scans["site"].cat.codes * (value + 0.7))
    combat = ComBat("site", ["age", "sex"]).fit(held)
    assert (combat.spread_ == 0).tolist() == [False] * 12 + [True] * 2
    many = fit_combat_folds(
        ComBat("site", ["age", "sex"]), held, [np.arange(60), np.arange(30, 95)]
    )
    assert all((one.spread_ == 0).sum() == 2 for one in many)


def test_a_column_that_only_tells_the_site_tells_nothing_afterwards(scans):
    marked = scans.assign(mark=scans["site"].cat.codes.astype(float) * 3 + 0.1)
    ours = ComBat("site", columns=[*EDGES, "mark"]).fit_transform(marked)
    assert ours["mark"].std() < 1e-9
    assert np.isfinite(ours[EDGES]).all(axis=None)


@pytest.mark.parametrize("value", [0.25, 0.0, 1 / 3, 1e5 / 7])
def test_a_column_dead_at_one_site_counts_as_unstretched_there(scans, value):
    scans["edge3"] += value
    scans.loc[scans["site"] == "Essen", "edge3"] = value
    ours = ComBat("site", columns=EDGES).fit_transform(scans)[EDGES]
    wanted = combat_as_published(scans[EDGES].to_numpy(), list(scans["site"]), np.empty((0, 0)))
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-8)


def test_a_single_column_is_harmonised_without_shrinkage(scans):
    combat = ComBat("site", columns=["edge0"]).fit(scans)
    ours = combat.transform(scans)["edge0"]
    means = ours.groupby(scans["site"], observed=True).mean()
    assert np.ptp(means) < 1e-12


def test_what_differs_between_sites_only_cannot_be_preserved(scans):
    scans["scanner"] = scans["site"].map({"Bochum": "x", "Essen": "y", "Szeged": "y"})
    with pytest.raises(DataError, match="scanner, of which something differs between the sites"):
        ComBat("site", ["age", "scanner"]).fit(scans)


def test_levels_that_always_sum_to_one_are_no_trouble(scans):
    scans["twice"] = scans["sex"]
    one = ComBat("site", ["sex"]).fit_transform(scans)
    two = ComBat("site", ["sex", "twice"]).fit_transform(scans)
    np.testing.assert_allclose(one[EDGES], two[EDGES], atol=1e-10)


def test_units_of_a_column_make_no_difference(scans):
    scaled = scans.copy()
    scaled[EDGES] = scaled[EDGES] * 1e-6 + 5
    ours = ComBat("site", ["age"]).fit_transform(scans)
    theirs = ComBat("site", ["age"]).fit_transform(scaled)
    np.testing.assert_allclose((theirs[EDGES] - 5) * 1e6, ours[EDGES], atol=1e-6)


def test_a_missing_covariate_counts_as_the_training_mean(scans):
    combat = ComBat("site", ["age"], columns=EDGES).fit(scans)
    gap, mean = scans.iloc[:1].copy(), scans.iloc[:1].copy()
    gap["age"], mean["age"] = np.nan, scans["age"].mean()
    np.testing.assert_allclose(combat.transform(gap)[EDGES], combat.transform(mean)[EDGES])


def test_a_missing_value_or_site_is_refused_by_name(scans):
    gap = scans.copy()
    gap.iloc[0, 3] = np.nan
    with pytest.raises(DataError, match=r"1 missing value \(NaN\) in edge2.*Impute"):
        ComBat("site").fit(gap)
    nowhere = scans.copy()
    nowhere.loc["P0", "site"] = None
    with pytest.raises(DataError, match=r"no site \(NaN\) for 1 patient"):
        ComBat("site").fit(nowhere)


def test_no_site_named_changes_nothing(scans):
    pd.testing.assert_frame_equal(ComBat().fit_transform(scans), scans)
    with pytest.raises(DataError, match=r"Name it: ComBat\(site"):
        ComBat().fit(scans).adapt(scans)


def test_table_is_unchanged(scans):
    before = scans.copy(deep=True)
    ComBat("site", ["age"]).fit_transform(scans)
    pd.testing.assert_frame_equal(scans, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_laid_either_way_are_harmonised_alike_and_left_as_they_were(order):
    values = np.random.default_rng(0).normal(size=(60, 300))
    values[:, 0] = np.arange(60) % 3
    given = np.array(values, order=order)
    frame = pd.DataFrame(given, columns=[f"c{k}" for k in range(300)], copy=False)
    for table, combat in ((given, ComBat(0)), (frame, ComBat("c0"))):
        wanted = ComBat(0).fit_transform(values)
        np.testing.assert_allclose(combat.fit_transform(table), wanted, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(given, values)
