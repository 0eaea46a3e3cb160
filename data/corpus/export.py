"""Export of a training table as a Hugging Face dataset folder, photos embedded.

<out>/README.md                               dataset card
<out>/data/<split>-00000-of-0000N.parquet     `datasets.load_dataset(<out>)` opens it
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from joppo.data.corpus.card import SPLITS, write_card
from joppo.data.corpus.publish import latest_version, open_corpus
from joppo.data.store.rows import PRIMARY_KEYS, schema_of
from joppo.data.store.store import Store, StoreError
from joppo.data.store.write_aside import write_aside

EXPORTED = ("sft_samples", "preferences")

# The hub's viewer wants small row groups for images; bytes bound the memory for large photos.
_GROUP_ROWS = 100
_GROUP_BYTES = 64 * 2**20
_PARALLEL_READS = 8


class ExportError(ValueError):
    """The snapshot cannot be exported; the message says which rows and why."""


def export_hf(
    store: Store,
    table: str,
    out: Path | str,
    version: str | None = None,
    *,
    max_file_bytes: int = 500 * 2**20,
) -> Path:
    """Write a table of a snapshot (default: the latest) as a folder for `datasets.load_dataset`.

    The columns are those of the table, and the photos as Hugging Face image features: `image`, and
    `second_image` (null where there is one photo) where the table names a second one. Rows are in
    the order of their keys; memory is bounded by one row group, not by the table. The folder is
    written aside and renamed.

    Args:
        store: store of the snapshot and its photos.
        table: `sft_samples` or `preferences`.
        out: folder to make; it must not exist yet, or be empty.
        version: snapshot.
        max_file_bytes: a split goes on in another file once its photos exceed this.

    Returns:
        The folder.

    Raises:
        ValueError: another table.
        FileExistsError: `out` holds something.
        ExportError: no rows, a row without a split, or a photo that is not in the store.
        CorpusNotFoundError: there is no such snapshot.
    """
    if table not in EXPORTED:
        raise ValueError(f"cannot export {table!r}; there are: {', '.join(EXPORTED)}")
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists; choose another folder or remove it")
    version = version or latest_version(store)
    with write_aside(out) as aside, closing(open_corpus(store, version)) as con:
        _check(con, table)
        for split in SPLITS:
            _write_split(store, con, table, split, aside / "data", max_file_bytes)
        write_card(aside / "README.md", store, con, table, version)
    return out


def _photo_columns(table: str) -> dict[str, str]:
    """Column of a photo in the export -> column of the table that names it."""
    names = {"image": "image_id", "second_image": "second_image_id"}
    return {photo: name for photo, name in names.items() if name in schema_of(table).names}


def _check(con: duckdb.DuckDBPyConnection, table: str) -> None:
    splits = ", ".join(f"'{split}'" for split in SPLITS)
    rows, unsplit = con.execute(
        f"SELECT count(*), count(*) FILTER (split IS NULL OR split NOT IN ({splits})) FROM {table}"
    ).fetchall()[0]
    if not rows:
        raise ExportError(f"table {table} of this snapshot is empty")
    if unsplit:
        raise ExportError(f"{unsplit} rows of {table} have none of the splits {splits}")
    for name in _photo_columns(table).values():
        lost = con.execute(
            f"SELECT count(*) FROM {table} t LEFT JOIN images i ON i.image_id = t.{name} "
            f"WHERE i.uri IS NULL AND (t.{name} IS NOT NULL OR '{name}' = 'image_id')"
        ).fetchall()[0][0]
        if lost:
            raise ExportError(f"{lost} rows of {table} have no photo of their {name} in images")


def _write_split(
    store: Store,
    con: duckdb.DuckDBPyConnection,
    table: str,
    split: str,
    folder: Path,
    max_file_bytes: int,
) -> None:
    """Write the files of one split; they get their names when their number is known."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = _features(table).arrow_schema
    parts: list[Path] = []
    writer: pq.ParquetWriter | None = None
    written = 0
    for rows, size in _groups(store, con, table, split):
        if writer is None or written + size > max_file_bytes:
            if writer is not None:
                writer.close()
            parts.append(folder / f"{split}-{len(parts):05d}.parquet")
            writer = pq.ParquetWriter(parts[-1], schema, compression="zstd")
            written = 0
        writer.write_table(pa.Table.from_pylist(rows, schema))
        written += size
    if writer is not None:
        writer.close()
    for index, part in enumerate(parts):
        part.rename(folder / f"{split}-{index:05d}-of-{len(parts):05d}.parquet")


def _groups(
    store: Store, con: duckdb.DuckDBPyConnection, table: str, split: str
) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Row groups of one split with their photos, and the bytes of these."""
    photos = _photo_columns(table)
    columns = ", ".join(f"t.{name}" for name in schema_of(table).names)
    order = ", ".join(f"t.{name}" for name in PRIMARY_KEYS[table])
    uris = ", ".join(f"{photo}.uri AS {photo}" for photo in photos)
    joins = " ".join(
        f"LEFT JOIN images {photo} ON {photo}.image_id = t.{name}" for photo, name in photos.items()
    )
    reader = con.sql(
        f"SELECT {columns}, {uris} FROM {table} t {joins} "
        f"WHERE t.split = '{split}' ORDER BY {order}"
    ).to_arrow_reader(_GROUP_ROWS)
    group: list[dict[str, Any]] = []
    size = 0
    for batch in reader:
        rows = batch.to_pylist()
        # A few photos at a time: a whole batch of large ones may not fit.
        for start in range(0, len(rows), _PARALLEL_READS):
            for row in _with_photos(store, rows[start : start + _PARALLEL_READS], list(photos)):
                group.append(row)
                size += sum(len(row[photo]["bytes"]) for photo in photos if row[photo])
                if len(group) == _GROUP_ROWS or size >= _GROUP_BYTES:
                    yield group, size
                    group, size = [], 0
    if group:
        yield group, size


def _with_photos(
    store: Store, rows: list[dict[str, Any]], photos: list[str]
) -> list[dict[str, Any]]:
    """Rows with the content and name of each photo in place of its URI."""
    uris = sorted({row[photo] for row in rows for photo in photos if row[photo]})
    found = {
        uri: {"bytes": content, "path": PurePosixPath(uri).name}
        for uri, content in zip(uris, _read_all(store, uris), strict=True)
    }
    return [row | {photo: found.get(row[photo]) for photo in photos} for row in rows]


def _read_all(store: Store, uris: list[str]) -> list[bytes]:
    try:
        if store.is_local:
            return [store.read_bytes(uri) for uri in uris]
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            return list(pool.map(store.read_bytes, uris))
    except (FileNotFoundError, StoreError) as error:
        raise ExportError(f"a photo of the snapshot cannot be read: {error}") from error


def _features(table: str) -> Any:
    """Hugging Face features: the table's columns, and the photos after the first of them."""
    from datasets import Features, Image

    first, *others = schema_of(table)
    features = {first.name: _feature(first.type)}
    features |= {photo: Image() for photo in _photo_columns(table)}
    return Features(features | {field.name: _feature(field.type) for field in others})


def _feature(kind: pa.DataType) -> Any:
    from datasets import List, Value

    if pa.types.is_list(kind):
        return List(_feature(kind.value_type))
    if pa.types.is_struct(kind):
        return {kind.field(i).name: _feature(kind.field(i).type) for i in range(kind.num_fields)}
    return Value({"double": "float64"}.get(str(kind), str(kind)))
