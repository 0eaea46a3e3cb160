"""A judge without a model, for tests of what is around judges: the total is the mean brightness."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from joppo.data.photos.decode import PhotoError
from joppo.data.questions.answer_format import completion, format_score
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.parse_reply import no_reply, read_reply


class EyeJudge:
    """Bright photos are good ones. `words` go into the explanation; `asked` counts the photos.

    A photo whose red is below 10 gets no answer in form. `diary`, a file, has a line per photo.
    """

    def __init__(
        self, name: str = "eye@00000000", words: str = "It is bright.", diary: Path | None = None
    ) -> None:
        self.name, self.words, self.diary = name, words, diary
        self.asked: list[str] = []

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        for question in questions:
            yield self._reply(question, 0)

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        for question in questions:
            yield tuple(self._reply(question, n) for n in range(count))

    def _reply(self, question: Question, draw: int) -> Reply:
        if draw == 0:
            self.asked.append(question.image_id)
            try:
                self.pixels = np.asarray(question.photo(), dtype=float)
            except PhotoError as error:
                return no_reply(question.form, error.reason, detail=error.detail)
            if self.diary is not None:
                with self.diary.open("a") as lines:
                    lines.write(question.image_id + "\n")
        red, green, blue = self.pixels.mean(axis=(0, 1)) / 255
        if red < 10 / 255:
            return read_reply("I would rather not say.", question.form, 2)
        total = min(1.0, self.pixels.mean() / 255 + 0.01 * draw)
        signs = [2 * v - 1 for v in (red, green, blue, total, 0.5)]
        values = dict(zip(question.form.names, signs, strict=True))
        return read_reply(completion(self.words, format_score(total, values)), question.form)
