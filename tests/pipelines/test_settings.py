import tomllib
from pathlib import Path
from typing import get_args

import pytest

from pipelines import sections
from pipelines.every_setting import SECTIONS, SETTINGS
from pipelines.settings import (
    StudySettings,
    describe_settings,
    examine_settings,
    read_settings,
)
from stratify.errors import SettingsError

STUDY = """
[study]
name = "madrs under both"

[cohort]
file = "cohort.csv"
columns = "columns.toml"

[connectivity]
file = "connectivity.parquet"

[question]
kind = "response under treatment"
treatment = "tms+ketamine"
condition = "depression"

[response]
name = "response (MADRS fell by half)"
followup = "madrs_week6"
baseline = "madrs_baseline"
drop = 0.5
"""


@pytest.fixture
def write(tmp_path):
    def write_study(text=STUDY, *changes):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_study


def refusals(path, *overrides):
    with pytest.raises(SettingsError) as caught:
        read_settings(path, overrides)
    return [str(fault) for fault in caught.value.faults]


def the_refusal(path, *overrides):
    said = refusals(path, *overrides)
    assert len(said) == 1, said
    return said[0]


# What is read


def test_a_short_study_gets_every_default(write):
    study = read_settings(write())
    assert (study.validation.folds, study.validation.repeats) == (5, 4)
    assert study.models.families == ("prevalence", "logistic", "svm", "forest", "xgboost")
    assert study.features.sets is None
    assert study.experiment == "madrs under both"
    assert study.tracking.store == "mlruns"


def test_paths_are_found_from_the_folder_of_the_study_file(write, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    study = read_settings(write(STUDY, ('"columns.toml"', '"../shared/columns.toml"')))
    assert study.cohort.file == tmp_path / "cohort.csv"
    assert study.cohort.columns == tmp_path.parent / "shared" / "columns.toml"


def test_a_study_becomes_the_library_s_task(write):
    task = read_settings(write(), ["features.clinical=age,madrs_baseline"]).task()
    assert task.treatment == "tms+ketamine"
    assert task.rule.drop == 0.5
    assert task.clinical == ("age", "madrs_baseline")
    assert task.together == "patient"


def test_every_setting_that_task_and_rule_share_is_handed_on(write):
    study = read_settings(
        write(), ["validation.together=site", "response.missing=nonresponse", "response.drop=0.4"]
    )
    task = study.task()
    assert {name: getattr(task.rule, name) for name in study.response.model_fields_set} == {
        name: getattr(study.response, name) for name in study.response.model_fields_set
    }
    assert (task.rule.missing, task.together, task.condition) == (
        "nonresponse",
        "site",
        "depression",
    )


def test_cluster_without_an_address_is_refused(write):
    said = the_refusal(write(STUDY + "[compute]\nbackend = 'dask'\n"))
    assert 'backend = "dask" and no scheduler' in said
    assert "--scheduler" in said
    given = read_settings(write(), ["compute.backend=dask", "compute.scheduler=tcp://h:8786"])
    assert given.compute.scheduler == "tcp://h:8786"


def test_settings_cannot_be_changed(write):
    study = read_settings(write())
    with pytest.raises(ValueError, match="frozen"):
        study.validation.folds = 3


def test_the_words_are_those_of_the_library():
    from pipelines import cli
    from stratify import connectome, evaluation, model, outcome, task
    from stratify.cohort import source

    assert get_args(sections.question.Question) == get_args(task.Question)
    assert get_args(sections.features.FeatureSet) == get_args(task.FeatureSet)
    assert get_args(sections.validation.Together) == get_args(task.Together)
    assert get_args(sections.validation.Scheme) == get_args(task.Scheme)
    assert get_args(sections.response.MissingOutcome) == get_args(outcome.MissingOutcome)
    assert get_args(sections.cohort.CohortFormat) == get_args(source.Format) == cli.FORMATS
    assert get_args(sections.validation.Within) == get_args(evaluation.Within)
    assert get_args(sections.means.Engine) == get_args(model.Engine)
    assert get_args(sections.validation.Family) == model.FAMILIES
    assert set(get_args(sections.validation.PermutedFamily)) == {*model.FAMILIES} - {"prevalence"}
    assert get_args(sections.connectivity.ConnectivityKind) == get_args(connectome.ConnectivityKind)
    assert get_args(sections.connectivity.ConnectivityFormat) == (*connectome.FORMATS, "regional")


def test_connectivity_is_read_as_its_section_says(write):
    import inspect

    from stratify.connectome import read_connectomes, read_regional_values

    section = read_settings(write(), ["connectivity.networks.ACC=SN"]).connectivity
    assert section.reading["networks"] == {"ACC": "SN"}
    assert set(section.reading) <= set(inspect.signature(read_connectomes).parameters)
    asked = ["connectivity.format=regional", "connectivity.measure=alff"]
    regional = read_settings(write(), asked).connectivity
    assert set(regional.reading) <= set(inspect.signature(read_regional_values).parameters)
    read = set(section.reading) | set(regional.reading)
    assert read == set(type(section).model_fields) - {"file"}


def test_regional_values_and_they_alone_have_a_measure(write):
    assert "no measure of regional values" in the_refusal(write(), "connectivity.format=regional")
    assert "a measure of connectivity" in the_refusal(write(), "connectivity.measure=alff")


def test_feature_sets_are_those_named_or_else_what_the_data_have(write):
    assert read_settings(write()).feature_sets(("clinical",)) == ("clinical",)
    named = read_settings(write(), ["features.sets=both,clinical"])
    assert named.feature_sets(("clinical", "connectivity", "both")) == ("both", "clinical")


# Keys that are no setting


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("[validation]\nrepaets = 10", "validation.repaets: not a setting"),
        ("[validation]\nrepaets = 10", "Did you mean validation.repeats?"),
        ("[validaton]\nrepeats = 10", "validaton: not a section"),
        ("[validaton]\nrepeats = 10", "Did you mean validation?"),
        ("[validation]\nfamilies = []", "Did you mean models.families?"),
        ("[validation]\ntreatment = 'tms'", "Did you mean question.treatment?"),
        (
            "[validation]\ncolour = 'red'",
            "[validation] has scheme, by, folds, repeats, inner_folds",
        ),
        ("[weather]\nrain = true", "the sections are study, cohort"),
        ("[validation]\nInner-Folds = 3", "Did you mean validation.inner_folds?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(write, wrong, hint):
    said = the_refusal(write(STUDY + wrong))
    assert said.startswith("study.toml: ")
    assert hint in said


def test_a_key_outside_any_section_is_shown_its_section(write):
    assert "Did you mean validation.folds?" in the_refusal(write("folds = 3\n" + STUDY))


def test_a_key_that_several_sections_have_is_shown_all_of_them(write):
    said = the_refusal(write('kind = "fisher z"\n' + STUDY))
    assert "Did you mean connectivity.kind or question.kind?" in said


def test_a_misspelt_key_is_not_also_told_missing(write):
    said = the_refusal(write(STUDY, ("followup =", "folowup =")))
    assert "response.folowup: not a setting" in said


def test_a_misspelt_rule_is_not_also_told_absent(write):
    said = the_refusal(write(STUDY, ("drop = 0.5", "dorp = 0.5")))
    assert "Did you mean response.drop?" in said


def test_values_below_a_misspelt_section_are_still_checked(write):
    said = refusals(write(STUDY, ("[response]", "[respnse]"), ("drop = 0.5", "drop = 50")))
    assert len(said) == 2
    assert "respnse: not a section" in said[0]
    assert "Write 50 per cent as 0.5." in said[1]


# Values


@pytest.mark.parametrize(
    ("change", "met", "way_out"),
    [
        ("folds = '5'", 'the text "5"; it takes a whole number, 2 or more', "folds = 5."),
        ("folds = 1", "1; it takes a whole number, 2 or more", "or leave it out for 5"),
        ("folds = 2.5", "2.5; it takes a whole number", "Correct folds"),
        ("folds = true", "true; it takes a whole number", "Correct folds"),
        ("repeats = 0", "0; it takes a whole number, 1 or more", "for 4"),
        ("level = 95", "above 0.5 and below 1", "Write 95 per cent as 0.95."),
        ("level = nan", "nan; it takes a number", "for 0.95"),
        ("seed = -1", "-1; it takes a whole number, 0 or more", "for 0"),
        (
            "together = 'sites'",
            'it takes one of "patient", "family", "site"',
            'Did you mean "site"?',
        ),
        ("together = 3", "3; it takes one of", 'leave it out for "patient"'),
    ],
)
def test_a_wrong_value_is_told_with_what_was_met_and_what_is_wanted(write, change, met, way_out):
    said = the_refusal(write(f"{STUDY}\n[validation]\n{change}"))
    assert said.startswith(f"study.toml: validation.{change.split()[0]}: ")
    assert met in said
    assert way_out in said


@pytest.mark.parametrize(
    ("wrong", "phrase"),
    [
        ("[models]\nfamilies = 'logistic'", 'square brackets: families = ["logistic"]'),
        ("[models]\nfamilies = ['logit']", 'the text "logit"; it takes a list of any of'),
        ("[models]\nfamilies = ['xgbost']", 'Did you mean "xgboost"?'),
        ("[models]\nfamilies = []", "an empty list"),
        ("[usefulness]\nthresholds = [30]", "Write 30 per cent as 0.3."),
        ("[usefulness]\nthresholds = ['high']", "a list of numbers, above 0 and below 1"),
        ("[usefulness]\nthresholds = [0.3, 0.3]", "0.3 more than once"),
        ("[models]\nfamilies = ['logistic', 'logistic']", '"logistic" more than once'),
        (
            "[features]\nclinical = [3]",
            '3; it takes a list of names. Put it in quotation marks: "3"',
        ),
        ("[tracking]\nexperiment = ' '", "empty text"),
        ("[tracking]\nexperiment = 2026-11-22", "the date or time 2026-11-22"),
        ("[tracking]\nexperiment = ' x'", "one line of text, without a space at either end"),
        ("[compute]\nworkers = 'all'", "a whole number, 0 or more"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(write, wrong, phrase):
    assert phrase in the_refusal(write(f"{STUDY}\n{wrong}"))


def test_a_network_that_is_not_text_is_named_by_its_region(write):
    said = the_refusal(write(STUDY, ('parquet"', 'parquet"\nnetworks = {ACC = 3}')))
    assert "connectivity.networks.ACC: 3; it takes text" in said


def test_a_number_without_end_is_refused(write):
    said = the_refusal(write(), "response.lowest_baseline=inf")
    assert "--set response.lowest_baseline: inf; it takes a number, above 0" in said


def test_a_section_given_as_a_value_is_refused(write):
    said = the_refusal(write("validation = 5\n" + STUDY))
    assert "validation: 5; [validation] is a section" in said


def test_a_missing_key_is_told_with_its_meaning(write):
    said = the_refusal(write(STUDY, ('followup = "madrs_week6"\n', "")))
    assert "response.followup: missing; it takes text (the column that holds the outcome)" in said


def test_an_empty_study_is_told_every_section_it_needs(write):
    said = refusals(write(""))
    assert [fault.split(":")[1].strip() for fault in said] == [
        "study",
        "cohort",
        "question",
        "response",
    ]
    assert not any("\n" in fault or "or [time_to_event]" in fault for fault in said)


@pytest.mark.parametrize("name", ["responder@champion", "0123456789abcdef" * 2])
def test_a_study_is_not_named_like_a_run(write, name):
    said = the_refusal(write(STUDY, ("madrs under both", name)))
    assert "cannot be mistaken for a run id" in said


# Rules that join settings


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (('file = "cohort.csv"\ncolumns = "columns.toml"', ""), "neither file nor dataset"),
        (('file = "cohort.csv"', 'file = "c.csv"\ndataset = "help"'), "both file and dataset"),
        (('columns = "columns.toml"', ""), "cohort.file without cohort.columns"),
        (('columns = "columns.toml"', 'columns = ""'), "empty text; it takes a path"),
        (('treatment = "tms+ketamine"', ""), "response under treatment names the treatment"),
        (("drop = 0.5", ""), "neither drop nor responder"),
        (("drop = 0.5", "drop = 0.5\nresponder = 'yes'"), "both drop and responder"),
        (('baseline = "madrs_baseline"', ""), "response.drop without response.baseline"),
        (
            ('[connectivity]\nfile = "connectivity.parquet"', "[features]\nsets = ['both']"),
            "there is no [connectivity]",
        ),
        (
            ("drop = 0.5", "drop = 0.5\n[features]\nsets = ['connectivity']\nclinical = ['age']"),
            "clinical columns are used by the sets clinical and both",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(write, change, phrase):
    assert phrase in "\n".join(refusals(write(STUDY, change)))


def test_a_data_set_needs_no_files_of_its_own(write):
    dataset = ('file = "cohort.csv"\ncolumns = "columns.toml"', 'dataset = "tulsa-mdd"')
    no_connectivity = ('[connectivity]\nfile = "connectivity.parquet"', "")
    path = write(STUDY, dataset, no_connectivity)
    assert read_settings(path, ["features.sets=both"]).cohort.dataset == "tulsa-mdd"
    assert "a data set brings its own connectivity" in the_refusal(write(STUDY, dataset))


@pytest.mark.parametrize("words_", ["gain over comparator", "Gain over comparator"])
def test_a_gain_over_a_comparator_is_refused_and_says_why(write, words_):
    said = the_refusal(write(STUDY, ("response under treatment", words_)))
    assert "does not estimate effects" in said
    assert "not because of it" in said


def test_prognosis_and_diagnosis_need_no_treatment(write):
    for kind in ("prognosis", "diagnosis"):
        path = write(STUDY, ("response under treatment", kind), ('treatment = "tms+ketamine"', ""))
        assert read_settings(path).task().question == kind


def test_all_faults_are_told_at_once(write):
    path = write(
        STUDY + "[validation]\nrepaets = 2\nfolds = 'five'\n[models]\nfamilies = ['cnn']\n",
        ("drop = 0.5", "drop = 1.5"),
        ('columns = "columns.toml"', ""),
        ('name = "madrs under both"', "name = 7"),
    )
    said = "\n".join(refusals(path, "validation.levle=0.9", "compute.workers=many"))
    for phrase in [
        "study.toml: study.name",
        "study.toml: cohort.columns",
        "study.toml: response.drop",
        "study.toml: validation.repaets",
        "study.toml: validation.folds",
        "study.toml: models.families",
        "--set validation.levle",
        "--set compute.workers",
    ]:
        assert phrase in said
    assert len(said.splitlines()) == 8


def test_the_sections_that_make_sense_are_returned_beside_the_faults(write, tmp_path):
    examined = examine_settings(write(STUDY, ("drop = 0.5", "drop = 'half'")))
    assert examined.settings is None
    assert len(examined.faults) == 1
    assert examined.sections["cohort"].file == tmp_path / "cohort.csv"
    assert "response" not in examined.sections


# The file


def test_broken_toml_is_told_with_its_line(write):
    said = the_refusal(write(STUDY, ('kind = "response under treatment"', "kind = diagnosis")))
    number = STUDY.splitlines().index('kind = "response under treatment"') + 1
    assert said.startswith(f"study.toml, line {number}: kind = diagnosis is not TOML")
    assert 'Put text in quotation marks: kind = "diagnosis".' in said


def test_a_windows_path_in_double_quotes_is_told_how_to_be_written(write):
    said = the_refusal(write(STUDY, ('"cohort.csv"', '"C:\\study\\cohort.csv"')))
    assert "Write a path with / or in single quotation marks" in said


def test_toml_that_ends_too_early_is_told_with_its_last_line(write):
    assert "study.toml, line 2: " in the_refusal(write('[study]\nname = """a'))


def test_text_that_is_not_utf8_is_told_with_its_line(write):
    path = write()
    path.write_bytes(b"[study]\nname = 'Z\xfcrich'\n")
    assert "study.toml, line 2: a character that is not UTF-8" in the_refusal(path)


def test_a_byte_order_mark_is_read_over(write):
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_settings(path).study.name == "madrs under both"


def test_a_missing_file_is_told_with_the_nearest_beside_it(write):
    path = write()
    said = the_refusal(path.with_name("stduy.toml"))
    assert "there is no such file" in said
    assert f"Did you mean {path}?" in said


def test_a_folder_is_told_its_study_file(write):
    path = write()
    assert f"it is a folder; a study file is needed. Did you mean {path}?" in the_refusal(
        path.parent
    )


def test_a_file_in_no_folder_is_told_so(tmp_path):
    assert "There is no folder" in the_refusal(tmp_path / "nowhere" / "study.toml")


# Overrides


@pytest.mark.parametrize(
    ("override", "section", "name", "value"),
    [
        ("validation.repeats=10", "validation", "repeats", 10),
        ("validation.level = 0.9", "validation", "level", 0.9),
        ("question.treatment=tms", "question", "treatment", "tms"),
        ("question.treatment=tms + ketamine", "question", "treatment", "tms + ketamine"),
        ('question.treatment="tms"', "question", "treatment", "tms"),
        ("question.condition=no", "question", "condition", "no"),
        ("question.condition=5", "question", "condition", "5"),
        ("question.condition=", "question", "condition", None),
        ("models.families=logistic", "models", "families", ("logistic",)),
        ("models.families=logistic, xgboost", "models", "families", ("logistic", "xgboost")),
        ('features.sets=["clinical"]', "features", "sets", ("clinical",)),
        ("features.clinical=madrs=baseline", "features", "clinical", ("madrs=baseline",)),
        ("connectivity.networks.ACC=SN", "connectivity", "networks", {"ACC": "SN"}),
        ("connectivity.networks.a.b=SN", "connectivity", "networks", {"a.b": "SN"}),
        ('connectivity.networks={ACC = "SN"}', "connectivity", "networks", {"ACC": "SN"}),
        ("connectivity.kind=fisher z", "connectivity", "kind", "fisher z"),
    ],
)
def test_an_override_is_read_as_its_setting_would_have_it(write, override, section, name, value):
    study = read_settings(write(), [override])
    assert getattr(getattr(study, section), name) == value


def test_a_number_in_an_overridden_list_is_never_told_to_lose_quotation_marks(write):
    with pytest.raises(SettingsError) as refused:
        read_settings(write(), ["usefulness.thresholds=0,0.5"])
    (fault,) = refused.value.faults
    assert (fault.where, fault.met) == ("--set usefulness.thresholds", "0")
    assert "quotation" not in fault.way_out


def test_the_last_of_two_overrides_holds(write):
    study = read_settings(write(), ["validation.folds=3", "validation.folds=4"])
    assert study.validation.folds == 4


def test_an_override_of_a_path_is_found_from_the_folder_of_the_study_file(write, tmp_path):
    study = read_settings(write(), ["cohort.file=other.tsv"])
    assert study.cohort.file == tmp_path / "other.tsv"


def test_an_override_cannot_smuggle_in_a_second_setting(write):
    said = the_refusal(write(), "validation.repeats=3\nfolds = 2")
    assert said.startswith("--set validation.repeats: ")


@pytest.mark.parametrize(
    ("override", "phrase"),
    [
        ("validation.repaets=10", "--set validation.repaets: not a setting"),
        ("validation.repaets=10", "Did you mean validation.repeats?"),
        ("folds=10", "Did you mean --set validation.folds=VALUE?"),
        ("validation=10", "Did you mean --set validation.scheme=VALUE?"),
        ("validation.folds", "--set validation.folds: not SECTION.KEY=VALUE"),
        ("validation.folds.x=1", "--set validation.folds.x: not a setting"),
        ("validation.folds=ten", '--set validation.folds: the text "ten"; it takes a whole number'),
        ("models.families=logistc", 'Did you mean "logistic"?'),
        ("", "not SECTION.KEY=VALUE"),
    ],
)
def test_a_wrong_override_is_told_as_one(write, override, phrase):
    assert phrase in the_refusal(write(), override)


def test_overriding_leaves_the_file_unchanged(write):
    path = write()
    before = path.read_bytes()
    read_settings(path, ["validation.repeats=10"])
    assert path.read_bytes() == before


# Written again


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["validation.repeats=10", "models.families=logistic", 'study.name=a "b" \\ c'],
        ["response.drop=", "response.baseline=", "response.responder=yes"],
        ["features.clinical=age,sex", "connectivity.networks.a.b=SN", "cohort.file=../x/y.csv"],
    ],
)
def test_a_study_written_and_read_again_is_the_same(write, overrides):
    study = read_settings(write(), overrides)
    again = read_settings(write(study.to_toml()))
    assert again == study
    assert again.digest == study.digest


def test_a_written_study_names_no_folder_of_this_machine(write, tmp_path):
    text = read_settings(write()).to_toml()
    assert str(tmp_path) not in text
    assert tomllib.loads(text)["cohort"]["file"] == "cohort.csv"


def test_the_digest_changes_with_what_is_asked_and_with_nothing_else(write):
    path = write()
    digest = read_settings(path).digest
    for same in ["compute.workers=2", "tracking.store=elsewhere", "study.name=other"]:
        assert read_settings(path, [same]).digest == digest
    for other in ["validation.seed=1", "response.drop=0.4", "models.families=logistic"]:
        assert read_settings(path, [other]).digest != digest


# The settings described


def test_the_description_has_a_row_for_every_setting_with_its_default_and_meaning():
    rows = {
        row.split("|")[1].strip(" `"): row
        for row in describe_settings().splitlines()
        if row.startswith("| `")
    }
    assert list(rows) == list(SETTINGS)
    for key, field in SETTINGS.items():
        assert field.description
        assert field.description in rows[key]
    assert "`0.95`" in rows["validation.level"]
    assert "a whole number, 2 or more" in rows["validation.folds"]
    assert set(SECTIONS) == set(StudySettings.model_fields)


def test_the_guide_to_the_study_file_is_the_description():
    guide = Path(__file__).parents[2] / "docs" / "study-file.md"
    assert describe_settings() in guide.read_text(encoding="utf-8")


def test_the_study_of_the_guide_is_a_study(write):
    guide = (Path(__file__).parents[2] / "docs" / "study-file.md").read_text(encoding="utf-8")
    example = guide.split("```toml\n")[1].split("```")[0]
    assert read_settings(write(example)).task().treatment == "tms+ketamine"
