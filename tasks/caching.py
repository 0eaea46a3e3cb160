"""The cache key of a shard, and when a cached manifest may be trusted.

A key holds the stage, its `RECIPE_VERSION`, the content of the shard and the recipe of the stage's
config (`StageConfig.recipe`): no run id, no time, no path, nothing that only shapes how the work is
done. A result that is found under the key counts only while the files it names exist and no answer
is missing; otherwise the next generation of the key is used and the work is done again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.results import get_result_store

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.tasks.manifest import Manifest


def identity(value: Any) -> Any:
    """What of a task's input makes its content: keys of shards, digests of what stages wrote."""
    if isinstance(value, list | tuple):
        return [identity(v) for v in value]
    if isinstance(value, dict) and "refs" in value:
        digests = [(ref["table"], ref["digest"]) for ref in value["refs"]]
        return [value["stage"], sorted(digests), value.get("extra")]
    if isinstance(value, dict) and "items" in value and "key" in value:
        return value["key"]
    return value


def shard_key(stage: str, version: int | str, shard: Any, recipe: dict[str, Any]) -> str:
    """Short content hash (16 hex) that names a shard's output."""
    return content_hash(stage, version, identity(shard), recipe)[:SHORT]


def files_exist(store: Store, manifest: Manifest) -> bool:
    """Whether everything that a manifest names is in the store."""
    uris: Iterable[str] = manifest.get("files", [])
    return all(store.has_shard(r) for r in manifest["refs"]) and all(map(store.exists, uris))


def finished(store: Store, manifest: Manifest) -> bool:
    """Whether a manifest is that of finished work, and all that it names is in the store.

    A shard with answers missing (`extra.missing`) is done again: teachers are asked for these only.
    """
    return not manifest.get("extra", {}).get("missing") and files_exist(store, manifest)


@dataclass(kw_only=True)
class ContentKey(CachePolicy):
    """Cache by content across runs; see the module's docstring.

    The task takes its shard, its recipe and the store's root as `shard`, `recipe` and `store`.
    """

    stage: str = ""
    version: int | str = 0
    trusted: Callable[[Store, Manifest], bool] = finished

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        base = shard_key(self.stage, self.version, inputs["shard"], inputs["recipe"])
        store, results = Store(inputs["store"]), get_result_store()
        keys = (f"{self.stage}-{base}-{generation}" for generation in count())
        return next(
            key
            for key in keys
            if not results.exists(key) or self.trusted(store, results.read(key).result)
        )
