"""GPT, and any endpoint that speaks OpenAI's chat completions (Qwen behind vLLM and the like)."""

from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from joppo.data.photos.data_uri import data_uri
from joppo.data.teachers.base import (
    AuthError,
    RateLimited,
    TeacherAnswer,
    TeacherError,
    TeacherRequest,
    Transient,
    Unreachable,
    http_error,
)
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.images import media_type
from joppo.data.teachers.secrets import scrub

# A 429 that no waiting cures.
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
# A 400 that is the provider's refusal to answer: of OpenAI and of Azure.
_REFUSALS = {"content_policy_violation", "content_filter"}


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    """The part of a chat completion that is read; servers differ in the rest."""

    choices: list[_Choice]
    usage: _Usage = _Usage()


class OpenAITeacher:
    """One model of OpenAI. Retries are the gateway's: the client's own are off."""

    key_env: str | None = "OPENAI_API_KEY"
    # OpenAI's reasoning models refuse the older name, max_tokens.
    _limit = "max_completion_tokens"

    def __init__(self, config: ProviderConfig, key: SecretStr) -> None:
        from openai import AsyncOpenAI, DefaultAioHttpClient, Timeout

        self.provider: str = config.provider
        self.model = config.model
        # Each attempt must end: the client's default read time-out is ten minutes.
        timeout = Timeout(config.timeout_s, connect=min(10.0, config.timeout_s))
        self._client = AsyncOpenAI(
            api_key=key.get_secret_value(),
            base_url=config.base_url,
            max_retries=0,
            timeout=timeout,
            # Half the processor time of the default transport at 64 requests in flight.
            http_client=DefaultAioHttpClient(timeout=timeout),
        )

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Send once. See `data.teachers.base.Teacher`."""
        import openai

        try:
            # The typed method would walk through every message to rename nothing, at 3 ms a time.
            body = await self._client.post(
                "/chat/completions", cast_to=str, body=self._arguments(request)
            )
        except openai.APIError as error:
            if error.code in _REFUSALS:
                return TeacherAnswer("refused", error.code, "", detail=scrub(str(error), 300))
            # `from None`: the original carries the request, with its headers.
            raise _translate(error) from None
        try:
            return _read(_Completion.model_validate_json(body))
        except ValidationError:
            raise Transient("the body is not a chat completion", "malformed_body") from None

    def _arguments(self, request: TeacherRequest) -> dict[str, Any]:
        photos = [image.load() for image in request.images]
        content: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": data_uri(photo, media_type(photo))}}
            for photo in photos
        ]
        content.append({"type": "text", "text": request.prompt})
        messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        arguments: dict[str, Any] = {"model": request.model, "messages": messages}
        arguments[self._limit] = request.params["max_tokens"]
        if request.params.get("temperature") is not None:
            arguments["temperature"] = request.params["temperature"]
        return arguments

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class OpenAICompatibleTeacher(OpenAITeacher):
    """One model behind any endpoint that speaks OpenAI's chat completions."""

    key_env = None
    needs_base_url = True
    # vLLM's older releases refuse the newer name.
    _limit = "max_tokens"


def _read(completion: _Completion) -> TeacherAnswer:
    if not completion.choices:
        raise Transient("the completion has no choices", "malformed_body")
    choice = completion.choices[0]
    refused = bool(choice.message.refusal) or choice.finish_reason == "content_filter"
    text = choice.message.content or choice.message.refusal or ""
    return TeacherAnswer(
        status="refused" if refused else "ok",
        finish_reason=choice.finish_reason,
        raw_text=text,
        prompt_tokens=completion.usage.prompt_tokens,
        completion_tokens=completion.usage.completion_tokens,
    )


def _translate(error: Any) -> TeacherError:
    """The client's error as ours, without anything of the request and without keys."""
    import openai

    text = scrub(str(error), 300)
    if isinstance(error, openai.APIConnectionError):
        return _lost(error)
    if not isinstance(error, openai.APIStatusError):
        return Transient(f"unreadable answer: {text}", "malformed_body")
    if error.status_code != 429:
        return http_error(error.status_code, text)
    if error.code in _NO_CREDIT:
        return AuthError(f"HTTP 429: {text}")
    return RateLimited(text, retry_after(error.response.headers))


def _lost(error: Any) -> Transient:
    """No connection, one that broke, or no answer in time.

    The client calls a refused connection a time-out; its causes tell them apart.
    """
    import openai
    from aiohttp import ClientConnectorError, ConnectionTimeoutError

    causes, cause = list[BaseException](), error.__cause__
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for one in causes:
        if isinstance(one, ClientConnectorError | ConnectionTimeoutError):
            return Unreachable(f"no connection: {scrub(str(one), 200)}")
    if isinstance(error, openai.APITimeoutError):
        return Transient("no answer in time", "timeout")
    names = type(causes[0]).__name__ if causes else "no cause given"
    return Transient(f"connection failed ({names})", "connection")


def retry_after(headers: Any) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (seconds or an HTTP date), or None."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time())
        except ValueError:
            continue
    return None
