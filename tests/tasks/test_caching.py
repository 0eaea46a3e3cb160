"""Shards are cached by content across runs, and a manifest is trusted only with its files."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from prefect import flow, task

from joppo.data.config import OPERATIONAL, StageConfig
from joppo.data.store.store import Store
from joppo.flows.runner import StageRunner
from joppo.tasks.caching import ContentKey, identity, shard_key
from joppo.tasks.manifest import Manifest, Shard, save
from joppo.tasks.shard_task import Step, shard_task

ROW = {"stage": "read", "item": "a:1", "reason": "bad", "detail": "d"}


def test_key_follows_content_config_and_recipe_alone() -> None:
    shard = Shard(key="abc", items=[{"path": "/somewhere"}])
    moved = Shard(key="abc", items=[{"path": "/elsewhere"}])
    base = shard_key("s", 1, shard, {"a": 1, "b": 2})
    assert base == shard_key("s", 1, moved, {"b": 2, "a": 1})
    others = [
        shard_key("t", 1, shard, {"a": 1, "b": 2}),
        shard_key("s", 2, shard, {"a": 1, "b": 2}),
        shard_key("s", 1, shard, {"a": 1, "b": 3}),
        shard_key("s", 1, Shard(key="abd", items=[]), {"a": 1, "b": 2}),
    ]
    assert len({base, *others}) == 5


def test_identity_of_a_manifest_is_what_it_wrote(tmp_path: Path) -> None:
    one = save(Store(tmp_path / "one"), "s", "k", {"rejects": [ROW]})
    two = save(Store(tmp_path / "two"), "s", "other-key", {"rejects": [ROW]})
    three = save(Store(tmp_path / "one"), "s", "k2", {"rejects": [ROW, ROW]})
    assert identity(one) == identity(two)
    assert identity([one]) != identity([three])


@pytest.mark.usefixtures("prefect_backend")
def test_work_is_done_once_and_again_when_its_file_is_lost(tmp_path: Path) -> None:
    calls = []

    @task(
        cache_policy=ContentKey(stage="t", version=1), persist_result=True, result_serializer="json"
    )
    def work(shard: Shard, recipe: dict[str, Any], store: str) -> Manifest:
        calls.append(shard["key"])
        return save(Store(store), "t", shard["key"], {"rejects": [ROW]})

    @flow
    def run(key: str) -> Manifest:
        bound = work.with_options(result_storage=tmp_path / "results")
        return bound(Shard(key=key, items=[]), {"x": 1}, str(tmp_path))

    first = run("a")
    assert run("a") == first
    assert calls == ["a"]
    run("b")
    assert calls == ["a", "b"]
    (tmp_path / first["refs"][0]["uri"]).unlink()
    assert run("a") == first
    assert calls == ["a", "b", "a"]
    run("a")
    assert calls == ["a", "b", "a"]


class Work(StageConfig):
    """A stage whose output follows from its steps alone."""

    steps: int = 1
    device: Annotated[str, OPERATIONAL] = "cpu"


@pytest.mark.usefixtures("prefect_backend")
def test_operational_values_find_what_is_done_and_reach_what_is_not(tmp_path: Path) -> None:
    done: list[tuple[int, str]] = []

    @shard_task("t", 1)
    def work(shard: Shard, step: Step) -> Manifest:
        done.append((step.config["steps"], step.config["device"]))
        return step.save({"rejects": [ROW]})

    @flow
    def run(config: Work) -> None:
        stages = StageRunner(Store(tmp_path))
        stages.map(work, [Shard(key="a", items=[])], config)
        stages.follow()

    run(Work())
    run(Work(device="cuda"))
    assert done == [(1, "cpu")]
    run(Work(steps=2, device="cuda"))
    assert done == [(1, "cpu"), (2, "cuda")]
