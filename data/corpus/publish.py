"""Publish shards as an immutable snapshot, and open a snapshot for reading.

    snapshots/<version>/corpus.duckdb   all tables and views (data/corpus/database.py)
    snapshots/<version>/manifest.json   written last: a snapshot without it does not exist
    latest                              the version that readers get by default

The version is a content hash of what the snapshot is made of, so the same shards give the same
version on any machine and in any order. Publishing again changes nothing but `latest`.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from joppo.data.corpus.database import build_database
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.schema import SCHEMA_VERSION
from joppo.data.store.store import ShardRef, Store, StoreError

RECIPE_VERSION = 1
"""Raised when tables or views are built in another way: snapshots then get other versions."""

_PARALLEL_READS = 8
_BATCH = 64


class CorpusNotFoundError(FileNotFoundError):
    """There is no such snapshot; the message says what makes one."""


class PublishError(ValueError):
    """The shards do not make a snapshot; the message names them."""


def publish(
    store: Store,
    refs: Iterable[ShardRef],
    *,
    config_hash: str,
    inputs: Mapping[str, str],
    parents: Sequence[str] = (),
) -> str:
    """Make the snapshot of these shards and point `latest` to it.

    Args:
        store: where the shards are and the snapshot goes.
        refs: shards of any tables; order and repetition are irrelevant.
        config_hash: hash of the config that the run had.
        inputs: name -> content hash of what the run read, e.g. the label file.
        parents: versions of the snapshots that this one builds on.

    Returns:
        The version, 16 hex characters.

    Raises:
        PublishError: a shard is missing, damaged or not the referenced one, or two references
            give one shard different contents.
        StoreError: the store cannot be read or written.
    """
    shards = _distinct(refs)
    content = _manifest_content(shards, config_hash, inputs, parents)
    version = content_hash(content)[:SHORT]
    if not _is_published(store, version):
        _check_present(store, shards)
        counts = _put_database(store, shards, {"version": version, **content})
        manifest = {"version": version, "counts": counts, **content}
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        store.write_bytes(_manifest_uri(version), text.encode())
    store.write_bytes("latest", f"{version}\n".encode())
    return version


def versions(store: Store) -> list[str]:
    """Published versions, sorted by name (versions are hashes: there is no order of time)."""
    return [name for name in store.names("snapshots") if store.exists(_manifest_uri(name))]


def latest_version(store: Store) -> str:
    """The version that was published last.

    Raises:
        CorpusNotFoundError: nothing was published.
    """
    try:
        return store.read_bytes("latest").decode().strip()
    except FileNotFoundError as error:
        raise CorpusNotFoundError(
            f"no corpus in store {store.root}: make one with `make demo` or `joppo demo`, "
            f"or set JOPPO_STORE to a store that has one"
        ) from error


def read_manifest(store: Store, version: str) -> dict[str, Any]:
    """What a snapshot is made of: version, schema_version, recipe_version, tables (name -> list
    of shard references), counts (name -> rows), config_hash, inputs and parents.

    Raises:
        CorpusNotFoundError: there is no such snapshot.
    """
    if version not in store.names("snapshots") or not store.exists(_manifest_uri(version)):
        published = ", ".join(versions(store)) or "none"
        raise CorpusNotFoundError(
            f"no snapshot {version} in store {store.root}; there are: {published}. "
            f"Make one with `make demo` or `joppo demo`, or set JOPPO_STORE to another store"
        )
    manifest: dict[str, Any] = json.loads(store.read_bytes(_manifest_uri(version)))
    return manifest


def open_corpus(
    store: Store | str | Path | None = None, version: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a snapshot read-only; any number of readers may.

    The snapshot of a remote store is first copied to `$XDG_CACHE_HOME/joppo` (`~/.cache/joppo`).

    Args:
        store: a store, or its root (a path or an fsspec URI such as `s3://bucket/prefix`);
            default `$JOPPO_STORE`, else `./store`.
        version: of the snapshot; default the one that was published last.

    Returns:
        A DuckDB connection with the tables of data/store/schema.py and the views of
        data/corpus/views.py. Close it, or use it in a `with` statement.

    Raises:
        CorpusNotFoundError: there is no such snapshot.
        StoreError: the store cannot be read, or the file is damaged.
    """
    if not isinstance(store, Store):
        store = Store.from_env() if store is None else Store(store)
    version = version or latest_version(store)
    read_manifest(store, version)
    path = store.local_path(_database_uri(version)) or _cached(store, version)
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise StoreError(
            f"cannot open {path}: {error}. Delete it and "
            + ("run the flow again" if store.is_local else "open the corpus again")
        ) from error


def _manifest_uri(version: str) -> str:
    return f"snapshots/{version}/manifest.json"


def _database_uri(version: str) -> str:
    return f"snapshots/{version}/corpus.duckdb"


def _is_published(store: Store, version: str) -> bool:
    return store.exists(_manifest_uri(version)) and store.exists(_database_uri(version))


def _cached(store: Store, version: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "joppo"
    path = cache / content_hash(store.root)[:SHORT] / f"{version}.duckdb"
    if not path.is_file():
        store.get_file(_database_uri(version), path)
    return path


def _distinct(refs: Iterable[ShardRef]) -> list[ShardRef]:
    """References once each, sorted by table and key."""
    shards: dict[tuple[str, str], ShardRef] = {}
    for ref in refs:
        first = shards.setdefault((ref["table"], ref["key"]), ref)
        if first != ref:
            raise PublishError(f"two references give shard {ref['uri']} different contents")
    return [shards[name] for name in sorted(shards)]


def _manifest_content(
    shards: list[ShardRef], config_hash: str, inputs: Mapping[str, str], parents: Sequence[str]
) -> dict[str, Any]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for ref in shards:
        entry = {name: value for name, value in ref.items() if name != "table"}
        tables.setdefault(ref["table"], []).append(entry)
    return {
        "schema_version": SCHEMA_VERSION,
        "recipe_version": RECIPE_VERSION,
        "tables": tables,
        "config_hash": config_hash,
        "inputs": dict(inputs),
        "parents": sorted(set(parents)),
    }


def _check_present(store: Store, shards: list[ShardRef]) -> None:
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        present = list(pool.map(store.has_shard, shards))
    missing = [ref["uri"] for ref, there in zip(shards, present, strict=True) if not there]
    if missing:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise PublishError(
            f"{len(missing)} of {len(shards)} shards are missing in store {store.root}, damaged or "
            f"changed since: {', '.join(missing[:10])}{more}. Run the flow again to make them"
        )


def _put_database(
    store: Store, shards: list[ShardRef], snapshot: Mapping[str, Any]
) -> dict[str, int]:
    """Build the database on the local disk and put it whole into the store."""
    by_table: dict[str, list[ShardRef]] = {}
    for ref in shards:
        by_table.setdefault(ref["table"], []).append(ref)
    with tempfile.TemporaryDirectory(prefix="joppo-publish-") as folder:
        path = Path(folder) / "corpus.duckdb"
        batches = {table: _batches(store, found) for table, found in by_table.items()}
        counts = build_database(path, batches, snapshot)
        store.put_file(path, _database_uri(snapshot["version"]))
    return counts


def _batches(store: Store, shards: list[ShardRef]) -> Iterator[pa.Table]:
    """Rows of some shards at a time, so that memory stays bounded."""
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        for start in range(0, len(shards), _BATCH):
            yield pa.concat_tables(pool.map(store.read_shard, shards[start : start + _BATCH]))
