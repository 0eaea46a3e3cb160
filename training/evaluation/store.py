"""An evaluation in the store: figures, confusions, page and pictures under a content hash.

evaluations/results/<key>/results.parquet     `RESULTS`
evaluations/results/<key>/confusion.parquet   `CONFUSION`
evaluations/results/<key>/*.png               pictures
evaluations/results/<key>/report.md           the page; written last
evaluations/latest                            names a key
"""

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.store import Store
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.items import with_validation
from joppo.training.evaluation.plots import pictures
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.read_results import FOLDER
from joppo.training.evaluation.report import page
from joppo.training.evaluation.report_folder import ReportFolder
from joppo.training.evaluation.run import Measured

REPORTS = ReportFolder(FOLDER, "evaluations/latest")
RECIPE_VERSION = 1
"""Raised when the same answers give other figures."""


@dataclass(frozen=True)
class StoredEvaluation:
    """An evaluation in the store: its folder, its page, and its pictures (title -> PNG)."""

    key: str
    folder: str
    page: str
    pictures: dict[str, bytes]


def evaluation_key(measured: Measured, config: FiguresConfig) -> str:
    """Name of an evaluation: a hash (16 hex) of judges, questions, truths and figures' options."""
    truths = [
        [one.name, one.digest, content_hash(one.truth().to_pylist())]
        for one in with_validation(measured.sets)
    ]
    judges = [[judge.label, judge.name] for judge in measured.judges]
    return content_hash(RECIPE_VERSION, judges, truths, config.recipe())[:SHORT]


def write(
    measured: Measured, published: Published, config: FiguresConfig, store: Store
) -> StoredEvaluation:
    """Write everything, the page last, and make it the latest.

    Raises:
        StoreError: the store cannot be written.
    """
    key = evaluation_key(measured, config)
    drawn = pictures(measured)
    text = page(measured, published, config, key, {name: f"{name}.png" for name in drawn})
    files = {
        "results.parquet": _parquet(measured.results),
        "confusion.parquet": _parquet(measured.confusions),
        "report.md": text.encode(),
    }
    REPORTS.write(store, key, files, drawn)
    REPORTS.set_latest(store, key)
    return StoredEvaluation(key, REPORTS.of(key), text, drawn)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
