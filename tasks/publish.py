"""Publish a snapshot of all that the stages wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from joppo.data.corpus.publish import publish
from joppo.data.store.store import Store
from joppo.tasks.retrying import RETRY


# Not cached: publishing the same shards again changes nothing but `latest`, which is wanted.
@task(
    name="publish",
    cache_policy=NO_CACHE,
    **RETRY,
)
def publish_snapshot(
    manifests: Sequence[Mapping[str, Any]],
    store: str,
    config_hash: str,
    inputs: Mapping[str, str],
) -> str:
    """The version of the snapshot; the same shards give the same version."""
    replaced = {u for m in manifests for u in m.get("extra", {}).get("replaced", ())}
    refs = [r for m in manifests for r in m["refs"] if r["uri"] not in replaced]
    return publish(Store(store), refs, config_hash=config_hash, inputs=inputs)
