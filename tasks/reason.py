"""Reasoning over the photos of one shard, by whichever teachers the config names."""

from typing import Any

from data.labelled import labelled_photos
from data.reasoning import RECIPE_VERSION, ReasoningConfig, reason_shard
from tasks.manifest import Manifest, load
from tasks.shard_task import Step, shard_task


@shard_task("reason", RECIPE_VERSION)
def reason(photos: Manifest, step: Step) -> Manifest:
    """Ask, parse and check: photos of a manifest become training conversations."""
    config = ReasoningConfig.model_validate(step.config["reasoning"])
    items = _items(photos, step)
    return step.save(reason_shard(items, step.store, config, ask=_ask(step)))


def _items(photos: Manifest, step: Step) -> list[dict[str, Any]]:
    """Photos with label and, where they were synthesized, the attempt that made them."""
    images, labels, syntheses = (
        load(step.store, photos, table) for table in ("images", "labels", "syntheses")
    )
    made = {row["image_id"]: row for row in syntheses if row["accepted"]}
    return [
        item | {"synthesis": made.get(item["image"]["image_id"])}
        for item in labelled_photos(images, labels)
    ]


def _ask(step: Step) -> Any:
    """The gateway to paid teachers, or None for the offline teacher alone."""
    if not step.settings.get("teachers"):
        return None
    from data.teachers.config import TeachersConfig
    from data.teachers.gateway import make_ask

    return make_ask(TeachersConfig.model_validate(step.settings["teachers"]), step.store.root)
