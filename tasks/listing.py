"""List sources and cut them into shards of content-hashed items. Photos are hashed, not decoded."""

from collections.abc import Sequence
from typing import Any, TypedDict

from prefect import task
from prefect.cache_policies import NO_CACHE

from joppo.data.datasets.base import Reject
from joppo.data.datasets.item import Item
from joppo.data.datasets.sample import sample_sources
from joppo.data.datasets.sources import SourceConfig, list_sources
from joppo.data.scenes.scene_source import (
    SceneSourceConfig,
    item_hash,
    sample_scenes,
    scene_items,
)
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.shards import partition
from joppo.data.store.store import ShardRef, Store
from joppo.tasks.manifest import Shard, save
from joppo.tasks.retrying import RETRY


class Listing(TypedDict):
    """Shards to ingest, and the rejects of reading as a manifest's references."""

    stage: str
    refs: list[ShardRef]
    shards: list[Shard]


# Never cached: what a folder holds is only known by looking.
@task(
    name="list-photos",
    cache_policy=NO_CACHE,
    persist_result=False,
    **RETRY,
)
def list_photos(
    sources: Sequence[dict[str, Any]],
    base: str,
    shard_size: int,
    store: str,
    sample: int | None = None,
) -> Listing:
    """Read the labels, match them with the photos, hash the photos.

    Args:
        sample: at most so many photos, as `data.datasets.sample` chooses them; None for all.
    """
    configs = [SourceConfig.model_validate(source) for source in sources]
    listed = (
        list_sources(configs, base) if sample is None else sample_sources(configs, sample, base)
    )
    items, rejects = [], []
    for found in listed:
        if isinstance(found, Reject):
            rejects.append(found.as_row())
        else:
            # As JSON from here on: items of one hash are sorted by their text.
            items.append((found.key, found.as_dict()))
    rows = sorted(rejects, key=lambda row: (row["item"], row["reason"]))
    manifest = save(Store(store), "read", content_hash(rows)[:SHORT], {"rejects": rows})
    shards = [_shard(part) for part in partition(items, shard_size)]
    return Listing(stage="read", refs=manifest["refs"], shards=shards)


@task(name="list-scenes", cache_policy=NO_CACHE, persist_result=False)
def list_scenes(scenes: dict[str, Any], shard_size: int, sample: int | None = None) -> Listing:
    """The scenes that a config asks for; see `list_photos` for `sample`."""
    config = SceneSourceConfig.model_validate(scenes)
    chosen = scene_items(config) if sample is None else sample_scenes(config, sample)
    items = [(item_hash(item, config), (item_hash(item, config), item)) for item in chosen]
    shards = [
        Shard(key=content_hash([key for key, _ in part])[:SHORT], items=[item for _, item in part])
        for part in partition(items, shard_size)
    ]
    return Listing(stage="read", refs=[], shards=shards)


def _shard(items: list[Any]) -> Shard:
    key = content_hash([Item.from_dict(item).content() for item in items])[:SHORT]
    return Shard(key=key, items=items)
