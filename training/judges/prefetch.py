"""Prefetching: photos are opened in threads while the model is busy with others."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Prefetch(Generic[T, R]):
    """`work(item)` of each item, in order; at most `window` items are started and not yet taken.

    The items are iterated over in the thread that calls `take`. An exception of the iteration or of
    the work is raised by `take` when its item's turn comes. A context manager: leaving it cancels
    the work that was started.
    """

    def __init__(
        self, items: Iterable[T], work: Callable[[T], R], threads: int, window: int
    ) -> None:
        self._items, self._work, self._window = iter(items), work, window
        self._pool = ThreadPoolExecutor(threads, "prefetch")
        self._started: deque[tuple[T, Future[R]]] = deque()
        self._all_started = False

    def __enter__(self) -> "Prefetch[T, R]":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __iter__(self) -> Iterator[tuple[T, R]]:
        while not self.exhausted:
            taken = self.take()
            assert taken is not None
            yield taken

    @property
    def exhausted(self) -> bool:
        """Whether all items were taken."""
        self._start()
        return self._all_started and not self._started

    def take(self, wait: bool = True) -> tuple[T, R] | None:
        """The next item with its result; None where it is not ready and `wait` is off."""
        self._start()
        if not wait and not self._started[0][1].done():
            return None
        item, result = self._started.popleft()
        return item, result.result()

    def _start(self) -> None:
        room = 0 if self._all_started else self._window - len(self._started)
        new = list(islice(self._items, room))
        self._all_started = self._all_started or len(new) < room
        self._started += [(item, self._pool.submit(self._work, item)) for item in new]
