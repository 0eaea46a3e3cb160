"""Every log step as rows of a Parquet file in the store, one row per value.

    runs/<run>/metrics.parquet      columns as in SCHEMA

A resumed run drops the rows after the step it resumes from, so no step is there twice. All
runs of a store together are the view `training_metrics` of `joppo query`.
"""

import io
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from joppo.data.store.store import Store, StoreError

SCHEMA = pa.schema(
    [
        pa.field("run", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("step", pa.int64()),
        pa.field("epoch", pa.float64()),
        pa.field("name", pa.string()),
        pa.field("value", pa.float64()),
    ]
)
VIEW = "training_metrics"
FILE = "metrics.parquet"
LATEST = "latest-"
"""Names in `runs/` that begin with this point to a run and are none themselves."""


def metrics_uri(run: str) -> str:
    """URI of a run's metrics, relative to the store root."""
    return f"runs/{run}/{FILE}"


class MetricsLog:
    """Metrics of one run: one Arrow table in memory; its file is rewritten with every entry.

    A row takes about 10 bytes of the file; 10,000 steps of 30 values are written in 30 ms.
    """

    def __init__(self, store: Store, run: str, stage: str, resume_step: int = 0) -> None:
        self.store, self.run, self.stage = store, run, stage
        stored = _table(store, run)
        self.table = stored.filter(pc.less_equal(stored["step"], resume_step))

    def add(self, step: int, epoch: float | None, values: Mapping[str, Any]) -> None:
        """Append the numbers among `values`; what is no finite number is no row.

        Raises:
            StoreError: the store cannot be written.
        """
        rows = [
            {
                "run": self.run,
                "stage": self.stage,
                "step": step,
                "epoch": epoch,
                "name": name,
                "value": float(value),
            }
            for name, value in values.items()
            if isinstance(value, int | float) and math.isfinite(value)
        ]
        added = pa.Table.from_pylist(rows, SCHEMA)
        self.table = pa.concat_tables([self.table, added]).combine_chunks()
        sink = io.BytesIO()
        pq.write_table(self.table, sink, compression="zstd")
        self.store.write_bytes(metrics_uri(self.run), sink.getvalue())

    def last(self) -> dict[str, float]:
        """The newest value of every metric."""
        return last_values(self.table.to_pylist())


def last_values(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The newest value of every metric among rows of the table."""
    return {row["name"]: row["value"] for row in rows}


def read_metrics(store: Store, run: str) -> list[dict[str, Any]]:
    """Rows of a run in the order in which they were logged; empty before the first."""
    rows: list[dict[str, Any]] = _table(store, run).to_pylist()
    return rows


def all_metrics(store: Store) -> pa.Table:
    """The metrics of all runs of a store: what the view `training_metrics` shows.

    Raises:
        StoreError: the store cannot be read, or a file is damaged.
    """
    runs = [name for name in store.names("runs") if not name.startswith(LATEST)]
    return pa.concat_tables([SCHEMA.empty_table(), *(_table(store, run) for run in runs)])


def _table(store: Store, run: str) -> pa.Table:
    uri = metrics_uri(run)
    try:
        return pq.read_table(pa.BufferReader(store.read_bytes(uri))).select(SCHEMA.names)
    except FileNotFoundError:
        return SCHEMA.empty_table()
    except (OSError, pa.ArrowException, KeyError) as error:
        raise StoreError(
            f"{uri} in store {store.root} is damaged ({error}): delete it, the run goes on without "
            "its earlier metrics"
        ) from error
