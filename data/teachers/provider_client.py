"""One provider as the gateway uses it: concurrency, circuit breaker, rate limits and retries.

How an attempt ends decides what happens next. A 429 pauses all requests to the provider and does
not count as a failure; a time-out, 5xx or reset does, and is tried again after a jittered wait,
without holding a slot, until the question is given up as missing. While the breaker is open it is
the provider that fails and not the question: probes use up no attempt. A wrong key or address
stops the run; of a provider that no longer answers, all questions are missing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from joppo.data.teachers.base import (
    AccessError,
    Fatal,
    ProviderDown,
    RateLimited,
    Rejected,
    Stopped,
    Teacher,
    TeacherAnswer,
    TeacherError,
    TeacherRequest,
    Transient,
    Unreachable,
    missing,
)
from joppo.data.teachers.breaker import Breaker
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.images import size_of
from joppo.data.teachers.pricing import cost_usd, image_tokens, most_tokens, price_of
from joppo.data.teachers.rate_limit import Backoff, Clock, Pacer
from joppo.data.teachers.secrets import scrub
from joppo.data.teachers.waiting import Notify, WaitingNotices, log_waiting

# The teachers end an attempt themselves; this only catches an answer that never stops arriving.
_GRACE_S = 5.0

Keep = Callable[[TeacherAnswer], Awaitable[None]]


class ProviderUnavailable(Exception):
    """The breaker is open, and the caller has a fallback."""


class ProviderClient:
    """All requests of this process to one teacher. All methods run in the gateway's loop."""

    def __init__(
        self,
        config: ProviderConfig,
        teacher: Teacher,
        clock: Clock = time.monotonic,
        notify: Notify = log_waiting,
    ) -> None:
        self.config, self.teacher, self._clock = config, teacher, clock
        self.price = price_of(config)
        self.pacer = Pacer(config.requests_per_minute, config.tokens_per_minute, clock)
        # With few slots no more than these and as many again wait for an answer at a time.
        self._several = min(config.breaker_failures, max(2, 2 * config.concurrency))
        self.breaker = Breaker(self._several, config.breaker_cooldown_s, clock)
        self.sent = 0
        self.sending: set[asyncio.Task[object]] = set()
        """tasks whose request is on its way, or whose answer is being written"""
        self.stopping = False
        """whether nothing more may be sent"""
        self.has_answered = False
        """whether it has answered any request of this process"""
        self._notices = WaitingNotices(config.name, config.patience_s, notify)
        self._slots = asyncio.Semaphore(config.concurrency)
        self._backoff = Backoff(config.backoff_s)
        self._failing_since: float | None = None
        self._down: ProviderDown | None = None
        self._rejected: set[str] = set()
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

        Returns:
            An answer of the teacher, or one of status `missing`. What the teacher will never
            answer is missing too, with the reason `bad_request`.

        Raises:
            ProviderUnavailable: the breaker is open, and there is a fallback.
            AccessError, ProviderDown: nothing more can be asked of this provider at present.
            Stopped: nothing more may be asked.
        """
        failed, began = 0, self._clock()
        while True:
            if self.stopping:
                raise Stopped(f"asking teacher {self.config.name} was stopped")
            if self._down is not None and not has_fallback and self._silent:
                raise self._down
            try:
                answer = await self._attempt(request, most_prompt, failed + 1, keep)
            except RateLimited:
                if self._down is not None:
                    raise self._down from None
                self._check_patience("only answers 429 (rate limited)", began)
                continue
            except Rejected as error:
                return self._missing(error, failed + 1)
            except Transient as error:
                failed += error.blames_question
                if failed >= self.config.max_attempts:
                    return self._missing(error, failed)
                await asyncio.sleep(self._backoff.seconds(max(1, failed)))
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
                await keep(answer)
            finally:
                self.sending.discard(_this_task())
            return answer

    async def _send(self, request: TeacherRequest, most: int) -> TeacherAnswer:
        """Send once, and note what the outcome says of the provider."""
        tokens = most + request.params["max_tokens"]
        try:
            sent_at = await self.pacer.admit(tokens)
            if self.stopping:
                raise Stopped(f"asking teacher {self.config.name} was stopped")
            answer = await self._call(request)
        except RateLimited as error:
            self.breaker.neutral()
            self._refused(sent_at, error)
            raise
        except Rejected as error:
            self._answered()
            self._check_not_all_rejected(request, error)
            raise
        except AccessError as error:
            self.breaker.neutral()
            raise type(error)(self._with_address(error)) from None
        except Transient as error:
            self._failed(request, error)
            raise
        except BaseException:  # cancelled, stopped, or an error of the code: it shows nothing
            self.breaker.neutral()
            raise
        self._answered()
        self.has_answered = True
        self._rejected.clear()
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

    async def _call(self, request: TeacherRequest) -> TeacherAnswer:
        """The teacher's answer, within its time and by the protocol's errors only."""
        self.sent += 1
        self.sending.add(_this_task())
        try:
            async with asyncio.timeout(self.config.timeout_s + _GRACE_S):
                return await self.teacher.ask(request)
        except TimeoutError:
            raise Transient("no answer in time", "timeout") from None
        except TeacherError:
            raise
        except Exception as error:
            # The message of an unexpected error may quote the request, and with it the key.
            raise Fatal(scrub(f"{type(error).__name__}: {error}", 500)) from None

    def _answered(self) -> None:
        self._failing_since = self._down = None
        self.breaker.success()
        self.pacer.answered()
        self._notices.answered()

    def _refused(self, sent_at: float, error: RateLimited) -> None:
        """A 429: everybody waits."""
        pause = self.pacer.refused(sent_at, error.retry_after, self._backoff)
        self._notices.pause(f"HTTP 429: {error}", self._failing_for(), pause, always=False)

    def _failed(self, request: TeacherRequest, error: Transient) -> None:
        """A failure; where it opens the breaker, everybody waits and is told so at once."""
        openings = self.breaker.openings
        error.blames_question = error.blames_question and self.breaker.closed
        self._failing_for()
        # Without a connection no request is to blame: each failure counts.
        self.breaker.failure(object() if isinstance(error, Unreachable) else request.request_id)
        if self.breaker.openings > openings:
            pause = self.breaker.wait_hint()
            self._notices.pause(str(error), self._failing_for(), pause, always=True)

    @property
    def _silent(self) -> bool:
        """Whether nothing may be sent now, and no probe is on its way."""
        return self.breaker.open or self.pacer.paused

    def _failing_for(self) -> float:
        """Seconds for which nothing was answered; they begin to count with the first call."""
        if self._failing_since is None:
            self._failing_since = self._clock()
        return self._clock() - self._failing_since

    def _check_not_all_rejected(self, request: TeacherRequest, error: Rejected) -> None:
        """Raise if as many different requests as open the breaker were turned down in a row.

        Raises:
            AccessError: what is wrong is wrong with all requests: the message has the server's
                words.
        """
        self._rejected.add(request.request_id)
        if len(self._rejected) >= self._several:
            text = (
                f"{len(self._rejected)} requests in a row were turned down, the last with {error}"
            )
            raise AccessError(self._with_address(text)) from None

    def _with_address(self, error: object) -> str:
        """An error of account or address, with what to look at."""
        where = f" at {self.config.base_url}" if self.config.base_url else ""
        return (
            f"teacher {self.config.name} ({self.config.model}{where}): {error}. Check base_url "
            "(most servers want /v1 at its end), model, key and credit, and run again: every "
            "answer so far is in the journal"
        )

    def _check_patience(self, what: str, began: float) -> None:
        """Raise if a request that began to wait at `began` has waited for too long.

        Raises:
            ProviderDown: the provider has not answered for `patience_s`. While it stays so, others
                that wait get the same at once.
        """
        if self._failing_since is None:
            return
        waited = self._clock() - max(began, self._failing_since)
        if waited > self.config.patience_s:
            self._down = ProviderDown(
                f"teacher {self.config.name} {what} for {waited:.0f} s (patience_s = "
                f"{self.config.patience_s:g}); every answer so far is in the journal: run again "
                "when the provider is back"
            )
            raise self._down

    def _missing(self, error: TeacherError, attempts: int) -> TeacherAnswer:
        config = self.config
        return missing(
            *(error.reason, str(error)),
            provider=config.provider,
            model=config.model,
            attempts=attempts,
        )

    async def close(self) -> None:
        """Close the teacher's connections, where it has any."""
        close = getattr(self.teacher, "close", None)
        if close is not None:
            await close()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task
