"""How a flow submits the shards of a stage: where results live, progress, and what failed."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from prefect.filesystems import RemoteFileSystem, WritableFileSystem
from prefect.futures import PrefectFuture, as_completed
from prefect.states import State
from prefect.task_runners import TaskRunner
from prefect.tasks import Task

from joppo.data.config import StageConfig
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.flows.interruptible_threads import InterruptibleThreads
from joppo.tasks.manifest import Manifest
from joppo.tasks.progress import ProgressArtifact

Futures = Sequence[PrefectFuture[Manifest]]


class ShardsFailedError(RuntimeError):
    """Some shards of a run failed after their retries; what the others made is kept."""


def task_runner() -> TaskRunner[Any]:
    """Threads on this machine, or a Ray cluster: `JOPPO_RUNNER` is `threads` (default) or `ray`.

    `JOPPO_WORKERS` bounds the threads (default: the number of cores, at least 2); with Ray,
    `RAY_ADDRESS` names the cluster as Ray itself reads it.

    Raises:
        ValueError: another value of `JOPPO_RUNNER`.
    """
    kind = os.environ.get("JOPPO_RUNNER", "threads")
    if kind == "threads":
        default = max(2, os.cpu_count() or 2)
        return InterruptibleThreads(max_workers=int(os.environ.get("JOPPO_WORKERS", default)))
    if kind == "ray":
        from prefect_ray import RayTaskRunner

        return RayTaskRunner()
    raise ValueError(f"JOPPO_RUNNER is {kind!r}; use 'threads' or 'ray'")


def result_storage(store: Store) -> Path | WritableFileSystem:
    """Results lie beside the store, so that a new machine or an ephemeral worker finds them."""
    if "://" not in store.root:
        return Path(store.root) / "results"
    block = RemoteFileSystem(basepath=f"{store.root.rstrip('/')}/results")
    block.save(f"joppo-results-{content_hash(store.root)[:SHORT]}", overwrite=True)
    return block


class StageRunner:
    """Submits tasks for one store, follows them, and reports what failed at the end."""

    def __init__(self, store: Store) -> None:
        self.store, self.root = store, store.root
        self._storage = result_storage(store)
        self._stages: list[tuple[str, Futures]] = []

    def map(
        self,
        task: Task[..., Manifest],
        shards: Iterable[Any],
        config: StageConfig,
        after: Sequence[PrefectFuture[Any]] = (),
        settings: dict[str, Any] | None = None,
    ) -> list[PrefectFuture[Manifest]]:
        """One task run per shard; a shard that is a future draws an edge, and so does `after`."""
        bound = task.with_options(result_storage=self._storage)
        values = {"config": config.as_dict(), "recipe": config.recipe()}
        values |= {"store": self.root, "settings": settings}
        futures = [bound.submit(shard, **values, wait_for=list(after)) for shard in shards]
        self._stages.append((task.name, futures))
        return futures

    def value(self, future: PrefectFuture[Any]) -> Any:
        """Result that the flow itself needs, e.g. which shards there are.

        Raises:
            ShardsFailedError: it, or something it waits for, failed.
        """
        future.wait()
        if not future.state.is_completed():
            self.follow()
        return future.result()

    def follow(self) -> None:
        """Wait for all submitted shards, with one progress artifact per stage.

        Raises:
            ShardsFailedError: naming each failed stage with its count and first error.
        """
        problems = [p for name, futures in self._stages if (p := _follow(name, futures))]
        if problems:
            raise ShardsFailedError(
                "; ".join(problems) + ". Finished shards are kept: run again to do only the rest."
            )


def _failure(state: State[Any]) -> list[str]:
    """The error of a failed run; a run that waited for a failed one is not counted again."""
    if not (state.is_failed() or state.is_crashed() or state.is_cancelled()):
        return []
    error = state.result(raise_on_failure=False)
    return [f"{type(error).__name__}: {error}"]


def _follow(stage: str, futures: Futures) -> str | None:
    """Wait for the shards of a stage; how many failed, and why the first did."""
    if not futures:
        return None
    total, failed = len(futures), list[str]()
    progress = ProgressArtifact(f"progress-{stage}", f"{stage}: shards done of {total}")
    progress.show(0, total)
    for done, future in enumerate(as_completed(list(futures)), start=1):
        future.wait()  # until then `state` asks the server, which may not have heard of the end
        failed += _failure(future.state)
        progress.show(done, total)
    return f"{len(failed)} of {total} shards of {stage} failed ({failed[0]})" if failed else None
