"""Rewards over a batch of photos with k sampled answers each: torch alone, no trainer, no I/O.

Names are imported when they are first used: configs need `options` and `registry` without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joppo.training.rewards.advantage import group_advantage
    from joppo.training.rewards.baselines import absolute_error
    from joppo.training.rewards.joint import joint_fidelity, relative_absolute, thurstone_fidelity
    from joppo.training.rewards.options import JointRewardConfig

__all__ = [
    "JointRewardConfig",
    "absolute_error",
    "group_advantage",
    "joint_fidelity",
    "relative_absolute",
    "thurstone_fidelity",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("joppo.training.rewards.joint"), name)
