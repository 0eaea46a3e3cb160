"""Completions of a judge -> numbers, by the one parser (`data.questions.answer_format`)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.answer_format import (
    Answer,
    AnswerError,
    AnswerFormat,
    parse_answer,
    parse_completion,
)
from joppo.data.questions.choices import LETTERS
from joppo.data.taxonomy.rubrics import Order

__all__ = [
    "Answer",
    "AnswerError",
    "AnswerFormat",
    "Judgement",
    "form_of",
    "judge",
    "parse_answer",
    "parse_completion",
]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One completion, read. Where it could not be parsed, `reason` says why and values are NaN."""

    total: float
    attributes: tuple[float, ...]
    text: str | None
    reason: str | None

    @property
    def ok(self) -> bool:
        return self.reason is None


def form_of(
    task: str, choices: Sequence[str], names: Sequence[str], order: Order = "total_first"
) -> AnswerFormat:
    """The answer format of an RL prompt: a score with the rubric's `names`, or a letter.

    Reading an answer does not depend on `order`, that of the rubric; asking for one does.
    """
    if task == "score":
        return AnswerFormat("score", tuple(names), order)
    return AnswerFormat("choice", tuple(LETTERS[: len(choices)]))


def judge(completion: Any, form: AnswerFormat) -> Judgement:
    """Read a completion, a text or a list with one assistant message."""
    text = completion if isinstance(completion, str) else completion[0]["content"]
    names = form.names if form.kind == "score" else ()
    try:
        _, answer = parse_completion(text, form)
    except AnswerError as error:
        return Judgement(math.nan, (math.nan,) * len(names), None, error.reason)
    total = math.nan if answer.total is None else answer.total
    return Judgement(total, tuple(answer.attributes[n] for n in names), answer.text, None)
