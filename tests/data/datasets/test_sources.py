"""Labels matched with photos: everything is an item or a reject."""

import os
from collections import Counter

import pytest
from pydantic import ValidationError

from joppo.data.datasets import DatasetFormatError, Reject
from joppo.data.datasets.sources import (
    SourceConfig,
    list_items,
    list_labels,
    list_sources,
)
from joppo.data.store.hashing import sha256
from joppo.data.store.shards import partition
from tests.data.datasets.cadb_miniature import write_cadb
from tests.data.datasets.reading import FIXTURES


@pytest.fixture
def base(tmp_path):
    """Three labelled photos (one in a sub-folder) and one row that cannot be used."""
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    for name in ("a.jpg", "b.PNG", "sub/c.jpg"):
        (photos / name).write_bytes(name.encode())
    rows = ["image", "a.jpg", "b.PNG", "sub/c.jpg", "../a.jpg"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


CONFIG = SourceConfig(kind="photos_csv", labels="labels.csv", images="photos")


def sort_out(results):
    items, rejects = {}, {}
    for result in results:
        if isinstance(result, Reject):
            rejects[result.item] = result.reason
        else:
            items[result.label.item if result.label else result.path] = result
    return items, rejects


def test_each_label_meets_its_photo(base):
    items, rejects = sort_out(list_items(CONFIG, base))
    assert set(items) == {"a.jpg", "b.PNG", "sub/c.jpg"}
    assert items["sub/c.jpg"].path == str(base / "photos" / "sub" / "c.jpg")
    assert items["sub/c.jpg"].sha256 == sha256(b"sub/c.jpg")
    assert rejects == {"labels.csv:5": "unsafe_path"}


def test_labels_and_photos_without_each_other_are_reported(base):
    (base / "photos" / "a.jpg").unlink()
    (base / "photos" / "extra.webp").write_bytes(b"x")
    (base / "photos" / "notes.txt").write_text("no photo by its name, so nothing is missed")
    (base / "photos" / ".hidden.jpg").write_bytes(b"x")
    items, rejects = sort_out(list_items(CONFIG, base))
    assert set(items) == {"b.PNG", "sub/c.jpg"}
    assert rejects == {
        "labels.csv:5": "unsafe_path",
        "a.jpg": "missing_image",
        "extra.webp": "unlabelled_image",
    }


def test_rejects_do_not_tell_where_the_data_lies(base):
    (base / "photos" / "a.jpg").unlink()
    config = CONFIG.model_copy(
        update={"labels": str(base / "labels.csv"), "images": str(base / "photos")}
    )
    for result in list_items(config):
        if isinstance(result, Reject):
            assert str(base) not in result.item + result.detail


def test_links_that_leave_the_folder_are_refused(base, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.jpg").write_bytes(b"secret")
    photos = base / "photos"
    (photos / "a.jpg").unlink()
    (photos / "a.jpg").symlink_to(outside / "secret.jpg")
    (photos / "b.PNG").unlink()
    (photos / "b.PNG").symlink_to(photos / "sub" / "c.jpg")
    (photos / "linked").symlink_to(outside)
    (photos / "dead.jpg").symlink_to(photos / "nowhere.jpg")
    found = list(list_items(CONFIG, base))
    items, rejects = sort_out(one for one in found if getattr(one, "reason", "") != "missing_image")
    assert set(items) == {"b.PNG", "sub/c.jpg"}
    assert rejects["a.jpg"] == "unsafe_path"
    assert rejects["linked"] == "linked_folder" and rejects["dead.jpg"] == "not_a_file"
    assert items["b.PNG"].sha256 == sha256(b"sub/c.jpg")


def test_a_name_that_is_no_utf8_is_refused(base):
    try:
        (base / "photos" / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    _, rejects = sort_out(list_items(CONFIG, base))
    assert rejects["'\\udcff.jpg'"] == "unsafe_path"


@pytest.mark.parametrize("name", ["empty", "none"])
def test_a_folder_without_photos_is_one_error(base, name):
    (base / "empty").mkdir()
    (base / "empty" / "notes.txt").write_text("x")
    config = CONFIG.model_copy(update={"images": name})
    with pytest.raises(
        DatasetFormatError, match=r"holds no photo|there is no such folder"
    ) as error:
        list(list_items(config, base))
    assert str(base / name) in str(error.value)


def test_labels_alone_are_items_without_photo():
    config = SourceConfig(kind="picd", labels="picd/labels_PICD.csv")
    items, rejects = sort_out(list_items(config, FIXTURES))
    assert items["048594.jpg"].label.categories == (13, 8)
    assert all(item.path is None and item.sha256 is None for item in items.values())
    assert len({item.key for item in items.values()}) == len(items) == 5
    assert len(rejects) == 12


def test_photos_without_labels_are_items_too(base):
    items, rejects = sort_out(list_items(SourceConfig(kind="photos", images="photos"), base))
    assert len(items) == 3 and not rejects
    assert all(item.label is None for item in items.values())


def test_several_sources_follow_each_other_and_rejects_name_theirs(base):
    (base / "photos" / "a.jpg").unlink()
    ours = CONFIG.model_copy(update={"dataset": "ours"})
    bare = SourceConfig(kind="photos", images="photos")
    found = list(list_sources([ours, CONFIG, bare], base))
    items = [one for one in found if not isinstance(one, Reject)]
    assert [item.source for item in items] == [0, 0, 1, 1, 2, 2]
    assert [item.label and item.label.dataset for item in items[::2]] == [
        "ours",
        "photos",
        None,
    ]
    # What is missing in both is told twice: in the corpus, equal rejects would be one row.
    told = [(r.reason, r.detail) for r in found if isinstance(r, Reject) and r.item == "a.jpg"]
    remedy = "the image folder has no photo of this name; fetch it"
    assert told == [
        ("missing_image", f"ours: {remedy}"),
        ("missing_image", f"photos_csv: {remedy}"),
    ]
    assert len({item.key for item in items}) == 2


def test_the_place_of_the_data_does_not_enter_keys(base, tmp_path_factory):
    other = tmp_path_factory.mktemp("moved") / "base"
    (base / "photos").parent.rename(other)
    moved, _ = sort_out(list_items(CONFIG, other))
    assert moved["a.jpg"].content() == {
        "label": moved["a.jpg"].label.as_dict(),
        "sha256": sha256(b"a.jpg"),
        "source": 0,
    }
    assert partition([(item.key, item) for item in moved.values()], 2)


def test_threads_and_progress(base):
    calls = []
    one = list(list_items(CONFIG, base, threads=1))
    assert one == list(list_items(CONFIG, base, threads=4, progress=calls.append))
    assert calls == [3]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"kind": "picd"}, "needs labels"),
        ({"kind": "photos"}, "needs images"),
        ({"kind": "photos", "images": "a", "labels": "b"}, "takes no labels"),
        ({"kind": "picd", "labels": "a", "total": "composition_mean"}, "takes no total"),
        ({"kind": "ava", "labels": "a", "columns": {}}, "takes no columns"),
        ({"kind": "flickr", "labels": "a"}, "kind"),
        ({"kind": "picd", "label": "a"}, "Extra inputs"),
        ({"kind": "cadb", "labels": "a", "total": "mean"}, "total"),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(values, problem):
    with pytest.raises(ValidationError, match=problem):
        SourceConfig.model_validate(values)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ({"kind": "ava", "labels": "ava/AVA.txt", "test_list": "ava/generic_test.jpgl"}, 3),
        ({"kind": "cadb", "labels": "cadb", "total": "aesthetic_score"}, 3),
        ({"kind": "ready", "labels": "ready/PARA_test.json", "dataset": "x", "scale": [0, 10]}, 3),
        ({"kind": "mmperspective", "labels": "mmperspective/questions.jsonl"}, 1),
        ({"kind": "para", "labels": "para"}, 3),
    ],
)
def test_options_reach_the_reader(values, labels):
    results = list(list_labels(SourceConfig.model_validate(values), FIXTURES))
    assert sum(not isinstance(result, Reject) for result in results) == labels


def splits(items):
    return {item.label.item: item.label.split for item in items}


def draw(path, seed):
    path.write_bytes(f"photo {seed}".encode())


def test_a_dataset_without_validation_photos_gets_them_from_train(tmp_path):
    write_cadb(tmp_path / "CADB", 400, 40, draw)
    config = SourceConfig(kind="cadb", labels="CADB", images="CADB/images")
    found = splits(list_items(config, tmp_path))
    counts = Counter(found.values())
    assert counts["test"] == 40 and counts["train"] + counts["validation"] == 400
    assert 8 <= counts["validation"] <= 32  # 5% of 400, six standard deviations wide
    assert {found[f"{number}.jpg"] for number in range(400, 440)} == {"test"}

    more = splits(list_items(config.model_copy(update={"validation_share": 0.5}), tmp_path))
    drawn = {name for name, split in found.items() if split == "validation"}
    assert drawn < {name for name, split in more.items() if split == "validation"}
    none = splits(list_items(config.model_copy(update={"validation_share": 0.0}), tmp_path))
    assert Counter(none.values()) == {"train": 400, "test": 40}


def test_the_validation_share_depends_on_the_photos_bytes_alone(tmp_path):
    write_cadb(tmp_path / "CADB", 60, 2, draw)
    config = SourceConfig(kind="cadb", labels="CADB", images="CADB/images", validation_share=0.5)
    before = splits(list_items(config, tmp_path))
    images = tmp_path / "CADB" / "images"
    one = next(name for name, split in before.items() if split == "validation")
    other = next(name for name, split in before.items() if split == "train")
    (images / other).write_bytes((images / one).read_bytes())
    after = splits(list_items(config, tmp_path))
    assert after[other] == "validation"
    assert {name: s for name, s in after.items() if name != other} == {
        name: s for name, s in before.items() if name != other
    }


def test_a_dataset_with_validation_photos_of_its_own_keeps_its_split(tmp_path):
    (tmp_path / "photos").mkdir()
    lines = ["image,split"]
    for number in range(40):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(str(number).encode())
        lines.append(f"{number}.jpg,{'validation' if number == 0 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    columns = {"split": "split"}
    config = CONFIG.model_copy(update={"validation_share": 0.9})
    config = SourceConfig.model_validate(config.model_dump() | {"columns": columns})
    found = Counter(splits(list_items(config, tmp_path)).values())
    assert found == {"train": 39, "validation": 1}
