import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from joppo.data.store.store import Store
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.generate import batches, read_result, record_uri, synthesize_shard
from tests.data.synthesis.synthesis_world import Painter, world

CONFIG = SynthesisConfig(batch_size=2)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def plan(store):
    return world(store)


def test_each_attempt_gives_a_child_of_its_parent(store, plan):
    rows = synthesize_shard(plan.attempts, store, CONFIG, Painter())
    assert not rows["rejects"] and not rows["warnings"]
    assert [r["attempt_id"] for r in rows["syntheses"]] == [a.attempt_id for a in plan.attempts]
    for attempt, synthesis, image in zip(
        plan.attempts, rows["syntheses"], rows["images"], strict=True
    ):
        parent = attempt.parent_id
        assert synthesis["parent_image_id"] == image["parent_image_id"] == parent
        assert image["origin"] == "synthetic" and image["split"] == "train"
        assert synthesis["uri"] == image["uri"] and "accepted" not in synthesis
        picture = Image.open(io.BytesIO(store.read_bytes(image["uri"])))
        assert picture.size == (image["width"], image["height"]) == (64, 64)
    assert store.write_shard("syntheses", "k", rows["syntheses"])["rows"] == len(plan.attempts)
    assert store.write_shard("images", "k", rows["images"])["rows"] == len(plan.attempts)


def test_what_is_stored_is_not_made_again(store, plan):
    first, second = Painter(), Painter()
    before = synthesize_shard(plan.attempts[:5], store, CONFIG, first)
    after = synthesize_shard(plan.attempts, store, CONFIG, second)
    assert not set(first.made) & set(second.made)
    assert len(first.made) + len(second.made) == len(plan.attempts)
    assert after["syntheses"][:5] == before["syntheses"]
    third = Painter()
    assert synthesize_shard(plan.attempts, store, CONFIG, third) == after
    assert third.made == []


def test_a_record_whose_image_is_gone_is_not_trusted(store, plan):
    rows = synthesize_shard(plan.attempts[:3], store, CONFIG, Painter())
    (store.local_path(rows["images"][1]["uri"])).unlink()
    assert read_result(plan.attempts[1], store) is None
    again = Painter()
    assert synthesize_shard(plan.attempts[:3], store, CONFIG, again) == rows
    assert again.made == [plan.attempts[1].seed]


def test_batches_hold_one_control_and_one_size(plan):
    flat, wide = np.zeros((64, 64), np.uint8), np.zeros((64, 128), np.uint8)
    items = [(a, {"canny": wide if n % 3 else flat}) for n, a in enumerate(plan.attempts)]
    made = list(batches(items, 3))
    assert sum(map(len, made)) == len(items)
    for batch in made:
        assert 1 <= len(batch) <= 3
        assert len({(a.control, m["canny"].shape) for a, m in batch}) == 1


def test_out_of_memory_halves_the_batch_and_is_told(store):
    attempts = world(store, controls={"canny": 1.0}).attempts
    painter = Painter(memory=2)
    rows = synthesize_shard(attempts, store, SynthesisConfig(batch_size=8), painter)
    assert len(rows["syntheses"]) == len(attempts) == 12
    assert painter.sizes == [2] * 6 and max(Counter(painter.made).values()) == 1
    # What did not fit once is not tried again: 8 -> 4 -> 2, and never more.
    assert [w["reason"] for w in rows["warnings"]] == ["batch_halved"] * 2
    assert "batches of 2 images" in rows["warnings"][1]["detail"]


def test_one_image_that_does_not_fit_ends_with_a_remedy(store, plan):
    with pytest.raises(MemoryError, match="choose a smaller control size"):
        synthesize_shard(plan.attempts, store, CONFIG, Painter(memory=0))


class _FullDisk(Store):
    """No room for the record of one attempt."""

    def __init__(self, root, attempt_id):
        super().__init__(root)
        self.refused = record_uri(attempt_id)

    def write_bytes(self, uri, content):
        if uri == self.refused:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write_bytes(uri, content)


def test_what_fails_while_storing_is_raised_and_keeps_what_was_stored(tmp_path, store, plan):
    by_control = [a for a in plan.attempts if a.control == plan.attempts[0].control]
    last = max(by_control, key=lambda a: a.attempt_id)
    full = _FullDisk(store.root, last.attempt_id)
    with pytest.raises(OSError, match="No space left"):
        synthesize_shard(by_control, full, CONFIG, Painter())
    assert read_result(last, store) is None
    again = Painter()
    rows = synthesize_shard(by_control, store, CONFIG, again)
    assert len(again.made) == 1 and len(rows["images"]) == len(by_control)


def test_a_missing_control_map_rejects_its_attempt_only(store, plan):
    lost = plan.attempts[0]
    for uri in lost.control_uris.values():
        store.local_path(uri).unlink()
    gone = set(lost.control_uris.values())
    hit = [a for a in plan.attempts if gone & set(a.control_uris.values())]
    rows = synthesize_shard(plan.attempts, store, CONFIG, Painter())
    assert {r["item"] for r in rows["rejects"]} == {a.attempt_id for a in hit}
    assert {(r["stage"], r["reason"]) for r in rows["rejects"]} == {
        ("synthesis", "missing_control")
    }
    assert len(rows["syntheses"]) == len(plan.attempts) - len(hit)


def test_a_parent_of_the_test_split_is_refused(store, plan):
    attempt = replace(plan.attempts[0], parent=plan.attempts[0].parent | {"split": "test"})
    with pytest.raises(ValueError, match="test split"):
        synthesize_shard([attempt], store, CONFIG, Painter())


WORKER = """
import json, sys, time
from pathlib import Path
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.synthesis.config import SynthesisConfig
from tests.data.synthesis.synthesis_world import Painter

class Slow(Painter):
    def generate(self, attempts, maps):
        images = super().generate(attempts, maps)
        time.sleep(0.05)
        return images

root, attempts, log = map(Path, sys.argv[1:])
attempts = [Attempt(**one) for one in json.loads(attempts.read_text())]
synthesize_shard(attempts, Store(root), SynthesisConfig(batch_size=1), Slow(log=log))
"""


def test_after_sigkill_nothing_stored_is_made_again_and_the_rows_are_the_same(
    tmp_path, store, plan
):
    attempts = tmp_path / "attempts.json"
    attempts.write_text(json.dumps([a.as_dict() for a in plan.attempts]))
    log = tmp_path / "made.log"
    command = [sys.executable, "-c", WORKER, store.root, str(attempts), str(log)]
    records = store.local_path("attempts")
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while len(list(records.glob("*/*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stored = {a.seed for a in plan.attempts if read_result(a, store)}
    assert 3 <= len(stored) < len(plan.attempts)
    begun = Counter(log.read_text().split())
    log.unlink()
    subprocess.run(command, check=True, timeout=120)
    resumed = Counter(log.read_text().split())
    assert not stored & {int(seed) for seed in resumed}
    # At most what was being made and being stored when the process died is made a second time.
    assert sum((begun + resumed).values()) <= len(plan.attempts) + 2
    rows = synthesize_shard(plan.attempts, store, CONFIG, Painter())
    quiet = Store(tmp_path / "undisturbed")
    undisturbed = synthesize_shard(world(quiet).attempts, quiet, CONFIG, Painter())
    assert rows == undisturbed
