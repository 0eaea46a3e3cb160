"""What every judge is: something that answers questions about photos, one reply each.

A local model folder, a served model and a baseline behind an API are all a `Judge`, so evaluation
and scoring treat them alike, and a baseline is one more row of the same table.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from joppo.data.questions.answer_format import AnswerFormat
from joppo.training.judges.answers import Judgement


@dataclass(frozen=True, slots=True)
class Question:
    """One photo and what is asked about it. `photo` opens it (upright RGB) when its turn comes."""

    image_id: str
    photo: Callable[[], Any] = field(repr=False, compare=False)
    prompt: str
    form: AnswerFormat


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judge said, read by the one parser.

    `judgement.ok` is False where no try was in the agreed form; nothing stands in for the answer.
    `explanation` is the text of the think block, empty where there is none; `raw_text` is the last
    try as it came; `tries` counts the tries.
    """

    judgement: Judgement
    explanation: str
    raw_text: str
    tries: int = 1
    detail: str = ""


class Judge(Protocol):
    """Answers questions. `name` says who and which version: `<model>@<short content hash>`."""

    name: str

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One reply per question, in their order; a reply never depends on other questions."""
        ...


class SamplingJudge(Judge, Protocol):
    """A judge that can also draw answers, which shows how sure it is."""

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        """`count` drawn replies per question, in the order of the questions.

        A drawn reply that is not in form is not asked for again.
        """
        ...
