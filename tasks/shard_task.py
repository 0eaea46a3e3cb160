"""How a function over one shard becomes a Prefect task: cached by content, retried with backoff."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect import task
from prefect.tasks import Task

from joppo.data.store.store import Store
from joppo.tasks.caching import ContentKey, shard_key
from joppo.tasks.interrupting import interruptible
from joppo.tasks.manifest import Manifest, Rows, save
from joppo.tasks.retrying import RETRY


@dataclass(frozen=True, slots=True)
class Step:
    """What a stage's function has at hand beside its shard.

    Of `config` only the recipe is part of the cache key; of `settings` nothing is (speed, budgets:
    what changes how the work is done but not what comes out).
    """

    stage: str
    key: str
    store: Store
    config: dict[str, Any]
    settings: dict[str, Any]

    def save(self, rows: Rows, **more: Any) -> Manifest:
        """Write the rows and account for them."""
        return save(self.store, self.stage, self.key, rows, **more)


Work = Callable[[Any, Step], Manifest]


def shard_task(stage: str, version: int | str) -> Callable[[Work], Task[..., Manifest]]:
    """Make `work(shard, step)` a task `(shard, config, recipe, store, settings)`.

    The task takes JSON-able values only: a shard, or the manifest of the stage before; the config
    as a dict, and its recipe, which is part of the cache key; the store's root. `version` is the
    stage's RECIPE_VERSION: raised when its output changes for the same input, so that nothing old
    is served from the cache.
    """

    def decorate(work: Work) -> Task[..., Manifest]:
        def run(
            shard: Any,
            config: dict[str, Any],
            recipe: dict[str, Any],
            store: str,
            settings: Mapping[str, Any] | None = None,
        ) -> Manifest:
            key = shard_key(stage, version, shard, recipe)
            with interruptible():
                return work(shard, Step(stage, key, Store(store), config, dict(settings or {})))

        return task(
            run,
            name=stage,
            description=(work.__doc__ or stage).strip(),
            cache_policy=ContentKey(stage=stage, version=version),
            persist_result=True,
            result_serializer="json",
            **RETRY,
        )

    return decorate
