"""The build on real photographs: OASIS, its theme as a stand-in label, by the generic reader."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.training.config import JoppoConfig, LaunchConfig
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import training_rows
from joppo.training.trainer.preflight import before_launch

CONFIG = {
    "source": {
        "kind": "photos_csv",
        "dataset": "oasis",
        "columns": {
            "mos": "beauty_mean",
            "scale": [1, 7],
            "raters": "n",
            "categories": "category",
            "category_values": {"Animal": [4], "Object": [3], "Scenery": [9]},
        },
    },
    "shard_size": 128,
}


@pytest.mark.usefixtures("prefect_backend")
def test_oasis_from_labels_to_snapshot(real_data: Path, tmp_path: Path) -> None:
    from joppo.flows.build_sft_data import build_sft_data

    place = {"labels": str(real_data / "oasis" / "ratings.csv"), "images": str(real_data / "oasis")}
    path = tmp_path / "oasis.yaml"
    path.write_text(yaml.safe_dump(CONFIG | {"source": CONFIG["source"] | place}))
    store = tmp_path / "store"
    build_sft_data(str(path), store=str(store))

    def ask(sql: str) -> list[dict[str, object]]:
        return run_query(Store(store), sql).to_pylist()

    counts = "SELECT count(*) AS n, count(mos) AS scored, min(raters) AS least FROM labels"
    (row,) = ask(counts)
    assert row["n"] == row["scored"] == len(list((real_data / "oasis").glob("*.jpg")))
    assert row["least"] >= 100
    rows = ask("SELECT task, count(*) AS n FROM sft_samples GROUP BY task")
    tasks = {row["task"]: row["n"] for row in rows}
    assert tasks["composition"] >= 200 and tasks["aesthetic"] >= 200


@pytest.mark.usefixtures("prefect_backend")
def test_picd_s_labels_and_oasis_scores_train_one_judge(real_data: Path, tmp_path: Path) -> None:
    """PICD's own label file, with OASIS photos in the place of its first forty."""
    from joppo.flows.build_sft_data import build_sft_data

    photos = sorted((real_data / "oasis").glob("*.jpg"))
    (tmp_path / "picd").mkdir()
    for number, path in enumerate(photos[:40], start=1):
        shutil.copy(path, tmp_path / "picd" / f"{number:06d}.jpg")
    labels, oasis = real_data / "picd" / "labels_PICD.csv", real_data / "oasis"
    sources = [
        {"kind": "picd", "labels": str(labels), "images": "picd"},
        {"kind": "oasis", "labels": str(oasis / "ratings.csv"), "images": str(oasis)},
    ]
    (tmp_path / "both.yaml").write_text(yaml.safe_dump({"sources": sources}))
    store = Store(tmp_path / "store")
    version = build_sft_data(str(tmp_path / "both.yaml"), store=store.root)

    def ask(sql: str) -> list[dict[str, object]]:
        return run_query(store, sql).to_pylist()

    dropped = ask("SELECT reason FROM rejects WHERE stage IN ('read', 'ingest')")
    rejects = Counter(row["reason"] for row in dropped)
    assert rejects == {"missing_image": 49123 - 40, "duplicate_id": 1, "duplicate_photo": 40}
    counts = """SELECT dataset, count(*) AS n, count(mos) AS scored,
        count(*) FILTER (len(categories) > 0) AS composed FROM labels GROUP BY ALL ORDER BY 1"""
    rated = len(photos) - 40
    assert ask(counts) == [
        {"dataset": "oasis", "n": rated, "scored": rated, "composed": 0},
        {"dataset": "picd", "n": 40, "scored": 0, "composed": 40},
    ]
    weights = {"score": 1.0, "composition": 1.0}
    cpu = LaunchConfig(cpu=True)
    config = JoppoConfig(photos=16, per_device_batch=4, task_weights=weights, launch=cpu)
    run = Run("joppo", config, store, version, "parent", tmp_path / "run")
    before_launch(run)
    tasks = [row["task"] for row in training_rows(run)]
    assert tasks.count("score") > 100 and tasks.count("composition") > 20
