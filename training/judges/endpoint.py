"""A judge that is asked over the network: an OpenAI-compatible server (vLLM), GPT or Gemini.

A judge of ours on a server gets each photo in the very pixels that it was trained on, and a server
that does not offer it under the name of its weights is refused. Other models get a JPEG of the
teacher's `image_size`.

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
from joppo.training.judges.served_models import check_served
from joppo.training.models.about import About
from joppo.training.models.pixels import as_read

_SHORT = 8
_TEMPLATE = "judge"
_PNG_EFFORT = 1  # of 9: on a photo, more of it saves little


def describe(config: EndpointJudgeConfig) -> str:
    """`<model>@<hash>`: the hash covers all that shapes a reply.

    Of a judge of ours that is its weights, wherever it is served; of another model, whose weights
    cannot be seen, provider, address and model name.
    """
    teacher, about = config.teacher, config.about
    shaping = [teacher.provider, teacher.model, params_of(config), config.sample_temperature]
    label = teacher.model.split("/")[-1] if about is None else about.run
    return f"{label}@{content_hash(shaping)[:_SHORT]}"


def params_of(config: EndpointJudgeConfig) -> dict[str, Any]:
    """What shapes a greedy reply beside provider, model and question: a part of request ids.

    The model name of a judge of ours holds the digest of its weights (`About.served_name`).
    """
    params, about = config.teacher.params(), config.about
    if about is not None:
        pixels = [about.min_pixels, about.max_pixels, about.pixel_step]
        return params | {"image_size": None, "jpeg_quality": None, "pixels": pixels}
    if config.teacher.base_url is not None:
        params["address"] = config.teacher.base_url
    return params


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
        self.about = config.about
        self.name = describe(config)
        self._checked = self.about is None
        self._gateway = gateway_for(teachers_of(config), store_root)

    def ask(self, questions: Iterable[Question]) -> Iterator[Reply]:
        """One reply per question, in their order.

        Raises:
            BudgetExceeded, AccessError, ProviderDown: nothing more can be asked at present; what
                was answered until then is in the journal.
            WrongServerError: the server does not offer this judge.
        """
        for (reply,) in self._replies(questions, [params_of(self.config)]):
            yield reply

    def sample(self, questions: Iterable[Question], count: int) -> Iterator[tuple[Reply, ...]]:
        """`count` replies per question, drawn at the config's `sample_temperature`.

        Raises: as `ask`; ValueError where `count` is below 1.
        """
        if count < 1:
            raise ValueError(f"at least one sample is needed, got {count}")
        params = params_of(self.config)
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
                self._check_server()
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
            images=(ImageRef(question.image_id, lambda: self._photo(question)),),
            params=params,
            form=question.form,
        )

    def _photo(self, question: Question) -> bytes:
        if self.about is not None:
            return _as_read_file(question, self.about)
        return _as_file(question, self.config.teacher.image_size)

    def _check_server(self) -> None:
        """Before the first question: whether the server offers this very judge."""
        if not self._checked:
            check_served(self.config.teacher)
            self._checked = True

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


def _as_read_file(question: Question, about: About) -> bytes:
    """The photo as the judge's processor makes it, without loss (PNG)."""
    out = io.BytesIO()
    as_read(question.photo(), about).save(out, "PNG", compress_level=_PNG_EFFORT)
    return out.getvalue()
