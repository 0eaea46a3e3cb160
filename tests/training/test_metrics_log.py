"""Metrics survive a resume without doubles and are open to SQL."""

import math

import duckdb

from data.store import Store
from training.metrics_log import MetricsLog, attach_metrics, read_metrics


def test_a_resumed_run_has_every_step_once() -> None:
    store = Store("memory://metrics-resume")
    log = MetricsLog(store, "sft-1", "sft")
    for step in (1, 2, 3):
        log.add(step, step / 10, {"loss": 1.0 / step, "note": "text", "bad": math.nan})
    again = MetricsLog(store, "sft-1", "sft", resume_step=2)
    again.add(3, 0.3, {"loss": 0.25})
    rows = read_metrics(store, "sft-1")
    assert [(row["step"], row["name"], row["value"]) for row in rows] == [
        (1, "loss", 1.0), (2, "loss", 0.5), (3, "loss", 0.25),
    ]  # fmt: skip
    assert again.last() == {"loss": 0.25}


def test_all_runs_are_one_view() -> None:
    store = Store("memory://metrics-view")
    MetricsLog(store, "sft-1", "sft").add(1, 0.1, {"loss": 2.0})
    MetricsLog(store, "joppo-1", "joppo").add(1, 0.1, {"reward": 0.5, "kl": 0.0})
    corpus = duckdb.connect()
    attach_metrics(corpus, store)
    found = corpus.sql("select stage, name, value from training_metrics order by 1, 2").fetchall()
    assert found == [("joppo", "kl", 0.0), ("joppo", "reward", 0.5), ("sft", "loss", 2.0)]


def test_a_store_without_runs_has_an_empty_view() -> None:
    corpus = duckdb.connect()
    attach_metrics(corpus, Store("memory://metrics-none"))
    assert corpus.sql("from training_metrics").fetchall() == []
