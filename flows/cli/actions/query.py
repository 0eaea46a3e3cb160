"""What `joppo query` shows: a table in the terminal, or CSV, JSON or Parquet."""

import sys
from functools import partial
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from joppo.data.corpus.query import QueryError, run_query, write_table
from joppo.flows.parameters import open_store
from joppo.training.evaluation.read_results import VIEW as EVALUATIONS
from joppo.training.evaluation.read_results import all_results
from joppo.training.runs.metrics_log import VIEW, all_metrics

SHOWN = 60  # longest cell in the terminal


def rich_table(rows: pa.Table, title: str | None = None) -> Table:
    """A terminal table; long cells are cut, and say so by an ellipsis."""
    table = Table(title=title, header_style="bold")
    for field in rows.schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        table.add_column(field.name, justify="right" if number else "left")
    for row in rows.to_pylist():
        table.add_row(*map(_cell, row.values()))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = text.replace("[", "\\[")  # rich would read it as markup
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def answer(sql: str, format: str, out: Path | None, version: str | None, root: str | None) -> None:
    """Run the query and print or write its rows."""
    store = open_store(root)
    outside = {VIEW: partial(all_metrics, store), EVALUATIONS: partial(all_results, store)}
    rows = run_query(store, sql, version, outside)
    if format == "table" and out is None:
        Console().print(rich_table(rows))
        return
    if format == "parquet" and out is None and sys.stdout.isatty():
        raise QueryError("parquet is binary: name a file with --out")
    write_table(rows, "csv" if format == "table" else format, out or sys.stdout.buffer)
