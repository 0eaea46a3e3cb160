"""Publish a snapshot of all that the stages wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from data.corpus import publish
from data.store import Store
from tasks.retrying import BACKOFF, JITTER, RETRIES, retry_transient


# Not cached: publishing the same shards again changes nothing but `latest`, which is wanted.
@task(
    name="publish",
    cache_policy=NO_CACHE,
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_transient,
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
