"""The command `joppo`. Each sub-command is thin and imports what it needs when it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A vision-language judge of photographs, and the data pipeline that makes it.",
)

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Store root; default $JOPPO_STORE or ./store.")
]


class Format(StrEnum):
    """What `joppo query` prints or writes."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def _fail(message: object) -> typer.Exit:
    typer.secho(str(message), fg="red", err=True)
    return typer.Exit(code=1)


@app.command()
def demo(store: StoreOption = None) -> None:
    """Run build-sft-data on embedded scenes and show what came out."""
    from joppo.data.store.store import StoreError
    from joppo.flows.cli.demo import run_demo
    from joppo.flows.runner import ShardsFailedError

    try:
        run_demo(store)
    except (ShardsFailedError, StoreError) as error:
        raise _fail(error) from None


@app.command()
def build(
    config: Annotated[Path, typer.Argument(help="YAML of configs/, or your own.")],
    store: StoreOption = None,
) -> None:
    """Run build-sft-data with a config, in this process."""
    from joppo.data.datasets.base import DatasetFormatError
    from joppo.data.store.store import StoreError
    from joppo.flows.build_sft_data import build_sft_data
    from joppo.flows.config import ConfigError
    from joppo.flows.runner import ShardsFailedError

    try:
        build_sft_data(str(config), store=store)
    except (ConfigError, DatasetFormatError, ShardsFailedError, StoreError) as error:
        raise _fail(error) from None


@app.command()
def plan(
    config: Annotated[
        Path | None, typer.Argument(help="YAML of configs/, or your own: plan this build.")
    ] = None,
    dry_run: Annotated[
        Path | None, typer.Option("--dry-run", help="Folder for ten prompts to read.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Folder of configs/: plan its whole recipe, with GPUs."),
    ] = None,
    photos: Annotated[
        int | None, typer.Option("--photos", min=1, help="With --profile: another size.")
    ] = None,
    assume: Annotated[
        Path | None, typer.Option("--assume", help="With --profile: YAML of values to change.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="With --profile: page whose tables to renew.")
    ] = None,
) -> None:
    """What a build would take (requests, dollars, hours, disk), or a whole recipe (--profile)."""
    from joppo.data.datasets.base import DatasetFormatError
    from joppo.data.teachers.pricing import UnknownPriceError
    from joppo.flows.cli.plan_capacity import show_capacity
    from joppo.flows.cli.plan_run import show_plan
    from joppo.flows.config import ConfigError
    from joppo.training.capacity.counts import CapacityError

    if (config is None) == (profile is None):
        raise _fail("give either a config (one build) or --profile (the whole recipe)")
    if config is not None and (photos, assume, page) != (None, None, None):
        raise _fail("--photos, --assume and --page go with --profile, not with a config")
    if profile is not None and dry_run is not None:
        raise _fail("--dry-run goes with a config: prompts are made from its photos")
    try:
        if profile is not None:
            show_capacity(profile, photos, assume, page)
        elif config is not None:
            show_plan(config, dry_run)
    except (CapacityError, ConfigError, DatasetFormatError, UnknownPriceError) as error:
        raise _fail(error) from None


@app.command()
def evaluate(
    config: Annotated[Path, typer.Argument(help="YAML of configs/, or your own.")] = Path(
        "configs/embedded/evaluate-judge.yaml"
    ),
    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="In place of the config's: embedded, latest-sft, latest-joppo, a model folder.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for a copy.")] = None,
    store: StoreOption = None,
) -> None:
    """Judge photos with known truth, and print how well judges agree with people."""
    from joppo.data.corpus.publish import CorpusNotFoundError
    from joppo.data.datasets.base import DatasetFormatError
    from joppo.data.store.store import StoreError
    from joppo.data.teachers.base import BudgetExceeded, TeacherError
    from joppo.data.teachers.pricing import UnknownPriceError
    from joppo.flows.cli.evaluate import show_evaluation
    from joppo.flows.config import ConfigError
    from joppo.training.evaluation.judges import SameJudgeError
    from joppo.training.evaluation.predictions import UnansweredError
    from joppo.training.judges.local_model import ModelFolderError
    from joppo.training.trainer.examples import SnapshotError
    from joppo.training.trainer.prepare import ModelNotFoundError

    of_input = (ConfigError, CorpusNotFoundError, DatasetFormatError, SnapshotError, StoreError)
    of_judges = (
        BudgetExceeded,
        ModelFolderError,
        ModelNotFoundError,
        SameJudgeError,
        TeacherError,
        UnansweredError,
        UnknownPriceError,
    )
    try:
        show_evaluation(config, judge or (), store, out)
    except (*of_input, *of_judges) as error:
        raise _fail(error) from None


@app.command()
def reproduce(
    config: Annotated[Path, typer.Argument(help="YAML of configs/, or your own.")] = Path(
        "configs/embedded/reproduce-paper.yaml"
    ),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="So many seeds; default those of the config.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Of every JoPPO training; default as configured.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Trainings at a time, one per GPU.")] = 2,
    store: StoreOption = None,
    port: Annotated[int, typer.Option(help="Port of server and UI.")] = 4200,
) -> None:
    """Run the paper's experiment and its ablations, over several seeds, to one report."""
    from joppo.data.store.store import StoreError
    from joppo.flows.cli.reproduce import NotReproducedError
    from joppo.flows.cli.reproduce import reproduce as run
    from joppo.flows.config import ConfigError
    from joppo.flows.server.up import UpError

    try:
        run(config, seeds, steps, processes, store, port)
    except (ConfigError, NotReproducedError, StoreError, UpError) as error:
        raise _fail(error) from None


@app.command()
def up(port: Annotated[int, typer.Option(help="Port of server and UI.")] = 4200) -> None:
    """Start server, work pools, deployments and workers on this machine."""
    from joppo.flows.server.up import UpError
    from joppo.flows.server.up import up as start

    try:
        start(port)
    except UpError as error:
        raise _fail(error) from None


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the tables and views of a snapshot.")],
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    out: Annotated[Path | None, typer.Option("--out", help="File; needed for parquet.")] = None,
    version: Annotated[str | None, typer.Option(help="Snapshot; default the latest.")] = None,
    store: StoreOption = None,
) -> None:
    """Ask the corpus with SQL (DuckDB)."""
    from joppo.data.corpus.publish import CorpusNotFoundError
    from joppo.data.corpus.query import QueryError
    from joppo.data.store.store import StoreError
    from joppo.flows.cli.query import answer

    try:
        answer(sql, format.value, out, version, store)
    except (CorpusNotFoundError, QueryError, StoreError) as error:
        raise _fail(error) from None


@app.command()
def labels(
    kind: Annotated[str, typer.Argument(help="Reader: picd, cadb, aadb, para, ava, ...")],
    path: Annotated[Path, typer.Argument(help="The dataset's label file or folder.")],
) -> None:
    """Read a label file, no images needed, and say what is in it."""
    from joppo.data.datasets.base import DatasetFormatError
    from joppo.flows.cli.labels import show_labels

    try:
        show_labels(kind, path)
    except (DatasetFormatError, FileNotFoundError) as error:
        raise _fail(error) from None


JudgeOption = Annotated[
    str | None,
    typer.Option(
        "--judge", help="Model folder (adapter or whole), hub id on this machine, or `embedded`."
    ),
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", help="Base URL of an OpenAI-compatible server.")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Model name at the endpoint.")]
KeyOption = Annotated[
    str | None, typer.Option("--key-env", help="Environment variable with the endpoint's key.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML such as configs/embedded/score-photos.yaml.")
]
SamplesOption = Annotated[
    int | None, typer.Option("--samples", min=0, help="Drawn answers per photo; 0 is greedy.")
]


@app.command()
def score(
    photos: Annotated[list[str] | None, typer.Argument(help="Files, folders, patterns.")] = None,
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Folder of tables and report; default scores.")
    ] = None,
    samples: SamplesOption = None,
    calibrated: Annotated[
        bool | None,
        typer.Option("--calibrated/--raw", help="Totals on people's scale."),
    ] = None,
    html: Annotated[bool | None, typer.Option("--html/--no-html", help="The report.")] = None,
    store: StoreOption = None,
) -> None:
    """Score, explain and rank photos; started again, it goes on where it stopped."""
    from joppo.flows.cli.score import JudgeChoice, read_config, score_photos

    with _judging():
        choice = JudgeChoice(judge, endpoint, model, key_env)
        values = {"samples": samples, "calibrated": calibrated, "html": html, "out": out}
        score_photos(read_config(config, choice, photos=photos or None, **values), store)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A photo.")],
    second: Annotated[Path, typer.Argument(help="Another photo.")],
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    samples: SamplesOption = None,
    store: StoreOption = None,
) -> None:
    """Which of two photos a judge prefers, and how surely (several drawn answers to each)."""
    from joppo.flows.cli.judging import compare_photos
    from joppo.flows.cli.score import JudgeChoice, read_config

    with _judging():
        choice = JudgeChoice(judge, endpoint, model, key_env)
        compare_photos(first, second, read_config(config, choice, samples=samples), store)


@app.command()
def calibrate(
    judge: JudgeOption = None,
    endpoint: EndpointOption = None,
    model: ModelOption = None,
    key_env: KeyOption = None,
    config: ConfigOption = None,
    samples: SamplesOption = None,
    version: Annotated[str | None, typer.Option(help="Snapshot; default the latest.")] = None,
    split: Annotated[str, typer.Option(help="Split with human scores.")] = "validation",
    store: StoreOption = None,
) -> None:
    """Fit a judge's totals to people's scores, for `joppo score --calibrated`."""
    from joppo.flows.cli.judging import calibrate_judge
    from joppo.flows.cli.score import JudgeChoice, read_config

    with _judging():
        choice = JudgeChoice(judge, endpoint, model, key_env)
        chosen = read_config(config, choice, samples=samples)
        calibrate_judge(chosen, store, version, split)


@contextmanager
def _judging() -> Iterator[None]:
    """What can go wrong with a judge and photos, as a message and an exit code."""
    from joppo.data.corpus.publish import CorpusNotFoundError
    from joppo.data.photos.decode import PhotoError
    from joppo.data.store.store import StoreError
    from joppo.data.teachers.base import BudgetExceeded, TeacherError
    from joppo.data.teachers.pricing import UnknownPriceError
    from joppo.flows.config import ConfigError
    from joppo.training.judges.local_model import ModelFolderError
    from joppo.training.scoring.calibration import CalibrationError
    from joppo.training.scoring.comparing import NoComparisonError
    from joppo.training.scoring.run import NothingToScoreError
    from joppo.training.trainer.examples import PhotoMissingError, SnapshotError

    try:
        yield
    except (
        BudgetExceeded,
        CalibrationError,
        ConfigError,
        CorpusNotFoundError,
        FileNotFoundError,
        ModelFolderError,
        NoComparisonError,
        NothingToScoreError,
        PhotoError,
        PhotoMissingError,
        SnapshotError,
        StoreError,
        TeacherError,
        UnknownPriceError,
    ) as error:
        raise _fail(error) from None


def main() -> None:
    """Entry point of the `joppo` command."""
    app()
