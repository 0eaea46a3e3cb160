"""The build on real photographs: OASIS, its theme as a stand-in label, by the generic reader."""

from pathlib import Path

import pytest
import yaml

from data.query import run_query
from data.store import Store

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
    from flows.build_sft_data import build_sft_data

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
