"""The command `joppo`. Each sub-command is thin and imports what it needs when it runs."""

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
    from data.store import StoreError
    from flows.demo import run_demo
    from flows.runner import ShardsFailedError

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
    from data.readers.base import DatasetFormatError
    from data.store import StoreError
    from flows.build_sft_data import build_sft_data
    from flows.config import ConfigError
    from flows.runner import ShardsFailedError

    try:
        build_sft_data(str(config), store=store)
    except (ConfigError, DatasetFormatError, ShardsFailedError, StoreError) as error:
        raise _fail(error) from None


@app.command()
def plan(
    config: Annotated[Path, typer.Argument(help="YAML of configs/, or your own.")],
    dry_run: Annotated[
        Path | None, typer.Option("--dry-run", help="Folder for ten prompts to read.")
    ] = None,
) -> None:
    """What a build would take (requests, tokens, dollars, hours, disk), before it spends."""
    from data.readers.base import DatasetFormatError
    from data.teachers.pricing import UnknownPriceError
    from flows.config import ConfigError
    from flows.plan_run import show_plan

    try:
        show_plan(config, dry_run)
    except (ConfigError, DatasetFormatError, UnknownPriceError) as error:
        raise _fail(error) from None


@app.command()
def up(port: Annotated[int, typer.Option(help="Port of server and UI.")] = 4200) -> None:
    """Start server, work pools, deployments and workers on this machine."""
    from flows.up import UpError
    from flows.up import up as start

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
    from data.corpus import CorpusNotFoundError
    from data.query import QueryError
    from data.store import StoreError
    from flows.query import answer

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
    from data.readers.base import DatasetFormatError
    from flows.labels import show_labels

    try:
        show_labels(kind, path)
    except (DatasetFormatError, FileNotFoundError) as error:
        raise _fail(error) from None


def main() -> None:
    """Entry point of the `joppo` command."""
    app()
