"""Circuit breaker: a provider that only fails gets no requests for a while, then a single one.

Closed: requests pass. After failures (time-outs, 5xx, resets) of `failures` different requests in a
row it opens for `cooldown_s`: one request that always fails cannot open it. Then it is half open:
one probe passes. If the probe is answered the breaker closes, if it fails the breaker opens for
twice as long, at most ten minutes.
"""

import time
from collections.abc import Hashable

from joppo.data.teachers.rate_limit import Clock

_LONGEST_S = 600.0


class Breaker:
    """State of one provider. All calls come from one event loop."""

    def __init__(
        self, failures: int = 10, cooldown_s: float = 15.0, clock: Clock = time.monotonic
    ) -> None:
        self._threshold, self._first_cooldown, self._clock = failures, cooldown_s, clock
        self._failed: set[Hashable] = set()
        self._cooldown = cooldown_s
        self._open_until: float | None = None
        self._probing = False
        self.openings = 0

    @property
    def closed(self) -> bool:
        """Whether requests pass freely."""
        return self._open_until is None

    @property
    def open(self) -> bool:
        """Whether nothing may be sent now: in the cool-down, with no probe on its way."""
        return (
            self._open_until is not None and not self._probing and self._clock() < self._open_until
        )

    def enter(self) -> bool:
        """Whether a request may be sent; the first one after the cool-down is the probe.

        The caller must then report `success`, `failure` or `neutral`.
        """
        if self._open_until is None:
            return True
        if self._probing or self._clock() < self._open_until:
            return False
        self._probing = True
        return True

    def wait_hint(self) -> float:
        """Seconds until asking again makes sense."""
        if self._open_until is None:
            return 0.0
        return max(self._open_until - self._clock(), min(1.0, self._first_cooldown))

    def success(self) -> None:
        """The provider answered (a refusal or a 4xx is an answer too)."""
        self._failed.clear()
        self._probing = False
        self._open_until, self._cooldown = None, self._first_cooldown

    def neutral(self) -> None:
        """The attempt showed nothing (429, cancelled): the next caller may probe."""
        self._probing = False

    def failure(self, request: Hashable) -> None:
        """The provider failed once more, with the request of this id."""
        self._failed.add(request)
        if self._open_until is not None:
            if self._probing:
                self._cooldown = min(_LONGEST_S, 2 * self._cooldown)
                self._open()
        elif len(self._failed) >= self._threshold:
            self._open()

    def _open(self) -> None:
        self._probing = False
        self.openings += 1
        self._open_until = self._clock() + self._cooldown
