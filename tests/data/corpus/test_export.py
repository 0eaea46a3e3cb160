"""Export to a folder that Hugging Face datasets opens."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from joppo.data.corpus.export import ExportError, export_hf
from joppo.data.corpus.publish import publish
from joppo.data.store.schema import TABLES
from joppo.data.store.store import Store
from tests.data.corpus_rows import image_row, sample_row

pytest_plugins = ("tests.data.stores",)
SPLITS = {"train": 7, "validation": 2, "test": 1}


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def filled(store: Store, **changes) -> Store:
    """Ten samples and preferences, each of an own photo."""
    splits = [split for split, rows in SPLITS.items() for _ in range(rows)]
    images, samples, preferences = [], [], []
    for n, split in enumerate(splits):
        image_id, uri = store.put_image(png(n), "png")
        images.append(image_row(str(n), image_id=image_id, uri=uri, split=split, phash=f"{n:016x}"))
        samples.append(sample_row(str(n), image_id=image_id, split=split, answer=str(n)) | changes)
        preferences.append(
            {
                "image_id": image_id,
                "task": "score",
                "prompt": "p",
                "mos": n / 10,
                "choices": [],
                "split": split,
            }
        )
    refs = [
        store.write_shard("images", "k", images),
        store.write_shard("sft_samples", "k", samples),
        store.write_shard("preferences", "k", preferences),
    ]
    publish(store, refs, config_hash="c", inputs={"labels.csv": "aa"}, parents=["p1"])
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return filled(Store(tmp_path_factory.mktemp("export") / "store"))


def load(folder, tmp_path):
    import datasets

    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "hf"))


def test_datasets_opens_the_folder_with_its_pixels(any_store, tmp_path):
    out = export_hf(filled(any_store), "sft_samples", tmp_path / "out")
    found = load(out, tmp_path)
    assert {split: len(rows) for split, rows in found.items()} == SPLITS
    assert type(found["train"].features["image"]).__name__ == "Image"
    for row in found["train"]:
        with Image.open(io.BytesIO(png(int(row["answer"])))) as image:
            assert np.array_equal(np.asarray(row["image"]), np.asarray(image))
        assert row["messages"] == sample_row(row["answer"])["messages"]
    assert set(found["test"].column_names) == {
        "image",
        "second_image",
        *TABLES["sft_samples"].names,
    }


def test_a_comparison_has_both_photos(tmp_path):
    store = Store(tmp_path / "store")
    one, two = (store.put_image(png(n), "png") for n in (1, 2))
    refs = [
        store.write_shard("images", "k", [image_row(u, image_id=i, uri=u) for i, u in (one, two)]),
        store.write_shard(
            "sft_samples",
            "k",
            [
                sample_row("pair", image_id=one[0], second_image_id=two[0]),
                sample_row("single", image_id=two[0]),
            ],
        ),
    ]
    publish(store, refs, config_hash="c", inputs={})
    rows = load(export_hf(store, "sft_samples", tmp_path / "out"), tmp_path)["train"]
    pair = next(row for row in rows if row["second_image_id"])
    for column, seed in (("image", 1), ("second_image", 2)):
        with Image.open(io.BytesIO(png(seed))) as image:
            assert np.array_equal(np.asarray(pair[column]), np.asarray(image))
    assert [row["second_image"] is None for row in rows].count(True) == 1


def test_preferences_keep_scores_and_empty_choices(store, tmp_path):
    found = load(export_hf(store, "preferences", tmp_path / "out"), tmp_path)
    assert sorted(found["train"]["mos"]) == [n / 10 for n in range(7)]
    assert found["test"][0]["choices"] == [] and found["test"][0]["answer"] is None


def test_large_splits_go_on_in_further_files(store, tmp_path):
    out = export_hf(store, "sft_samples", tmp_path / "out", max_file_bytes=1)
    # A row group is never cut, so one file is one group here.
    assert sorted(p.name for p in (out / "data").iterdir()) == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
    ]


def test_row_groups_are_bounded_in_rows_and_bytes(store, tmp_path, monkeypatch):
    monkeypatch.setattr("joppo.data.corpus.export._GROUP_ROWS", 3)
    out = export_hf(store, "sft_samples", tmp_path / "rows", max_file_bytes=1)
    parts = sorted((out / "data").glob("train-*"))
    assert [p.name for p in parts] == [f"train-0000{n}-of-00003.parquet" for n in range(3)]
    assert [pq.read_metadata(p).num_rows for p in parts] == [3, 3, 1]
    assert len(load(out, tmp_path)["train"]) == 7

    monkeypatch.setattr("joppo.data.corpus.export._GROUP_BYTES", 1)
    out = export_hf(store, "sft_samples", tmp_path / "bytes")
    (part,) = (out / "data").glob("train-*")
    assert pq.read_metadata(part).num_row_groups == 7


def test_the_same_snapshot_gives_the_same_bytes(store, tmp_path):
    one, two = (export_hf(store, "sft_samples", tmp_path / name) for name in ("one", "two"))
    files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert len(files) == 4
    assert all((one / f).read_bytes() == (two / f).read_bytes() for f in files)


def test_the_card_tells_counts_origin_and_terms(store, tmp_path):
    card = (export_hf(store, "sft_samples", tmp_path / "out") / "README.md").read_text()
    _, front, body = card.split("---\n", 2)
    front = yaml.safe_load(front)
    assert front["size_categories"] == ["n<1K"]
    assert [f["split"] for f in front["configs"][0]["data_files"]] == list(SPLITS)
    for line in ("| train | 7 | 7 |", "| picd | 10 | 10 |", "- labels.csv: `aa`", "snapshots: p1"):
        assert line.strip("- ") in body
    assert "## Licences" in body and "| `messages` |" in body
    assert "\n\n\n" not in body


def test_an_existing_folder_is_left_alone(store, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("x")
    with pytest.raises(FileExistsError, match="choose another folder"):
        export_hf(store, "sft_samples", tmp_path / "full")
    (tmp_path / "empty").mkdir()
    assert (export_hf(store, "sft_samples", tmp_path / "empty") / "README.md").is_file()


def test_another_table_is_refused(store, tmp_path):
    with pytest.raises(ValueError, match="sft_samples, preferences"):
        export_hf(store, "images", tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": None}, "10 rows of sft_samples have none of the splits"),
        ({"image_id": "lost"}, "10 rows of sft_samples have no photo of their image_id"),
        ({"second_image_id": "lost"}, "10 rows of sft_samples have no photo of their second_image"),
    ],
)
def test_rows_that_cannot_be_exported_are_counted(tmp_path, changes, words):
    store = filled(Store(tmp_path / "store"), **changes)
    with pytest.raises(ExportError, match=words):
        export_hf(store, "sft_samples", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_a_lost_photo_is_named(tmp_path):
    store = filled(Store(tmp_path / "store"))
    next((tmp_path / "store" / "images").rglob("*.png")).unlink()
    with pytest.raises(ExportError, match=r"no images/.*png in store"):
        export_hf(store, "sft_samples", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_an_empty_table_is_refused(tmp_path):
    store = Store(tmp_path / "store")
    publish(store, [], config_hash="c", inputs={})
    with pytest.raises(ExportError, match="preferences of this snapshot is empty"):
        export_hf(store, "preferences", tmp_path / "out")
