from dataclasses import replace

import numpy as np
import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.schema import Column
from stratify.task import Task, assemble

TASK = Task(rule=RULE, question="prognosis")


def with_column(cohort, values, **meaning):
    column = Column(**meaning)
    frame = cohort.frame.assign(**{column.name: values})
    return Cohort(frame, (*cohort.columns, column), cohort.name, cohort.simulated)


def test_table_has_baseline_features_only_and_the_outcome_apart():
    table = assemble(TASK, make_small_cohort())
    assert list(table.X.columns) == ["severity", "age", "sex"]
    assert set(table.y) == {0, 1}


def test_followup_column_is_refused_as_a_feature():
    late = with_column(make_small_cohort(), 1.0, name="week3", measured="during")
    task = replace(TASK, clinical=("severity", "week3"))
    with pytest.raises(DataError, match="week3: measured during"):
        assemble(task, late)


def test_outcome_is_refused_as_a_feature():
    with pytest.raises(DataError, match="responded"):
        assemble(replace(TASK, clinical=("severity", "responded")), make_small_cohort())


def test_unknown_feature_is_refused_by_name():
    with pytest.raises(DataError, match="'severty'"):
        assemble(replace(TASK, clinical=("severty",)), make_small_cohort())


def test_all_that_the_cohort_has_not_is_told_at_once_with_the_nearest():
    cohort = with_column(
        make_small_cohort(), "tms+ketamine", name="arm", kind="category", role="treatment"
    )
    late = with_column(cohort, 1.0, name="week3", measured="during")
    task = Task(rule=RULE, treatment="tms+ketamin", clinical=("week3", "severty", "nosuch"))
    with pytest.raises(DataError) as told:
        assemble(task, late)
    words = [str(fault) for fault in told.value.faults]
    assert len(words) == 4
    for phrase in (
        "week3: measured during",
        "no column 'severty' (did you mean 'severity'?)",
        "no column 'nosuch'",
        "'tms+ketamin' (did you mean 'tms+ketamine'?)",
    ):
        assert any(phrase in one for one in words), phrase


def test_only_the_treatments_patients_are_kept_and_the_flow_is_counted():
    cohort = make_small_cohort(60)
    arms = np.where(np.arange(60) < 40, "tms", "ketamine")
    cohort = with_column(cohort, arms, name="treatment", kind="category", role="treatment")
    task = Task(rule=RULE, treatment="tms")
    table = assemble(task, cohort)
    assert len(table) == 40
    assert dict(table.flow)["treatment is tms"] == 40


def test_treatment_nobody_had_is_refused_with_those_given():
    cohort = with_column(make_small_cohort(), "tms", name="arm", kind="category", role="treatment")
    with pytest.raises(DataError, match="only tms"):
        assemble(Task(rule=RULE, treatment="ketamine"), cohort)


def test_question_of_a_treatments_effect_is_refused():
    with pytest.raises(DataError, match="cannot be asked of one arm"):
        Task(rule=RULE, question="gain over comparator", treatment="tms")


def test_edges_go_to_the_right_patient_whatever_the_order_of_the_file():
    cohort = make_small_cohort(20)
    connectomes = make_small_connectomes(cohort)
    turned = connectomes.select(np.arange(20)[::-1])
    straight, reverse = (assemble(TASK, cohort, c) for c in (connectomes, turned))
    assert straight.X.equals(reverse.X)
    assert straight.X["R0~R1"].iloc[3] == connectomes.matrices[3, 0, 1]


def test_patients_without_a_matrix_are_left_out_and_counted():
    cohort = make_small_cohort(30)
    connectomes = make_small_connectomes(cohort).select(np.arange(25))
    table = assemble(TASK, cohort, connectomes)
    assert len(table) == 25
    assert dict(table.flow)["with connectivity"] == 25


def test_feature_sets_share_patients_and_part_the_columns():
    cohort = make_small_cohort(30)
    table = assemble(TASK, cohort, make_small_connectomes(cohort))
    clinical, connectivity = table.select("clinical"), table.select("connectivity")
    assert clinical.patients == connectivity.patients == table.patients
    assert [*clinical.X.columns, *connectivity.X.columns] == list(table.X.columns)


def test_feature_set_without_its_data_is_refused():
    with pytest.raises(DataError, match="Name connectivity data"):
        assemble(TASK, make_small_cohort()).select("connectivity")


def test_new_patients_keep_everyone_in_order_and_have_no_outcome():
    cohort = make_small_cohort(20)
    table = assemble(TASK, cohort, labelled=False)
    assert table.y is None
    assert table.patients == cohort.patients


def test_cohort_where_everybody_responds_is_refused_in_words():
    cohort = make_small_cohort(20)
    cohort.frame["responded"] = 1.0
    with pytest.raises(DataError, match="each of the 20 patients is a responder"):
        assemble(TASK, cohort)


def test_digest_follows_every_cell_and_the_task():
    first, second = make_small_cohort(20), make_small_cohort(20)
    assert assemble(TASK, first).digest == assemble(TASK, second).digest
    second.frame.iloc[0, 0] += 1e-12
    assert assemble(TASK, first).digest != assemble(TASK, second).digest
    other = replace(TASK, condition=None, together="site")
    assert assemble(TASK, first).digest != assemble(other, first).digest


def test_families_that_folds_would_part_are_told():
    cohort = make_small_cohort()
    pairs = [f"F{k // 2}" for k in range(len(cohort))]
    related = with_column(cohort, pairs, name="household", kind="text", role="family")
    (told,) = assemble(TASK, related).warnings
    assert told.met.startswith(f"{len(cohort)} patients share {len(cohort) // 2} values")
    assert 'validation.together to "family"' in told.way_out
    assert assemble(replace(TASK, together="family"), related).warnings == ()
    alone = with_column(cohort, list(cohort.patients), name="household", kind="text", role="family")
    assert assemble(TASK, alone).warnings == ()


def test_sites_kept_together_need_a_site_column():
    cohort = make_small_cohort(20)
    plain = Cohort(
        cohort.frame.drop(columns="site"), tuple(c for c in cohort.columns if c.name != "site")
    )
    with pytest.raises(DataError, match="no column has the role 'site'"):
        assemble(replace(TASK, together="site"), plain)


def test_a_copy_of_the_computed_response_is_refused_by_name_unless_it_is_no_feature():
    cohort = make_small_cohort(60)
    copy = 1.0 - cohort.frame["responded"].to_numpy(float)
    meaning = {"name": "flag", "kind": "boolean"}
    with pytest.raises(DataError, match="flag: almost a copy of the response"):
        assemble(TASK, with_column(cohort, copy, **meaning))
    table = assemble(TASK, with_column(cohort, copy, role="ignore", **meaning))
    assert "flag" not in table.X
    assemble(replace(TASK, clinical=("age",)), with_column(cohort, copy, **meaning))


def test_the_table_tells_the_network_of_each_region_as_it_is_used(make_table):
    mapped = make_table(60, regions=6).network_map
    assert mapped.networks == ("SN", "DMN", "CEN") * 2
    assert {row.evidence for row in mapped.rows} == {"override"}
    assert make_table(60).network_map is None


def test_studies_of_the_same_outcome_share_a_digest_whatever_their_features():
    cohort = make_small_cohort()
    scans = make_small_connectomes(cohort.select(np.arange(90) < 80), 4)
    tables = [
        assemble(TASK, cohort),
        assemble(replace(TASK, clinical=("severity",)), cohort),
        assemble(TASK, cohort, scans),
        assemble(TASK, cohort.select(np.arange(90)[::-1])),
    ]
    assert len({table.outcome_digest for table in tables}) == 1
    assert len({table.patients_digest for table in tables}) == 1
    assert len({table.digest for table in tables}) == 4


def test_another_outcome_of_the_same_patients_shares_their_digest_only():
    cohort = make_small_cohort()
    turned = Cohort(
        cohort.frame.assign(responded=1 - cohort.frame["responded"]), cohort.columns, "turned"
    )
    one, other = assemble(TASK, cohort), assemble(TASK, turned)
    assert one.patients_digest == other.patients_digest
    assert one.outcome_digest != other.outcome_digest
    fewer = assemble(TASK, cohort.select(np.arange(90) < 60))
    assert fewer.patients_digest != one.patients_digest


def test_new_patients_have_no_digest_of_an_outcome():
    table = assemble(TASK, make_small_cohort(), labelled=False)
    assert (table.patients_digest, table.outcome_digest) == ("", "")
