"""The store on a disk, in memory and on S3."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from joppo.data.store.hashing import sha256
from joppo.data.store.store import ShardRef, Store, StoreError
from tests.data.corpus_rows import image_row

pytest_plugins = ("tests.data.stores",)


def test_what_is_written_is_read(any_store):
    any_store.write_bytes("a/b.txt", b"one")
    any_store.write_bytes("a/b.txt", b"two")
    assert any_store.read_bytes("a/b.txt") == b"two"
    assert any_store.exists("a/b.txt") and any_store.size("a/b.txt") == 3
    assert not any_store.exists("a") and not any_store.exists("a/c.txt")
    assert any_store.names("a") == ["b.txt"] and any_store.names("none") == []


def test_a_missing_file_is_named_with_its_store(any_store):
    with pytest.raises(FileNotFoundError, match=r"no x/y\.txt in store") as error:
        any_store.read_bytes("x/y.txt")
    assert any_store.root in str(error.value)


def test_files_are_copied_in_and_out(any_store, tmp_path):
    source = tmp_path / "in.bin"
    source.write_bytes(b"\0\1")
    any_store.put_file(source, "f/x.bin")
    any_store.get_file("f/x.bin", tmp_path / "deep" / "out.bin")
    assert (tmp_path / "deep" / "out.bin").read_bytes() == b"\0\1"
    with pytest.raises(FileNotFoundError, match="no f/none"):
        any_store.get_file("f/none", tmp_path / "none")
    assert not list(tmp_path.glob("**/*.tmp")) and not (tmp_path / "none").exists()


def test_a_photo_is_named_by_its_content_and_kept_once(any_store):
    image_id, uri = any_store.put_image(b"photo", ".JPG")
    assert image_id == sha256(b"photo") and uri == f"images/{image_id[:2]}/{image_id}.jpg"
    assert any_store.put_image(b"photo", "jpg") == (image_id, uri)
    assert any_store.read_bytes(uri) == b"photo"


def test_a_cut_photo_is_repaired(any_store):
    _, uri = any_store.put_image(b"photo", "jpg")
    any_store.write_bytes(uri, b"pho")
    any_store.put_image(b"photo", "jpg")
    assert any_store.read_bytes(uri) == b"photo"


def test_a_shard_comes_back_in_its_order(any_store):
    rows = [image_row("b"), image_row("a")]
    ref = any_store.write_shard("images", "k-1", rows)
    assert ref["uri"] == "shards/images/k-1.parquet" and ref["rows"] == 2
    assert any_store.has_shard(ref)
    assert [r["item"] for r in any_store.read_shard(ref).to_pylist()] == ["b.jpg", "a.jpg"]
    assert any_store.write_shard("images", "k-1", rows[::-1]) == ref


def test_a_shard_that_is_gone_cut_or_other_is_not_there(any_store):
    ref = any_store.write_shard("images", "k", [image_row("a")])
    content = any_store.read_bytes(ref["uri"])
    other = any_store.write_shard("images", "k", [image_row("b")])
    assert any_store.has_shard(other) and not any_store.has_shard(ref)
    any_store.write_bytes(ref["uri"], content[:-20])
    assert not any_store.has_shard(ref)
    with pytest.raises(StoreError, match=r"shards/images/k\.parquet .* run the flow again"):
        any_store.read_shard(ref)
    assert any_store.write_shard("images", "k", [image_row("a")]) == ref
    assert any_store.has_shard(ref)
    assert not any_store.has_shard(ShardRef(**{**ref, "uri": "shards/images/none.parquet"}))


def test_the_first_volatile_values_stay(any_store):
    row = {"request_id": "r", "latency_s": 1.0}
    ref = any_store.write_shard("responses", "k", [row])
    assert any_store.write_shard("responses", "k", [row | {"latency_s": 2.0}]) == ref
    assert any_store.read_shard(ref)["latency_s"].to_pylist() == [1.0]


def test_equal_shards_have_equal_bytes(tmp_path):
    contents = []
    for name in ("one", "two"):
        store = Store(tmp_path / name)
        ref = store.write_shard("images", "k", [image_row("a"), image_row("b")])
        contents.append(store.read_bytes(ref["uri"]))
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "uri", ["", ".", "..", "/etc/passwd", "../x", "a/../../x", "a\\..\\b", "s3://b/x", "a\0b"]
)
def test_no_uri_leads_out_of_the_root(tmp_path, uri):
    store = Store(tmp_path / "store")
    for act in (store.read_bytes, store.exists, lambda u: store.write_bytes(u, b"x")):
        with pytest.raises(ValueError, match="relative to the store root"):
            act(uri)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "a/b", "../x", ".hidden", "a b"])
def test_no_shard_key_is_a_path(tmp_path, key):
    with pytest.raises(ValueError, match="not a shard key"):
        Store(tmp_path).write_shard("images", key, [])


def test_no_extension_is_a_path(tmp_path):
    with pytest.raises(ValueError, match="not a file extension"):
        Store(tmp_path).put_image(b"x", "/../../x")


@pytest.mark.parametrize(
    ("step", "trouble"),
    [("replace", OSError(28, "No space left")), ("mkdir", OSError(30, "Read-only file system"))],
)
def test_a_full_or_read_only_disk_says_what_to_do(tmp_path, monkeypatch, step, trouble):
    store = Store(tmp_path / "store")

    def fail(self: Path, *args, **kwargs):
        raise trouble

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(StoreError, match=f"{trouble.strerror}.*JOPPO_STORE") as error:
        store.write_bytes("a/b", b"x")
    assert str(tmp_path / "store") in str(error.value)
    assert not [path for path in tmp_path.glob("**/*") if path.is_file()]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_says_what_to_do(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permissions"):
        Store(tmp_path / "store").write_bytes("a", b"x")


def test_a_file_in_place_of_the_root_says_what_to_do(tmp_path):
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot read a/b in store"):
        Store(tmp_path / "store").write_bytes("a/b", b"x")


def test_a_missing_bucket_is_named(s3_root):
    with pytest.raises(StoreError, match="s3://no-such-bucket-here"):
        Store("s3://no-such-bucket-here/x").write_bytes("a", b"x")


def test_an_unknown_protocol_is_named():
    with pytest.raises(StoreError, match="nosuch"):
        Store("nosuch://x")


def test_the_root_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JOPPO_STORE", raising=False)
    assert Store.from_env().root == str(tmp_path / "store")
    monkeypatch.setenv("JOPPO_STORE", "memory://elsewhere/")
    assert Store.from_env().root == "memory://elsewhere"


def test_a_store_can_be_pickled(any_store):
    any_store.write_bytes("x", b"1")
    assert pickle.loads(pickle.dumps(any_store)).read_bytes("x") == b"1"


def test_many_writers_of_one_shard_end_well(any_store):
    rows = [image_row(str(n)) for n in range(50)]
    with ThreadPoolExecutor(4) as pool:
        refs = list(pool.map(lambda _: any_store.write_shard("images", "k", rows), range(8)))
    assert all(ref == refs[0] for ref in refs)
    assert any_store.read_shard(refs[0]).num_rows == 50
    assert any_store.names("shards/images") == ["k.parquet"]
