"""A shard of attempts carries the control maps of its own parents, in the plan's order."""

from pathlib import Path

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import sha256
from joppo.data.store.shards import partition
from joppo.data.store.store import Store
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import attempt_group, make_plan
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.tasks.plan import planned_shards, read_planned, write_planned


def test_each_shard_has_the_maps_of_its_parents(tmp_path: Path) -> None:
    photos = []
    for index in range(60):
        image = {"image_id": sha256(f"{index}".encode()), "split": "train"}
        label = {"categories": [index % 7 // 5 + 1], "split": "train"}
        photos.append(LabelledPhoto(image, label, known_depth_uri=f"depth/{index}"))
    made = make_plan(photos, PlanConfig(temperature=1), ControlConfig(), "k")
    store, groups = Store(tmp_path), partition(map(attempt_group, made.attempts), 8)
    assert len(groups) > 2
    for attempts, shard in zip(groups, planned_shards(groups, made.maps), strict=True):
        written = write_planned(shard, store)
        parents = {attempt.parent_id for attempt in attempts}
        expected = [request for request in made.maps if request.image_id in parents]
        assert shard.maps == expected and len(expected) >= len(parents)
        assert written["attempts"] == len(shard.attempts) == len(attempts)
        assert read_planned(written["uri"], store) == shard
