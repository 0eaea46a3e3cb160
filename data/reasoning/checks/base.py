"""What a check gets, and what it returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from joppo.data.questions.answer_format import Answer
from joppo.data.questions.question import Question, Subject
from joppo.data.reasoning.config import CheckConfig


@dataclass(frozen=True, slots=True)
class Sample:
    """A parsed answer, and everything that it is checked against."""

    question: Question
    reasoning: str
    answer: Answer
    subject: Subject
    """the photo asked about; of a comparison, photo A"""
    claims: Sequence[Mapping[str, str]]
    """aspect -> value of what was measured (see `data.photos.claims`), for each photo"""
    config: CheckConfig


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a sample is dropped: `reason` is snake_case, `detail` one sentence for a person."""

    reason: str
    detail: str


Check = Callable[[Sample], Failure | None]
