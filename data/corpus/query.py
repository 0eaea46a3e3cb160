"""SQL on a snapshot, and its result as a file."""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal, get_args

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from joppo.data.corpus.publish import open_corpus
from joppo.data.corpus.views import VIEWS
from joppo.data.store.schema import TABLES
from joppo.data.store.store import Store
from joppo.data.store.write_aside import write_aside

Format = Literal["csv", "json", "parquet"]
NAMES = [*TABLES, "categories", "snapshot", *VIEWS]
"""All that can be queried."""
Extra = Mapping[str, Callable[[], pa.Table]]
"""name -> rows that lie outside the snapshot; read only where the SQL has the name."""


class QueryError(ValueError):
    """The SQL cannot be run; the message lists what can be queried."""


def run_query(
    store: Store, sql: str, version: str | None = None, extra: Extra | None = None
) -> pa.Table:
    """Run SQL on a snapshot (default: the latest), which it cannot change.

    `extra` names further tables that can be queried beside those of the snapshot.

    Raises:
        QueryError: DuckDB refuses the SQL.
        CorpusNotFoundError: there is no such snapshot.
    """
    with closing(open_corpus(store, version)) as con:
        # Else a name in the SQL could mean a Python variable of ours.
        con.execute("SET python_enable_replacements = false")
        for name, rows in (extra or {}).items():
            if name in sql.lower():
                con.register(name, rows())
        try:
            relation = con.sql(sql)
            return pa.table({}) if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(_explain(str(error), list(extra or ()))) from error


def write_table(table: pa.Table, format: Format, out: Path | IO[bytes]) -> None:
    """Write a result to a file (aside, then renamed) or an open binary stream such as stdout.

    `json` is an array with one row per line. In `csv`, lists, maps and structs are JSON.
    """
    writers = {"csv": _write_csv, "json": _write_json, "parquet": pq.write_table}
    if format not in writers:
        raise ValueError(f"no format {format!r}; there are: {', '.join(get_args(Format))}")
    if not isinstance(out, Path):
        writers[format](table, out)
        return
    with write_aside(out) as aside, aside.open("wb") as stream:
        writers[format](table, stream)


def _explain(message: str, extra: list[str]) -> str:
    """DuckDB's message, with the corpus's own names where it looked for another table."""
    unknown = re.search(r"Table with name (\S+) does not exist", message)
    hint = ""
    if unknown:
        # DuckDB would propose its own system tables.
        message = re.sub(r"\nDid you mean [^\n]*", "", message)
        close = difflib.get_close_matches(unknown[1].lower(), [*NAMES, *extra], n=3, cutoff=0.5)
        hint = f"\nDid you mean: {', '.join(close)}?" if close else ""
    tables, views = (n for n in NAMES if n not in VIEWS), [*VIEWS, *extra]
    return f"{message}{hint}\nTables: {', '.join(tables)}\nViews: {', '.join(views)}"


def _write_csv(table: pa.Table, out: IO[bytes]) -> None:
    columns = [
        pa.array([None if v is None else _dumps(v) for v in _values(column)], pa.string())
        if pa.types.is_nested(column.type)
        else column
        for column in table.columns
    ]
    pa.csv.write_csv(pa.table(columns, names=table.column_names), out)


def _write_json(table: pa.Table, out: IO[bytes]) -> None:
    out.write(b"[")
    for index, row in enumerate(_rows(table)):
        out.write((",\n " if index else "\n ").encode() + _dumps(row).encode())
    out.write(b"\n]\n" if table.num_rows else b"]\n")


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=1000):
        yield from batch.to_pylist(maps_as_pydicts="strict")


def _values(column: pa.ChunkedArray) -> Iterator[Any]:
    for chunk in column.chunks:
        yield from chunk.to_pylist(maps_as_pydicts="strict")


def _dumps(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str)


def _plain(value: Any) -> Any:
    """JSON has no decimals (DuckDB's sums), NaN or infinity, and only strings as keys."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and value - value != 0:
        return None
    return value
