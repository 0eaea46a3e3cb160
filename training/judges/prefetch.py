"""Work done ahead of need: photos are opened in threads while the model is busy with others."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Ahead(Generic[T, R]):
    """`work(item)` of each item, in order, at most `window` of them begun and not taken.

    Items are drawn in the thread that takes. What drawing or work raises is raised by `take`, in
    its turn. Used as a context: leaving it drops what was begun.
    """

    def __init__(
        self, items: Iterable[T], work: Callable[[T], R], threads: int, window: int
    ) -> None:
        self._items, self._work, self._window = iter(items), work, window
        self._threads = ThreadPoolExecutor(threads, "ahead")
        self._begun: deque[tuple[T, Future[R]]] = deque()
        self._drawn_out = False

    def __enter__(self) -> "Ahead[T, R]":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __iter__(self) -> Iterator[tuple[T, R]]:
        while not self.exhausted:
            taken = self.take()
            assert taken is not None
            yield taken

    @property
    def exhausted(self) -> bool:
        """Whether all items were taken."""
        self._begin()
        return self._drawn_out and not self._begun

    def take(self, wait: bool = True) -> tuple[T, R] | None:
        """The next item with its result; None where it is not ready and `wait` is off."""
        self._begin()
        if not wait and not self._begun[0][1].done():
            return None
        item, result = self._begun.popleft()
        return item, result.result()

    def _begin(self) -> None:
        room = 0 if self._drawn_out else self._window - len(self._begun)
        drawn = list(islice(self._items, room))
        self._drawn_out = self._drawn_out or len(drawn) < room
        self._begun += [(item, self._threads.submit(self._work, item)) for item in drawn]
