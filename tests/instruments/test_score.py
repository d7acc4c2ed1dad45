"""Every instrument scored by hand; the arithmetic stands beside the expected number."""

import numpy as np
import pandas as pd
import pytest
from made_answers import make_answers

from stratify.errors import DataError, SettingsError
from stratify.instruments import list_instruments, read_instrument, score

# name, answers, {total: expected}
BY_HAND = [
    # 3+2+4+0+6+1+2+3+5+4
    ("madrs", [3, 2, 4, 0, 6, 1, 2, 3, 5, 4], {"total": 30}),
    # (3+2+1) + (2+1+0) + (3+1+2+4+0) + (2+1+2) + 3 + (1+0) = 6+3+10+5+3+1
    ("hamd17", [3, 2, 1, 2, 1, 0, 3, 1, 2, 4, 0, 2, 1, 2, 3, 1, 0], {"total": 28}),
    # 3+3+2+2+1+1+0+0+1
    ("phq9", [3, 3, 2, 2, 1, 1, 0, 0, 1], {"total": 13}),
    # 3+3+2+2+1+1+0+0
    ("phq8", [3, 3, 2, 2, 1, 1, 0, 0], {"total": 12}),
    # sleep max(1,3,0,2)=3; mood 2; appetite and weight max(0,1,2,0)=2; 1+2+0+3+1; max(1,2)=2
    # 3 + 2 + 2 + (1+2+0+3+1) + 2, where 2 is item 5 and 1,2,0,3,1 are items 10 to 14
    ("qids_sr16", [1, 3, 0, 2, 2, 0, 1, 2, 0, 1, 2, 0, 3, 1, 1, 2], {"total": 16}),
    # 1 x 10 + 2 x 5 + 3 x 3 + 0 x 3
    ("bdi2", [1] * 10 + [2] * 5 + [3] * 3 + [0] * 3, {"total": 29}),
    ("cgi_s", [5], {"total": 5}),
    ("cgi_i", [2], {"total": 2}),
    # 3+2+2+1+0+1+3
    ("gad7", [3, 2, 2, 1, 0, 1, 3], {"total": 12}),
    # 4+3+2+1+0 twice, then 4+3+2+1
    ("hama", [4, 3, 2, 1, 0, 4, 3, 2, 1, 0, 4, 3, 2, 1], {"total": 30}),
    # mean of 8, 3, 6, 5 = 22 / 4; worst is the first
    ("bpi_severity", [8, 3, 6, 5], {"mean": 5.5, "worst": 8}),
    # (7+6+5+8+4+9+3) / 7 = 42 / 7
    ("bpi_interference", [7, 6, 5, 8, 4, 9, 3], {"mean": 6.0}),
    ("nrs", [7], {"total": 7}),
    ("vas", [63.5], {"total": 63.5}),
    # 1+0+1+1+0+1+0 by interview, 1+0+1 by examination
    ("dn4", [1, 0, 1, 1, 0, 1, 0, 1, 0, 1], {"total": 6}),
    ("dn4_interview", [1, 0, 1, 1, 0, 1, 0], {"total": 4}),
    # 5+4+3+2+1+0+5 = 20; course +1; radiation 1 x 2
    ("paindetect", [5, 4, 3, 2, 1, 0, 5, 1, 1], {"total": 23}),
    # 5 x 1 + 5 x 0 + 3 x 1 + 2 x 1 + 1 x 1 + 5 x 0 + 3 x 1
    ("lanss", [1, 0, 1, 1, 1, 0, 1], {"total": 14}),
    # 5 x 0 + 5 x 1 + 3 x 0 + 2 x 1 + 1 x 0 + 5 x 1 + 3 x 0
    ("s_lanss", [0, 1, 0, 1, 0, 1, 0], {"total": 12}),
    # 4+3+2+1+0+1+2+3 = 16, items 9 and 10 give 2 and 4
    ("audit", [4, 3, 2, 1, 0, 1, 2, 3, 2, 4], {"total": 22}),
    ("audit_c", [3, 1, 0], {"total": 4}),
    # yes to 1, 4, 6, 9 gives 4; no to item 3 gives 1
    ("dast10", [1, 0, 0, 1, 0, 1, 0, 0, 1, 0], {"total": 5}),
    # original: max(1,3)=3, 2+1+0+4=7, max(2,2)=2, max(0,4)=4, 1+3=4, max(3,1)=3: 23
    # plain: (1+3)+(2+1+0+4)+(2+2)+(0+4)+(1+3)+(3+1) = 4+7+4+4+4+4 = 27
    # obsessions: 3+7 = 10; compulsions: 2+4+4+3 = 13
    (
        "ocds",
        [1, 3, 2, 1, 0, 4, 2, 2, 0, 4, 1, 3, 3, 1],
        {"original_total": 23, "plain_total": 27, "obsessions": 10, "compulsions": 13},
    ),
    ("craving_vas", [41.25], {"total": 41.25}),
    # 3 (duration) + 4 (severity) + 2 (failures) + 1 (augmentation) + 0 (ECT)
    ("msm", [3, 4, 2, 1, 0], {"total": 10}),
    ("athf_sf", [3], {"total": 3}),
]


@pytest.mark.parametrize(("name", "answers", "expected"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_an_instrument_scores_as_by_hand(name, answers, expected):
    scores = score(read_instrument(name), make_answers(name, answers))
    for total, value in expected.items():
        assert scores.totals.loc["P01", f"{name}_{total}"] == value
    assert scores.answered.iloc[0].max() == len(answers) or name == "ctq_sf"
    assert not scores.prorated.to_numpy().any()


def test_every_instrument_is_scored_by_hand_somewhere_in_the_tests():
    elsewhere = {"tlfb", "uds", "cssrs_screener", "ctq_sf"}  # in tests of their own
    assert {row[0] for row in BY_HAND} | elsewhere == set(list_instruments())


def make_trauma(**answers: int) -> pd.DataFrame:
    """Answers of 1 ("never") throughout, but for those named ``_3=5``."""
    row = [answers.get(f"_{number}", 1) for number in range(1, 29)]
    return make_answers("ctq_sf", row)


def test_childhood_trauma_scales_turn_seven_items_round():
    # Never to everything: items asked the other way round (2, 5, 7, 13, 19, 26, 28) give 6 - 1 = 5.
    totals = score(read_instrument("ctq_sf"), make_trauma()).totals.loc["P01"]
    assert totals["ctq_sf_emotional_abuse"] == 5
    assert totals["ctq_sf_physical_abuse"] == 5
    assert totals["ctq_sf_sexual_abuse"] == 5
    assert totals["ctq_sf_emotional_neglect"] == 25  # five reversed items
    assert totals["ctq_sf_physical_neglect"] == 3 + 2 * 5  # items 1, 4, 6, and 2, 26 reversed
    assert totals["ctq_sf_total"] == 5 + 5 + 5 + 25 + 13
    assert totals["ctq_sf_minimisation"] == 0


def test_childhood_trauma_scales_hold_their_own_items():
    # Emotional abuse items 3, 8, 14, 18, 25 answered 5, 4, 3, 2, 1.
    answers = make_trauma(_3=5, _8=4, _14=3, _18=2, _25=1)
    totals = score(read_instrument("ctq_sf"), answers).totals.loc["P01"]
    assert totals["ctq_sf_emotional_abuse"] == 5 + 4 + 3 + 2 + 1
    assert totals["ctq_sf_physical_abuse"] == 5


# As in the scoring instructions of Bernstein 1996.
TRAUMA = {
    "emotional_abuse": (3, 8, 14, 18, 25),
    "physical_abuse": (9, 11, 12, 15, 17),
    "sexual_abuse": (20, 21, 23, 24, 27),
    "emotional_neglect": (5, 7, 13, 19, 28),
    "physical_neglect": (1, 2, 4, 6, 26),
}


@pytest.mark.parametrize("scale", TRAUMA)
def test_each_item_of_a_scale_moves_that_scale_and_the_total_alone(scale):
    instrument = read_instrument("ctq_sf")
    calm = score(instrument, make_trauma()).totals.loc["P01"]
    for item in TRAUMA[scale]:
        moved = score(instrument, make_trauma(**{f"_{item}": 4})).totals.loc["P01"]
        by = -3 if item in (2, 5, 7, 13, 19, 26, 28) else 3
        assert (moved - calm)[moved != calm].to_dict() == {
            "ctq_sf_total": by,
            f"ctq_sf_{scale}": by,
        }


def test_reversed_items_of_childhood_trauma_fall_as_answers_rise():
    instrument = read_instrument("ctq_sf")
    answers = make_trauma(_5=5, _7=5, _13=5, _19=5, _28=5, _2=5, _26=5)
    totals = score(instrument, answers).totals.loc["P01"]
    assert totals["ctq_sf_emotional_neglect"] == 5
    assert totals["ctq_sf_physical_neglect"] == 5
    assert totals["ctq_sf_total"] == 25


def test_minimisation_counts_answers_of_five_and_stays_out_of_the_total():
    answers = make_trauma(_10=5, _16=4, _22=5)
    totals = score(read_instrument("ctq_sf"), answers).totals.loc["P01"]
    assert totals["ctq_sf_minimisation"] == 2
    assert totals["ctq_sf_total"] == score(read_instrument("ctq_sf"), make_trauma()).total.iloc[0]


@pytest.mark.parametrize(("answer", "points"), [(0, 1), (1, 0)])
def test_no_to_item_3_of_the_dast_gives_its_point(answer, points):
    answers = [0] * 10
    answers[2] = answer
    scores = score(read_instrument("dast10"), make_answers("dast10", answers))
    assert scores.total.iloc[0] == points


@pytest.mark.parametrize(
    ("raised", "total"),
    [
        ([1, 2, 3, 4], 3),  # one domain, not four
        ([6, 7, 8, 9], 3),
        ([15, 16], 3),
        ([1, 6, 15], 9),
        ([5, 10, 11, 12, 13, 14], 18),
    ],
)
def test_a_domain_of_the_qids_counts_once(raised, total):
    answers = [3 if number in raised else 0 for number in range(1, 17)]
    scores = score(read_instrument("qids_sr16"), make_answers("qids_sr16", answers))
    assert scores.total.iloc[0] == total


def test_the_qids_is_complete_when_one_of_two_alternatives_is_answered():
    none = None
    #          1  2  3  4  5  6     7  8     9  10 ...
    rows = [[0, 0, 0, 0, 1, none, 2, 1, none, 0, 0, 0, 0, 0, 0, 0]]
    rows += [[0, 0, 0, 0, 1, none, none, 1, none, 0, 0, 0, 0, 0, 0, 0]]
    scores = score(read_instrument("qids_sr16"), make_answers("qids_sr16", *rows))
    assert scores.total.iloc[0] == 1 + 2
    assert np.isnan(scores.total.iloc[1])  # neither 6 nor 7
    assert scores.answered.iloc[0, 0] == 14


@pytest.mark.parametrize("pair", [(1, 2), (7, 8), (9, 10), (13, 14)])
def test_the_original_ocds_total_takes_the_higher_of_a_pair_and_the_plain_one_both(pair):
    answers = [0] * 14
    answers[pair[0] - 1], answers[pair[1] - 1] = 2, 3
    totals = score(read_instrument("ocds"), make_answers("ocds", answers)).totals.loc["P01"]
    assert totals["ocds_original_total"] == 3
    assert totals["ocds_plain_total"] == 5


@pytest.mark.parametrize(
    ("item", "weight"), [(1, 5), (2, 5), (3, 3), (4, 2), (5, 1), (6, 5), (7, 3)]
)
@pytest.mark.parametrize("name", ["lanss", "s_lanss"])
def test_each_yes_of_the_lanss_gives_its_weight(name, item, weight):
    answers = [int(number == item) for number in range(1, 8)]
    assert score(read_instrument(name), make_answers(name, answers)).total.iloc[0] == weight


@pytest.mark.parametrize(("course", "radiation", "total"), [(-1, 0, -1), (0, 0, 0), (1, 1, 3)])
def test_course_and_radiation_of_paindetect(course, radiation, total):
    answers = make_answers("paindetect", [0] * 7 + [course, radiation])
    assert score(read_instrument("paindetect"), answers).total.iloc[0] == total


def test_audit_items_9_and_10_know_no_odd_answers():
    audit = read_instrument("audit")
    fine = score(audit, make_answers("audit", [0] * 8 + [2, 4]))
    assert fine.total.iloc[0] == 6
    with pytest.raises(DataError, match=r"audit_9: 1 for patient P01; .* is here 0, 2 or 4"):
        score(audit, make_answers("audit", [0] * 8 + [1, 0]))


def test_letters_of_the_bdi_are_dropped():
    bdi = read_instrument("bdi2")
    answers = make_answers("bdi2", [0] * 21).astype(object)
    answers.loc["P01", ["bdi2_16", "bdi2_18"]] = ["1a", "3b"]
    assert score(bdi, answers).total.iloc[0] == 1 + 3
    answers.loc["P01", "bdi2_17"] = "2a"
    with pytest.raises(DataError, match="bdi2_17: '2a' for patient P01"):
        score(bdi, answers)


def test_a_cgi_of_0_is_not_assessed_and_missing():
    for name in ("cgi_s", "cgi_i"):
        assert score(read_instrument(name), make_answers(name, [0])).total.isna().all()


# Missing answers and prorating --------------------------------------------------------------------

ALL_BY_ITEMS = [n for n in list_instruments() if read_instrument(n).scored_by == "score"]


@pytest.mark.parametrize("name", [n for n in ALL_BY_ITEMS if n != "cssrs_screener"])
def test_each_missing_item_leaves_the_main_total_missing(name):
    instrument = read_instrument(name)
    row = [item.low for item in instrument.items]
    optional = {item for pair in instrument.either for item in pair}
    needed = [item for item in instrument.total().items if item not in optional]
    table = make_answers(name, row, *([row] * len(needed)))
    for k, item in enumerate(needed):
        table.loc[f"P{k + 2:02d}", item] = np.nan
    scores = score(instrument, table)
    assert scores.total.notna().tolist() == [True] + [False] * len(needed)
    assert set(scores.answered.iloc[1:, 0]) == {len(instrument.total().items) - 1}


@pytest.mark.parametrize(
    "name", [n for n in ALL_BY_ITEMS if not read_instrument(n).missing.prorate]
)
def test_prorating_is_refused_where_the_instrument_does_not_allow_it(name):
    instrument = read_instrument(name)
    answers = make_answers(name, [item.low for item in instrument.items])
    with pytest.raises(SettingsError, match=f"{name}: prorate = True; .* is not prorated"):
        score(instrument, answers, prorate=True)


def test_who_may_be_prorated_is_known():
    allowed = {n for n in ALL_BY_ITEMS if read_instrument(n).missing.prorate}
    assert allowed == {"phq9", "phq8", "gad7", "bpi_interference"}


@pytest.mark.parametrize(
    ("name", "answers", "total"),
    [
        # 2+2+2+1+1+1+0 = 9 from seven of nine: 9 x 9 / 7
        ("phq9", [2, 2, 2, 1, 1, 1, 0, None, None], 81 / 7),
        ("phq9", [2, 2, 2, 1, 1, 1, None, None, None], None),  # six are too few
        # 3+3+2+2+1+1 = 12 from six of eight: 12 x 8 / 6
        ("phq8", [3, 3, 2, 2, 1, 1, None, None], 16),
        ("phq8", [3, 3, 2, 2, 1, None, None, None], None),
        # 3+2+1+0+2 = 8 from five of seven: 8 x 7 / 5
        ("gad7", [3, 2, 1, 0, 2, None, None], 11.2),
        ("gad7", [3, 2, 1, 0, None, None, None], None),
        # (10+8+6+4) / 4
        ("bpi_interference", [10, 8, 6, 4, None, None, None], 7),
        ("bpi_interference", [10, 8, 6, None, None, None, None], None),
    ],
)
def test_prorating_needs_enough_answers_and_is_recorded(name, answers, total):
    instrument = read_instrument(name)
    table = make_answers(name, answers)
    assert score(instrument, table).total.isna().all()
    scores = score(instrument, table, prorate=True)
    if total is None:
        assert scores.total.isna().all()
        assert not scores.prorated.to_numpy().any()
        assert not scores.warnings
    else:
        assert scores.total.iloc[0] == pytest.approx(total, abs=1e-12)
        assert scores.prorated.iloc[0, 0]
        assert scores.answered.iloc[0, 0] == sum(answer is not None for answer in answers)
        assert "prorated from part of its answers, patient P01" in str(scores.warnings[-1])


def test_prorating_leaves_complete_totals_as_they_are():
    phq9 = read_instrument("phq9")
    table = make_answers("phq9", [1] * 9, [3] * 7 + [None, None])
    scores = score(phq9, table, prorate=True)
    assert scores.total.tolist() == [9, 27]  # a prorated total never passes the highest
    assert scores.prorated["phq9_total"].tolist() == [False, True]
    assert scores.band.tolist() == ["mild", "severe"]


def test_subscales_are_missing_each_for_itself():
    answers = make_trauma()
    answers["ctq_sf_9"] = np.nan
    totals = score(read_instrument("ctq_sf"), answers).totals.loc["P01"]
    assert totals.index[totals.isna()].tolist() == ["ctq_sf_total", "ctq_sf_physical_abuse"]


# What is refused ----------------------------------------------------------------------------------


def test_answers_out_of_range_are_told_all_at_once_by_item_and_patient():
    madrs = read_instrument("madrs")
    table = make_answers("madrs", *[[1] * 10 for _ in range(6)])
    table.loc["P01", "madrs_3"] = 7
    table.loc[["P02", "P03", "P04", "P05"], "madrs_5"] = [-1, 9, 2.5, np.inf]
    before = table.copy()
    with pytest.raises(DataError) as refused:
        score(madrs, table, name="visits.csv")
    first, second = refused.value.faults
    assert str(first) == (
        "visits.csv: madrs_3: 7 for patient P01; an answer of the MADRS is here 0 to 6. Correct "
        "the rows, or leave them empty to mark them missing."
    )
    assert first.patients == ("P01",)
    assert second.met == (
        "4 rows: -1 for patient P02, 9 for patient P03, 2.5 for patient P04 and 1 more"
    )
    assert second.patients == ("P02", "P03", "P04", "P05")
    pd.testing.assert_frame_equal(table, before)


def test_a_fraction_is_refused_where_answers_are_whole():
    with pytest.raises(DataError, match=r"nrs: 4.5 for patient P01; .* 0 to 10, in whole numbers"):
        score(read_instrument("nrs"), make_answers("nrs", [4.5]))
    assert score(read_instrument("vas"), make_answers("vas", [4.5])).total.iloc[0] == 4.5


@pytest.mark.parametrize("name", ALL_BY_ITEMS)
def test_one_below_the_lowest_and_one_above_the_highest_answer_are_refused_for_each_item(name):
    instrument = read_instrument(name)
    fine = [item.low for item in instrument.items]
    # One below CGI's 1 is 0, which is not assessed.
    below = [item.low - 1 - len(item.not_assessed) for item in instrument.items]
    above = [-1 if item.high is None else item.high + 1 for item in instrument.items]
    with pytest.raises(DataError) as refused:
        score(instrument, make_answers(name, fine, below, above))
    faults = refused.value.faults
    assert [fault.where for fault in faults] == [f"items: {i.name}" for i in instrument.items]
    assert {fault.patients for fault in faults} == {("P02", "P03")}


@pytest.mark.parametrize("name", ALL_BY_ITEMS)
def test_the_lowest_and_highest_answers_are_accepted(name):
    instrument = read_instrument(name)
    lowest = [item.low for item in instrument.items]
    highest = [99 if item.high is None else item.high for item in instrument.items]
    assert len(score(instrument, make_answers(name, lowest, highest))) == 2


def test_words_are_refused_and_numbers_as_text_are_read():
    gad7 = read_instrument("gad7")
    table = make_answers("gad7", [1] * 7, [2] * 7).astype(int).astype(str)
    assert score(gad7, table).total.tolist() == [7, 14]
    table.loc["P02", "gad7_4"] = "often"
    table.loc["P01", "gad7_1"] = ""
    with pytest.raises(DataError, match="gad7_4: 'often' for patient P02"):
        score(gad7, table)


@pytest.mark.parametrize("cell", [pd.Timestamp("2024-03-01"), 1 + 1j, [1], b"1"])
def test_what_is_no_answer_at_all_is_refused(cell):
    table = make_answers("athf_sf", [1], [1]).astype(object)
    table.iloc[1, 0] = cell
    with pytest.raises(DataError, match="for patient P02"):
        score(read_instrument("athf_sf"), table)


@pytest.mark.parametrize("cell", [None, np.nan, pd.NA, pd.NaT, "", "  "])
def test_an_empty_cell_of_any_kind_is_missing(cell):
    table = make_answers("nrs", [1], [1]).astype(object)
    table.iloc[1, 0] = cell
    assert score(read_instrument("nrs"), table).total.isna().tolist() == [False, True]


def test_a_weighted_answer_says_that_the_weight_is_applied_later():
    table = make_answers("lanss", [5, 0, 0, 0, 0, 0, 0])
    with pytest.raises(DataError, match=r"0 \(no\) or 1 \(yes\) \(its weight of 5 is applied"):
        score(read_instrument("lanss"), table)


def test_a_column_that_is_absent_is_told_with_the_nearest_name():
    table = make_answers("phq9", [0] * 9).rename(columns={"phq9_4": "PHQ9_4"})
    with pytest.raises(DataError, match=r"phq9_4: no such column \(did you mean 'PHQ9_4'\?\)"):
        score(read_instrument("phq9"), table)


def test_a_column_given_twice_is_refused():
    table = make_answers("phq9", [0] * 9)
    table = pd.concat([table, table[["phq9_2"]]], axis=1)
    with pytest.raises(DataError, match="phq9_2: 2 columns of that name"):
        score(read_instrument("phq9"), table)


def test_other_columns_are_not_looked_at():
    table = make_answers("nrs", [3]).assign(note="free text")
    assert score(read_instrument("nrs"), table).total.tolist() == [3]


@pytest.mark.parametrize("name", ["tlfb", "uds"])
def test_what_is_made_from_days_or_visits_is_not_scored_from_items(name):
    with pytest.raises(SettingsError, match="is made from days or visits"):
        score(read_instrument(name), pd.DataFrame())


def test_rows_of_visits_name_patient_and_visit():
    table = make_answers("nrs", [3], [11])
    table.index = pd.MultiIndex.from_tuples(
        [("P07", "week 0"), ("P07", "week 6")], names=["patient", "visit"]
    )
    with pytest.raises(DataError, match="11 for patient P07 week 6") as refused:
        score(read_instrument("nrs"), table)
    assert refused.value.faults[0].patients == ("P07",)


def test_an_empty_table_gives_empty_scores():
    scores = score(read_instrument("madrs"), make_answers("madrs").astype(float))
    assert len(scores) == 0
    assert scores.band.tolist() == []


# Flags --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "item", "below", "at"),
    [
        ("phq9", 9, 0, 1),
        ("madrs", 10, 3, 4),
        ("hamd17", 3, 0, 1),
        ("qids_sr16", 12, 0, 1),
        ("bdi2", 9, 0, 1),
    ],
)
def test_the_suicidality_flag_is_raised_at_its_threshold(name, item, below, at):
    instrument = read_instrument(name)
    rows = [[0.0] * len(instrument.items) for _ in range(3)]
    for row, answer in zip(rows, (below, at, np.nan), strict=True):
        row[item - 1] = answer
    scores = score(instrument, make_answers(name, *rows))
    flags = scores.flags[f"{name}_suicidality_flag"]
    assert flags.iloc[:2].tolist() == [False, True]
    assert flags.isna().tolist() == [False, False, True]
    (warning,) = scores.warnings
    assert warning.severity == "warning"
    assert warning.met == ("suicidality item positive: follow local protocol, patient P02")
    assert warning.patients == ("P02",)


def test_a_flag_says_nothing_of_what_to_do_but_to_follow_the_local_protocol():
    for name in list_instruments():
        for flag in read_instrument(name).flags:
            assert flag.wording == "suicidality item positive: follow local protocol"


# The result ---------------------------------------------------------------------------------------


def test_scores_stand_side_by_side_for_a_cohort_table():
    scores = score(read_instrument("madrs"), make_answers("madrs", [2] * 10))
    assert scores.to_frame().columns.tolist() == [
        "madrs_total",
        "madrs_total_band",
        "madrs_suicidality_flag",
    ]
    assert repr(scores) == "Scores(MADRS: 1 rows, 0 without total)"
    assert "madrs_total" in scores._repr_html_()


def test_a_band_is_refused_where_none_is_agreed():
    scores = score(read_instrument("nrs"), make_answers("nrs", [3]))
    with pytest.raises(SettingsError, match="no bands are agreed for the NRS"):
        _ = scores.band
