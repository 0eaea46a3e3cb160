"""Which failures are tried again, and what the parent process is told of them."""

import errno

import pytest
import torch

from joppo.training.runs.checkpoints import CheckpointError
from joppo.training.trainer.examples import PhotoMissingError, SnapshotError
from joppo.training.trainer.failures import is_permanent, message
from joppo.training.trainer.guard import NonFiniteLossError
from joppo.training.trainer.preflight import PreflightError
from joppo.training.trainer.vllm_guard import RolloutError


@pytest.mark.parametrize(
    "error",
    [
        PreflightError("batch"),
        SnapshotError("schema"),
        PhotoMissingError("photo"),
        NonFiniteLossError("nan"),
        RolloutError("vllm"),
        CheckpointError("full", full=True),
        torch.OutOfMemoryError("CUDA out of memory"),
        OSError(errno.ENOSPC, "No space left"),
        OSError(errno.EROFS, "Read-only file system"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_person_has_to_act_first(error: Exception) -> None:
    assert is_permanent(error)
    wrapped = RuntimeError("while training")
    wrapped.__cause__ = error
    assert is_permanent(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        CheckpointError("a bad sector", full=False),
        RuntimeError("connection closed by peer"),
        OSError(errno.EIO, "Input/output error"),
        ConnectionError("reset"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_try_may_help(error: Exception) -> None:
    assert not is_permanent(error)


def test_the_remedy_is_told_where_the_error_has_none() -> None:
    full = message(OSError(errno.ENOSPC, "No space left on device", "/runs/sft-1/.model/w"))
    assert "/runs/sft-1/.model/w" in full and "free space" in full and "last checkpoint" in full
    assert "lower per_device_batch" in message(torch.OutOfMemoryError("CUDA out of memory"))
    assert message(PreflightError("lower batch")) == "PreflightError: lower batch"
