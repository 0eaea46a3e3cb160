"""Ending the work of threads when the process is to end: SIGTERM and Ctrl-C reach none of them.

Threads that wait for teachers are woken by `stop_asking`. Threads that compute get an exception
between two steps of Python, which loses nothing: a shard is written aside and then renamed.
"""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_GRACE_S = 0.5
_POLL_S = 0.02
_lock = threading.Lock()
_working: set[int] = set()


class Interrupted(BaseException):
    """The process is ending: raised in threads at work."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Work of this thread that `interrupt_work` may end."""
    ident = threading.get_ident()
    with _lock:
        _working.add(ident)
    try:
        yield
    finally:
        # With the lock, so that the exception comes in here and not in what follows.
        with _lock:
            _working.discard(ident)


def interrupt_work() -> None:
    """Stop asking teachers, then raise `Interrupted` in every thread that is still at work.

    In this order: an exception from outside may leave a lock closed that is taken at that moment,
    and threads that wait for teachers share locks with the thread that asks them.
    """
    from joppo.data.teachers.ask import stop_asking

    stop_asking()
    end = time.monotonic() + _GRACE_S
    while _working and time.monotonic() < end:
        time.sleep(_POLL_S)
    with _lock:
        for ident in _working:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(ident), ctypes.py_object(Interrupted)
            )


def allow_work() -> None:
    """Let a new run of this process ask teachers again."""
    from joppo.data.teachers.ask import allow_asking

    allow_asking()
