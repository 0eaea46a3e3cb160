"""The rewards that a config names without a module: see `training/rewards/registry.py`."""

from torch import Tensor

from joppo.training.rewards.baselines import absolute_error
from joppo.training.rewards.joint import joint_parts, relative_absolute, thurstone_fidelity
from joppo.training.rewards.options import JointRewardConfig


def joppo(
    scores: Tensor, attributes: Tensor, mos: Tensor, config: JointRewardConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """The joint reward, with its two parts (those of weight above 0)."""
    found = joint_parts(scores, attributes, mos, config)
    parts = {"conditional": found.conditional, "thurstone": found.thurstone}
    return found.reward, {name: part for name, part in parts.items() if part is not None}


def thurstone(scores: Tensor, attributes: Tensor, mos: Tensor, config: JointRewardConfig) -> Tensor:
    """Win rates of the totals alone."""
    return thurstone_fidelity(scores, mos, config.gamma)


def absolute(
    scores: Tensor,
    attributes: Tensor,
    mos: Tensor,
    config: JointRewardConfig,
    threshold: float = 0.35 / 4,
) -> Tensor:
    """Whether a total lies within `threshold` of the photo's own MOS."""
    return absolute_error(scores, mos, threshold)


def relative_and_absolute(
    scores: Tensor,
    attributes: Tensor,
    mos: Tensor,
    config: JointRewardConfig,
    width: float = 0.1,
    relative_weight: float = 0.5,
) -> Tensor:
    """Win rates of the totals, and their distance from the photo's own MOS."""
    return relative_absolute(scores, mos, width, relative_weight, config.gamma)
