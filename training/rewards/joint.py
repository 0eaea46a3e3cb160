"""The joint reward of JoPPO and the rewards it is compared with.

    joint_fidelity = w * conditional + (1 - w) * thurstone_fidelity(opponent="mean")

The conditional part asks: given the attribute scores of a candidate, how often would its total
win against the totals of other photos' candidates, and does that agree with people? The
Thurstone part asks the same of the raw total. `docs/covariance.md` has the study behind the
defaults.

All functions compute in float64 and return float64, whatever they are given, on the device of
their inputs. NaN marks a candidate that could not be parsed; an infinity is an error.
"""

from typing import Literal, NamedTuple

from torch import Tensor

from joppo.training.rewards.advantage import group_advantage
from joppo.training.rewards.baselines import absolute_error, gaussian_error
from joppo.training.rewards.fidelity import Comparison, fidelity_rewards
from joppo.training.rewards.gaussian import (
    ConditionalMoments,
    conditional_moments,
    group_moments,
    win_rates,
)
from joppo.training.rewards.inputs import (
    check_attributes,
    check_mos,
    check_scores,
    valid_candidates,
)
from joppo.training.rewards.options import DEFAULT, PAPER, JointRewardConfig, check_gamma
from joppo.training.rewards.pairing import Ranking

__all__ = [
    "DEFAULT",
    "PAPER",
    "ConditionalMoments",
    "JointRewardConfig",
    "RewardParts",
    "absolute_error",
    "conditional_moments",
    "gaussian_error",
    "group_advantage",
    "joint_fidelity",
    "joint_parts",
    "relative_absolute",
    "thurstone_fidelity",
    "win_rates",
]


class RewardParts(NamedTuple):
    """A joint reward and its two parts, each (B, k) in [0, 1].

    A part with weight 0 is None: it is not computed.
    """

    reward: Tensor
    conditional: Tensor | None
    thurstone: Tensor | None


def joint_fidelity(
    scores: Tensor,
    attributes: Tensor,
    mos: Tensor,
    config: JointRewardConfig = DEFAULT,
) -> Tensor:
    """Rewards (B, k) in [0, 1] of k candidates for each of B photos.

    `scores` (B, k): totals in [0, 1]; `attributes` (B, k, d) in [-1, 1]; `mos` (B,) in [0, 1],
    of which only the order matters. The conditional part of candidate u of photo i is

        1/(B-1) sum_{j != i} 1/k_j sum_v F(p_{iu,jv}, p_gt_ij),
        p_{iu,jv} = Phi((mu_{S|a_iu} - mu_{S|a_jv}) / sqrt(var_i + var_j + gamma)),
        F(p, q) = sqrt(p q) + sqrt((1 - p)(1 - q)).

    Decisions that the formula leaves open:

    1. Moments are sample moments (divisor n - 1). With fewer than two valid candidates every
       (co)variance is 0, and the conditional mean is the mean.
    2. `config.covariance` selects what Sigma is estimated from (see `JointRewardConfig`); the
       divisor of `pooled` is the sum of (k_i - 1) over the photos.
    3. Shrinkage acts on the joint (d+1) x (d+1) matrix, (1 - lambda) Sigma + lambda diag(Sigma),
       so Sigma_AS shrinks too; the ridge is added afterwards, to the attribute block only. `oas`
       and `ledoit_wolf` estimate lambda on the standardised scale; constant columns are ignored.
    4. Conditional moments are plug-in; the variance cannot be negative (see
       `conditional_moments`).
    5. With a zero denominator (gamma = 0 and no variance) p is 1, 1/2 or 0 by the sign of the
       difference. 1 - p is computed as Phi(-z), and no epsilon is added inside the square roots:
       for z far below 0 the fidelity underflows to 0, with gradient 0.
    6. p_gt is 1, 1/2 or 0 by exact comparison of MOS. A tie uses both branches:
       F = sqrt(p/2) + sqrt((1 - p)/2), which is 1 at p = 1/2.
    7. The reward is the mean over other photos of the mean over their valid candidates; with
       equal k that is 1/(k(B-1)) times the double sum.
    8. A candidate with NaN in its total or any attribute is left out of every moment and every
       comparison, and its reward is 0. An infinity is never a parsed answer but a fault of the
       caller: ValueError.
    9. With one photo, or where no other photo has a valid candidate, rewards are 0.
    10. With d = 0 there is nothing to condition on: w falls back to 0. With lambda = 1 the
        conditional mean is the group's mean, so the conditional part is constant inside a group
        and moves no advantage.

    Gradients reach `scores` and `attributes` and are finite everywhere, also through zero
    variances, ties and saturated win rates. Time grows with (B k)^2 / 2, one Phi per unordered
    pair; memory is bounded by chunks of about 1 MiB (k^2 B entries if that is more).

    Yang et al. 2026, JoPPO (CVPR), for the conditional win rate; Tsai et al. 2007, FRank, for
    fidelity. Raises TypeError for what is no tensor, ValueError for shapes that do not fit,
    values out of range, infinities, or a NaN in `mos`.
    """
    return joint_parts(scores, attributes, mos, config).reward


def joint_parts(
    scores: Tensor,
    attributes: Tensor,
    mos: Tensor,
    config: JointRewardConfig = DEFAULT,
) -> RewardParts:
    """As `joint_fidelity`, with both parts of the reward, for logging."""
    scores = check_scores(scores)
    attributes = check_attributes(attributes, scores)
    mos = check_mos(mos, scores)
    valid = valid_candidates(scores, attributes)
    ranking = Ranking(mos, valid)
    weight = config.conditional_weight if attributes.shape[-1] else 0.0
    conditional = thurstone = None
    if weight > 0:
        moments = conditional_moments(
            scores,
            attributes,
            valid,
            covariance=config.covariance,
            shrinkage=config.shrinkage,
            ridge=config.ridge,
        )
        comparison = Comparison(moments.mean, moments.variance)
        conditional = fidelity_rewards(comparison, ranking, config.gamma)
    if weight < 1:
        mean, variance = group_moments(scores, valid)
        comparison = Comparison(scores, variance, opponent=mean)
        thurstone = fidelity_rewards(comparison, ranking, config.gamma)
    if conditional is None or thurstone is None:
        reward = thurstone if conditional is None else conditional
        assert reward is not None  # weight is below 1 or above 0
        return RewardParts(reward, conditional, thurstone)
    return RewardParts(weight * conditional + (1 - weight) * thurstone, conditional, thurstone)


def thurstone_fidelity(
    scores: Tensor,
    mos: Tensor,
    gamma: float = 1e-6,
    opponent: Literal["mean", "candidate"] = "mean",
) -> Tensor:
    """Rewards (B, k) in [0, 1] from totals alone, attributes unseen.

        z = (s_iu - opponent_j) / sqrt(var_i + var_j + gamma)

    with the sample variances of each photo's candidates. The opponent is the mean of the other
    photo's candidates (`mean`), as in VisualQuality-R1 (Wu et al. 2025, arXiv 2505.14460, eq. 4
    to 6), or each of them in turn (`candidate`), averaged. The released code of VisualQuality-R1
    adds 1e-6 inside the square roots of the fidelity and draws a random score where parsing
    failed; neither is done here. Ties, NaN, one photo, zero denominators and errors: as
    `joint_fidelity`.
    """
    scores = check_scores(scores)
    mos = check_mos(mos, scores)
    check_gamma(gamma)
    if opponent not in ("mean", "candidate"):
        raise ValueError(f"opponent must be 'mean' or 'candidate', got {opponent!r}")
    valid = valid_candidates(scores)
    mean, variance = group_moments(scores, valid)
    comparison = Comparison(scores, variance, mean if opponent == "mean" else None)
    return fidelity_rewards(comparison, Ranking(mos, valid), gamma)


def relative_absolute(
    scores: Tensor,
    mos: Tensor,
    width: float = 0.1,
    relative_weight: float = 0.5,
    gamma: float = 1e-6,
) -> Tensor:
    """Ranking and regression together: a weighted mean, (B, k) in [0, 1].

        relative_weight * thurstone_fidelity + (1 - relative_weight) * gaussian_error

    Aes-R1 (Liu et al. 2025, arXiv 2509.21871) adds the two; half their sum has the same
    advantages up to the epsilon there. Its released code counts a tie of MOS as a win for both
    photos, which rewards high scores as such; here a tie counts half. Raises ValueError as
    `thurstone_fidelity`, and for a weight outside [0, 1].
    """
    if not 0 <= relative_weight <= 1:
        raise ValueError(f"relative_weight must lie in [0, 1], got {relative_weight}")
    relative = thurstone_fidelity(scores, mos, gamma)
    absolute = gaussian_error(scores, mos, width)
    return relative_weight * relative + (1 - relative_weight) * absolute
