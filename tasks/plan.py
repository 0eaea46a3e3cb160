"""The long-tail plan over all photos, written as shards of synthesis attempts."""

import json
from typing import Any

from joppo.data.datasets.labelled import LabelledPhoto, labelled_photos
from joppo.data.store.hashing import SHORT, canonical_json, content_hash
from joppo.data.store.shards import partition
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt, MapRequest, PlannedShard
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import RECIPE_VERSION, attempt_group, make_plan
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.tasks.manifest import Manifest, load
from joppo.tasks.shard_task import Step, shard_task


@shard_task("plan", RECIPE_VERSION)
def plan(photos: list[Manifest], step: Step) -> Manifest:
    """Which categories get how many synthetic images, from which parents, and why."""
    config = step.config
    planned = make_plan(
        _photos(photos, step.store),
        PlanConfig.model_validate(config["plan"]),
        ControlConfig.model_validate(config["control"]),
        config["synthesis_key"],
    )
    groups = partition(map(attempt_group, planned.attempts), config["shard_size"])
    shards = [write_planned(one, step.store) for one in planned_shards(groups, planned.maps)]
    return step.save(
        {},
        files=[shard["uri"] for shard in shards],
        extra={"shards": shards, "table": planned.table},
    )


def planned_shards(groups: list[list[Attempt]], maps: list[MapRequest]) -> list[PlannedShard]:
    """Each group of attempts with the maps of its parents, in the order of the plan's maps."""
    by_parent: dict[str, list[tuple[int, MapRequest]]] = {}
    for position, request in enumerate(maps):
        by_parent.setdefault(request.image_id, []).append((position, request))
    shards = []
    for attempts in groups:
        parents = {attempt.parent_id for attempt in attempts}
        needed = [pair for parent in parents for pair in by_parent.get(parent, ())]
        needed.sort(key=lambda pair: pair[0])
        shards.append(PlannedShard(attempts, [request for _, request in needed]))
    return shards


def write_planned(shard: PlannedShard, store: Store) -> dict[str, Any]:
    """Write a shard to `plans/<key>.json`; returns what the next task takes: its key and URI."""
    content = shard.as_dict()
    key = content_hash(content)[:SHORT]
    uri = f"plans/{key}.json"
    store.write_bytes(uri, canonical_json(content).encode())
    return {"key": key, "items": [], "uri": uri, "attempts": len(shard.attempts)}


def read_planned(uri: str, store: Store) -> PlannedShard:
    """A shard that `write_planned` wrote.

    Raises:
        FileNotFoundError: it is not in the store.
    """
    return PlannedShard.from_dict(json.loads(store.read_bytes(uri)))


def _photos(manifests: list[Manifest], store: Store) -> list[LabelledPhoto]:
    """The photos that have a label, each with its known depth if there is one."""
    tables = {
        table: [row for manifest in manifests for row in load(store, manifest, table)]
        for table in ("images", "labels", "controls")
    }
    known_depths = {
        row["image_id"]: row["uri"]
        for row in tables["controls"]
        if row["kind"] == "depth" and row["source"] == "known"
    }
    photos = labelled_photos(tables["images"], tables["labels"], known_depths)
    return [photo for photo in photos if photo.label is not None]
