"""What a check sees and what it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joppo.data.questions.answer_format import Answer
from joppo.data.questions.question import Question
from joppo.data.reasoning.config import CheckConfig


@dataclass(frozen=True, slots=True)
class Sample:
    """A parsed answer beside everything that it can be held against.

    `claims` has one mapping (aspect -> value, see `data.claims`) for each photo of the question.
    """

    question: Question
    reasoning: str
    answer: Answer
    label: Mapping[str, Any]
    claims: Sequence[Mapping[str, str]]
    config: CheckConfig


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a sample is dropped: `reason` is snake_case, `detail` one sentence for a person."""

    reason: str
    detail: str


Check = Callable[[Sample], Failure | None]
