"""`joppo query`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from joppo.flows.cli.options import StoreOption, VersionOption


class Format(StrEnum):
    """How rows are printed or written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def query(
    sql: Annotated[str, typer.Argument(help="SQL over the tables and views of a snapshot.")],
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    out: Annotated[Path | None, typer.Option("--out", help="File; needed for parquet.")] = None,
    version: VersionOption = None,
    store: StoreOption = None,
) -> None:
    """Ask the corpus with SQL (DuckDB)."""
    from joppo.flows.cli.actions.query import answer

    answer(sql, format.value, out, version, store)
