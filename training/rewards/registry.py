"""Rewards by name: the built-in ones, and anybody's own as `package.module:name`.

    reward: my_rewards:within           # in the config of train-joppo
    reward_options: {margin: 0.2}

with `my_rewards.py` in the working directory, or in any installed package:

    def within(scores, attributes, mos, config, margin=0.1):
        return ((scores - mos[:, None]).abs() < margin).double()
"""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from joppo.data.registry import Registry
from joppo.training.rewards.options import JointRewardConfig

if TYPE_CHECKING:  # a config is checked without torch
    from torch import Tensor


class Reward(Protocol):
    """Rewards of the candidates of a batch of photos."""

    def __call__(
        self,
        scores: "Tensor",
        attributes: "Tensor",
        mos: "Tensor",
        config: JointRewardConfig,
        **options: Any,
    ) -> "Tensor | tuple[Tensor, Mapping[str, Tensor]]":
        """Rewards (B, k), finite, or a tuple of them and named parts (B, k) whose means are logged.

        Args:
            scores: (B, k) float64 totals in [0, 1]; NaN where a candidate could not be parsed.
            attributes: (B, k, d) float64 in [-1, 1], in the rubric's order; NaN likewise.
            mos: (B,) float64 in [0, 1].
            config: the options of the joint reward.
            options: `reward_options` of the training's config.
        """
        ...


REWARDS: Registry[Reward] = Registry(
    "reward",
    {
        "joppo": "joppo.training.rewards.built_in:joppo",
        "thurstone": "joppo.training.rewards.built_in:thurstone",
        "absolute": "joppo.training.rewards.built_in:absolute",
        "relative_absolute": "joppo.training.rewards.built_in:relative_and_absolute",
    },
)


class RewardError(ValueError):
    """A reward cannot be called with its options, or what it returns is no reward."""


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Whether a reward takes these options, before anything is trained.

    Raises:
        UnknownPartError: there is no such reward.
        RewardError: it does not take one of the options, or misses one.
    """
    try:
        inspect.signature(REWARDS.get(name)).bind(None, None, None, None, **options)
    except TypeError as error:
        raise RewardError(f"reward {name} with options {dict(options)}: {error}") from error


def call_reward(
    name: str,
    scores: "Tensor",
    attributes: "Tensor",
    mos: "Tensor",
    config: JointRewardConfig,
    options: Mapping[str, Any],
) -> "tuple[Tensor, dict[str, Tensor]]":
    """Rewards (B, k) float64, finite, and the named parts that the reward returned with them.

    Raises:
        UnknownPartError: there is no such reward.
        RewardError: what it returns has another shape, or is not finite.
    """
    import torch

    found = REWARDS.get(name)(scores, attributes, mos, config, **options)
    rewards, parts = found if isinstance(found, tuple) else (found, {})
    if not isinstance(rewards, torch.Tensor) or rewards.shape != scores.shape:
        shape = tuple(rewards.shape) if isinstance(rewards, torch.Tensor) else type(rewards)
        raise RewardError(f"reward {name} returned {shape} where {tuple(scores.shape)} is expected")
    if not torch.isfinite(rewards).all():
        raise RewardError(
            f"reward {name} returned values that are not finite; a candidate that could not be "
            "parsed (NaN in its score or attributes) gets 0"
        )
    return rewards.to(scores.dtype), dict(parts)
