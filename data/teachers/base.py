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

Status = Literal["ok", "refused", "invalid", "failed"]


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
    finish_reason: str | None
    """the provider's own for ok, refused and invalid; for failed what failed, in snake_case
    (`bad_request`, `timeout`, `server_error`, ...)"""
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

    def __init__(self, message: str, reason: str = "server_error") -> None:
        super().__init__(message)
        self.reason = reason


class Fatal(TeacherError):
    """Asking again cannot help."""


class BadRequest(Fatal):
    """The provider will never answer this one request (4xx): it becomes a recorded reject."""

    reason = "bad_request"


class AuthError(Fatal):
    """The key is missing, wrong or out of credit: no request to this provider can succeed."""

    reason = "auth"


class ProviderDown(Fatal):
    """The provider has answered nothing for longer than `patience_s`: the run stops, not rows."""

    reason = "provider_down"


class BudgetExceeded(Exception):
    """The next request could exceed the budget. Answers in flight are kept: raise it, run again."""

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
