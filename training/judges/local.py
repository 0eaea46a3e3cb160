"""A judge that runs on this machine: a base with an adapter, a merged model, or a plain model.

Greedy and alone: the reply to a photo does not depend on the photos that are judged beside it
(`training.judges.decoder`). A reply that is not in form is asked for once more, with a stricter
prompt; drawn replies (`sample`) are not, because that would be a draw from another distribution.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from joppo.data.photos.decode import PhotoError
from joppo.data.store.hashing import content_hash
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.decoder import Decoder, Draws, Prompt, ReadPrompt
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.local_model import describe, load, on_even_threads, token_limit
from joppo.training.judges.model_inputs import PromptMaker
from joppo.training.judges.parse_reply import no_reply, read_reply, stricter
from joppo.training.judges.prefetch import Prefetch
from joppo.training.judges.text_model import TextModel
from joppo.training.judges.vision_model import vision_of

Ticket = tuple[int, int]  # question, draw
_LOOK_AHEAD = 16  # prompts that are read and wait: what they keep in mind takes memory
_FULL = 0.75  # share of rows with which a step is worth its time


@dataclass(slots=True)
class _Asked:
    """A question whose replies are being written."""

    question: Question
    prompt: Prompt
    read: ReadPrompt
    replies: dict[int, Reply] = field(default_factory=dict)


class LocalJudge:
    """A `SamplingJudge` on one device."""

    @staticmethod
    def describe(config: LocalJudgeConfig) -> str:
        """See `local_model.describe`."""
        return describe(config)

    def __init__(self, config: LocalJudgeConfig, store_root: str = "") -> None:
        """Load the model. A local judge keeps nothing in the store.

        Raises:
            ModelFolderError: there is no such model on this machine, or it is of another family.
        """
        self.config = config
        self.name = describe(config)
        self.max_new_tokens = token_limit(config)
        self.model, self.processor = load(config)
        self._text, self._see = TextModel(self.model), vision_of(self.model.model.visual)
        self._maker = PromptMaker(self.processor, self.model.model.get_rope_index)
        self._decode = self.processor.tokenizer.decode
        on_even_threads(self.model.device, config.rows)

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One greedy reply per question, in their order."""
        for (reply,) in self._replies(questions, 0):
            yield reply

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        """`count` replies per question, drawn at the config's temperature.

        A draw depends on the photo, the prompt and its number only: the same judge draws the same
        replies again.

        Raises:
            ValueError: `count` is below 1.
        """
        if count < 1:
            raise ValueError(f"at least one sample is needed, got {count}")
        yield from self._replies(questions, count)

    def _replies(self, questions: Iterable[Question], draws: int) -> Iterator[tuple[Reply, ...]]:
        """Replies of each question in order; `draws` = 0 asks for the greedy one."""
        c = self.config
        batch = c.batch or c.rows
        decoder = Decoder(
            self.model,
            self._text,
            self._see,
            rows=c.rows,
            batch=batch,
            max_new_tokens=self.max_new_tokens,
            temperature=c.temperature,
        )

        def prepare(question: Question) -> tuple[Prompt, ReadPrompt] | PhotoError:
            """Open and read a photo, in a thread, while replies to others are written."""
            try:
                prompt = self._maker.prompt(question.photo(), question.prompt)
            except PhotoError as error:
                return error
            return prompt, decoder.read(prompt)

        with Prefetch(questions, prepare, c.threads, 2 * c.threads) as prepared:
            yield from _Run(self, decoder, prepared, draws)

    def draws(self, question: Question, count: int) -> list[Draws]:
        """The numbers that choose the tokens of each reply; none for the greedy one."""
        if count == 0:
            return [None]
        seeds = [
            int(content_hash("draw", question.image_id, question.prompt, n)[:16], 16)
            for n in range(count)
        ]
        return [np.random.default_rng(seed).random(self.max_new_tokens) for seed in seeds]

    def read(self, tokens: list[int], question: Question, tries: int) -> Reply:
        """The reply that a model wrote in tokens."""
        return read_reply(self._decode(tokens, skip_special_tokens=True), question.form, tries)

    def again(self, asked: _Asked, reason: str) -> Prompt:
        """The prompt of the second try."""
        text = stricter(asked.question.prompt, asked.question.form, reason)
        return self._maker.again(asked.prompt, text)


class _Run:
    """One pass over questions: starts those there is room for, steps, hands out in order."""

    def __init__(
        self, judge: LocalJudge, decoder: Decoder, prefetched: Prefetch[Question, Any], draws: int
    ) -> None:
        self.judge, self.decoder, self.prefetched, self.draws = judge, decoder, prefetched, draws
        self.prepared: deque[int] = deque()
        self.passed = 0
        self.asked: dict[int, _Asked] = {}
        self.again: deque[tuple[Ticket, str]] = deque()
        self.ready: dict[int, tuple[Reply, ...]] = {}
        self.taken = self.given = 0

    def __iter__(self) -> Iterator[tuple[Reply, ...]]:
        while True:
            self._start()
            while self.given in self.ready:
                yield self.ready.pop(self.given)
                self.given += 1
            if self.decoder.at_work:
                for ticket, tokens in self.decoder.step():
                    self._finish(ticket, tokens)
            elif self.given == self.taken and self.prefetched.exhausted:
                return

    def _start(self) -> None:
        """Second tries first, then new questions, as long as there is room for replies."""
        while self.decoder.room and self.again:
            ticket, reason = self.again.popleft()
            prompt = self.decoder.read(self.judge.again(self.asked[ticket[0]], reason))
            self.decoder.start(prompt, [ticket], [None])
        while self.decoder.room and (number := self._next()) is not None:
            asked = self.asked[number]
            draws = self.judge.draws(asked.question, self.draws)
            tickets = [(number, n) for n in range(len(draws))]
            self.decoder.start(asked.read, tickets, draws)

    def _next(self) -> int | None:
        """The question to start: one whose length fits an open tile, else the first in line.

        None where none is prepared. The first in line is passed over so often and no more.
        A step takes as long for one reply as for all rows: while many are empty, waiting for
        another prompt costs less than going on without.
        """
        most = min(self.decoder.batch, _LOOK_AHEAD)
        while len(self.prepared) < most and not self.prefetched.exhausted:
            empty = not self.prepared and self.decoder.at_work < _FULL * self.decoder.batch
            taken = self.prefetched.take(wait=empty)
            if taken is None:
                break
            self._take(*taken)
        if not self.prepared:
            return None
        fitting = (n for n in self.prepared if self.decoder.fits(self.asked[n].read))
        number = next(fitting, self.prepared[0]) if self.passed < most else self.prepared[0]
        self.passed = 0 if number == self.prepared[0] else self.passed + 1
        self.prepared.remove(number)
        return number

    def _take(self, question: Question, prepared: tuple[Prompt, ReadPrompt] | PhotoError) -> None:
        number, self.taken = self.taken, self.taken + 1
        if isinstance(prepared, PhotoError):
            reply = no_reply(question.form, prepared.reason, detail=prepared.detail)
            self.ready[number] = (reply,) * max(1, self.draws)
        else:
            self.asked[number] = _Asked(question, *prepared)
            self.prepared.append(number)

    def _finish(self, ticket: Any, tokens: list[int]) -> None:
        number, draw = ticket
        asked = self.asked[number]
        tries = 2 if draw in asked.replies else 1
        reply = self.judge.read(tokens, asked.question, tries)
        asked.replies[draw] = reply
        if not reply.judgement.ok and self.draws == 0 and tries == 1:
            self.again.append((ticket, str(reply.judgement.reason)))
        elif len(asked.replies) == max(1, self.draws):
            self.ready[number] = tuple(asked.replies[n] for n in sorted(asked.replies))
            del self.asked[number]
