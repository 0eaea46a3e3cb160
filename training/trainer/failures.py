"""Which failures of a training process another try cannot cure."""

import errno

from joppo.data.corpus.publish import CorpusNotFoundError
from joppo.training.models.rubric_check import RubricMismatchError
from joppo.training.rewards.registry import RewardError
from joppo.training.runs.checkpoints import CheckpointError
from joppo.training.trainer.examples import PhotoMissingError, SnapshotError
from joppo.training.trainer.guard import NonFiniteLossError
from joppo.training.trainer.preflight import PreflightError
from joppo.training.trainer.vllm_guard import RolloutError

_PERMANENT = (
    PreflightError,
    SnapshotError,
    CorpusNotFoundError,
    PhotoMissingError,
    NonFiniteLossError,
    RolloutError,
    RewardError,
    RubricMismatchError,
)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_MEMORY = (
    ". The GPU has too little memory: lower per_device_batch, rollout_batch or max_pixels, or "
    "shard the weights (launch.accelerate). Run again afterwards; checkpoints are kept"
)
_FULL = (
    ". There is no room on that disk: free space, or set JOPPO_RUNS to another one, then run "
    "again; it goes on from its last checkpoint"
)


def is_permanent(error: BaseException) -> bool:
    """Whether a person has to act first: a full disk, a missing photo, a config that fails."""
    if isinstance(error, _PERMANENT) or out_of_memory(error):
        return True
    if isinstance(error, CheckpointError):
        return error.full
    if no_room(error):
        return True
    return error.__cause__ is not None and is_permanent(error.__cause__)


def out_of_memory(error: BaseException) -> bool:
    """Whether a GPU ran out of memory."""
    import torch

    return isinstance(error, torch.OutOfMemoryError)


def no_room(error: BaseException) -> bool:
    """Whether the system could not write: the disk is full, over quota or read-only."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def message(error: BaseException) -> str:
    """The message for the parent process: the error, with a remedy where it names none itself."""
    text = f"{type(error).__name__}: {error}"
    if out_of_memory(error):
        return text + _MEMORY
    return text + _FULL if no_room(error) else text
