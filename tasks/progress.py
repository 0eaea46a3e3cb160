"""How far a piece of work has come, as a progress artifact of its run."""

import math
import time
from collections.abc import Callable
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact


class ProgressArtifact:
    """A progress bar in the UI, which is updated once a percent at most.

    Prefect's server stores every update of an artifact, so that work of many small parts would fill
    its database.
    """

    def __init__(
        self,
        key: str,
        description: str,
        every_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is shown before the first `show`.

        Args:
            key: lower-case letters, digits and dashes.
            every_s: least seconds between two updates; the last one is never held back.
            clock: seconds that only ever grow.
        """
        self.key, self.description = key, description
        self.every_s, self.clock = every_s, clock
        self._artifact: UUID | None = None
        self._percent = -1
        self._tried = -math.inf

    def show(self, done: int, total: int) -> None:
        """Show that `done` of `total` parts are done, unless it is too early for an update.

        Raises:
            httpx.HTTPError: the server did not take it; a later call tries again.
        """
        percent = 100 * done // max(total, 1)
        now = self.clock()
        if percent <= self._percent or (done < total and now - self._tried < self.every_s):
            return
        self._tried = now
        if self._artifact is None:
            artifact = create_progress_artifact(
                float(percent), key=self.key, description=self.description
            )
            assert isinstance(
                artifact, UUID
            )  # sync here, although the signature allows a coroutine
            self._artifact = artifact
        else:
            update_progress_artifact(artifact_id=self._artifact, progress=float(percent))
        self._percent = percent
