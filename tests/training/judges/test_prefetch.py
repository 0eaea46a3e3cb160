"""Work ahead of need: in order, bounded, with errors in their turn."""

import threading
import time
from collections.abc import Iterator

import pytest

from joppo.training.judges.prefetch import Prefetch


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(n: int) -> int:
        time.sleep(0.05 if n == 0 else 0)
        return n * n

    with Prefetch(range(20), slow_first, 4, 8) as ahead:
        assert list(ahead) == [(n, n * n) for n in range(20)]
        assert ahead.exhausted


def test_no_more_than_the_window_is_drawn() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for n in range(1000):
            drawn += 1
            yield n

    with Prefetch(items(), lambda n: n, 2, 5) as ahead:
        for taken in range(1, 4):
            ahead.take()
            assert drawn <= taken + 5


def test_what_is_not_ready_need_not_be_waited_for() -> None:
    gate = threading.Event()
    with Prefetch([1], lambda n: gate.wait(10) and n, 1, 1) as ahead:
        assert ahead.take(wait=False) is None and not ahead.exhausted
        gate.set()
        assert ahead.take() == (1, 1) and ahead.exhausted


def test_errors_are_raised_in_their_turn() -> None:
    def work(n: int) -> float:
        return 1 / n

    with Prefetch([2, 0, 4], work, 2, 3) as ahead:
        assert ahead.take() == (2, 0.5)
        with pytest.raises(ZeroDivisionError):
            ahead.take()
        assert ahead.take() == (4, 0.25)


def test_nothing_is_exhausted_at_once() -> None:
    with Prefetch(list[int](), lambda n: n, 1, 1) as ahead:
        assert ahead.exhausted and list(ahead) == []
