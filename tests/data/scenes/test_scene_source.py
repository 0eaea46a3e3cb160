"""Embedded photos as rows of a corpus."""

import cv2
import numpy as np
import pytest

from joppo.data.scenes.scene import render_scene
from joppo.data.scenes.scene_source import (
    SceneSourceConfig,
    encode_depth,
    encode_photo,
    item_hash,
    long_tail,
    render_shard,
    scene_items,
)
from joppo.data.store.rows import to_table
from joppo.data.store.store import Store

CONFIG = SceneSourceConfig(per_category=1, size=64)


def test_items_grow_without_changing_the_first_ones():
    few, many = CONFIG, CONFIG.model_copy(update={"per_category": 3, "extra": {5: 2}})
    assert len(scene_items(few)) == 24
    assert len(scene_items(many)) == 24 * 3 + 2
    old = {item_hash(i, few) for i in scene_items(few)}
    assert old <= {item_hash(i, many) for i in scene_items(many)}


def test_long_tail_is_a_tail():
    extra = long_tail(20)
    assert set(extra) == set(range(1, 25))
    assert extra[8] == 20 and extra[14] == 0
    assert all(count >= 0 for count in extra.values())


def test_unknown_category_is_refused():
    with pytest.raises(ValueError, match="25"):
        SceneSourceConfig(extra={25: 1})


def test_rows_fit_the_tables_and_the_files_are_there(tmp_path):
    store = Store(tmp_path)
    items = scene_items(CONFIG)
    rows = render_shard(items, store, CONFIG)
    for table in ("images", "labels", "controls"):
        assert to_table(table, rows[table]).num_rows == 24
    perspective = next(r for r in rows["labels"] if r["categories"] == [21])
    assert perspective["vanishing_x"] is not None and perspective["perspective"] != "none"
    for image, label, control in zip(rows["images"], rows["labels"], rows["controls"], strict=True):
        assert image["image_id"] == label["image_id"] == control["image_id"]
        assert image["split"] == label["split"] in ("train", "validation", "test")
        assert label["mos"] == pytest.approx((label["mos_raw"] - 1) / 4)
        assert store.exists(image["uri"]) and store.exists(control["uri"])


def test_shard_is_the_same_in_any_order_and_run(tmp_path):
    items = scene_items(CONFIG)[:6]
    once = render_shard(items, Store(tmp_path / "a"), CONFIG)
    again = render_shard(items[::-1], Store(tmp_path / "b"), CONFIG)
    assert sorted(r["image_id"] for r in once["images"]) == sorted(
        r["image_id"] for r in again["images"]
    )


def test_files_hold_the_scene():
    scene = render_scene(16, 4, 96)
    photo = cv2.cvtColor(
        cv2.imdecode(np.frombuffer(encode_photo(scene.image), np.uint8), cv2.IMREAD_COLOR),
        cv2.COLOR_BGR2RGB,
    )
    assert np.abs(photo.astype(int) - scene.image).mean() < 3
    depth = cv2.imdecode(np.frombuffer(encode_depth(scene.depth), np.uint8), cv2.IMREAD_UNCHANGED)
    assert depth.ndim == 2 and np.abs(depth / 255 - scene.depth).max() < 0.003
