"""A shard of attempts carries the control maps of its own parents, in the plan's order."""

import json
from pathlib import Path

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import sha256
from joppo.data.store.shards import partition
from joppo.data.store.store import Store
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import PlanConfig, attempt_group, make_plan
from joppo.tasks import plan as planning


def test_each_shard_has_the_maps_of_its_parents(tmp_path: Path) -> None:
    photos = []
    for index in range(60):
        image = {"image_id": sha256(f"{index}".encode()), "split": "train"}
        label = {"categories": [index % 7 // 5 + 1], "split": "train"}
        photos.append(LabelledPhoto(image, label, known_depth_uri=f"depth/{index}"))
    made = make_plan(photos, PlanConfig(temperature=1), ControlConfig(), "k")
    maps, store = planning._maps_by_parent(made), Store(tmp_path)
    shards = partition(map(attempt_group, made.attempts), 8)
    assert len(shards) > 2
    for part in shards:
        written = planning._write(part, maps, store)
        content = json.loads(store.read_bytes(written["uri"]))
        parents = {attempt["parent"]["image_id"] for attempt in part}
        expected = [item for item in made.controls if item["image"]["image_id"] in parents]
        assert content["controls"] == expected and len(expected) >= len(parents)
        assert written["attempts"] == len(content["attempts"]) == len(part)
