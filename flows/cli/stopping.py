"""Commands that SIGTERM or Ctrl-C ends: what was done is kept, and one line says so."""

import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

_TEACHERS = "joppo.data.teachers.ask"
# By name, because importing Prefect takes seconds.
_TERMINATION = "prefect.exceptions.TerminationSignal"


class Terminated(BaseException):
    """SIGTERM has come."""


@contextmanager
def stopping() -> Iterator[None]:
    """End the command in it within seconds of a signal, with the exit code of shells.

    SIGTERM becomes an exception, so that whatever is at work writes down what it has. Flow runs
    replace this by Prefect's own exception, which means the same.
    """
    before = None
    _teachers("allow_asking")
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except BaseException as error:
        code = _exit_code(error)
        if code is None:
            raise
        # Answers on their way arrive and are written.
        _teachers("stop_asking")
        typer.secho(
            "stopped: everything that was done is kept, run again to go on", fg="yellow", err=True
        )
        # The interpreter would search all objects of Prefect and torch for cycles before it ends,
        # which takes seconds.
        gc.freeze()
        raise typer.Exit(code) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _exit_code(error: BaseException) -> int | None:
    """128 + the signal's number, or None for what no signal has caused."""
    if isinstance(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    if isinstance(error, Terminated) or _TERMINATION in names:
        return 128 + signal.SIGTERM
    return None


def _teachers(function: str) -> None:
    """Call a function of the teachers' module, where that was ever imported."""
    if _TEACHERS in sys.modules:
        getattr(sys.modules[_TEACHERS], function)()
