"""A judge that is asked over the network: an OpenAI-compatible server (vLLM), GPT or Gemini.

Requests go through the gateway of the teachers (`data.teachers`): its limits, breaker, journal and
budget. An answer that was paid for is never paid for again. A reply that is not in form is asked
for once more by the gateway, which quotes the reply and what is wrong with it.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from joppo.data.photos.thumbnail import Resampling, thumbnail
from joppo.data.questions.answer_format import completion_problem
from joppo.data.store.hashing import content_hash
from joppo.data.teachers.ask import gateway_for
from joppo.data.teachers.base import ImageRef, TeacherAnswer, TeacherRequest, make_request
from joppo.data.teachers.config import TeachersConfig
from joppo.training.judges.config import EndpointJudgeConfig
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.parse_reply import no_reply, read_reply

_SHORT = 8
_TEMPLATE = "judge"


def describe(config: EndpointJudgeConfig) -> str:
    """`<model>@<hash>`: the hash covers provider, model and all that shapes a reply."""
    teacher = config.teacher
    shaping = [teacher.provider, teacher.model, teacher.params(), config.sample_temperature]
    return f"{teacher.model.split('/')[-1]}@{content_hash(shaping)[:_SHORT]}"


def teachers_of(config: EndpointJudgeConfig) -> TeachersConfig:
    """The judge as the one teacher of a gateway."""
    return TeachersConfig(
        providers=(config.teacher,), budget_usd=config.budget_usd, journal=config.journal
    )


@dataclass(slots=True)
class _Asked:
    """A question and its replies so far."""

    question: Question
    replies: list[Reply | None]

    def complete(self) -> tuple[Reply, ...] | None:
        """All replies, or None where some are missing."""
        come = tuple(reply for reply in self.replies if reply is not None)
        return come if len(come) == len(self.replies) else None


class EndpointJudge:
    """A `SamplingJudge` behind an API."""

    @staticmethod
    def describe(config: EndpointJudgeConfig) -> str:
        """See `describe` of this module."""
        return describe(config)

    def __init__(self, config: EndpointJudgeConfig, store_root: str) -> None:
        """Open the gateway; the journal lies beside the store unless the config says otherwise.

        Raises:
            AuthError: a key is missing. UnknownPriceError: the model has no price.
            ValueError: the store is remote and no journal is named.
        """
        self.config = config
        self.name = describe(config)
        self._gateway = gateway_for(teachers_of(config), store_root)

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One reply per question, in their order.

        Raises:
            BudgetExceeded, AuthError, ProviderDown: nothing more can be asked at present; what was
                answered until then is in the journal.
        """
        for (reply,) in self._replies(questions, [self.config.teacher.params()]):
            yield reply

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        """`count` replies per question, drawn at the config's `sample_temperature`.

        Raises: as `ask`; ValueError where `count` is below 1.
        """
        if count < 1:
            raise ValueError(f"at least one sample is needed, got {count}")
        params = self.config.teacher.params()
        if params["temperature"] is not None:
            params["temperature"] = self.config.sample_temperature
        yield from self._replies(questions, [params | {"sample": n} for n in range(count)])

    def _replies(
        self, questions: Iterable[Question], params: list[dict[str, Any]]
    ) -> Iterator[tuple[Reply, ...]]:
        """Replies in the order of the questions; answers come in any order and wait for theirs."""
        waiting: dict[int, _Asked] = {}
        pending: dict[int, tuple[_Asked, int]] = {}
        given = 0

        def requests() -> Iterator[TeacherRequest]:
            for number, question in enumerate(questions):
                asked = waiting[number] = _Asked(question, [None] * len(params))
                for draw, values in enumerate(params):
                    request = self._request(question, values)
                    pending[id(request)] = asked, draw
                    yield request

        for request, answer in self._gateway.ask_many(requests(), _validate):
            asked, draw = pending.pop(id(request))
            asked.replies[draw] = self._read(asked.question, request, answer)
            while given in waiting and (replies := waiting[given].complete()):
                yield replies
                del waiting[given]
                given += 1

    def _request(self, question: Question, params: dict[str, Any]) -> TeacherRequest:
        teacher = self.config.teacher
        return make_request(
            provider=teacher.provider,
            model=teacher.model,
            template_id=_TEMPLATE,
            prompt=question.prompt,
            images=(ImageRef(question.image_id, lambda: _as_file(question, params["image_size"])),),
            params=params,
            form=question.form,
        )

    def _read(self, question: Question, request: TeacherRequest, answer: TeacherAnswer) -> Reply:
        if answer.status in ("ok", "invalid"):
            tries = len(self._gateway.journal.get([request.request_id])[request.request_id])
            return read_reply(answer.raw_text, question.form, tries)
        reason = "refused" if answer.status == "refused" else answer.finish_reason or "failed"
        return no_reply(question.form, reason, answer.raw_text, answer.attempts, answer.detail)


def _validate(request: TeacherRequest, text: str) -> str | None:
    """None for an answer in form, else what is wrong with it: the repair prompt quotes it."""
    return completion_problem(text, request.form)


def _as_file(question: Question, size: int) -> bytes:
    """The photo as the gateway reads photos, reduced already and without loss (BMP)."""
    out = io.BytesIO()
    thumbnail(question.photo(), size, Resampling.LANCZOS).save(out, "BMP")
    return out.getvalue()
