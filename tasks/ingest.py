"""Photos into the store, one shard at a time."""

from joppo.data.datasets.ingest import RECIPE_VERSION, IngestConfig, ingest_shard
from joppo.data.datasets.item import Item
from joppo.tasks.manifest import Manifest, Shard
from joppo.tasks.shard_task import Step, shard_task


@shard_task("ingest", RECIPE_VERSION)
def ingest(shard: Shard, step: Step) -> Manifest:
    """Verify, decode and store the photos of a shard with their labels."""
    config = IngestConfig.model_validate(step.config)
    items = [Item.from_dict(item) for item in shard["items"]]
    return step.save(ingest_shard(items, step.store, config))
