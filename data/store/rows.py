"""Rows of a corpus table: checked against the schema, turned into Arrow, hashed by content."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from joppo.data.store.schema import TABLES

PRIMARY_KEYS: dict[str, tuple[str, ...]] = {
    "images": ("image_id",),
    "labels": ("dataset", "item", "image_id"),
    "controls": ("image_id", "kind", "uri"),
    "syntheses": ("attempt_id",),
    "responses": ("request_id",),
    "reasonings": ("request_id", "image_id", "task"),
    "sft_samples": ("sample_id",),
    "preferences": ("image_id", "task", "prompt"),
    "rejects": ("stage", "item", "reason", "detail"),
    "scores": ("judge", "prompt_id", "image_id"),
}
"""Columns that name a row. Of each key, a snapshot holds one row."""

OPTIONAL_KEYS = {("labels", "image_id"), ("scores", "prompt_id")}
"""Key columns that may be null: a label without an image file still is a label, and a score may
come from a judge that is asked without words."""


class RowError(ValueError):
    """A row does not fit its table; the message names table, row and column."""


def schema_of(table: str) -> pa.Schema:
    """Arrow schema of a corpus table.

    Raises:
        ValueError: no such table; the message lists those there are.
    """
    if table not in TABLES:
        raise ValueError(f"no table {table!r}; there are: {', '.join(TABLES)}")
    return TABLES[table]


def stable_columns(table: str) -> list[str]:
    """Columns that enter the content hash: all but those marked volatile in the schema."""
    return [f.name for f in schema_of(table) if (f.metadata or {}).get(b"volatile") != b"true"]


def to_table(table: str, rows: Sequence[Mapping[str, Any]] | pa.Table) -> pa.Table:
    """Rows as an Arrow table with exactly the schema of `table`; absent columns become null.

    Raises:
        RowError: unknown column, value of another type, non-finite number, or null in a key column.
    """
    schema = schema_of(table)
    columns = _from_arrow(table, rows) if isinstance(rows, pa.Table) else _from_dicts(table, rows)
    checked = pa.table(columns, schema=schema)
    _check_keys(table, checked)
    _check_finite(table, checked)
    return checked


def content_digest(table: str, rows: pa.Table) -> str:
    """Content hash (64 hex characters) of rows, without the volatile columns.

    It depends on the values alone: not on chunks, slices, what lies under a null, or the order of
    the rows (they are sorted by their scalar columns; each table's key is made of these).
    """
    stable = rows.select(stable_columns(table)).combine_chunks()
    scalars = [f.name for f in stable.schema if not pa.types.is_nested(f.type)]
    order = pc.sort_indices(stable, sort_keys=[(name, "ascending") for name in scalars])
    digest = hashlib.sha256(f"{table}:{stable.num_rows}".encode())
    for name, column in zip(stable.column_names, stable.take(order).columns, strict=True):
        digest.update(name.encode())
        _hash_array(digest, column.combine_chunks())
    return digest.hexdigest()


def _hash_array(digest: "hashlib._Hash", array: pa.Array) -> None:
    """Feed validity, lengths and values; each part is of known length, so no two arrays collide."""
    kind = array.type
    digest.update(f"{kind}:{len(array)}".encode())
    digest.update(np.packbits(array.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_map(kind):
        _hash_array(digest, _pairs(array))
    elif pa.types.is_list(kind):
        digest.update(pc.fill_null(pc.list_value_length(array), 0).to_numpy().tobytes())
        _hash_array(digest, array.flatten())
    elif pa.types.is_struct(kind):
        for child in array.flatten():
            _hash_array(digest, child)
    elif pa.types.is_string(kind):
        filled = pc.fill_null(array, "")
        digest.update(pc.binary_length(filled).to_numpy().tobytes())
        digest.update(_string_bytes(filled))
    else:
        plain = array.cast(pa.int8()) if pa.types.is_boolean(kind) else array
        # Adding 0 turns -0.0, which equals 0.0, into the same bytes.
        digest.update((pc.fill_null(plain, 0).to_numpy() + 0).tobytes())


def _pairs(array: pa.Array) -> pa.Array:
    """A map array as a list of (key, value) structs."""
    kind = array.type
    return array.cast(pa.list_(pa.struct([kind.key_field, kind.item_field])))


def _string_bytes(array: pa.StringArray) -> memoryview:
    """The UTF-8 bytes of all strings of an array without nulls, one after the other."""
    _, offsets, content = array.buffers()
    if content is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    return memoryview(content)[ends[0] : ends[-1]]


def _from_dicts(table: str, rows: Sequence[Mapping[str, Any]]) -> list[pa.Array]:
    schema = schema_of(table)
    names = set(schema.names)
    for index, row in enumerate(rows):
        if not names.issuperset(row):
            unknown = sorted(set(row) - names)[0]
            raise RowError(
                f"table {table}, row {index}: unknown column {unknown!r}; "
                f"columns are: {', '.join(schema.names)}"
            )
    return [_column(table, field, [row.get(field.name) for row in rows]) for field in schema]


def _from_arrow(table: str, rows: pa.Table) -> list[pa.Array]:
    schema = schema_of(table)
    unknown = [name for name in rows.column_names if name not in schema.names]
    if unknown:
        raise RowError(
            f"table {table}: unknown column {unknown[0]!r}; columns are: {', '.join(schema.names)}"
        )
    columns = []
    for field in schema:
        if field.name not in rows.column_names:
            columns.append(pa.nulls(rows.num_rows, field.type))
        elif rows[field.name].type == field.type and not pa.types.is_map(field.type):
            columns.append(rows[field.name])
        else:
            # Arrow's casts drop struct fields in silence, so other types take the checked way.
            values = rows[field.name].to_pylist(maps_as_pydicts="strict")
            columns.append(_column(table, field, values))
    return columns


def _column(table: str, field: pa.Field, values: list[Any]) -> pa.Array:
    if pa.types.is_map(field.type):
        values = [_from_pairs(value) for value in values]
    if not _fits(values, field.type):
        bad = next(i for i, value in enumerate(values) if not _fits([value], field.type))
        _refuse(table, field, bad, values[bad])
    if pa.types.is_map(field.type):
        # Sorted keys: equal maps have equal bytes, however they were filled.
        values = [None if v is None else sorted(v.items()) for v in values]
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise RowError(f"table {table}, column {field.name}: {error}") from error


def _from_pairs(value: Any) -> Any:
    """A map in the form that Arrow's `to_pylist` gives it, a list of pairs, as a dict."""
    pairs = isinstance(value, list) and all(isinstance(p, tuple) and len(p) == 2 for p in value)
    if pairs and len({key for key, _ in value}) == len(value):
        return dict(value)
    return value


def _fits(values: Sequence[Any], kind: pa.DataType) -> bool:
    """Whether all values are null or of the type, column-wise because that is quick.

    Arrow's own conversion is too lenient: it cuts 1.5 to 1, reads True as 1.0 and a string as a
    list of letters, and drops unknown struct fields.
    """
    present = [value for value in values if value is not None]
    types = set(map(type, present))
    if pa.types.is_string(kind):
        return all(issubclass(t, str) for t in types)
    if pa.types.is_boolean(kind):
        return all(issubclass(t, (bool, np.bool_)) for t in types)
    if pa.types.is_integer(kind):
        return all(issubclass(t, (int, np.integer)) and t is not bool for t in types)
    if pa.types.is_floating(kind):
        numbers = (int, float, np.integer, np.floating)
        return all(issubclass(t, numbers) and t is not bool for t in types)
    if pa.types.is_map(kind):
        return (
            all(issubclass(t, Mapping) for t in types)
            and _fits(list(chain.from_iterable(present)), kind.key_type)
            and _fits([v for one in present for v in one.values()], kind.item_type)
        )
    if pa.types.is_struct(kind):
        names = {kind.field(i).name for i in range(kind.num_fields)}
        return (
            all(issubclass(t, Mapping) for t in types)
            and all(names.issuperset(one) for one in present)
            and all(_fits([one.get(n) for one in present], kind.field(n).type) for n in names)
        )
    return all(issubclass(t, (list, tuple)) for t in types) and _fits(
        list(chain.from_iterable(present)), kind.value_type
    )


def _refuse(table: str, field: pa.Field, row: int, value: Any) -> NoReturn:
    raise RowError(
        f"table {table}, row {row}, column {field.name}: "
        f"{value!r:.120} ({type(value).__name__}) is not a {field.type}"
    )


def _check_keys(table: str, rows: pa.Table) -> None:
    for name in PRIMARY_KEYS[table]:
        if rows[name].null_count and (table, name) not in OPTIONAL_KEYS:
            row = pc.index(pc.is_null(rows[name]), True).as_py()
            raise RowError(f"table {table}, row {row}, column {name}: null, but it names the row")


def _check_finite(table: str, rows: pa.Table) -> None:
    for field in rows.schema:
        column = rows[field.name].combine_chunks()
        if pa.types.is_map(field.type):
            column = pc.struct_field(_pairs(column).flatten(), 1)
        if pa.types.is_floating(column.type) and not _all_finite(column):
            raise RowError(
                f"table {table}, column {field.name}: NaN or infinite; write null where unknown"
            )


def _all_finite(column: pa.Array) -> bool:
    return bool(pc.all(pc.is_finite(column), min_count=0).as_py())
