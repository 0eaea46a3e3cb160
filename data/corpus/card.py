"""The dataset card of an exported table: what it holds, where it comes from, whose terms bind."""

from pathlib import Path
from typing import Any

import duckdb

from joppo.data.corpus.publish import read_manifest
from joppo.data.store.rows import schema_of
from joppo.data.store.store import Store

CARDS = Path(__file__).parent / "cards"
SPLITS = ("train", "validation", "test")

_ABOUT = {
    "sft_samples": (
        "Composition reasoning for photographs",
        "One row is a conversation about one photo: a question, and a teacher's reasoning that "
        "ends in a checked answer.",
    ),
    "preferences": (
        "Preference prompts for photographs",
        "One row is a prompt about one photo with its human score or its right option, for "
        "reinforcement learning.",
    ),
}
_SIZES = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
]


def write_card(
    path: Path, store: Store, con: duckdb.DuckDBPyConnection, table: str, version: str
) -> None:
    """Write the card of `table` as README.md with YAML front matter."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(CARDS), undefined=StrictUndefined, keep_trailing_newline=True
    )
    pretty_name, summary = _ABOUT[table]
    parts = _parts(con, table)
    total = sum(part["rows"] for part in parts.values())
    text = env.get_template("dataset.md.j2").render(
        pretty_name=pretty_name,
        summary=summary,
        table=table,
        version=version,
        manifest=read_manifest(store, version),
        parts=parts,
        tasks=sorted({task for part in parts.values() for task in part["tasks"]}),
        size_category=next((name for limit, name in _SIZES if total < limit), "n>10M"),
        columns=_columns(table),
        origins=_records(
            con,
            f"""
            SELECT coalesce(i.origin, 'unknown') AS origin, count(DISTINCT t.image_id) AS photos,
                   count(*) AS rows
            FROM {table} t LEFT JOIN images i USING (image_id) GROUP BY 1 ORDER BY 1""",
        ),
        teachers=_teachers(con) if table == "sft_samples" else [],
    )
    path.write_text(text, encoding="utf-8")


def _records(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    return con.sql(sql).to_arrow_table().to_pylist()


def _parts(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dict[str, Any]]:
    """Split -> rows, and rows per task; in the order train, validation, test."""
    counts: dict[str, dict[str, int]] = {}
    for row in _records(
        con,
        f"""
        SELECT split, coalesce(task, 'unknown') AS task, count(*) AS rows
        FROM {table} GROUP BY 1, 2 ORDER BY 1, 2""",
    ):
        counts.setdefault(row["split"], {})[row["task"]] = row["rows"]
    return {
        split: {"rows": sum(counts[split].values()), "tasks": counts[split]}
        for split in SPLITS
        if split in counts
    }


def _teachers(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return _records(
        con,
        """
        SELECT coalesce(s.provider, 'unknown') AS provider, coalesce(r.model, 'unknown') AS model,
               count(*) AS rows
        FROM sft_samples s LEFT JOIN responses r USING (request_id)
        GROUP BY ALL ORDER BY ALL""",
    )


def _columns(table: str) -> list[dict[str, str]]:
    columns = [
        {"name": field.name, "kind": str(field.type), "doc": field.metadata[b"doc"].decode()}
        for field in schema_of(table)
    ]
    doc = "the photo, as its original file bytes"
    photos = [{"name": "image", "kind": "image", "doc": doc}]
    if any(column["name"] == "second_image_id" for column in columns):
        doc = "the second photo of a comparison, else null"
        photos.append({"name": "second_image", "kind": "image", "doc": doc})
    return [columns[0], *photos, *columns[1:]]
