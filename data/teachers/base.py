"""What a teacher is asked and what it answers: the protocol that every teacher follows.

A request is identified by its content: `request_id` is a hash of provider, model, parameters,
system text, prompt and the sha256 of each image's file bytes. Two requests with one id are one
request, and an answer that was paid for once is found again under that id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.store.hashing import content_hash, sha256
from joppo.data.teachers.context import Context

Status = Literal["ok", "refused", "invalid", "failed", "missing"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A photo to be sent: its sha256 and a way to read its file bytes when they are needed.

    Requests wait in queues by the thousand; their photos must not. `load` is called just before
    sending and its result is dropped afterwards.
    """

    image_id: str
    load: Callable[[], bytes] = field(repr=False, compare=False)

    @classmethod
    def of(cls, content: bytes) -> "ImageRef":
        """A reference to bytes that are in memory anyway."""
        return cls(sha256(content), lambda: content)


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """One question to one model. Build it with `make_request`, which computes the id."""

    request_id: str
    image_id: str
    """the photo asked about"""
    template_id: str
    """key of the question's template: id and version"""
    provider: str
    model: str
    system: str | None
    prompt: str
    images: tuple[ImageRef, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able sampling values and the size that photos are reduced to"""
    form: AnswerFormat | None = field(default=None, compare=False)
    """what the answer block has to hold; None checks the tags alone. Stated in the prompt, so not
    part of the id"""
    context: Context | None = field(default=None, repr=False, compare=False)
    """for teachers that answer from labels: never sent, and not part of the id"""


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """What came back. Tokens and cost are the sums over all answers that were paid for."""

    status: Status
    """`ok`; `refused` by the provider; `invalid`: not in the form asked for; `failed`: this will
    never be answered; `missing`: no answer came, and a later run may get one"""
    finish_reason: str | None
    """the provider's own for ok, refused and invalid; for failed and missing what went wrong, in
    snake_case (`bad_request`, `timeout`, `server_error`, `provider_down`, ...)"""
    raw_text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    attempts: int = 1
    latency_s: float = 0.0
    provider: str = ""
    """who answered: another provider than the one asked where a fallback stepped in"""
    model: str = ""
    detail: str = ""
    """one sentence for a person, without keys"""


@runtime_checkable
class Teacher(Protocol):
    """One model of one provider; `data.teachers.providers` says how to add one of your own."""

    provider: str
    model: str

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Send once: retries, rate limits and the journal are the gateway's.

        Returns:
            An answer whose status is `ok` or `refused`; the gateway fills in the cost.

        Raises:
            TeacherError: there is no answer.
        """
        ...


class TeacherError(Exception):
    """A request that got no answer. `reason` is the snake_case word that rejects and logs carry."""

    reason = "failed"


class RateLimited(TeacherError):
    """HTTP 429: the provider asks for a pause. `retry_after` is in seconds, or None."""

    reason = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Transient(TeacherError):
    """Worth another try: 5xx, a reset connection, a body that is not JSON."""

    reason = "server_error"
    blames_question = True
    """whether it may be this one question that fails: it then uses up one of its attempts"""

    def __init__(self, message: str, reason: str = "server_error") -> None:
        super().__init__(message)
        self.reason = reason


class Unreachable(Transient):
    """No connection could be made, which says nothing of the question."""

    blames_question = False

    def __init__(self, message: str) -> None:
        super().__init__(message, "unreachable")


class Fatal(TeacherError):
    """Asking again at once cannot help."""


class Rejected(Fatal):
    """This one request is turned down by a code that depends on the server's limits (413, 422).

    The question is missing: a later run, with another server or other limits, may be answered.
    """

    reason = "rejected"

    def __init__(self, message: str, reason: str = "rejected") -> None:
        super().__init__(message)
        self.reason = reason


class BadRequest(Rejected):
    """The provider will never answer this one request (400): it becomes a recorded reject.

    That is believed of a provider that answers other requests; before, the request is missing.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, "bad_request")


class AccessError(Fatal):
    """The address or the model's name is wrong: no request to this provider can succeed."""

    reason = "access"


class AuthError(AccessError):
    """The key is missing, wrong or out of credit: no request to this provider can succeed."""

    reason = "auth"


class ProviderDown(Fatal):
    """The provider has answered nothing for longer than `patience_s`: the run stops, not rows."""

    reason = "provider_down"


class Stopped(Exception):
    """Asking was stopped from outside (SIGTERM, Ctrl-C); every answer so far is in the journal."""


class BudgetExceeded(Exception):
    """The next request could exceed the budget. Answers in flight are kept: raise it, run again."""

    reason = "budget_exceeded"

    def __init__(
        self, message: str, spent_usd: float = 0.0, budget_usd: float = 0.0, unsent: int = 0
    ) -> None:
        # The message is enough to make one, because errors travel between processes as text.
        super().__init__(message)
        self.spent_usd, self.budget_usd, self.unsent = spent_usd, budget_usd, unsent

    @classmethod
    def at(cls, spent_usd: float, budget_usd: float, unsent: int = 0) -> "BudgetExceeded":
        """The error with its message, from what was spent."""
        message = (
            f"teachers stopped at the budget: ${spent_usd:.4f} of ${budget_usd:.4f} spent, "
            f"{unsent} requests of this batch unsent; every answer so far is in the journal: "
            "raise teachers.budget_usd and run again to continue"
        )
        return cls(message, spent_usd, budget_usd, unsent)


def missing(
    reason: str, detail: str, *, provider: str, model: str, attempts: int = 0
) -> TeacherAnswer:
    """The answer that did not come; `reason` in snake_case, `detail` one sentence."""
    return TeacherAnswer(
        *("missing", reason, ""), attempts=attempts, provider=provider, model=model, detail=detail
    )


def http_error(status: int, text: str) -> TeacherError:
    """What an HTTP status other than 429 says, by the server's own words.

    The account: 401, 402, 403. The address or the model's name: 404, 405, 410. The server, which
    may be well later: 408, 409, 5xx. This one request: 400 for good; 413, 422 and all others by
    limits that may be changed.
    """
    words = f"HTTP {status}: {text}"
    if status in (401, 402, 403):
        return AuthError(words)
    if status in (404, 405, 410):
        return AccessError(words)
    if status >= 500 or status in (408, 409):
        return Transient(words, "server_error")
    if status == 400:
        return BadRequest(words)
    return Rejected(words, {413: "request_too_large", 422: "unprocessable"}.get(status, "rejected"))


def request_id(
    provider: str,
    model: str,
    params: Mapping[str, Any],
    prompt: str,
    system: str | None,
    image_ids: tuple[str, ...],
) -> str:
    """Content hash (64 hex) of everything that can change the answer.

    Args:
        params: JSON-able sampling values and the size that photos are reduced to.
        image_ids: sha256 of each photo's file bytes, in the order they are sent.
    """
    return content_hash("request", provider, model, dict(params), prompt, system, list(image_ids))


def make_request(
    *,
    provider: str,
    model: str,
    template_id: str,
    prompt: str,
    system: str | None = None,
    images: tuple[ImageRef, ...] = (),
    params: Mapping[str, Any] | None = None,
    form: AnswerFormat | None = None,
    context: Context | None = None,
    image_id: str | None = None,
) -> TeacherRequest:
    """A request with its id. `image_id` is the photo asked about: the first image by default."""
    params = dict(params or {})
    image_ids = tuple(image.image_id for image in images)
    return TeacherRequest(
        request_id=request_id(provider, model, params, prompt, system, image_ids),
        image_id=image_id or (image_ids[0] if image_ids else ""),
        template_id=template_id,
        provider=provider,
        model=model,
        system=system,
        prompt=prompt,
        images=images,
        params=params,
        form=form,
        context=context,
    )
