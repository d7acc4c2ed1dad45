"""The command line: each command calls one pipeline and prints what it returns.

Only click, pathlib and the like are imported here, so that ``stratify --help`` answers at once;
everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.command import WRONG_DATA, Command, keep_stdout_for_json, print_result

if TYPE_CHECKING:
    from pipelines.progress import Progress

PRESETS = ("null", "realistic", "optimistic", "fc_null", "site_confounded", "leaky", "bimodal")

FEWEST_PATIENTS = 10

FORMATS = ("table", "bids", "redcap")

STRATEGIES = ("simple", "scrubbing", "compcor", "ica_aroma")

TERMINATED = 143


def _progress() -> Progress:
    from pipelines.progress import Progress

    return Progress()


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import stratify

        click.echo(f"stratify {stratify.__version__}")
        ctx.exit()


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else."
)
all_option = click.option("--all", "each", is_flag=True, help="Tell each finding by itself.")
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a setting of the study file, for instance validation.repeats=10. May be given "
    "several times.",
)
store_option = click.option(
    "--store",
    metavar="DIR",
    help="Where runs are kept: a folder or a tracking server's address.  [default: "
    "MLFLOW_TRACKING_URI, the study's tracking.store, or mlruns here]",
)
file_path = click.Path(path_type=Path)
site_patients_option = click.option(
    "--site-patients",
    type=file_path,
    metavar="FILE",
    help="People of sites that training did not see, to learn these sites from; outcomes are not "
    "needed.",
)
site_connectivity_option = click.option(
    "--site-connectivity", type=file_path, metavar="FILE", help="Their connectivity."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and leave.",
)
def cli() -> None:
    """Honest patient stratification for combined TMS and ketamine.

    A study is one TOML file. Describe a file of patients to start one; check it, train on it,
    compare and explain its models, and write reports for new patients. RUN is a run id, a study's
    name (its latest complete run), study:model (our-clinic:clinical logistic), or a registry alias
    (responder@champion).

    For research use; not a medical device.

    \b
    Exit codes: 0 done; 1 the data or settings are wrong; 2 wrong usage;
    70 a fault of stratify; 130 or 143 stopped.
    """  # noqa: D301  (click wants the character itself)


@cli.command(cls=Command)
@click.argument("preset", type=click.Choice(PRESETS), metavar="PRESET")
@click.option(
    "--patients", type=click.IntRange(min=FEWEST_PATIENTS), default=600, show_default=True
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--regions", type=click.IntRange(12, 200), help="How many brain regions [default: 48]."
)
@click.option("--out", type=file_path, required=True, metavar="DIR", help="The folder to write.")
@json_option
def simulate(
    preset: str, patients: int, seed: int, regions: int | None, out: Path, as_json: bool
) -> None:
    """Write a simulated cohort and a study that runs on it.

    PRESET is null (nothing predicts), realistic, optimistic, fc_null (connectivity predicts
    nothing), site_confounded, leaky or bimodal.
    """
    with keep_stdout_for_json(as_json):
        from pipelines.simulate import simulate

        result = simulate(preset, patients=patients, seed=seed, regions=regions, out=out)
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@click.argument("file", type=file_path)
@click.option(
    "--out",
    type=file_path,
    metavar="TOML",
    help="Write the draft there; a file that is there already is never replaced.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    help="What it is  [default: guessed from the path].",
)
@all_option
@json_option
def describe(file: Path, out: Path | None, format: Any, each: bool, as_json: bool) -> None:
    """Draft a column dictionary from a file, its guesses marked.

    FILE is a table, a BIDS folder or a REDCap export. No value of a patient is shown or written
    but the levels of categories with few of them.
    """
    with keep_stdout_for_json(as_json):
        from pipelines.describe import describe

        result = describe(file, format=format, out=out, each=each)
    print_result(result, as_json=as_json)


def _read_entities(
    ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    entities = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not (key and sign and value):
            raise click.BadParameter(f"{text!r} is not KEY=VALUE, such as task=rest.")
        entities[key] = value
    return entities


@cli.command(cls=Command)
@click.argument("folder", type=file_path)
@click.option("--atlas", type=file_path, required=True, help="An image of labels (NIfTI).")
@click.option(
    "--labels",
    type=file_path,
    required=True,
    help="The names of its regions: a table with the columns index and name, or one a line.",
)
@click.option("--atlas-name", default="", help="What files call the atlas  [default: by the image]")
@click.option("--out", type=file_path, required=True, metavar="DIR", help="The folder to write.")
@click.option(
    "--confounds", type=click.Choice(STRATEGIES), default="simple", show_default=True,
    help="nilearn's denoising strategy.",
)  # fmt: skip
@click.option("--global-signal", is_flag=True, help="Regress the global signal out too.")
@click.option(
    "--fd-threshold",
    type=click.FloatRange(min=0, min_open=True),
    help="Of scrubbing, in mm  [default: nilearn's]",
)
@click.option(
    "--least-coverage",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="The share of a region that must lie within the brain mask.",
)
@click.option("--session", help="Which session  [default: all]")
@click.option("--run", help="Which run  [default: all]")
@click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_read_entities,
    help="What else the names of the images say, for instance task=rest or space=MNI152NLin6Asym.",
)
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes at once, 0 for "
              "one a core.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Extract on a Dask cluster, tcp://HOST:PORT, "
              "whose workers reach the same folders.")  # fmt: skip
@json_option
@click.pass_context
def extract(ctx: click.Context, as_json: bool, confounds: Any, **options: Any) -> None:
    """Take the signals of an atlas's regions from fMRIPrep's images.

    FOLDER holds fMRIPrep's derivatives. Confounds are regressed out; what is written is named as
    XCP-D names its own, and a study reads it with [connectivity] file = "DIR".
    """
    with keep_stdout_for_json(as_json):
        from pipelines.extract import extract

        result = extract(strategy=confounds, progress=_progress(), **options)
    if not as_json:
        for fault in result.errors:
            click.echo(str(fault), err=True)
    print_result(result, as_json=as_json)
    if not result.ok:
        ctx.exit(WRONG_DATA)


@cli.command(cls=Command)
@click.argument("study", type=file_path)
@set_option
@all_option
@json_option
@click.pass_context
def check(
    ctx: click.Context, study: Path, overrides: tuple[str, ...], each: bool, as_json: bool
) -> None:
    """Examine a study and its files; tell every fault at once.

    Nothing is trained. Where nothing is wrong, it says what the study will do. Findings of one
    kind are told in one line, errors first; --all and --json tell each.
    """
    with keep_stdout_for_json(as_json):
        from pipelines.check import check

        result = check(study, overrides=overrides, each=each, progress=_progress())
    if not as_json:
        for fault in result.told(result.errors):
            click.echo(str(fault), err=True)
    print_result(result, as_json=as_json)
    if not result.ok:
        ctx.exit(WRONG_DATA)


@cli.command(cls=Command)
@click.argument("study", type=file_path)
@set_option
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes at once, 0 for one a core; it changes no result.",
)
@click.option(
    "--backend",
    type=click.Choice(("processes", "dask")),
    help="Where the work goes: processes here, or a Dask cluster; it changes no result.",
)
@click.option("--scheduler", metavar="ADDRESS", help="The cluster's scheduler, tcp://HOST:PORT.")
@store_option
@json_option
def train(
    study: Path,
    overrides: tuple[str, ...],
    workers: int | None,
    backend: str | None,
    scheduler: str | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Cross-validate the study's models and log every run."""
    with keep_stdout_for_json(as_json):
        from pipelines.train import train

        result = train(
            study,
            overrides=(
                *overrides,
                *([] if backend is None else [f"compute.backend={backend}"]),
                *([] if scheduler is None else [f"compute.scheduler={scheduler}"]),
            ),
            workers=workers,
            store=store,
            progress=_progress(),
        )
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@click.argument("run")
@click.option(
    "--patients",
    type=file_path,
    metavar="FILE",
    help="Explain these patients, rather than tell what training logged.",
)
@click.option("--connectivity", type=file_path, metavar="FILE", help="Their connectivity.")
@site_patients_option
@site_connectivity_option
@click.option(
    "--out", type=file_path, metavar="DIR", help="Where their contributions go [default: here]."
)
@store_option
@json_option
def explain(
    run: str,
    patients: Path | None,
    connectivity: Path | None,
    site_patients: Path | None,
    site_connectivity: Path | None,
    out: Path | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Tell what moves a model, overall or for patients of your own.

    For a study's name it is the responder model, or the one with the highest AUC.
    """
    with keep_stdout_for_json(as_json):
        from pipelines.explain import explain

        result = explain(
            run,
            patients=patients,
            connectivity=connectivity,
            site_patients=site_patients,
            site_connectivity=site_connectivity,
            out=out,
            store=store,
            progress=_progress(),
        )
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@click.argument("run")
@click.option(
    "--patients",
    type=file_path,
    required=True,
    metavar="FILE",
    help="A table with the columns of training; outcomes are not needed.",
)
@click.option("--connectivity", type=file_path, metavar="FILE", help="Their connectivity.")
@site_patients_option
@site_connectivity_option
@click.option("--out", type=file_path, required=True, metavar="DIR", help="The folder to write.")
@store_option
@json_option
def report(
    run: str,
    patients: Path,
    connectivity: Path | None,
    site_patients: Path | None,
    site_connectivity: Path | None,
    out: Path,
    store: str | None,
    as_json: bool,
) -> None:
    """Write a PDF and an HTML report for each patient."""
    with keep_stdout_for_json(as_json):
        from pipelines.report import report

        result = report(
            run,
            patients=patients,
            connectivity=connectivity,
            site_patients=site_patients,
            site_connectivity=site_connectivity,
            out=out,
            store=store,
            progress=_progress(),
        )
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@click.argument("run")
@click.option(
    "--cohort",
    type=file_path,
    required=True,
    metavar="FILE",
    help="A table with the columns of training, and the outcome.",
)
@click.option("--connectivity", type=file_path, metavar="FILE", help="Their connectivity.")
@click.option(
    "--recalibrate",
    type=click.Choice(("intercept", "intercept and slope")),
    help="Make a new model whose likelihoods are in line with these patients.",
)
@click.option(
    "--other-people",
    is_flag=True,
    help="Patients with the name of one in training are others; without it they are left out.",
)
@store_option
@json_option
def validate(
    run: str,
    cohort: Path,
    connectivity: Path | None,
    recalibrate: Any,
    other_people: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Judge a model on patients of another site or year.

    The drop from within the study is shown first; then calibration and net benefit there. Patients
    who took part in making the model are left out and counted. The model itself is never changed:
    --recalibrate makes a new one, with a run and a registered version of its own. Of time to an
    event it is Uno's concordance, and calibration at the horizon; the intercept is then the
    baseline hazard.
    """
    with keep_stdout_for_json(as_json):
        from pipelines.validate import validate

        result = validate(
            run,
            cohort=cohort,
            connectivity=connectivity,
            recalibrate=recalibrate,
            other_people=other_people,
            store=store,
            progress=_progress(),
        )
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@click.argument("a")
@click.argument("b")
@click.option(
    "--by",
    "decided_by",
    type=click.Choice(("log_loss", "auc", "uno_c", "brier")),
    help="The metric that decides; both are shown  [default: log_loss; of time to an event uno_c, "
    "beside brier]",
)
@click.option(
    "--same-auc",
    type=click.FloatRange(min=0),
    metavar="X",
    help="Differences in AUC up to this make no practical difference  [default: 0.02]",
)
@click.option(
    "--same-log-loss",
    type=click.FloatRange(min=0),
    metavar="X",
    help="Differences in log loss up to this make no practical difference  [default: 0.01]",
)
@click.option(
    "--same-uno-c", type=click.FloatRange(min=0), metavar="X", help="In concordance  "
    "[default: 0.02]"
)  # fmt: skip
@click.option(
    "--same-brier", type=click.FloatRange(min=0), metavar="X", help="In the Brier score at the "
    "horizon  [default: 0.005]"
)  # fmt: skip
@click.option("--unpaired", is_flag=True, help="Allow other patients or folds; the result says so.")
@store_option
@json_option
def compare(
    a: str,
    b: str,
    decided_by: Any,
    same_auc: float | None,
    same_log_loss: float | None,
    same_uno_c: float | None,
    same_brier: float | None,
    unpaired: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Tell whether model A is better than model B.

    A and B are RUNs of one store; a study's name means its best model. Both must have been judged
    on the same patients in the same folds. The difference has an interval that knows that folds
    share patients, and is held against what would matter in practice. Models of time to an event
    are compared by Uno's concordance up to the horizon and the Brier score there.
    """
    regions = {
        "auc": same_auc,
        "log_loss": same_log_loss,
        "uno_c": same_uno_c,
        "brier": same_brier,
    }
    with keep_stdout_for_json(as_json):
        from pipelines.compare import compare

        result = compare(
            a,
            b,
            decided_by=decided_by,
            regions={name: region for name, region in regions.items() if region is not None},  # type: ignore[misc]
            unpaired=unpaired,
            store=store,
            progress=_progress(),
        )
    print_result(result, as_json=as_json)


@cli.command(cls=Command)
@store_option
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
def ui(store: str | None, port: int, no_open: bool) -> None:
    """Open the MLflow UI on the runs; stop it with Ctrl+C."""
    from pipelines.ui import ui

    ui(
        store=store,
        port=port,
        open_browser=not no_open,
        announce=lambda address: click.echo(f"The runs are at {address} (stop with Ctrl+C)."),
    )


def _terminate(number: int, frame: object) -> None:
    """Unwind as an exception does, so that open runs are closed and part files removed."""
    raise SystemExit(TERMINATED)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminate)
    cli(prog_name="stratify")


if __name__ == "__main__":
    main()
