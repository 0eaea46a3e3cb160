"""One provider as the gateway uses it: concurrency, circuit breaker, rate limits and retries.

How an attempt ends decides what happens next. A 429 pauses all requests to the provider and does
not count as a failure; a time-out, 5xx or reset does, and is tried again after a jittered wait,
without holding a slot; a 4xx is recorded; a wrong key or a provider that no longer answers stops
the run.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from joppo.data.teachers.base import (
    BadRequest,
    Fatal,
    ProviderDown,
    RateLimited,
    Teacher,
    TeacherAnswer,
    TeacherError,
    TeacherRequest,
    Transient,
)
from joppo.data.teachers.breaker import Breaker
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.images import size_of
from joppo.data.teachers.pricing import cost_usd, image_tokens, most_tokens, price_of
from joppo.data.teachers.rate_limit import Backoff, Clock, Pacer
from joppo.data.teachers.secrets import scrub

# The teachers end an attempt themselves; this only catches an answer that never stops arriving.
_GRACE_S = 5.0

Keep = Callable[[TeacherAnswer], Awaitable[None]]


class ProviderUnavailable(Exception):
    """The breaker is open, and the caller has a fallback."""


class ProviderClient:
    """All requests of this process to one teacher. All methods run in the gateway's loop."""

    def __init__(
        self, config: ProviderConfig, teacher: Teacher, clock: Clock = time.monotonic
    ) -> None:
        self.config, self.teacher, self._clock = config, teacher, clock
        self.price = price_of(config)
        self.pacer = Pacer(config.requests_per_minute, config.tokens_per_minute, clock)
        self.breaker = Breaker(config.breaker_failures, config.breaker_cooldown_s, clock)
        self.sent = 0
        self._slots = asyncio.Semaphore(config.concurrency)
        self._backoff = Backoff(config.backoff_s)
        self._failing_since: float | None = None
        self._underestimated = 0

    async def ask(
        self, request: TeacherRequest, most_prompt: int, keep: Keep, *, has_fallback: bool = False
    ) -> TeacherAnswer:
        """Ask until there is an answer, a 4xx or `max_attempts` failures; the answer is priced.

        Args:
            request: its photos are the ones to send, already reduced.
            most_prompt: an upper bound on its prompt tokens.
            keep: writes an answer down. The slot is held until it has, so that a kill can lose no
                more answers than there are slots.
            has_fallback: whether another teacher can answer while the breaker is open.

        Raises:
            ProviderUnavailable: the breaker is open, and there is a fallback.
            AuthError, ProviderDown: nothing more can be asked of this provider at present.
        """
        failed, began = 0, self._clock()
        while True:
            try:
                answer = await self._attempt(request, most_prompt, failed + 1, keep)
            except RateLimited:
                self._check_patience("only answers 429 (rate limited)", began)
                continue
            except BadRequest as error:
                return self._failure(error, failed + 1)
            except Transient as error:
                failed += 1
                if failed >= self.config.max_attempts:
                    return self._failure(error, failed)
                await asyncio.sleep(self._backoff.seconds(failed))
                continue
            if answer is not None:
                return answer
            if has_fallback:
                raise ProviderUnavailable(self.config.name)
            self._check_patience("is down", began)
            await asyncio.sleep(self.breaker.wait_hint())

    def most_usd(self, request: TeacherRequest, most_prompt: int) -> float:
        """The most that one answer to this request can cost, in US dollars."""
        return cost_usd(self.price, most_prompt, request.params["max_tokens"])

    def most_prompt_tokens(self, request: TeacherRequest) -> int:
        """An upper bound on the prompt tokens of a request with reduced photos.

        Where the provider has billed more than the bound (a photo rule that the price table does
        not know), the difference is added from then on.
        """
        return self._bound(request) + self._underestimated

    def _bound(self, request: TeacherRequest) -> int:
        sizes = [size_of(image.load()) for image in request.images]
        photos = sum(image_tokens(self.price.image, *size) for size in sizes)
        return most_tokens((request.system, request.prompt), photos)

    async def _attempt(
        self, request: TeacherRequest, most: int, number: int, keep: Keep
    ) -> TeacherAnswer | None:
        """One attempt, or None if the breaker lets nothing through."""
        async with self._slots:
            if not self.breaker.enter():
                return None
            try:
                answer = replace(await self._send(request, most), attempts=number)
            except (RateLimited, Fatal, asyncio.CancelledError):
                self.breaker.neutral()
                raise
            except Transient:
                self.breaker.failure()
                self._failing_since = self._failing_since or self._clock()
                raise
            await keep(answer)
            return answer

    async def _send(self, request: TeacherRequest, most: int) -> TeacherAnswer:
        tokens = most + request.params["max_tokens"]
        sent_at = await self.pacer.admit(tokens)
        self.sent += 1
        try:
            async with asyncio.timeout(self.config.timeout_s + _GRACE_S):
                answer = await self.teacher.ask(request)
        except TimeoutError:
            raise Transient("no answer in time", "timeout") from None
        except RateLimited as error:
            self._failing_since = self._failing_since or self._clock()
            self.pacer.refused(sent_at, error.retry_after, self._backoff)
            raise
        except BadRequest:
            self._answered()
            raise
        except TeacherError:
            raise
        except Exception as error:
            # The message of an unexpected error may quote the request, and with it the key.
            raise Fatal(scrub(f"{type(error).__name__}: {error}", 500)) from None
        self._answered()
        if answer.prompt_tokens > most:
            beyond = answer.prompt_tokens - self._bound(request)
            self._underestimated = max(self._underestimated, beyond)
        self.pacer.settle(tokens, answer.prompt_tokens + answer.completion_tokens)
        return replace(
            answer,
            raw_text=scrub(answer.raw_text),
            cost_usd=cost_usd(self.price, answer.prompt_tokens, answer.completion_tokens),
            latency_s=self._clock() - sent_at,
            provider=self.config.provider,
            model=self.config.model,
        )

    def _answered(self) -> None:
        self._failing_since = None
        self.breaker.success()
        self.pacer.answered()

    def _check_patience(self, what: str, began: float) -> None:
        """Raise if a request that began to wait at `began` has waited for too long.

        Raises:
            ProviderDown: the provider has not answered for `patience_s`.
        """
        if self._failing_since is None:
            return
        waited = self._clock() - max(began, self._failing_since)
        if waited > self.config.patience_s:
            raise ProviderDown(
                f"teacher {self.config.name} {what} for {waited:.0f} s (patience_s = "
                f"{self.config.patience_s:g}); every answer so far is in the journal: run again "
                "when the provider is back"
            )

    def _failure(self, error: TeacherError, attempts: int) -> TeacherAnswer:
        return TeacherAnswer(
            status="failed",
            finish_reason=error.reason,
            raw_text="",
            attempts=attempts,
            provider=self.config.provider,
            model=self.config.model,
            detail=str(error),
        )

    async def close(self) -> None:
        """Close the teacher's connections, where it has any."""
        close = getattr(self.teacher, "close", None)
        if close is not None:
            await close()
