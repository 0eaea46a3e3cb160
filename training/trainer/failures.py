"""Which failures of a training process another try cannot cure."""

import errno

from joppo.data.corpus.publish import CorpusNotFoundError
from joppo.training.config import JoppoConfig, TrainConfig
from joppo.training.models.rubric_check import RubricMismatchError
from joppo.training.rewards.registry import RewardError
from joppo.training.runs.checkpoints import CheckpointError, NoBestCheckpointError
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
    NoBestCheckpointError,
)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_FULL = (
    ". There is no room on that disk: free space, or move the folder of the runs to another one "
    "and set JOPPO_RUNS to it, then run again; it goes on from its last checkpoint"
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


def message(error: BaseException, config: TrainConfig | None = None) -> str:
    """The message for the parent process: the error, with a remedy where it names none itself.

    Args:
        config: of the run that failed.
    """
    text = f"{type(error).__name__}: {error}"
    if out_of_memory(error):
        return text + _memory_advice(config or TrainConfig())
    return text + _FULL if no_room(error) else text


def _memory_advice(config: TrainConfig) -> str:
    """What takes less memory, and which of it leaves the run the same."""
    same = [] if "per_device_batch" in config.recipe() else ["per_device_batch"]
    other = ["max_pixels"] if same else ["per_device_batch", "max_pixels"]
    if isinstance(config, JoppoConfig):
        same.append("rollout_batch" if config.rollouts == "transformers" else "vllm_memory")
    return (
        f". The GPU has too little memory: lower {' or '.join(same)} and run again; it goes on "
        f"from its last checkpoint. A lower {' or '.join(other)} makes another run, and weights "
        "that are sharded (launch.accelerate) need new checkpoints: both start anew"
    )
