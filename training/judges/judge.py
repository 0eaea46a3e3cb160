"""The protocol of judges: they answer questions about photos.

A local model folder, a served model, a baseline behind an API and anybody's own judge are all a
`Judge`, so evaluation and scoring treat them alike, and a baseline is one more row of a table.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from joppo.data.questions.answer_format import AnswerFormat
from joppo.training.judges.answers import Judgement


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one photo.

    `image_id` is the sha256 of the photo's file. `photo` decodes it (upright RGB) each time that it
    is called and raises PhotoError where that is impossible. `form` is the form of the answer.
    """

    image_id: str
    photo: Callable[[], Any] = field(repr=False, compare=False)
    prompt: str
    form: AnswerFormat


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a judge, parsed by the one parser of the project.

    `judgement.ok` is False where no try gave a valid answer; nothing stands in for the answer.
    `explanation` is the text of the think block, empty where there is none. `raw_text` is the
    unchanged text of the last try. `tries` counts the tries; 0 means that the photo could not be
    read, and `detail` then says why in a sentence.
    """

    judgement: Judgement
    explanation: str
    raw_text: str
    tries: int = 1
    detail: str = ""


class Judge(Protocol):
    """Answers questions. `name` identifies model and version: `<model>@<short content hash>`."""

    name: str

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One reply per question, in their order; a reply never depends on other questions."""
        ...


class SamplingJudge(Judge, Protocol):
    """A judge that can also draw answers, which shows how sure it is."""

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        """`count` drawn replies per question, in the order of the questions.

        No second answer is asked for where a drawn one is invalid.
        """
        ...


class JudgeKind(Protocol):
    """What the registry of judges holds: a class of judges, made from their configs."""

    def describe(self, config: Any, /) -> str:
        """The name of the judge of this config, found without loading a model.

        Stored answers are filed under the name, so it has to change with anything that changes an
        answer: weights, prompt, options, the code itself.
        """
        ...

    def __call__(self, config: Any, store_root: str, /) -> SamplingJudge:
        """The judge itself. `sample` is only called where a config asks for drawn answers."""
        ...
