"""Every log step as rows of a Parquet file in the store, one row per value.

    runs/<run>/metrics.parquet      columns as in SCHEMA

A resumed run drops the rows after the step it resumes from, so a step is never there twice.
`attach_metrics` makes all runs of a store the view `training_metrics` of a DuckDB connection.
"""

import io
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.store import Store

SCHEMA = pa.schema([
    pa.field("run", pa.string()),
    pa.field("stage", pa.string()),
    pa.field("step", pa.int64()),
    pa.field("epoch", pa.float64()),
    pa.field("name", pa.string()),
    pa.field("value", pa.float64()),
])  # fmt: skip
FILE = "metrics.parquet"


def metrics_uri(run: str) -> str:
    """Place of a run's metrics, relative to the store root."""
    return f"runs/{run}/{FILE}"


class MetricsLog:
    """Metrics of one run: kept in memory, the file rewritten whole with every entry."""

    def __init__(self, store: Store, run: str, stage: str, resume_step: int = 0) -> None:
        self.store, self.run, self.stage = store, run, stage
        self.rows: list[dict[str, Any]] = [
            row for row in read_metrics(store, run) if row["step"] <= resume_step
        ]

    def add(self, step: int, epoch: float | None, values: Mapping[str, Any]) -> None:
        """Append the numbers among `values`; what is no finite number is no row."""
        for name, value in values.items():
            if isinstance(value, int | float) and math.isfinite(value):
                self.rows.append({
                    "run": self.run, "stage": self.stage, "step": step, "epoch": epoch,
                    "name": name, "value": float(value),
                })  # fmt: skip
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(self.rows, SCHEMA), sink, compression="zstd")
        self.store.write_bytes(metrics_uri(self.run), sink.getvalue())

    def last(self) -> dict[str, float]:
        """The newest value of every metric."""
        return {row["name"]: row["value"] for row in self.rows}


def read_metrics(store: Store, run: str) -> list[dict[str, Any]]:
    """Rows of a run in the order in which they were logged; empty before the first."""
    try:
        content = store.read_bytes(metrics_uri(run))
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(content)).to_pylist()
    return rows


def all_metrics(store: Store) -> pa.Table:
    """The metrics of all runs of a store."""
    rows = [row for run in store.names("runs") for row in read_metrics(store, run)]
    return pa.Table.from_pylist(rows, SCHEMA)


def attach_metrics(corpus: Any, store: Store) -> None:
    """Make `training_metrics` known to an open DuckDB connection, read-only ones included."""
    corpus.register("training_metrics", all_metrics(store))
