"""build-sft-data: labelled photos in, a versioned corpus of reasoning text out.

    prefect deployment run build-sft-data
    joppo build configs/embedded/build-sft-data.yaml

Every stage works in shards that are cached by content, so a second run does only what is new.
"""

from pathlib import Path
from typing import Any

from prefect import flow

from data.hashing import content_hash
from data.store import Store
from flows.build_config import BuildSftDataConfig
from flows.config import load_config
from flows.runner import StageRunner, task_runner
from tasks.ingest import ingest
from tasks.listing import list_photos
from tasks.publish import publish_snapshot
from tasks.reason import reason
from tasks.report import report


@flow(name="build-sft-data", task_runner=task_runner())
def build_sft_data(
    config: str = "configs/embedded/build-sft-data.yaml",
    store: str | None = None,
    overrides: dict[str, Any] | None = None,
) -> str:
    """Build the corpus of a config and return the version of its snapshot."""
    c = load_config(BuildSftDataConfig, config, overrides)
    base = str(Path(config).parent)
    run = StageRunner(Store(store) if store else Store.from_env())

    listing = list_photos.submit(c.source.as_dict(), base, c.shard_size, run.root)
    shards = listing.result()["shards"]
    photos = run.map(ingest, shards, c.ingest, after=[listing])
    texts = run.map(reason, photos, c.reason_stage, settings=c.reason_settings)
    run.follow()

    inputs = {"source": content_hash([shard["key"] for shard in shards])}
    version = publish_snapshot.submit(
        [listing, *photos, *texts], run.root, config_hash=c.hash(), inputs=inputs
    )
    report.submit(version, run.root).result()
    return version.result()
