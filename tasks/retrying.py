"""Which failures are worth another try: those of the world, not those of the input or the code."""

from typing import Any

from prefect.client.schemas.objects import TaskRun
from prefect.states import State
from prefect.tasks import Task, exponential_backoff

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


def is_transient(error: BaseException) -> bool:
    """Network and other input/output trouble may pass; a missing file or a wrong value does not."""
    if isinstance(error, _PERMANENT_OS):
        return False
    return isinstance(error, OSError | TimeoutError | ConnectionError)


def retry_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)
