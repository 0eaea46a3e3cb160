"""Metrics survive a resume without doubles."""

import math

import pytest

from joppo.data.store.store import Store, StoreError
from joppo.training.runs.metrics_log import MetricsLog, all_metrics, metrics_uri, read_metrics


def test_a_resumed_run_has_every_step_once() -> None:
    store = Store("memory://metrics-resume")
    log = MetricsLog(store, "sft-1", "sft")
    for step in (1, 2, 3):
        log.add(step, step / 10, {"loss": 1.0 / step, "note": "text", "bad": math.nan})
    again = MetricsLog(store, "sft-1", "sft", resume_step=2)
    again.add(3, 0.3, {"loss": 0.25})
    rows = read_metrics(store, "sft-1")
    assert [(row["step"], row["name"], row["value"]) for row in rows] == [
        (1, "loss", 1.0),
        (2, "loss", 0.5),
        (3, "loss", 0.25),
    ]
    assert again.last() == {"loss": 0.25}


def test_a_damaged_file_names_the_remedy() -> None:
    store = Store("memory://metrics-damaged")
    store.write_bytes(metrics_uri("sft-1"), b"no parquet")
    with pytest.raises(StoreError, match=r"runs/sft-1/metrics\.parquet.*delete it"):
        all_metrics(store)
