"""How a function over one shard becomes a Prefect task: cached by content, retried with backoff."""

from collections.abc import Callable
from typing import Any

from prefect import task
from prefect.tasks import Task

from data.store import Store
from tasks.caching import ContentKey, shard_key
from tasks.manifest import Manifest
from tasks.retrying import BACKOFF, JITTER, RETRIES, retry_transient

Work = Callable[[Any, dict[str, Any], Store, str], Manifest]


def shard_task(stage: str, recipe: int | str) -> Callable[[Work], Task[..., Manifest]]:
    """Make `work(shard, config, store, key)` a task `(shard, config, store)` named by its stage.

    The task takes JSON-able values only: a shard, or the manifest of the stage before; the config
    as a dict; the store's root. `recipe` is the stage's RECIPE_VERSION: raised when its output
    changes for the same input, so that nothing old is served from the cache.
    """

    def decorate(work: Work) -> Task[..., Manifest]:
        def run(shard: Any, config: dict[str, Any], store: str) -> Manifest:
            return work(shard, config, Store(store), shard_key(stage, recipe, shard, config))

        run.__doc__ = work.__doc__
        return task(
            run,
            name=stage,
            description=(work.__doc__ or stage).strip(),
            cache_policy=ContentKey(stage=stage, recipe=recipe),
            persist_result=True,
            result_serializer="json",
            retries=RETRIES,
            retry_delay_seconds=BACKOFF,
            retry_jitter_factor=JITTER,
            retry_condition_fn=retry_transient,
        )

    return decorate
