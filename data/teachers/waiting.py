"""Notices of whoever waits for a teacher: which one, what it answered, since when, until when."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A teacher answers nothing, and requests to it wait; or it answers again. Times are in UTC."""

    teacher: str
    """the teacher's name in the config"""
    answered: str
    """what it answered last, in its own words; empty where it answers again"""
    since: datetime
    """when it began to answer nothing else"""
    until: datetime | None
    """when it is asked again; None where it answers again"""
    gives_up: datetime | None = None
    """when waiting for it ends (`patience_s`)"""

    def __str__(self) -> str:
        since = f"{self.since:%H:%M:%S}"
        if self.until is None:
            return f"teacher {self.teacher} answers again; it did not since {since} UTC"
        ends = "" if self.gives_up is None else f", given up at {self.gives_up:%H:%M:%S}"
        return (
            f"waiting for teacher {self.teacher} since {since} UTC, asked again at "
            f"{self.until:%H:%M:%S}{ends}; it answered: {self.answered}"
        )


Notify = Callable[[Waiting], None]


def log_waiting(waiting: Waiting) -> None:
    """Write a notice to the log of this module; without any logging set up, to stderr."""
    _LOG.warning("%s", waiting)


class WaitingNotices:
    """Decides which waits of one teacher are worth a notice, and writes it.

    A pause that follows from ordinary rate limits is not: it has to last, or to come again and
    again, for `quiet_s` seconds. While the teacher goes on answering nothing, further notices of
    pauses keep `every_s` seconds apart.
    """

    quiet_s = 2.0
    every_s = 30.0

    def __init__(self, teacher: str, patience_s: float, notify: Notify) -> None:
        self._teacher, self._patience_s, self._notify = teacher, patience_s, notify
        self._since: datetime | None = None
        self._next: datetime | None = None

    def pause(self, answered: str, failing_s: float, pause_s: float, *, always: bool) -> None:
        """The teacher is left alone.

        Args:
            answered: what it answered.
            failing_s: seconds for which it has answered nothing else.
            pause_s: seconds until it is asked again.
            always: whether to say so however short the pause is.
        """
        now = datetime.now(UTC)
        if not always and (
            max(failing_s, pause_s) < self.quiet_s or (self._next is not None and now < self._next)
        ):
            return
        self._since = now - timedelta(seconds=failing_s)
        until = now + timedelta(seconds=pause_s)
        self._next = max(until, now + timedelta(seconds=self.every_s))
        gives_up = self._since + timedelta(seconds=self._patience_s)
        self._notify(Waiting(self._teacher, answered, self._since, until, gives_up))

    def answered(self) -> None:
        """The teacher has answered: said only where a wait was."""
        if self._since is not None:
            self._notify(Waiting(self._teacher, "", self._since, None))
            self._since = self._next = None
