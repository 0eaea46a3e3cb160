"""Publishing and opening snapshots on a disk, in memory and on S3."""

import json
import multiprocessing
import shutil
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.corpus.publish import (
    CorpusNotFoundError,
    PublishError,
    latest_version,
    open_corpus,
    publish,
    read_manifest,
    versions,
)
from joppo.data.store.hashing import content_hash
from joppo.data.store.store import Store, StoreError
from tests.data.corpus_rows import image_row, small_corpus

pytest_plugins = ("tests.data.stores",)

RUN = {"config_hash": "c0", "inputs": {"labels.csv": "aa"}}


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_published_corpus_is_open_to_sql(any_store):
    version = publish(any_store, small_corpus(any_store), **RUN, parents=["p2", "p1", "p2"])
    assert latest_version(any_store) == version and len(version) == 16
    assert versions(any_store) == [version]
    with open_corpus(any_store) as con:
        assert count(con, "images") == 3 and count(con, "lineage") == 2
        assert con.execute("FROM snapshot").fetchall() == [
            (version, 1, "c0", {"labels.csv": "aa"}, ["p1", "p2"])
        ]
    manifest = read_manifest(any_store, version)
    assert manifest["counts"]["images"] == 3 and manifest["counts"]["scores"] == 0
    assert [ref["key"] for ref in manifest["tables"]["images"]] == ["one", "two"]
    assert manifest["parents"] == ["p1", "p2"] and manifest["inputs"] == RUN["inputs"]


def test_publishing_twice_changes_nothing(tmp_path):
    store = Store(tmp_path)
    refs = small_corpus(store)
    version = publish(store, refs, **RUN)

    def state():
        return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*.*")}

    before = state()
    assert publish(store, [*refs, *reversed(refs)], **RUN) == version
    assert state() == before


def test_an_older_snapshot_can_be_the_latest_again(any_store):
    refs = small_corpus(any_store)
    first = publish(any_store, refs[:2], **RUN)
    second = publish(any_store, refs, **RUN)
    assert first != second and versions(any_store) == sorted([first, second])
    assert latest_version(any_store) == second
    with open_corpus(any_store, first) as con:
        assert count(con, "sft_samples") == 0
    assert publish(any_store, refs[:2], **RUN) == first == latest_version(any_store)


@settings(deadline=None, max_examples=6)
@given(st.permutations(range(4)))
def test_neither_order_nor_root_is_in_the_version(order):
    found = set()
    for places in (range(4), order):
        store = Store(f"memory://{content_hash(list(places))}")
        refs = small_corpus(store)
        found.add(publish(store, [refs[i] for i in places], **RUN))
    assert len(found) == 1


@pytest.mark.parametrize(
    "change", [{"config_hash": "c1"}, {"inputs": {"labels.csv": "bb"}}, {"parents": ["x"]}]
)
def test_what_a_snapshot_is_made_of_is_its_version(tmp_path, change):
    store = Store(tmp_path)
    refs = small_corpus(store)[:1]
    assert publish(store, refs, **RUN) != publish(store, refs, **(RUN | change))


def test_timing_of_a_run_does_not_change_the_version(tmp_path):
    found = set()
    for name, latency in (("one", 1.0), ("two", 2.0)):
        store = Store(tmp_path / name)
        ref = store.write_shard("responses", "k", [{"request_id": "r", "latency_s": latency}])
        found.add(publish(store, [ref], **RUN))
    assert len(found) == 1


def test_a_moved_store_still_works(tmp_path):
    version = publish(Store(tmp_path / "old"), small_corpus(Store(tmp_path / "old")), **RUN)
    shutil.move(tmp_path / "old", tmp_path / "new")
    with open_corpus(Store(tmp_path / "new")) as con:
        assert count(con, "images") == 3
    # The shards are not needed once they are published.
    shutil.rmtree(tmp_path / "new" / "shards")
    with open_corpus(Store(tmp_path / "new"), version) as con:
        assert count(con, "photos") == 3
    database = (tmp_path / "new" / "snapshots" / version / "corpus.duckdb").read_bytes()
    assert str(tmp_path).encode() not in database


def test_an_open_reader_neither_blocks_nor_sees_a_publish(tmp_path):
    store = Store(tmp_path)
    refs = small_corpus(store)
    publish(store, refs[:1], **RUN)
    with open_corpus(store) as reader:
        publish(store, refs, **RUN)
        publish(store, refs[:1], **RUN)
        assert count(reader, "images") == 2
    assert {p.name for p in (tmp_path / "snapshots").rglob("*") if p.is_file()} == {
        "corpus.duckdb",
        "manifest.json",
    }


def test_readers_cannot_write(any_store):
    publish(any_store, small_corpus(any_store), **RUN)
    with open_corpus(any_store) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute("DELETE FROM images")


def test_missing_shards_are_named_and_nothing_is_published(any_store):
    refs = small_corpus(any_store)
    gone = {**refs[0], "key": "gone", "uri": "shards/images/gone.parquet"}
    with pytest.raises(PublishError, match=r"1 of 5 shards .*shards/images/gone\.parquet.*again"):
        publish(any_store, [*refs, gone], **RUN)
    assert versions(any_store) == []
    with pytest.raises(CorpusNotFoundError):
        open_corpus(any_store)


def test_two_contents_of_one_shard_are_refused(tmp_path):
    store = Store(tmp_path)
    old = store.write_shard("images", "k", [image_row("a")])
    new = store.write_shard("images", "k", [image_row("b")])
    with pytest.raises(PublishError, match=r"shards/images/k\.parquet different contents"):
        publish(store, [old, new], **RUN)
    with pytest.raises(PublishError, match="changed since"):
        publish(store, [old], **RUN)


def test_no_corpus_says_what_to_run(any_store):
    with pytest.raises(CorpusNotFoundError, match=r"make demo.*joppo demo.*JOPPO_STORE"):
        open_corpus(any_store)


@pytest.mark.parametrize("version", ["ffffffffffffffff", "../../etc", ""])
def test_an_unknown_version_is_named_with_those_there_are(tmp_path, version):
    store = Store(tmp_path)
    known = publish(store, small_corpus(store), **RUN)
    with pytest.raises(CorpusNotFoundError, match=f"there are: {known}"):
        read_manifest(store, version)


def test_a_snapshot_without_manifest_does_not_exist_and_is_made_again(tmp_path):
    store = Store(tmp_path)
    refs = small_corpus(store)
    version = publish(store, refs, **RUN)
    manifest = tmp_path / "snapshots" / version / "manifest.json"
    content = manifest.read_bytes()
    manifest.unlink()
    assert versions(store) == []
    with pytest.raises(CorpusNotFoundError):
        open_corpus(store)
    publish(store, refs, **RUN)
    assert manifest.read_bytes() == content
    (manifest.parent / "corpus.duckdb").unlink()
    publish(store, refs, **RUN)
    with open_corpus(store) as con:
        assert count(con, "images") == 3


def test_a_damaged_database_says_what_to_do(tmp_path):
    store = Store(tmp_path)
    version = publish(store, small_corpus(store), **RUN)
    (tmp_path / "snapshots" / version / "corpus.duckdb").write_bytes(b"not a database" * 999)
    with pytest.raises(StoreError, match=r"corpus\.duckdb.*Delete it and run the flow again"):
        open_corpus(store)


def test_a_remote_snapshot_is_copied_once(s3_root, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = Store(s3_root)
    version = publish(store, small_corpus(store), **RUN)
    open_corpus(store).close()
    (copy,) = (tmp_path / "joppo").rglob("*.duckdb")
    assert copy.stem == version
    stamp = copy.stat().st_mtime_ns
    open_corpus(store).close()
    assert copy.stat().st_mtime_ns == stamp and len(list(copy.parent.iterdir())) == 1


def _publish_in_process(root: str) -> str:
    store = Store(root)
    return publish(store, small_corpus(store), **RUN)


def test_processes_that_publish_at_once_end_well(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(_publish_in_process, [str(tmp_path)] * 2, chunksize=1)
    assert len(set(found)) == 1
    with open_corpus(Store(tmp_path)) as con:
        assert count(con, "sft_samples") == 2
    assert not list(tmp_path.rglob("*.tmp"))


def test_threads_that_publish_at_once_end_well(any_store):
    refs = small_corpus(any_store)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: publish(any_store, refs, **RUN), range(4)))
    assert found == {latest_version(any_store)}
    with open_corpus(any_store) as con:
        assert count(con, "sft_samples") == 2


def test_the_manifest_is_plain_json(tmp_path):
    store = Store(tmp_path)
    version = publish(store, small_corpus(store), **RUN)
    manifest = json.loads((tmp_path / "snapshots" / version / "manifest.json").read_text())
    assert manifest == read_manifest(store, version)
    assert (tmp_path / "latest").read_text() == f"{version}\n"
