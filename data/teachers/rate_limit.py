"""Rate limits of one provider, and the pause after an HTTP 429.

Requests are spread evenly (a token bucket that refills continuously, with room for one second's
worth), not sent in a burst at the start of each minute. A 429 pauses all requests to the provider.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Bucket:
    """A token bucket: `per_minute` units flow in; at most one second's worth is saved up.

    Units are taken in advance: `take` returns how long to wait until they are there.
    """

    def __init__(self, per_minute: float, clock: Clock) -> None:
        self._rate = per_minute / 60
        self._clock = clock
        # The time at which everything taken so far has flowed in.
        self._filled_at = clock() - 1.0

    def take(self, units: float) -> float:
        """Take `units`; returns the seconds to wait before using them."""
        now = self._clock()
        start = max(self._filled_at, now - 1.0)
        self._filled_at = start + units / self._rate
        return max(0.0, start - now)

    def give_back(self, units: float) -> None:
        """Units that were taken and not used (negative: more were used)."""
        self._filled_at -= units / self._rate


class Pacer:
    """The limits of one provider: requests and tokens per minute, and the pause after a 429."""

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._requests = Bucket(requests_per_minute, clock) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute, clock) if tokens_per_minute else None
        self._paused_until = self._pause_began = clock()
        self.refusals = 0

    @property
    def paused(self) -> bool:
        """Whether the pause after a 429 is not over."""
        return self._clock() < self._paused_until

    async def admit(self, tokens: float) -> float:
        """Wait for one request of that many tokens; returns the clock's time of admission."""
        waits = [0.0]
        if self._requests is not None:
            waits.append(self._requests.take(1))
        if self._tokens is not None:
            waits.append(self._tokens.take(tokens))
        start = self._clock() + max(waits)
        while (wait := max(start, self._paused_until) - self._clock()) > 0:
            await self._sleep(wait)
        return self._clock()

    def settle(self, estimated: float, used: float) -> None:
        """Correct the token bucket once the provider has reported how many tokens were used."""
        if self._tokens is not None:
            self._tokens.give_back(estimated - used)

    def answered(self) -> None:
        """The provider answered: the next 429 starts from a short pause again."""
        self.refusals = 0

    def refused(self, sent_at: float, retry_after: float | None, backoff: "Backoff") -> float:
        """A 429 for a request sent at `sent_at`: all requests wait; returns how many seconds.

        Refusals of requests that were already on their way when the pause began belong to the same
        event and do not lengthen the backoff.
        """
        now = self._clock()
        if sent_at >= self._pause_began:
            self.refusals += 1
            self._pause_began = now
        wait = retry_after if retry_after is not None else backoff.seconds(self.refusals)
        self._paused_until = max(self._paused_until, now + wait)
        return self._paused_until - now


class Backoff:
    """Exponential backoff with full jitter: uniform in [0, min(cap, base * 2**(n - 1))].

    Full jitter spreads retries best when many wait at once (Brooker, "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015).
    """

    def __init__(self, base_s: float, cap_s: float = 60.0, seed: int = 0) -> None:
        self._base, self._cap = base_s, cap_s
        self._random = random.Random(seed)

    def seconds(self, failures: int) -> float:
        """Seconds to wait after the n-th failure in a row (n >= 1)."""
        most = min(self._cap, self._base * 2.0 ** (min(failures, 30) - 1))
        return self._random.uniform(0.0, most)
