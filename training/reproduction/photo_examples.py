"""A few photos of the main set, with the answers of every variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.photos.data_uri import data_uri
from joppo.data.photos.decode import load_photo
from joppo.data.photos.thumbnail import encode_jpeg, thumbnail
from joppo.data.store.hashing import unit_interval
from joppo.data.store.store import Store
from joppo.training.evaluation.items import SCORE_TASKS, EvaluationSet, Item
from joppo.training.evaluation.predictions import OK, Predictions

SIDE = 160


@dataclass(frozen=True)
class ExampleAnswer:
    """The answer of one variant: total, attributes and text, or the reason why there is none."""

    variant: str
    total: float | None
    attributes: Mapping[str, float]
    explanation: str
    reason: str | None


@dataclass(frozen=True)
class Example:
    """One photo with the truth and the answers. `picture` is a JPEG as data URI."""

    item: str
    picture: str
    mos: float
    truth: Mapping[str, float]
    answers: Sequence[ExampleAnswer]


def examples(
    one: EvaluationSet, judges: Mapping[str, str], store: Store, count: int
) -> list[Example]:
    """The first photos of the set by content hash; the choice looks at no answer.

    Args:
        judges: variant -> name of the judge (with version) whose stored answers are shown.
    """
    scored = [item for item in one.items if item.task in SCORE_TASKS and item.mos is not None]
    chosen = sorted(scored, key=lambda item: unit_interval("example", item.image_id))[:count]
    answers = {
        variant: {row["question"]: row for row in Predictions(store, name, one).table().to_pylist()}
        for variant, name in judges.items()
    }
    return [_example(item, answers) for item in chosen]


def _example(item: Item, answers: Mapping[str, Mapping[str, Any]]) -> Example:
    shown = [
        _answer(variant, rows[item.question])
        for variant, rows in answers.items()
        if item.question in rows
    ]
    assert item.mos is not None
    return Example(item.item, _picture(item.read()), item.mos, dict(item.attributes), shown)


def _answer(variant: str, row: Mapping[str, Any]) -> ExampleAnswer:
    if row["status"] != OK:
        return ExampleAnswer(variant, None, {}, "", row["reason"])
    return ExampleAnswer(
        variant, row["total"], dict(row["attributes"] or ()), row["explanation"] or "", None
    )


def _picture(content: bytes) -> str:
    return data_uri(encode_jpeg(thumbnail(load_photo(content), SIDE), quality=85))
