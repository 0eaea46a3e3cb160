"""The long-tail plan over all photos, written as shards of synthesis attempts."""

from typing import Any

from joppo.data.datasets.labelled import LabelledPhoto, labelled_photos
from joppo.data.store.hashing import SHORT, canonical_json, content_hash
from joppo.data.store.shards import partition
from joppo.data.store.store import Store
from joppo.data.synthesis.control_maps import ControlConfig
from joppo.data.synthesis.long_tail_plan import (
    RECIPE_VERSION,
    Plan,
    PlanConfig,
    attempt_group,
    make_plan,
)
from joppo.tasks.manifest import Manifest, load
from joppo.tasks.shard_task import Step, shard_task


@shard_task("plan", RECIPE_VERSION)
def plan(photos: list[Manifest], step: Step) -> Manifest:
    """Which categories get how many synthetic images, from which parents, and why."""
    config = step.config
    made = make_plan(
        _photos(photos, step.store),
        PlanConfig.model_validate(config["plan"]),
        ControlConfig.model_validate(config["control"]),
        config["synthesis_key"],
    )
    maps = _maps_by_parent(made)
    shards = [
        _write(part, maps, step.store)
        for part in partition(map(attempt_group, made.attempts), config["shard_size"])
    ]
    return step.save(
        {},
        files=[shard["uri"] for shard in shards],
        extra={"shards": shards, "table": made.table},
    )


def _photos(manifests: list[Manifest], store: Store) -> list[LabelledPhoto]:
    """The photos that have a label, each with its known depth if there is one."""
    tables = {
        table: [row for manifest in manifests for row in load(store, manifest, table)]
        for table in ("images", "labels", "controls")
    }
    known = {
        row["image_id"]: row["uri"]
        for row in tables["controls"]
        if row["kind"] == "depth" and row["source"] == "known"
    }
    photos = labelled_photos(tables["images"], tables["labels"], known)
    return [photo for photo in photos if photo.label is not None]


def _maps_by_parent(made: Plan) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Parent -> its control maps with their places in the plan."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for place, item in enumerate(made.controls):
        found.setdefault(item["image"]["image_id"], []).append((place, item))
    return found


def _write(
    attempts: list[dict[str, Any]],
    maps: dict[str, list[tuple[int, dict[str, Any]]]],
    store: Store,
) -> dict[str, Any]:
    """One shard of attempts with the control maps that they need, as a file of the store."""
    parents = {attempt["parent"]["image_id"] for attempt in attempts}
    needed = sorted((m for p in parents for m in maps.get(p, ())), key=lambda found: found[0])
    content = {"attempts": attempts, "controls": [item for _, item in needed]}
    key = content_hash(content)[:SHORT]
    uri = f"plans/{key}.json"
    store.write_bytes(uri, canonical_json(content).encode())
    return {"key": key, "items": [], "uri": uri, "attempts": len(attempts)}
