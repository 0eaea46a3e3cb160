"""What a task returns: the small, JSON-able account of what it wrote to the store."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from joppo.data.store.store import ShardRef, Store

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class Manifest(TypedDict):
    """`refs`: shards written; `files`: further files to be seen; `extra`: small stage values."""

    stage: str
    key: str
    refs: list[ShardRef]
    counts: dict[str, int]
    files: NotRequired[list[str]]
    extra: NotRequired[dict[str, Any]]


class Shard(TypedDict):
    """Items of one task run, named by a content hash of what they are."""

    key: str
    items: list[dict[str, Any]]


def save(store: Store, stage: str, key: str, rows: Rows, **more: Any) -> Manifest:
    """Write each table that has rows and account for it. The shard's name holds the stage."""
    refs = [store.write_shard(t, f"{stage}-{key}", list(r)) for t, r in sorted(rows.items()) if r]
    counts = {ref["table"]: ref["rows"] for ref in refs}
    return Manifest(stage=stage, key=key, refs=refs, counts=counts, **more)


def load(store: Store, manifest: Manifest, table: str) -> list[dict[str, Any]]:
    """Rows of one table of a manifest; empty where the stage wrote none."""
    refs = [ref for ref in manifest["refs"] if ref["table"] == table]
    return [row for ref in refs for row in store.read_shard(ref).to_pylist()]
