"""Gemini, through google-generativeai. Nothing else in the project imports that package.

The package's support has ended (its successor is google-genai): a swap is this one file. Its
asynchronous call does not work over REST, and gRPC cannot be pointed at a plain local server, so
requests are made over REST in threads, one per request in flight.
"""

import asyncio
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import SecretStr

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
from joppo.data.teachers.openai import retry_after
from joppo.data.teachers.secrets import scrub

# The package's settings are global: one teacher at a time may turn them into a client.
_CONFIGURE = threading.Lock()


class GeminiTeacher:
    """One Gemini model. Retries are the gateway's."""

    key_env = "GEMINI_API_KEY"

    def __init__(self, config: ProviderConfig, key: SecretStr) -> None:
        self.provider: str = config.provider
        self.model = config.model
        self._timeout_s = config.timeout_s
        self._client = _make_client(config, key)

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Send once. See `data.teachers.base.Teacher`."""
        return await in_daemon_thread(lambda: self._ask(request))

    def _ask(self, request: TeacherRequest) -> TeacherAnswer:
        import google.generativeai as genai
        import requests
        from google.api_core.exceptions import GoogleAPIError
        from google.protobuf.json_format import ParseError

        model = genai.GenerativeModel(
            request.model,
            generation_config=_generation_config(request),
            system_instruction=request.system,
        )
        # The model would otherwise take whichever client was configured last in the process.
        model._client = self._client
        parts: list[Any] = [
            {"mime_type": "image/jpeg", "data": image.load()} for image in request.images
        ]
        # A whole content: given a list of parts, the package would format the photo as text.
        content = {"role": "user", "parts": [*parts, request.prompt]}
        try:
            response = model.generate_content(
                content,
                request_options={"timeout": self._timeout_s, "retry": None},
            )
        # The transport lets some of requests' errors and JSON errors through as they are.
        except (GoogleAPIError, ParseError, requests.RequestException, ValueError) as error:
            raise _translate(error) from None
        return _read(response)


async def in_daemon_thread(work: Callable[[], TeacherAnswer]) -> TeacherAnswer:
    """The result of a blocking call.

    The threads of an executor are waited for when the process ends; a request that hangs must not
    keep it alive until its time-out.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[TeacherAnswer] = loop.create_future()

    def settle(answer: TeacherAnswer | None, error: Exception | None) -> None:
        if done.done():  # nobody waits any more
            return
        if answer is not None:
            done.set_result(answer)
        elif error is not None:
            done.set_exception(error)

    def run() -> None:
        answer, error = None, None
        try:
            answer = work()
        except Exception as failure:
            error = failure
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, answer, error)

    threading.Thread(target=run, name="gemini", daemon=True).start()
    return await done


def _make_client(config: ProviderConfig, key: SecretStr) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import google.generativeai as genai
    from google.generativeai import client as genai_client
    from requests.adapters import HTTPAdapter

    endpoint = {"api_endpoint": config.base_url} if config.base_url else None
    with _CONFIGURE:
        genai.configure(api_key=key.get_secret_value(), transport="rest", client_options=endpoint)
        client = genai_client.get_default_generative_client()
        # Remove the key from the package's global settings.
        genai.configure(api_key="none", transport="rest")
    # The session keeps 10 connections by default and throws away the others after each request.
    adapter = HTTPAdapter(pool_maxsize=config.concurrency)
    for prefix in ("https://", "http://"):
        client.transport._session.mount(prefix, adapter)
    return client


def _generation_config(request: TeacherRequest) -> dict[str, Any]:
    values = {"max_output_tokens": request.params["max_tokens"], "candidate_count": 1}
    if request.params.get("temperature") is not None:
        values["temperature"] = request.params["temperature"]
    return values


def _read(response: Any) -> TeacherAnswer:
    """A refusal is HTTP 200 with a block reason or a finish reason such as SAFETY."""
    usage = response.usage_metadata
    prompt = int(usage.prompt_token_count)
    # Thinking is billed as output but is counted in the total only.
    completion = max(int(usage.candidates_token_count), int(usage.total_token_count) - prompt)
    if not response.candidates:
        block = response.prompt_feedback.block_reason
        if not block:
            raise Transient("the response has no candidates", "malformed_body")
        return TeacherAnswer("refused", block.name, "", prompt, completion)
    candidate = response.candidates[0]
    text = "".join(part.text for part in candidate.content.parts)
    finish = candidate.finish_reason.name
    answered = finish in ("STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED")
    return TeacherAnswer("ok" if answered else "refused", finish, text, prompt, completion)


def _translate(error: Exception) -> TeacherError:
    """The client's error as ours, without anything of the request and without keys."""
    import requests
    from google.api_core import exceptions

    text = scrub(str(error), 300)
    unreached = "NewConnectionError" in repr(error) or isinstance(error, requests.ConnectTimeout)
    if unreached and isinstance(error, requests.ConnectionError):
        return Unreachable(f"no connection: {text}")
    if isinstance(error, requests.Timeout | exceptions.DeadlineExceeded | exceptions.RetryError):
        return Transient("no answer in time", "timeout")
    if isinstance(error, requests.RequestException):
        return Transient(f"connection failed ({type(error).__name__})", "connection")
    if not isinstance(error, exceptions.GoogleAPICallError) or error.code is None:
        return Transient(f"unreadable answer ({type(error).__name__})", "malformed_body")
    status = int(error.code)
    if "API_KEY_INVALID" in str(error) or "API key not valid" in str(error):
        return AuthError(f"HTTP {status}: {text}")
    if status == 429:
        return RateLimited(text, _retry_delay(error))
    return http_error(status, text)


def _retry_delay(error: Any) -> float | None:
    """Seconds by the Retry-After header, else by RetryInfo in the error's details, or None."""
    response = getattr(error, "response", None)
    if response is not None and (wait := retry_after(response.headers)) is not None:
        return wait
    for detail in error.details or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is None and isinstance(detail, dict) and "retryDelay" in detail:
            return float(str(detail["retryDelay"]).rstrip("s"))
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None
