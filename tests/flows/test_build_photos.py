"""build-sft-data on a user's own photos: end to end, again, with one more, and with bad input."""

import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from joppo.data.corpus.query import run_query
from joppo.data.datasets.base import DatasetFormatError
from joppo.data.store.store import Store
from joppo.flows.runner import ShardsFailedError

pytestmark = pytest.mark.usefixtures("prefect_backend")
REASONING = {"tasks": ["aesthetic"], "templates_per_image": {"aesthetic": 1}}


def photo(path: Path, seed: int) -> None:
    """Soft random blobs: no two alike, and quick to measure."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC).save(path, quality=92)


def dataset(folder: Path, photos: int) -> Path:
    """Photos with scores 1-10 in a CSV, and the config that reads them."""
    (folder / "photos").mkdir(parents=True)
    for seed in range(photos):
        photo(folder / "photos" / f"p{seed}.jpg", seed)
    write_labels(folder, {f"p{seed}.jpg": 1 + seed % 10 for seed in range(photos)})
    config = {
        "source": {
            "kind": "photos_csv",
            "labels": "labels.csv",
            "images": "photos",
            "dataset": "mine",
            "columns": {"image": "file", "mos": "score", "scale": [1, 10]},
        },
        "shard_size": 4,
        "reasoning": REASONING,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder / "config.yaml"


def write_labels(folder: Path, scores: dict[str, Any]) -> None:
    rows = "".join(f"{name},{score}\n" for name, score in scores.items())
    (folder / "labels.csv").write_text("file,score\n" + rows)


def build(config: Path, store: Path) -> tuple[str, Counter[tuple[str, str]]]:
    """Version, and how many task runs of each name ended in each kind of state."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    from joppo.flows.build_sft_data import build_sft_data

    state = build_sft_data(str(config), store=str(store), return_state=True)
    version = state.result()
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=chosen)
    return version, Counter((run.name.rsplit("-", 1)[0], run.state_name) for run in runs)


def ask(store: Path, sql: str) -> list[dict[str, Any]]:
    return run_query(Store(store), sql).to_pylist()


def test_twice_is_once_and_one_more_photo_is_one_more_shard(tmp_path: Path) -> None:
    config, store = dataset(tmp_path / "in", 16), tmp_path / "store"
    first, states = build(config, store)
    shards = states["ingest", "Completed"]
    assert shards >= 4
    assert states["reason", "Completed"] == shards
    assert ask(store, "SELECT count(*) AS n FROM images") == [{"n": 16}]
    assert ask(store, "SELECT count(*) AS n FROM sft_samples")[0]["n"] > 0

    again, states = build(config, store)
    assert again == first
    assert states["ingest", "Cached"] == states["reason", "Cached"] == shards
    assert not states["ingest", "Completed"] + states["reason", "Completed"]

    photo(tmp_path / "in" / "photos" / "new.jpg", 99)
    with (tmp_path / "in" / "labels.csv").open("a") as labels:
        labels.write("new.jpg,5\n")
    more, states = build(config, store)
    assert more != first
    # The photo joins one shard; where that is full, the shard is split in two.
    assert states["ingest", "Completed"] in (1, 2)
    assert states["ingest", "Cached"] >= shards - 1
    assert ask(store, "SELECT count(*) AS n FROM images") == [{"n": 17}]


def huge_png(path: Path) -> None:
    """A valid header of 30,000 x 30,000 pixels; what follows is never decoded."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))


def test_bad_photos_are_rejected_and_the_rest_completes(tmp_path: Path) -> None:
    config, store = dataset(tmp_path / "in", 6), tmp_path / "store"
    photos = tmp_path / "in" / "photos"
    whole = (photos / "p0.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "text.jpg").write_text("not a photo\n")
    (photos / "zero.jpg").write_bytes(b"")
    huge_png(photos / "huge.png")
    scores: dict[str, Any] = {f"p{seed}.jpg": seed + 1 for seed in range(6)}
    bad = ["cut.jpg", "text.jpg", "zero.jpg", "huge.png", "../../etc/passwd", "gone.jpg"]
    write_labels(tmp_path / "in", scores | dict.fromkeys(bad, 5) | {"p5.jpg": "high"})
    build(config, store)
    reasons = {row["reason"] for row in ask(store, "FROM rejects")}
    assert {
        "truncated_image",
        "not_an_image",
        "empty_file",
        "too_many_pixels",
        "unsafe_path",
        "missing_image",
        "unlabelled_image",
    } <= reasons
    assert ask(store, "SELECT count(*) AS n FROM images") == [{"n": 5}]


def test_a_missing_column_is_one_clear_error(tmp_path: Path) -> None:
    config = dataset(tmp_path / "in", 2)
    (tmp_path / "in" / "labels.csv").write_text("name,score\np0.jpg,3\n")
    with pytest.raises(DatasetFormatError, match=r"labels\.csv.*file"):
        build(config, tmp_path / "store")


def test_an_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    config = dataset(tmp_path / "in", 0)
    with pytest.raises(DatasetFormatError, match="holds no photo"):
        build(config, tmp_path / "store")


def test_a_store_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    config = dataset(tmp_path / "in", 2)
    with pytest.raises(ShardsFailedError, match=r"StoreError.*JOPPO_STORE"):
        build(config, Path("/proc/joppo-store"))
