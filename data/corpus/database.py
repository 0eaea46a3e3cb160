"""The DuckDB file of a snapshot: all tables materialised, so that it needs no other file.

Rows that agree in everything are one row. Of rows that share a key and differ, the first in the
order of all columns is kept, and a row of `rejects` says so (stage `publish`, reason
`conflicting_rows`). Rows lie in the order of their keys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from joppo.data.corpus.views import VIEWS
from joppo.data.store.rows import PRIMARY_KEYS, schema_of, stable_columns
from joppo.data.store.schema import TABLES
from joppo.data.taxonomy.categories import CATEGORIES


def build_database(
    path: Path, shards: Mapping[str, Iterable[pa.Table]], snapshot: Mapping[str, Any]
) -> dict[str, int]:
    """Write a new DuckDB file with every corpus table, the dimension `categories` and the views.

    Args:
        path: the file to make.
        shards: table name -> batches of rows in its schema; absent tables become empty.
        snapshot: what the table `snapshot` tells: version, schema_version, config_hash, inputs
            (name -> hash) and parents (versions).

    Returns:
        Table name -> number of rows.
    """
    with duckdb.connect(str(path)) as con:
        # Staged in memory (which spills to the disk), for dropped tables leave holes in a file.
        con.execute("ATTACH ':memory:' AS staging")
        for name in TABLES:
            _stage(con, name, shards.get(name, ()))
        for name in TABLES:
            _report_conflicts(con, name)
        # One transaction: a commit for each of a hundred comments would cost a second.
        con.begin()
        for name in TABLES:
            _materialise(con, name)
        _add_dimensions(con, snapshot)
        _add_views(con)
        con.commit()
        return {name: _count(con, name) for name in TABLES}


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _insert(con: duckdb.DuckDBPyConnection, statement: str, rows: pa.Table) -> None:
    con.register("batch", rows.combine_chunks())  # DuckDB is slow on many small chunks
    con.execute(f"{statement} SELECT * FROM batch")
    con.unregister("batch")


def _stage(con: duckdb.DuckDBPyConnection, table: str, batches: Iterable[pa.Table]) -> None:
    _insert(con, f"CREATE TABLE staging.{table} AS", schema_of(table).empty_table())
    for rows in batches:
        _insert(con, f"INSERT INTO staging.{table}", rows)


def _has_twins(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether some key has several rows; mostly none has, and the costly windows can be left."""
    key = ", ".join(PRIMARY_KEYS[table])
    found = con.execute(f"SELECT 1 FROM staging.{table} GROUP BY {key} HAVING count(*) > 1 LIMIT 1")
    return found.fetchone() is not None


def _materialise(con: duckdb.DuckDBPyConnection, table: str) -> None:
    schema, key = schema_of(table), ", ".join(PRIMARY_KEYS[table])
    first = ""
    if _has_twins(con, table):
        others = ", ".join(name for name in schema.names if name not in PRIMARY_KEYS[table])
        order = f"ORDER BY {others}" if others else ""
        first = f"QUALIFY row_number() OVER (PARTITION BY {key} {order}) = 1"
    con.execute(f"CREATE TABLE {table} AS SELECT * FROM staging.{table} {first} ORDER BY {key}")
    for field in schema:
        doc = _quoted(field.metadata[b"doc"].decode())
        con.execute(f"COMMENT ON COLUMN {table}.{field.name} IS '{doc}'")


def _report_conflicts(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Rows of one key that differ in more than volatile columns become one reject per key."""
    names = PRIMARY_KEYS[table]
    others = [name for name in stable_columns(table) if name not in names]
    if not others or not _has_twins(con, table):
        return
    key = ", ".join(names)
    item = " || ' ' || ".join(f"coalesce({name}, '')" for name in names)
    differing = ", ".join(
        f"CASE WHEN count(DISTINCT {n}) + (count({n}) < count(*))::INT > 1 THEN '{n}' END"
        for n in others
    )
    con.execute(
        f"""INSERT INTO staging.rejects
        SELECT 'publish', '{table}: ' || {item}, 'conflicting_rows',
               'rows of one {" and ".join(names)} differ in '
               || array_to_string(columns, ', ')
               || '; the first in the order of all columns is kept'
        FROM (SELECT {key}, [{differing}] AS columns FROM staging.{table}
              GROUP BY {key} HAVING count(*) > 1)
        WHERE array_to_string(columns, '') <> ''"""
    )


def _add_views(con: duckdb.DuckDBPyConnection) -> None:
    for view, (doc, sql) in VIEWS.items():
        con.execute(f"CREATE VIEW {view} AS {sql}")
        con.execute(f"COMMENT ON VIEW {view} IS '{_quoted(doc)}'")


def _add_dimensions(con: duckdb.DuckDBPyConnection, snapshot: Mapping[str, Any]) -> None:
    columns = ("id", "abbreviation", "name", "element", "arrangement", "definition")
    rows = [{name: asdict(c)[name] for name in columns} for c in CATEGORIES.values()]
    _insert(con, "CREATE TABLE categories AS", pa.Table.from_pylist(rows))
    con.execute("COMMENT ON TABLE categories IS 'the 24 composition categories of PICD'")
    schema = pa.schema(
        [
            ("version", pa.string()),
            ("schema_version", pa.int64()),
            ("config_hash", pa.string()),
            ("inputs", pa.map_(pa.string(), pa.string())),
            ("parents", pa.list_(pa.string())),
        ]
    )
    row = {name: snapshot[name] for name in schema.names}
    _insert(con, "CREATE TABLE snapshot AS", pa.Table.from_pylist([row], schema))
    con.execute("COMMENT ON TABLE snapshot IS 'where this corpus comes from; one row'")
