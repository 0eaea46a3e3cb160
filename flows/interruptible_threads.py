"""The threads that tasks of a flow run in, and what ends them on SIGTERM and Ctrl-C."""

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from prefect.task_runners import ThreadPoolTaskRunner

from joppo.tasks.interrupting import allow_work, interrupt_work


class InterruptibleThreads(ThreadPoolTaskRunner[Any]):
    """Prefect's thread pool, whose tasks end with their flow.

    A signal reaches the flow's thread alone, as an exception (Prefect turns SIGTERM into one).
    Prefect's own pool then waits for its tasks, however long they wait for a teacher.
    """

    def __enter__(self) -> Self:
        allow_work()
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ThreadPoolExecutor(1) as aside:
            if exc_type is not None and not issubclass(exc_type, Exception):
                aside.submit(interrupt_work)
            # At once, because this also drops the tasks that have not begun.
            super().__exit__(exc_type, exc_value, traceback)
