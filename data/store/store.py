"""The store: where a corpus lives, on a local disk or on any object store that fsspec knows.

    images/ab/<sha256>.<ext>            content-addressed photos
    shards/<table>/<key>.parquet        output of one task, immutable
    snapshots/<version>/                published corpora (data/corpus/publish.py)
    latest                              names a version

Nothing in it names the root, so a store can be moved or copied to another place.
"""

import io
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from joppo.data.store.files import FileStore, StoreError
from joppo.data.store.hashing import sha256
from joppo.data.store.rows import content_digest, schema_of, to_table

__all__ = ["DEFAULT_ROOT", "ShardRef", "Store", "StoreError"]

DEFAULT_ROOT = "store"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*")
_EXT = re.compile(r"[a-z0-9]{1,8}")
_DIGEST = b"joppo.digest"


class ShardRef(TypedDict):
    """A shard, as JSON: what tasks pass to each other in place of rows."""

    table: str
    key: str
    uri: str
    rows: int
    digest: str


class Store(FileStore):
    """A corpus store: files, photos by content, and shards of checked rows."""

    @classmethod
    def from_env(cls) -> "Store":
        """The store that `$JOPPO_STORE` names, else `./store`."""
        return cls(os.environ.get("JOPPO_STORE") or DEFAULT_ROOT)

    def put_image(self, content: bytes, ext: str) -> tuple[str, str]:
        """Add a photo's file bytes under their hash; adding it again changes nothing.

        Returns:
            (image_id, uri): sha256 hex, and `images/ab/<sha256>.<ext>`.
        """
        ext = ext.lower().lstrip(".")
        if not _EXT.fullmatch(ext):
            raise ValueError(f"not a file extension: {ext!r}")
        image_id = sha256(content)
        uri = f"images/{image_id[:2]}/{image_id}.{ext}"
        if self.size(uri) != len(content):
            self.write_bytes(uri, content)
        return image_id, uri

    def write_shard(
        self, table: str, key: str, rows: Sequence[Mapping[str, Any]] | pa.Table
    ) -> ShardRef:
        """Write rows of `table` as `shards/<table>/<key>.parquet`.

        A shard that is there with the same digest is left as it is, volatile columns included.

        Raises:
            RowError: a row does not fit the table's schema.
            StoreError: the store cannot be written.
        """
        if not _NAME.fullmatch(key):
            raise ValueError(f"not a shard key: {key!r}; use letters, digits and . _ = -")
        checked = to_table(table, rows)
        ref = ShardRef(
            table=table,
            key=key,
            uri=f"shards/{table}/{key}.parquet",
            rows=checked.num_rows,
            digest=content_digest(table, checked),
        )
        if not self.has_shard(ref):
            self.write_bytes(ref["uri"], _parquet(checked, ref["digest"]))
        return ref

    def has_shard(self, ref: ShardRef) -> bool:
        """Whether the shard is there, readable, and holds the rows that the reference names."""
        try:
            footer = pq.read_metadata(pa.BufferReader(self.read_bytes(ref["uri"])))
        except (OSError, pa.ArrowException):  # Arrow tells of broken bytes in both ways.
            return False
        return (footer.metadata or {}).get(_DIGEST, b"").decode() == ref["digest"]

    def read_shard(self, ref: ShardRef) -> pa.Table:
        """Rows of a shard, in the order in which they were written.

        Raises:
            FileNotFoundError: the shard is not there.
            StoreError: the file is damaged, or of an older schema.
        """
        schema = schema_of(ref["table"])
        content = self.read_bytes(ref["uri"])
        try:
            rows = pq.read_table(pa.BufferReader(content), use_threads=False)
            return rows.select(schema.names).cast(schema)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise StoreError(
                f"{ref['uri']} in store {self.root} is damaged or of another schema ({error}); "
                f"delete it and run the flow again"
            ) from error


def _parquet(rows: pa.Table, digest: str) -> bytes:
    metadata = {_DIGEST: digest.encode()}
    sink = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata(metadata), sink, compression="zstd")
    return sink.getvalue()
