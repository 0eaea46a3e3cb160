"""A judge that knows nothing of models, and small sets, for tests."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from joppo.data.photos.decode import PhotoError
from joppo.data.questions.answer_format import AnswerFormat, completion, format_score
from joppo.data.store.hashing import sha256, unit_interval
from joppo.training.evaluation.items import Item
from joppo.training.judges.answers import Judgement, judge
from joppo.training.judges.judge import Question, Reply

NAMES = ("composition", "color")
SCORE_FORM = AnswerFormat("score", NAMES)
CHOICE_FORM = AnswerFormat("choice", ("A", "B", "C"))


def jpeg(number: int, size: int = 16) -> bytes:
    """A small photo, another one for each number."""
    image = Image.new("RGB", (size, size), (number % 256, number // 256 % 256, 90))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def score_item(number: int, mos: float, **truth: float) -> Item:
    content = jpeg(number)
    return Item(
        sha256(content),
        f"{number}.png",
        "score",
        "Judge it.",
        SCORE_FORM,
        lambda: content,
        mos=mos,
        attributes=truth,
    )


def choice_item(number: int, answer: str, task: str = "composition", **more: Any) -> Item:
    content = jpeg(number)
    return Item(
        sha256(content),
        f"{number}.png",
        task,
        f"Which? {more.get('group', '')}",
        CHOICE_FORM,
        lambda: content,
        accepted=(answer,),
        classes=("one", "two", "three"),
        **more,
    )


def said(text: str) -> Callable[[Question], str]:
    return lambda question: text


def guess(question: Question) -> str:
    """An answer in form that depends on photo and prompt alone."""
    place = unit_interval("guess", question.image_id, question.prompt)
    if question.form.kind != "score":
        return completion("I guess.", question.form.names[int(place * len(question.form.names))])
    values = {
        name: 2 * unit_interval("guess", name, question.image_id) - 1
        for name in question.form.names
    }
    return completion("I guess.", format_score(place, values))


@dataclass
class FakeJudge:
    """Answers by a function of the question; opens every photo, as a judge does.

    It stops with an error after `stop_after` replies, and counts what it was asked.
    """

    answer: Callable[[Question], str] = guess
    name: str = "fake@00000000"
    stop_after: int | None = None
    asked: list[str] = field(default_factory=list)

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        for question in questions:
            if self.stop_after is not None and len(self.asked) == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(question.image_id)
            yield self._reply(question)

    def _reply(self, question: Question) -> Reply:
        try:
            question.photo()
        except PhotoError as error:
            return Reply(Judgement(math.nan, (), None, error.reason), "", "", 0)
        text = self.answer(question)
        return Reply(judge(text, question.form), "why", text)
