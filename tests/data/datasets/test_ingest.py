"""A shard of photos into the store."""

import json
import random
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from joppo.data.datasets import Label
from joppo.data.datasets.ingest import IngestConfig, ingest_shard
from joppo.data.datasets.item import Item
from joppo.data.datasets.sources import SourceConfig, list_items
from joppo.data.datasets.splits import SplitConfig, hash_split
from joppo.data.store.hashing import sha256
from joppo.data.store.rows import to_table
from joppo.data.store.store import Store, StoreError


def photo(color, kind="PNG", size=(24, 16)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, color).save(file, kind)
    return file.getvalue()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def add(tmp_path):
    """Write a photo and give its item."""

    def write(name, content, dataset="picd", source=0, **fields):
        path = tmp_path / name
        path.write_bytes(content)
        own = Label(name, dataset, **fields) if dataset else None
        return Item(own, str(path), sha256(content), source)

    return write


def run(items, store, **values):
    config = IngestConfig.model_validate(values)
    passed = [Item.from_dict(json.loads(json.dumps(item.as_dict()))) for item in items]
    rows = ingest_shard(passed, store, config)
    for table, made in rows.items():
        to_table(table, made)
    return rows


def test_a_photo_becomes_a_file_an_images_row_and_a_labels_row(add, store):
    content = photo("red", "JPEG")
    rows = run([add("a.png", content, categories=(13, 8))], store)
    image_id = sha256(content)
    (image,), (label,) = rows["images"], rows["labels"]
    assert image == {
        "image_id": image_id,
        "origin": "picd",
        "item": "a.png",
        "uri": f"images/{image_id[:2]}/{image_id}.jpg",
        "width": 24,
        "height": 16,
        "phash": image["phash"],
        "parent_image_id": None,
        "split": hash_split(image_id, SplitConfig()),
    }
    assert store.read_bytes(image["uri"]) == content
    assert (label["image_id"], label["item"], label["split"]) == (image_id, "a.png", image["split"])
    assert (label["categories"], label["element"], label["arrangement"]) == (
        [13, 8],
        "line",
        "vertical",
    )
    assert rows["rejects"] == []


def test_one_photo_under_two_names_is_stored_once(add, store):
    content = photo("red")
    items = [add("b.png", content, categories=(8,)), add("a.png", content, categories=(9,))]
    rows = run(items, store)
    assert [row["item"] for row in rows["images"]] == ["a.png"]
    assert [(row["item"], row["categories"]) for row in rows["labels"]] == [
        ("a.png", [9]),
        ("b.png", [8]),
    ]


def test_a_photo_that_any_label_puts_in_test_is_in_test_throughout(add, store):
    content = photo("red")
    items = [add("a.png", content, split="train"), add("b.png", content, split="test")]
    items.append(add("c.png", photo("blue"), split="validation"))
    rows = run(items, store, split={"train": 1, "validation": 0, "test": 0})
    assert {row["item"]: row["split"] for row in rows["images"] + rows["labels"]} == {
        "a.png": "test",
        "b.png": "test",
        "c.png": "validation",
    }


def test_a_photo_of_two_sources_has_the_label_of_the_first(add, store):
    content = photo("red")
    items = [
        add("loose.png", content, dataset=None, source=0),
        add("b.png", content, source=1, categories=(8,)),
        add("c.png", content, source=1, categories=(9,)),
        add("a.png", content, "cadb", source=2, mos=0.5),
    ]
    rows = run(items, store)
    assert [(row["origin"], row["item"]) for row in rows["images"]] == [("picd", "b.png")]
    assert [(row["item"], row["categories"], row["mos"]) for row in rows["labels"]] == [
        ("b.png", [8], None),
        ("c.png", [9], None),
    ]
    assert {(row["item"], row["reason"]) for row in rows["rejects"]} == {
        ("a.png", "duplicate_photo"),
        ("loose.png", "duplicate_photo"),
    }
    (told,) = [row["detail"] for row in rows["rejects"] if row["item"] == "a.png"]
    assert told.startswith("cadb: the same bytes as b.png of picd") and "put another" in told
    items[3] = replace(items[3], source=0)
    assert [row["mos"] for row in run(items, store)["labels"]] == [0.5]


def test_the_next_source_stands_in_where_the_first_file_cannot_be_read(add, store, tmp_path):
    items = [add("a.png", photo("red")), add("b.png", photo("red"), "cadb", source=1, mos=0.5)]
    (tmp_path / "a.png").unlink()
    rows = run(items, store)
    assert [(row["origin"], row["item"]) for row in rows["images"]] == [("cadb", "b.png")]
    assert [row["mos"] for row in rows["labels"]] == [0.5]
    assert [(row["item"], row["reason"]) for row in rows["rejects"]] == [("a.png", "missing_image")]


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("stated", ["train", "validation", "test"])
@pytest.mark.parametrize("hashed", ["train", "validation", "test"])
def test_what_is_test_in_one_source_is_trained_on_in_none(
    add, store, tmp_path, stated, hashed, readable
):
    """PICD states no split, so its evaluation goes by the hash; CADB states its own."""
    items = [add("a.png", photo("red")), add("b.png", photo("red"), "cadb", source=1, split=stated)]
    if not readable:
        (tmp_path / "b.png").unlink()
    split = dict.fromkeys(("train", "validation", "test"), 0) | {hashed: 1}
    rows = run(items, store, split=split)
    order = ["train", "validation", "test"]
    (image,) = rows["images"]
    assert image["split"] == max(stated, hashed, key=order.index)


def test_what_cannot_be_used_is_rejected_and_the_rest_is_kept(add, store, tmp_path):
    good = photo("red", size=(40, 40))
    gone = add("gone.png", photo("blue"))
    (tmp_path / "gone.png").unlink()
    changed = add("changed.png", photo("green"))
    (tmp_path / "changed.png").write_bytes(photo("white"))
    items = [
        add("good.png", good),
        add("cut.jpg", photo("red", "JPEG", (400, 400))[:700]),
        add("text.jpg", b"no photo\n"),
        add("empty.jpg", b""),
        add("large.png", photo("red", size=(41, 41))),
        add("heavy.png", b"x" * 5000),
        gone,
        changed,
    ]
    rows = run(items, store, max_pixels=1600, max_bytes=4000)
    assert all(row["detail"].startswith("picd: ") for row in rows["rejects"])
    assert [row["item"] for row in rows["images"]] == ["good.png"]
    assert [row["item"] for row in rows["labels"]] == ["good.png"]
    assert {(row["stage"], row["item"], row["reason"]) for row in rows["rejects"]} == {
        ("ingest", "cut.jpg", "too_many_pixels"),
        ("ingest", "text.jpg", "not_an_image"),
        ("ingest", "empty.jpg", "empty_file"),
        ("ingest", "large.png", "too_many_pixels"),
        ("ingest", "heavy.png", "file_too_large"),
        ("ingest", "gone.png", "missing_image"),
        ("ingest", "changed.png", "changed_file"),
    }
    assert all(str(tmp_path) not in row["detail"] for row in rows["rejects"])
    assert run(items[1:2], store)["rejects"][0]["reason"] == "truncated_image"


def test_a_copy_that_is_gone_does_not_take_the_others_with_it(add, store, tmp_path):
    items = [add("a.png", photo("red")), add("b.png", photo("red"))]
    (tmp_path / "a.png").unlink()
    rows = run(items, store)
    assert [row["item"] for row in rows["images"]] == ["b.png"]
    assert [(row["item"], row["reason"]) for row in rows["rejects"]] == [("a.png", "missing_image")]


def test_labels_without_photo_and_photos_without_label(add, store):
    bare = Item(Label("x.jpg", "picd", categories=(21,), split="test"), None, None)
    rows = run([bare, add("own.png", photo("red"), dataset=None)], store, origin="mine")
    assert [(row["origin"], row["item"]) for row in rows["images"]] == [("mine", "own.png")]
    (row,) = rows["labels"]
    assert (row["image_id"], row["split"], row["arrangement"]) == (None, "test", "perspective")


def test_rows_do_not_depend_on_order_or_on_what_is_stored_already(add, store):
    items = [add(f"{name}.png", photo(name)) for name in ("red", "blue", "green", "white")]
    items.append(add("copy.png", photo("red")))
    first = run(items, store)
    random.Random(1).shuffle(items)
    assert run(items, store) == first


def test_a_store_that_cannot_be_written_is_one_error(add, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot"):
        run([add("a.png", photo("red"))], Store(tmp_path / "file"))


def test_the_config_is_part_of_the_cache_key():
    assert IngestConfig().hash() != IngestConfig(split=SplitConfig(seed=1)).hash()


def test_real_photographs_from_labels_to_rows(real_data):
    config = SourceConfig(kind="oasis", labels="oasis/ratings.csv", images="oasis")
    items = list(list_items(config, real_data))
    assert len(items) == 243 and len({item.key for item in items}) == 243
    rows = run(items[:60], Store("memory://oasis"))
    assert len(rows["images"]) == len(rows["labels"]) == 60 and not rows["rejects"]
    assert all(row["width"] >= 300 and len(row["phash"]) == 16 for row in rows["images"])
