"""Scored photos, ranked, and the files they are written to.

scores.parquet   rank, file, calibrated, and the columns of the `scores` table
scores.csv       the same, an attribute a column
scores.json      judge, rubric, scores and rejects in one document
rejects.csv      files that could not be scored, and why
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from joppo.data.datasets.base import Reject
from joppo.data.store.files import FileStore
from joppo.data.store.rows import schema_of
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.scoring.rows import ScoreRow
from joppo.training.scoring.score import Scored

REJECT_COLUMNS = ("item", "reason", "detail")
_BEFORE = (
    "rank",
    "file",
    "image_id",
    "judge",
    "prompt_id",
    "total",
    "calibrated",
    "spread",
    "samples",
)
_AFTER = ("parse_ok", "reason", "explanation", "raw_text")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A scored photo; `rank` counts from 1 and equal totals share one. None: no answer."""

    rank: int | None
    name: str
    row: ScoreRow
    calibrated: float | None

    @property
    def shown(self) -> float | None:
        """The total to show: calibrated where there is a calibration."""
        return self.row.total if self.calibrated is None else self.calibrated


def rank(
    scored: Sequence[Scored], calibration: Callable[[float], float] | None = None
) -> list[Ranked]:
    """Best first by total, equal ones by name, those without an answer last."""
    ordered = sorted(scored, key=lambda s: (_below(s.row.total), s.file.name))
    ranks: dict[float, int] = {}
    ranked = []
    for position, one in enumerate(ordered, start=1):
        total = one.row.total
        if total is None:
            ranked.append(Ranked(None, one.file.name, one.row, None))
            continue
        shown = None if calibration is None else calibration(total)
        ranked.append(Ranked(ranks.setdefault(total, position), one.file.name, one.row, shown))
    return ranked


def _below(total: float | None) -> float:
    return 2.0 if total is None else -total


def write_scores(
    out: FileStore, ranked: Sequence[Ranked], rejects: Sequence[Reject], rubric: Rubric
) -> list[str]:
    """Write the four files, each whole or not at all, and return their names.

    Raises:
        StoreError: the folder cannot be written.
    """
    files = {
        "scores.parquet": _parquet(ranked),
        "scores.csv": _csv(ranked, rubric.names),
        "scores.json": _json(ranked, rejects, rubric),
        "rejects.csv": _table(REJECT_COLUMNS, [r.as_row() for r in rejects]),
    }
    for name, content in files.items():
        out.write_bytes(name, content)
    return list(files)


def _values(one: Ranked) -> dict[str, Any]:
    """Always in this order, whether the row is new or was read from the store."""
    own = {"rank": one.rank, "file": one.name, "calibrated": one.calibrated}
    values = {name: getattr(one.row, name) for name in schema_of("scores").names}
    return own | values | {"attributes": dict(sorted(values["attributes"].items()))}


def _parquet(ranked: Sequence[Ranked]) -> bytes:
    own = [("rank", pa.int64()), ("file", pa.string()), ("calibrated", pa.float64())]
    schema = pa.schema([*(pa.field(*field) for field in own), *schema_of("scores")])
    rows = [{**v, "attributes": list(v["attributes"].items())} for v in map(_values, ranked)]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink, compression="zstd")
    return sink.getvalue()


def _csv(ranked: Sequence[Ranked], names: Sequence[str]) -> bytes:
    rows = [_values(one) | dict(one.row.attributes) for one in ranked]
    return _table((*_BEFORE, *names, *_AFTER), rows)


def _table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _json(ranked: Sequence[Ranked], rejects: Sequence[Reject], rubric: Rubric) -> bytes:
    document = {
        "judge": ranked[0].row.judge if ranked else None,
        "rubric": rubric.name,
        "scores": [_values(one) for one in ranked],
        "rejects": [{name: r.as_row()[name] for name in REJECT_COLUMNS} for r in rejects],
    }
    return f"{json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)}\n".encode()
