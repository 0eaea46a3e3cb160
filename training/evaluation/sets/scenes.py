"""Rendered photos as an evaluation set: every truth is known, attributes included.

Scenes of a seed that no corpus was built from are held out; those of another style are out of
domain.
"""

import json
from functools import partial
from typing import Any

from joppo.data.scenes.scene_source import DATASET, RECIPE_VERSION, render_shard, scene_items
from joppo.data.store.hashing import SHORT, content_hash, unit_interval
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.evaluation.items import EvaluationSet, distinct
from joppo.training.evaluation.make_items import make_items


def scenes_set(config: SetConfig, store: Store, rubric: Rubric) -> EvaluationSet:
    """Render the scenes into the store, unless they are there, and ask about them.

    Raises:
        StoreError: the store cannot be written.
    """
    assert config.scenes is not None
    photos = _rendered(config, store)
    photos.sort(key=lambda photo: unit_interval("evaluate", photo["image"]["image_id"]))
    items = [
        item
        for photo in photos[: config.limit]
        for item in make_items(
            photo["image"],
            photo["label"],
            partial(store.read_bytes, photo["image"]["uri"]),
            rubric,
            config,
        )
    ]
    kept, rejects = distinct(items)
    return EvaluationSet(config.name, DATASET, kept, rejects)


def _rendered(config: SetConfig, store: Store) -> list[dict[str, Any]]:
    """`image` and `label` rows of each scene; a list in the store says what was rendered."""
    assert config.scenes is not None
    key = content_hash(RECIPE_VERSION, config.scenes.recipe())[:SHORT]
    uri = f"evaluations/scenes/{key}.json"
    if store.exists(uri):
        listed: list[dict[str, Any]] = json.loads(store.read_bytes(uri))
        return listed
    rows = render_shard(scene_items(config.scenes), store, config.scenes)
    photos = [
        {"image": image, "label": label}
        for image, label in zip(rows["images"], rows["labels"], strict=True)
    ]
    store.write_bytes(uri, json.dumps(photos).encode())
    return photos
