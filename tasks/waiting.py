"""Waits for a teacher, as lines of the run's log and as a progress artifact."""

import re
from datetime import UTC, datetime
from threading import Lock
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from joppo.data.teachers.waiting import Waiting


class WaitingReport:
    """Shows each notice once, however many shards get it.

    The artifact's progress is the share of the patience that is used up; 100 where it is over.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._shown: set[Waiting] = set()
        self._artifacts: dict[str, UUID] = {}

    def __call__(self, waiting: Waiting) -> None:
        """Show a notice, in the context of a task run."""
        with self._lock:
            if waiting in self._shown:
                return
            self._shown.add(waiting)
            get_run_logger().warning("%s", waiting)
            self._show(waiting)

    def _show(self, waiting: Waiting) -> None:
        artifact = self._artifacts.get(waiting.teacher)
        if waiting.until is None:
            self._artifacts.pop(waiting.teacher, None)
        if artifact is not None:
            update_progress_artifact(artifact, _used(waiting), description=str(waiting))
        elif waiting.until is not None:
            key = re.sub(r"[^a-z0-9]+", "-", f"waiting-for-{waiting.teacher}".lower()).strip("-")
            created = create_progress_artifact(_used(waiting), key=key, description=str(waiting))
            assert isinstance(created, UUID)  # sync here, although it may be a coroutine
            self._artifacts[waiting.teacher] = created


def _used(waiting: Waiting) -> float:
    """Percent of the patience that has passed."""
    if waiting.until is None or waiting.gives_up is None:
        return 100.0
    patience = (waiting.gives_up - waiting.since).total_seconds()
    return min(100.0, 100 * (datetime.now(UTC) - waiting.since).total_seconds() / patience)


report_waiting = WaitingReport()
"""of this process"""
