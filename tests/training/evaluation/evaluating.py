"""Truth and answers as tables, and the figures taken from them, for tests."""

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from joppo.training.evaluation.aligned import Aligned, align
from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.items import TRUTH, EvaluationSet, Item
from joppo.training.evaluation.predict import prediction
from joppo.training.evaluation.predictions import Prediction, predictions_table
from joppo.training.evaluation.results import Row
from joppo.training.evaluation.run import rows_of
from joppo.training.judges.answers import Judgement
from joppo.training.judges.judge import Reply

QUICK = FiguresConfig(resamples=200)


def scored(item: Item, total: float | None, *attributes: float) -> Prediction:
    """The row of an answer to a score question; None is an answer that failed.

    Attributes that are not given are 0.
    """
    judged = Judgement(math.nan, (), None, "missing_tag")
    if total is not None:
        judged = Judgement(total, attributes or (0.0,) * len(item.form.names), "…", None)
    return prediction(item, Reply(judged, "", ""))


def chose(item: Item, letter: str | None) -> Prediction:
    """The row of an answer to a choice; None is an answer that failed."""
    reason = None if letter else "not_a_choice"
    return prediction(item, Reply(Judgement(math.nan, (), letter, reason), "", ""))


def aligned(items: Sequence[Item], rows: Sequence[Prediction]) -> dict[str, Aligned]:
    truth = pa.Table.from_pylist([item.truth() for item in items], TRUTH)
    return align(truth, predictions_table(rows))


def results(
    items: Sequence[Item],
    *judges: Sequence[Prediction],
    source: str = "test",
    config: FiguresConfig = QUICK,
) -> list[Row]:
    """Rows of `RESULTS` for judges called a, b, ..."""
    labels = "abcdef"[: len(judges)]
    judged = {label: aligned(items, rows) for label, rows in zip(labels, judges, strict=True)}
    one = EvaluationSet("mine", source, items)
    return rows_of(judged, {label: f"{label}@1" for label in labels}, one, config)


def only(rows: Sequence[Row], metric: str, **columns: Any) -> Row:
    """The one row that agrees; `of` is null where it is not named."""
    wanted = {"metric": metric, "of": None, **columns}
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found
