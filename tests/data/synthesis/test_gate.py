import random
from dataclasses import replace

import numpy as np
import pytest

from joppo.data.photos.decode import load_photo, perceptual_hash
from joppo.data.store.store import Store
from joppo.data.synthesis.control_maps import encode_png
from joppo.data.synthesis.gate import GateConfig, gate_shard, hash_distance
from tests.data.synthesis.synthesis_world import CONTROL, synthesized, world

CONFIG = GateConfig()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def items(store):
    plan = world(store, controls={"canny": 1.0})
    return synthesized(plan, store)


def replaced(store, item, pixels):
    """The item with another picture as the result."""
    content = encode_png(pixels)
    image_id, uri = store.put_image(content, "png")
    changed = {"image_id": image_id, "uri": uri}
    image = item.image | changed | {"phash": perceptual_hash(load_photo(content))}
    return replace(item, synthesis=item.synthesis | changed, image=image)


def controlled_by(item, other):
    """The item with the control maps of another one."""
    return replace(item, attempt=replace(item.attempt, control_uris=other.attempt.control_uris))


def judge(store, items, config=CONFIG, **more):
    return gate_shard(items, store, config, CONTROL, **more)


def reasons(rows):
    return {row["attempt_id"]: row["reason"] for row in rows["syntheses"]}


def pixels_of(store, item):
    return np.asarray(load_photo(store.read_bytes(item.image["uri"])))


def test_images_that_follow_their_control_pass(store, items):
    rows = judge(store, items)
    passed = [row for row in rows["syntheses"] if row["accepted"]]
    assert len(passed) >= 0.6 * len(items)
    assert all(row["edge_f1"] >= CONFIG.min_edge_f1["canny"] for row in passed)
    assert all(row["reason"] is None for row in passed)
    accepted = {row["image_id"] for row in passed}
    assert {image["image_id"] for image in rows["images"]} == accepted
    assert len(rows["rejects"]) == len(items) - len(passed)
    assert store.write_shard("syntheses", "k", rows["syntheses"])["rows"] == len(items)


def test_images_of_another_control_are_stopped(store, items):
    families = {}
    for item in items:
        families.setdefault(item.attempt.category, item)
    one, other = families[16], families[21]
    rows = judge(store, [controlled_by(one, other)])
    assert reasons(rows)[one.attempt.attempt_id] == "edges_lost"
    assert rows["images"] == []
    reject = rows["rejects"][0]
    assert reject["stage"] == "gate" and reject["item"] == one.attempt.attempt_id
    assert "less than" in reject["detail"]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_image_is_stopped(store, items, level):
    blank = replaced(store, items[0], np.full((64, 64, 3), level, np.uint8))
    assert set(reasons(judge(store, [blank])).values()) == {"blank"}


def test_the_parent_again_is_stopped(store, items):
    parent = load_photo(store.read_bytes(items[0].attempt.parent["uri"]))
    copy = replaced(store, items[0], np.asarray(parent))
    assert set(reasons(judge(store, [copy])).values()) == {"copy_of_parent"}


def family(store, items):
    """Three children of one parent that look the same, and one that does not."""
    children = [i for i in items if i.attempt.category == 21]
    picture = pixels_of(store, children[0])
    return [replaced(store, child, picture) for child in children[:3]]


def test_of_equal_siblings_the_smallest_attempt_stays_in_any_order(store, items):
    children = family(store, items)
    smallest = min(child.attempt.attempt_id for child in children)
    verdicts = reasons(judge(store, children))
    assert verdicts.pop(smallest) is None
    assert set(verdicts.values()) == {"copy_of_sibling"}
    shuffled = list(items)
    random.Random(0).shuffle(shuffled)
    assert reasons(judge(store, shuffled)) == reasons(judge(store, items))


def test_a_rejected_sibling_shadows_nobody(store, items):
    children = sorted(family(store, items), key=lambda c: c.attempt.attempt_id)
    other = next(i for i in items if i.attempt.category != children[0].attempt.category)
    first = children[0] = controlled_by(children[0], other)
    verdicts = reasons(judge(store, children))
    assert verdicts[first.attempt.attempt_id] == "edges_lost"
    assert verdicts[children[1].attempt.attempt_id] is None


def test_two_attempts_with_one_result_give_one_image_row(store, items):
    children = family(store, items)
    rows = judge(store, children, GateConfig(copy_distance=0))
    assert len(rows["images"]) == 1
    assert len(rows["syntheses"]) == len(children)


def test_a_label_check_can_stop_an_image_and_its_score_is_kept(store, items):
    class Doubtful:
        name = "doubtful"

        def __call__(self, image, category):
            assert image.shape == (64, 64, 3) and image.dtype == np.uint8
            return 0.2 if category == 16 else 0.9

    rows = judge(store, items, label_check=Doubtful())
    for row in rows["syntheses"]:
        assert row["label_score"] == (0.2 if row["category"] == 16 else 0.9)
        if row["category"] == 16:
            assert row["reason"] in ("label_lost", "edges_lost", "copy_of_parent")
    assert "label_lost" in {row["reason"] for row in rows["rejects"]}


def test_hash_distance_counts_bits():
    assert hash_distance("00ff", "00fe") == 1
    assert hash_distance("0" * 16, "f" * 16) == 64
    assert hash_distance(None, "00") is None
