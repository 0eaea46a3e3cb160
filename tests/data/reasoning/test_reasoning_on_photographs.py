"""The reasoning stage on real photographs (OASIS), where they are at hand."""

import os
from pathlib import Path

import pytest

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.reasoning.reason import ReasoningConfig, reason_shard
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store

REAL = os.environ.get("JOPPO_REAL_DATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="JOPPO_REAL_DATA names no folder")


def test_true_text_about_real_photographs() -> None:
    store, items = Store("memory://real"), []
    for number, path in enumerate(sorted(Path(str(REAL), "oasis").glob("*.jpg"))[:60]):
        content = path.read_bytes()
        image_id, uri = store.put_image(content, "jpg")
        # The photos have no composition label: any category serves to drive the stage.
        label = {"dataset": "oasis", "categories": [1 + number % 24], "mos": 0.2 + number / 100}
        image = {"image_id": image_id, "uri": uri, "split": "train", "parent_image_id": None}
        items.append(LabelledPhoto(image, label))
        assert image_id == sha256(content)
    rows = reason_shard(items, store, ReasoningConfig())
    assert len(items) == 60 and rows["rejects"] == []
    assert {s["task"] for s in rows["sft_samples"]} == {"composition", "aesthetic"}
    texts = {r["reasoning"] for r in rows["reasonings"]}
    assert len(texts) == len(rows["reasonings"]) == 120
