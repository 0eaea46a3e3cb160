"""Snapshot rows become datasets; photos are opened late and their loss is named."""

from pathlib import Path
from typing import Any

import pytest

import joppo.training.trainer.examples as examples
from benchmarks.scene_corpus import build
from joppo.data.corpus.publish import CorpusNotFoundError
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.training.config import SftConfig
from joppo.training.trainer.examples import (
    PhotoMissingError,
    SnapshotError,
    held_out_rows,
    mix,
    preference_dataset,
    preference_rows,
    resolve_snapshot,
    sft_dataset,
    sft_rows,
    template_of,
    training_rows,
)
from joppo.training.trainer.prepare import prepare


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, str]:
    store = Store(tmp_path_factory.mktemp("store"))
    return store, build(store, SceneSourceConfig(per_category=1, size=48))


def _row(key: str, task: str = "composition") -> dict[str, Any]:
    return {"key": key, "task": task}


def test_weights_repeat_keep_a_share_or_drop() -> None:
    rows = [_row(f"{i}") for i in range(400)] + [_row(f"p{i}", "perspective") for i in range(10)]
    twice = mix(rows, {"composition": 2.0})
    assert len(twice) == 800
    half = mix(rows, {"composition": 0.5})
    assert 150 < len(half) < 250
    assert half == mix(list(rows), {"composition": 0.5})
    assert {row["task"] for row in mix(rows, {"perspective": 1.0})} == {"perspective"}


def test_nothing_left_names_tasks_and_weights() -> None:
    with pytest.raises(SnapshotError, match=r"composition.*'score': 1"):
        mix([_row("1")], {"score": 1.0})


def test_templates_choose_the_questions(corpus: Any) -> None:
    store, _ = corpus
    wanted = ("composition-open-*", "aesthetic-open-score")
    config = SftConfig(base="embedded", templates=wanted, task_weights={"composition": 2.0})
    run = prepare(config, store)
    found = {template_of(row) for row in training_rows(run)}
    assert found and all(one.startswith("composition-open-") for one in found)
    assert {template_of(row) for row in held_out_rows(run)} <= found | {"composition-open-name"}
    none = prepare(config.model_copy(update={"templates": ("composition-open",)}), store)
    with pytest.raises(SnapshotError, match="name more templates"):
        training_rows(none)


def test_sft_rows_open_their_photo_and_split_prompt_from_completion(corpus: Any) -> None:
    store, version = corpus
    rows = sft_rows(store, version, "train")
    first = sft_dataset(rows, store)[0]
    assert set(first) == {"prompt", "completion", "images"}
    assert [m["role"] for m in first["prompt"]] == ["user"]
    assert first["completion"][0]["content"].startswith("<think>")
    assert first["images"][0].size == (48, 48)


def test_preference_rows_carry_what_the_rewards_need(corpus: Any) -> None:
    store, version = corpus
    rows = preference_rows(store, version, "train")
    dataset = preference_dataset(rows, store)
    assert len(dataset) == len(rows)
    row = dataset[0]
    assert {"prompt", "images", "photo", "task", "mos", "answer", "choices"} == set(row)
    assert {r["task"] for r in rows} == {"score", "composition", "perspective"}


def test_a_missing_photo_is_named_with_the_remedy(corpus: Any, tmp_path: Path) -> None:
    store, version = corpus
    rows = [{**preference_rows(store, version, "train")[0], "uri": "images/00/gone.jpg"}]
    with pytest.raises(PhotoMissingError, match=r"images/00/gone\.jpg.*last checkpoint"):
        preference_dataset(rows, store)[0]


def test_a_snapshot_of_another_schema_is_refused(
    corpus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, version = corpus
    assert resolve_snapshot(store, None) == version
    monkeypatch.setattr(examples, "SCHEMA_VERSION", 99)
    with pytest.raises(SnapshotError, match="this code reads 99: publish it again"):
        resolve_snapshot(store, version)


def test_no_snapshot_says_what_makes_one() -> None:
    with pytest.raises(CorpusNotFoundError, match="make demo"):
        resolve_snapshot(Store("memory://no-corpus"), None)
