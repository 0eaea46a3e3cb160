"""What an evaluation asks: photos, questions, and the truth to compare the answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from joppo.data.datasets.base import Reject
from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.question import category_name
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.taxonomy.categories import CATEGORIES

SCORE = "score"
ATTRIBUTES_TO_TOTAL = "attributes_to_total"
"""Task of a score whose attributes are asked for before the total."""
SCORE_TASKS = (SCORE, ATTRIBUTES_TO_TOTAL)
TRUTH = pa.schema(
    [
        pa.field("question", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("item", pa.string()),
        pa.field("task", pa.string()),
        pa.field("mos", pa.float64()),
        pa.field("accepted", pa.list_(pa.string())),
        pa.field("options", pa.list_(pa.string())),
        pa.field("classes", pa.list_(pa.string())),
        pa.field("attributes", pa.map_(pa.string(), pa.float64())),
        pa.field("group", pa.string()),
    ]
)
"""Columns of a set's truth; see `Item` for what they hold."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question about one photo, with its truth.

    `item` is the set's own name of the photo and `read` gives its file bytes. A question for a
    score has `mos` in [0, 1] and, where known, `attributes`; any other has the `accepted` answers
    and, for each answer that may be given (`form.names`), its class in `classes`. `group` joins
    questions that repeat each other.
    """

    image_id: str
    item: str
    task: str
    prompt: str
    form: AnswerFormat
    read: Callable[[], bytes] = field(repr=False, compare=False)
    mos: float | None = None
    accepted: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    attributes: Mapping[str, float] = field(default_factory=dict)
    group: str | None = None

    @property
    def question(self) -> str:
        """Content hash (16 hex) of photo, prompt and form: what an answer depends on."""
        return content_hash(self.image_id, self.prompt, self.form.kind, list(self.form.names))[
            :SHORT
        ]

    def truth(self) -> dict[str, Any]:
        """The row of `TRUTH`."""
        return {
            "question": self.question,
            "image_id": self.image_id,
            "item": self.item,
            "task": self.task,
            "mos": self.mos,
            "accepted": list(self.accepted),
            "options": [] if self.form.kind == SCORE else list(self.form.names),
            "classes": list(self.classes),
            "attributes": sorted(self.attributes.items()),
            "group": self.group,
        }


@dataclass(frozen=True)
class EvaluationSet:
    """A named set. `source` says what it was made from, `snapshot` which version, if any.

    `rejects` are photos of the set that cannot be asked about. Questions are distinct.
    `validation` holds other photos, on which a regression on the judge's answers may be fitted.
    """

    name: str
    source: str
    items: Sequence[Item]
    rejects: Sequence[Reject] = ()
    snapshot: str | None = None
    validation: "EvaluationSet | None" = None

    @property
    def digest(self) -> str:
        """Content hash (16 hex) of the questions, whatever their order."""
        return content_hash(sorted(item.question for item in self.items))[:SHORT]

    def truth(self) -> pa.Table:
        """The truth of every question, as `TRUTH`."""
        return pa.Table.from_pylist([item.truth() for item in self.items], TRUTH)


def with_validation(sets: Sequence[EvaluationSet]) -> list[EvaluationSet]:
    """All sets that a judge is asked about: each is followed by its validation photos, if any."""
    pairs = ((one, one.validation) for one in sets)
    return [one for pair in pairs for one in pair if one is not None]


def distinct(items: Sequence[Item]) -> tuple[list[Item], list[Reject]]:
    """Items without those whose question was asked before; the same file under two names."""
    kept: dict[str, Item] = {}
    rejects = []
    for item in items:
        first = kept.setdefault(item.question, item)
        if first is not item:
            detail = f"the same photo and question as {first.item}, which is kept"
            rejects.append(Reject("evaluate", item.item, "duplicate_question", detail))
    return list(kept.values()), rejects


def option_class(task: str, option: str) -> str:
    """The class that an option stands for: PICD's abbreviation, else the option itself."""
    return _COMPOSITIONS.get(option, option) if task == "composition" else option


def class_order(name: str) -> tuple[int, str]:
    """Sort key of classes: compositions as PICD counts them, all else by name."""
    return _NUMBERS.get(name, 0), name


def _composition_texts() -> dict[str, str]:
    """All ways in which templates write a composition as an option (reasoning/make_question.py)."""
    texts = {}
    for category in CATEGORIES.values():
        name = category_name(category)
        for text in (name, category.definition, f"{name}: {category.definition}"):
            texts[text] = category.abbreviation
    return texts


_COMPOSITIONS = _composition_texts()
_NUMBERS = {category.abbreviation: category.id for category in CATEGORIES.values()}
