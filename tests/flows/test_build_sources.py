"""A build of two sources: PICD states compositions, CADB scores; training takes both."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from joppo.data.corpus.query import run_query
from joppo.data.datasets.cadb import SCORES
from joppo.data.store.store import Store
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.build_sft_data import build_sft_data
from joppo.training.config import JoppoConfig, LaunchConfig, SftConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import training_rows
from joppo.training.trainer.preflight import before_launch
from tests.data.datasets.reading import FIXTURES
from tests.flows.test_build_photos import photo

PICD = {"kind": "picd", "labels": "picd/labels_PICD.csv", "images": "picd/images"}
CADB = {"kind": "cadb", "labels": "cadb", "images": "cadb/images"}
COMPOSED = ("000001.jpg", "000002.jpg", "048594.jpg", "048939.jpg", "000009.jpg")
SCORED = ("10003.jpg", "plain.jpg", "965.jpg")


@pytest.fixture(scope="module")
def corpus(
    tmp_path_factory: pytest.TempPathFactory, prefect_backend: None
) -> tuple[Store, str, Path]:
    """The readers' label files with made-up photos; CADB's test photo is PICD's last as well."""
    base = tmp_path_factory.mktemp("sources")
    for seed, (dataset, name) in enumerate(
        [*(("picd", name) for name in COMPOSED), *(("cadb", name) for name in SCORED)]
    ):
        folder = base / dataset / "images"
        if not folder.exists():
            shutil.copytree(FIXTURES / dataset, base / dataset)
            folder.mkdir()
        photo(folder / name, seed)
    shutil.copy(base / "picd" / "images" / COMPOSED[-1], base / "cadb" / "images" / SCORED[-1])
    split = {"train": 1, "validation": 0, "test": 0}
    config = {"sources": [PICD, CADB], "shard_size": 4, "ingest": {"split": split}}
    (base / "build.yaml").write_text(yaml.safe_dump(config))
    version = build_sft_data(str(base / "build.yaml"), store=str(base / "store"))
    return Store(base / "store"), version, base


def ask(store: Store, sql: str) -> list[dict[str, Any]]:
    return run_query(store, sql).to_pylist()


def test_labels_keep_their_dataset_and_what_it_does_not_state_is_null(corpus: Any) -> None:
    store, _, base = corpus
    rows = ask(store, "SELECT dataset, item, categories, mos, split FROM labels ORDER BY ALL")
    picd = {row["item"]: row for row in rows if row["dataset"] == "picd"}
    cadb = {row["item"]: row for row in rows if row["dataset"] == "cadb"}
    assert set(picd) == set(COMPOSED) and set(cadb) == set(SCORED[:2])
    assert all(row["mos"] is None and row["categories"] for row in picd.values())
    assert all(row["mos"] is not None and row["categories"] == [] for row in cadb.values())
    scores = json.loads((base / "cadb" / SCORES).read_text(encoding="utf-8"))
    assert cadb["plain.jpg"]["mos"] == (scores["plain.jpg"]["mean"] - 1) / 4
    origins = ask(store, "SELECT origin, count(*) AS n FROM images GROUP BY origin ORDER BY origin")
    assert origins == [{"origin": "cadb", "n": 2}, {"origin": "picd", "n": 5}]


def test_a_photo_of_both_is_one_photo_a_reject_and_in_the_stricter_split(corpus: Any) -> None:
    store, _, _ = corpus
    (twice,) = ask(store, "FROM rejects WHERE reason = 'duplicate_photo'")
    assert (twice["stage"], twice["item"]) == ("ingest", SCORED[-1])
    assert twice["detail"].startswith(f"cadb: the same bytes as {COMPOSED[-1]} of picd")
    splits = ask(store, "SELECT item FROM images WHERE split = 'test'")
    assert splits == [{"item": COMPOSED[-1]}]
    for table in ("sft_samples", "preferences"):
        sql = f"FROM {table} JOIN images i USING (image_id) WHERE {table}.split <> i.split"
        assert ask(store, sql) == []


def test_training_gets_scores_from_one_and_choices_from_the_other(corpus: Any) -> None:
    store, version, base = corpus
    weights = {"score": 1.0, "composition": 1.0}
    joppo = JoppoConfig(
        photos=6, group=2, per_device_batch=4, task_weights=weights, launch=LaunchConfig(cpu=True)
    )
    run = Run("joppo", joppo, store, version, "parent", base / "run")
    before_launch(run)
    origins = {row["uri"]: row["origin"] for row in ask(store, "SELECT uri, origin FROM images")}
    rows = training_rows(run)
    scored = [row for row in rows if row["task"] == "score"]
    chosen = [row for row in rows if row["task"] == "composition"]
    assert len(scored) == 2 and {origins[row["uri"]] for row in scored} == {"cadb"}
    assert all(0 <= row["mos"] <= 1 and row["answer"] is None for row in scored)
    assert len(chosen) == 4 and {origins[row["uri"]] for row in chosen} == {"picd"}
    assert all(row["mos"] is None and len(row["choices"]) == 4 for row in chosen)

    sft = SftConfig(batch=2, per_device_batch=2, launch=LaunchConfig(cpu=True))
    run = Run("sft", sft, store, version, "parent", base / "run")
    before_launch(run)
    assert {row["task"] for row in training_rows(run)} == {"composition", "aesthetic"}


def test_photos_come_from_one_of_three_places() -> None:
    one = BuildSftDataConfig.model_validate({"source": PICD})
    two = BuildSftDataConfig.model_validate({"sources": [PICD, CADB]})
    assert [source.name for source in one.datasets] == ["picd"]
    assert [source.name for source in two.datasets] == ["picd", "cadb"]
    turned = BuildSftDataConfig.model_validate({"sources": [CADB, PICD]})
    assert len({one.hash(), two.hash(), turned.hash()}) == 3
    for values in ({}, {"sources": []}, {"source": PICD, "sources": [CADB]}):
        with pytest.raises(ValidationError, match="give one of source"):
            BuildSftDataConfig.model_validate(values)


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two sources are called picd"):
        BuildSftDataConfig.model_validate({"sources": [PICD, CADB, PICD]})
    ready = {"kind": "ready", "labels": "ava.json", "scale": [1, 10]}
    named = [ready | {"dataset": name} for name in ("ava-train", "ava-test")]
    assert len(BuildSftDataConfig.model_validate({"sources": named}).datasets) == 2
    with pytest.raises(ValidationError, match=r"called ready: .* name it by `dataset`"):
        BuildSftDataConfig.model_validate({"sources": [ready, ready]})
