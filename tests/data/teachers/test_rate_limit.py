"""Pacing, pauses, backoff and breaker on a clock that the test turns."""

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from joppo.data.teachers.breaker import Breaker
from joppo.data.teachers.rate_limit import Backoff, Pacer


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def admit_all(pacer: Pacer, clock: Clock, sizes: list[float]) -> list[float]:
    async def run() -> list[float]:
        return [await pacer.admit(size) for size in sizes]

    return asyncio.run(run())


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 6000), st.integers(2, 80))
def test_never_more_than_the_minute_allows(per_minute: float, count: int) -> None:
    clock = Clock()
    times = admit_all(Pacer(per_minute, None, clock, clock.sleep), clock, [0.0] * count)
    for start in times:
        within = sum(start <= t < start + 60 for t in times)
        # One second's worth may have been saved up before, and the first is free.
        assert within <= per_minute * 61 / 60 + 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=2, max_size=60))
def test_tokens_are_paced_and_the_rate_is_used_up(sizes: list[int]) -> None:
    clock, per_minute = Clock(), 60_000.0
    times = admit_all(Pacer(None, per_minute, clock, clock.sleep), clock, [float(s) for s in sizes])
    took = times[-1] - 100.0
    ideal = sum(sizes[:-1]) / (per_minute / 60) - 1.0
    assert abs(took - max(0.0, ideal)) < 1e-6


def test_tokens_that_were_not_used_are_given_back() -> None:
    clock = Clock()
    pacer = Pacer(None, 6000, clock, clock.sleep)
    admit_all(pacer, clock, [2000.0])
    pacer.settle(2000, 200)
    (at,) = admit_all(pacer, clock, [100.0])
    assert abs(at - 101.0) < 1e-9  # 200 tokens of 100 a second, one second saved up


def test_a_429_pauses_everybody_and_doubles_only_once_per_pause() -> None:
    clock = Clock()
    pacer = Pacer(None, None, clock, clock.sleep)
    backoff = Backoff(1.0)
    sent = admit_all(pacer, clock, [1.0])[0]
    clock.now += 0.2
    for _ in range(5):  # five that were on their way together
        pacer.refused(sent, None, backoff)
    assert pacer.refusals == 1
    pacer.refused(sent, 7.5, backoff)
    (at,) = admit_all(pacer, clock, [1.0])
    assert at == 100.2 + 7.5
    pacer.refused(at, None, backoff)
    assert pacer.refusals == 2
    pacer.answered()
    assert pacer.refusals == 0


@given(st.integers(1, 200), st.integers(0, 10))
def test_backoff_is_full_jitter_seeded_and_capped(failures: int, seed: int) -> None:
    drawn = [Backoff(0.5, 60.0, seed).seconds(failures) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 0 <= drawn[0] <= min(60.0, 0.5 * 2.0 ** (failures - 1))


def opened(clock: Callable[[], float]) -> Breaker:
    breaker = Breaker(3, 10.0, clock)
    for request in range(3):
        assert breaker.enter()
        breaker.failure(request)
    return breaker


def test_breaker_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 10.0, Clock())
    for _ in range(20):
        breaker.failure("first")
        breaker.failure("second")
        breaker.success()
    assert breaker.closed
    assert not opened(Clock()).closed


def test_breaker_probes_with_one_request_and_waits_longer_each_time() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert not breaker.enter()
    assert breaker.wait_hint() == 10.0
    clock.now += 10.0
    assert breaker.enter()
    assert not breaker.enter()  # one probe at a time
    breaker.failure("probe")
    clock.now += 19.9
    assert not breaker.enter()
    clock.now += 0.1
    assert breaker.enter()
    breaker.success()
    assert breaker.closed
    assert breaker.openings == 2


def test_a_probe_that_learnt_nothing_leaves_the_place_to_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10.0
    assert breaker.enter()
    breaker.neutral()
    assert breaker.enter()


def test_stragglers_do_not_lengthen_an_open_breaker() -> None:
    clock = Clock()
    breaker = opened(clock)
    for request in range(50):
        breaker.failure(request)
    assert breaker.wait_hint() == 10.0


def test_one_request_that_always_fails_cannot_open_the_breaker() -> None:
    breaker = Breaker(3, 10.0, Clock())
    for _ in range(50):
        breaker.failure("poisonous")
    assert breaker.closed
