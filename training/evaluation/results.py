"""The table of figures: one row a figure, with all that is needed to read it alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

MEASURED, PUBLISHED = "measured", "published"
_TEXT, _NUMBER, _COUNT = pa.string(), pa.float64(), pa.int64()


def _f(name: str, kind: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, kind, metadata={"doc": doc})


RESULTS = pa.schema(
    [
        _f("origin", _TEXT, "measured here, or published by others"),
        _f("judge", _TEXT, "name and version of the judge"),
        _f("label", _TEXT, "what the config calls the judge"),
        _f("versus", _TEXT, "of a difference: the judge that is subtracted"),
        _f("set", _TEXT, "name of the set in the config"),
        _f("source", _TEXT, "dataset, snapshot or scenes"),
        _f("snapshot", _TEXT, "version of the corpus; null for other sources"),
        _f("digest", _TEXT, "content hash of the questions"),
        _f("task", _TEXT, "score, composition, perspective, a task of MMPerspective; null for all"),
        _f("metric", _TEXT, "what the figure is; see docs/evaluation.md"),
        _f("of", _TEXT, "attribute, class or reason that the figure is about; null for the whole"),
        _f("handling", _TEXT, "of failed answers: excluded or worst; null where none matters"),
        _f("value", _NUMBER, "the figure; null where it is undefined"),
        _f("low", _NUMBER, "lower end of the interval"),
        _f("high", _NUMBER, "upper end of the interval"),
        _f("p", _NUMBER, "two-sided p-value of a difference"),
        _f("n", _COUNT, "questions that the figure is taken from"),
        _f("unparsed", _COUNT, "questions of the task whose answer could not be parsed"),
        _f("rejected", _COUNT, "questions of the task whose photo could not be opened"),
        _f("interval", _TEXT, "bootstrap or wilson; null without an interval"),
        _f("resamples", _COUNT, "of the bootstrap"),
        _f("level", _NUMBER, "of the interval"),
        _f("seed", _COUNT, "of the bootstrap"),
        _f("note", _TEXT, "why a value or an interval is undefined"),
        _f("reference", _TEXT, "of a published figure: where it stands"),
    ]
)

CONFUSION = pa.schema(
    [
        _f("judge", _TEXT, "name and version of the judge"),
        _f("set", _TEXT, "name of the set in the config"),
        _f("task", _TEXT, "what was asked"),
        _f("truth", _TEXT, "class of the right answer"),
        _f("answered", _TEXT, "class of the given answer, or (unparsed)"),
        _f("questions", _COUNT, "how often"),
    ]
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure, not yet connected to a judge and a set; NaN becomes null."""

    metric: str
    value: float
    n: int
    of: str | None = None
    handling: str | None = None
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    interval: str | None = None
    note: str | None = None
    task: str | None = None
    versus: str | None = None
    unparsed: int | None = None
    rejected: int | None = None

    def row(self, about: Mapping[str, Any]) -> Row:
        """The row of `RESULTS`; `about` holds the columns that name judge, set and bootstrap."""
        own = {name: _plain(value) for name, value in vars(self).items()}
        row = {"origin": MEASURED, **about, **own}
        if self.interval != "bootstrap":
            row |= {"resamples": None, "seed": None}
        return row if self.interval else row | {"level": None}


def results_table(rows: list[Row]) -> pa.Table:
    """Rows as `RESULTS`."""
    return pa.Table.from_pylist(rows, RESULTS)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
