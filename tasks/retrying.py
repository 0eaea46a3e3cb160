"""Which failures are worth another try: those of the world, not those of the input or the code."""

import errno
from typing import Any

from prefect.client.schemas.objects import TaskRun
from prefect.states import State
from prefect.tasks import Task, exponential_backoff

from joppo.data.store.store import StoreError

RETRIES = 3
BACKOFF = exponential_backoff(2)  # 2, 4, 8 s before jitter
JITTER = 0.5
_PERMANENT_OS = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
)
_PERMANENT_ERRNO = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM}


def is_transient(error: BaseException) -> bool:
    """Network and other input/output trouble may pass; a missing file or a wrong value does not.

    A `StoreError` is judged by its cause: what an object store's library raises (an endpoint that
    is busy or out of reach) may pass, a read-only or full disk does not.
    """
    if isinstance(error, StoreError) and error.__cause__ is not None:
        return is_transient(error.__cause__) or not isinstance(error.__cause__, OSError)
    if isinstance(error, _PERMANENT_OS):
        return False
    if isinstance(error, OSError) and error.errno in _PERMANENT_ERRNO:
        return False
    return isinstance(error, OSError | TimeoutError | ConnectionError)


def retry_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)


# The keyword arguments of `task` that every retried stage has in common.
RETRY: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": BACKOFF,
    "retry_jitter_factor": JITTER,
    "retry_condition_fn": retry_transient,
}
