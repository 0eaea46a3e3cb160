"""Rewards over a batch of photos with k sampled answers each: torch alone, no trainer, no I/O."""

from joppo.training.rewards.advantage import group_advantage
from joppo.training.rewards.baselines import absolute_error
from joppo.training.rewards.joint import (
    JointRewardConfig,
    joint_fidelity,
    relative_absolute,
    thurstone_fidelity,
)

__all__ = [
    "JointRewardConfig",
    "absolute_error",
    "group_advantage",
    "joint_fidelity",
    "relative_absolute",
    "thurstone_fidelity",
]
