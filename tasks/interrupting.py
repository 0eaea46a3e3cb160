"""Ending the work of threads when the process is to end: SIGTERM and Ctrl-C reach none of them.

Threads that wait for teachers are woken by `stop_asking`. Threads that compute get an exception
between two steps of Python. Nothing is lost by either: a shard is written aside and then renamed,
and answers are in the journal.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_working: set[int] = set()


class Interrupted(BaseException):
    """The process is ending: raised in threads at work."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Work of this thread that `interrupt_work` may end."""
    ident = threading.get_ident()
    _working.add(ident)
    try:
        yield
    finally:
        _working.discard(ident)


def interrupt_work() -> None:
    """Raise `Interrupted` in every thread within `interruptible`, and stop asking teachers."""
    from joppo.data.teachers.ask import stop_asking

    for ident in tuple(_working):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(ident), ctypes.py_object(Interrupted)
        )
    stop_asking()


def allow_work() -> None:
    """Let a new run of this process ask teachers again."""
    from joppo.data.teachers.ask import allow_asking

    allow_asking()
