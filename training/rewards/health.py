"""Figures of one batch that show whether the reward is still informative.

A joint reward can stop teaching without any error: candidates stop differing, the covariance
collapses onto one direction, win rates saturate, attributes become copies of the total. Each figure
here shows one of these.
"""

from typing import Any

import torch
from torch import Tensor

from joppo.training.rewards.gaussian import (
    ConditionalMoments,
    conditional_moments,
    deviations,
    win_rates,
)
from joppo.training.rewards.inputs import (
    check_attributes,
    check_mos,
    check_scores,
    valid_candidates,
)
from joppo.training.rewards.joint import DEFAULT, JointRewardConfig

#: A group whose rewards differ by less has no effect: the advantage's epsilon is 1e-4.
ZERO_SPREAD = 1e-6
#: A win rate this close to 0 or 1 hardly changes with the scores.
SATURATED = 0.01
#: Win rates are computed between at most this many photos, evenly spaced: their number grows with
#: the square.
PHOTOS_FOR_WIN_RATES = 48


def health(
    scores: Tensor,
    attributes: Tensor,
    mos: Tensor,
    rewards: Tensor,
    config: JointRewardConfig = DEFAULT,
) -> dict[str, float]:
    """Figures of a batch; NaN where there is too little data.

    Shapes and errors are those of `joint_fidelity`; `rewards` (B, k). "Within" means of deviations
    from the photo's own mean.

    - `parsed`: share of valid candidates.
    - `score_spread`, `attribute_spread`, `reward_spread`: mean over photos of the sample standard
      deviation within.
    - `zero_spread_groups`: share of photos whose rewards differ by less than 1e-6.
    - `effective_rank`: exp of the entropy of Sigma_AA's normalised eigenvalues, from 1 to d
      (Roy and Vetterli 2007); `condition`: largest over smallest eigenvalue of Sigma_AA + ridge.
      Of the shrunk matrix; medians over photos for `image`.
    - `shrinkage`: mean lambda.
    - `saturated_win_rates`: share of conditional win rates below 0.01 or above 0.99, between at
      most 48 photos.
    - `skew`, `excess_kurtosis`, `normality_p`: of the totals within, divided by their pooled
      deviation; D'Agostino and Pearson's test, which needs 20 values. A small p only shows
      that the Gaussian is an approximation, which any batch that is large enough shows.
    - `attribute_skew`, `attribute_excess_kurtosis`: largest size of each over the attributes.
    - `coupling_r2`: share of the totals' variance within that the attributes explain, pooled over
      photos; `coupling_r2_by_chance`: what unrelated attributes would give, d / degrees.
    - `score_mos_srcc`, `reward_mos_srcc`, `attribute_mos_srcc`: rank correlation over photos of
      MOS with the mean total, the mean reward, and (averaged) each mean attribute. That of the
      reward should stay near 0: otherwise rewards depend on which photo is judged.
    - `score_reward_correlation`: correlation within of reward with total.
    - `attribute_correlation`: mean correlation over photos between mean attributes. A rise
      without a rise of `attribute_mos_srcc` where the truth is known is a halo effect.
    """
    scores = check_scores(scores.detach())
    attributes = check_attributes(attributes.detach(), scores)
    mos = check_mos(mos, scores)
    if rewards.shape != scores.shape:
        raise ValueError(f"rewards must have shape {tuple(scores.shape)}, got {rewards.shape}")
    rewards = rewards.detach().to(torch.float64)
    valid = valid_candidates(scores, attributes)
    return (
        _spread(scores, attributes, rewards, valid)
        | _gaussian(scores, attributes, valid, config)
        | _shape(scores, attributes, valid)
        | _order(scores, attributes, mos, rewards, valid)
    )


def _spread(scores: Tensor, attributes: Tensor, rewards: Tensor, valid: Tensor) -> dict[str, float]:
    groups = valid.sum(dim=1) > 1
    every_candidate = torch.ones_like(valid)
    every_group = torch.full_like(groups, rewards.shape[1] > 1)
    reward_range = rewards.amax(dim=1) - rewards.amin(dim=1)
    return {
        "parsed": float(valid.double().mean()),
        "score_spread": _mean_deviation(scores[..., None], valid, groups),
        "attribute_spread": _mean_deviation(attributes, valid, groups),
        "reward_spread": _mean_deviation(rewards[..., None], every_candidate, every_group),
        "zero_spread_groups": float((reward_range < ZERO_SPREAD).double().mean()),
    }


def _mean_deviation(values: Tensor, valid: Tensor, photos: Tensor) -> float:
    """Mean over `photos` of the sample standard deviation of `values` (B, k, p) within."""
    rows = deviations(values, valid, "image").rows
    count = (valid.sum(dim=1) - 1).clamp(min=1)[:, None]
    return float((rows.square().sum(dim=1) / count).sqrt()[photos].mean())


def _gaussian(
    scores: Tensor, attributes: Tensor, valid: Tensor, config: JointRewardConfig
) -> dict[str, float]:
    names = "effective_rank", "condition", "shrinkage", "saturated_win_rates"
    size = attributes.shape[-1]
    if size == 0 or not valid.any():
        return dict.fromkeys(names, float("nan"))
    moments = conditional_moments(
        scores,
        attributes,
        valid,
        covariance=config.covariance,
        shrinkage=config.shrinkage,
        ridge=config.ridge,
    )
    values = torch.linalg.eigvalsh(moments.covariance[:, :size, :size]).clamp(min=0)
    share = values / values.sum(dim=1, keepdim=True)
    rank = torch.special.entr(share).sum(dim=1).exp()
    condition = (values[:, -1] + config.ridge) / (values[:, 0] + config.ridge)
    return {
        "effective_rank": float(rank.nanmedian()),
        "condition": float(condition.nanmedian()),
        "shrinkage": float(moments.shrinkage.mean()),
        "saturated_win_rates": _saturated(moments, valid, config.gamma),
    }


def _saturated(moments: ConditionalMoments, valid: Tensor, gamma: float) -> float:
    photos = torch.linspace(0, len(valid) - 1, min(len(valid), PHOTOS_FOR_WIN_RATES)).long()
    variance = moments.variance.expand(len(valid))[photos]
    rates = win_rates(moments.mean[photos], variance, gamma)
    chosen = valid[photos]
    compared = chosen[:, :, None, None] & chosen[None, None]
    compared[torch.arange(len(photos)), :, torch.arange(len(photos))] = False
    rates = rates[compared]
    return float(((rates < SATURATED) | (rates > 1 - SATURATED)).double().mean())


def _shape(scores: Tensor, attributes: Tensor, valid: Tensor) -> dict[str, float]:
    """Normality and coupling, from pooled deviations within photos."""
    from scipy import stats

    joint = torch.cat([attributes, scores[..., None]], dim=-1)
    pooled = deviations(joint, valid, "pooled")
    rows, degrees = pooled.rows[0][valid.flatten()], float(pooled.degrees)
    size = attributes.shape[-1]
    skews, tails = [_standard_moment(rows, power) for power in (3, 4)]
    figures = {
        "skew": float(skews[size]),
        "excess_kurtosis": float(tails[size]) - 3,
        "normality_p": float("nan"),
        "attribute_skew": float(skews[:size].abs().max()) if size else float("nan"),
        "attribute_excess_kurtosis": (
            float((tails[:size] - 3).abs().max()) if size else float("nan")
        ),
        "coupling_r2": float("nan"),
        "coupling_r2_by_chance": min(1.0, size / degrees) if degrees else float("nan"),
    }
    total = rows[:, size]
    if len(total) < 20 or float(total.square().sum()) == 0:
        return figures
    figures["normality_p"] = float(stats.normaltest(total.numpy(force=True)).pvalue)
    if size:
        fit = torch.linalg.lstsq(rows[:, :size].cpu(), rows[:, size:].cpu(), driver="gelsd")
        rest = rows[:, size:].cpu() - rows[:, :size].cpu() @ fit.solution
        figures["coupling_r2"] = 1 - float(rest.square().sum() / total.square().sum())
    return figures


def _standard_moment(rows: Tensor, power: int) -> Tensor:
    return (rows**power).mean(dim=0) / rows.square().mean(dim=0) ** (power / 2)


def _order(
    scores: Tensor, attributes: Tensor, mos: Tensor, rewards: Tensor, valid: Tensor
) -> dict[str, float]:
    photos = valid.any(dim=1)
    joint = torch.cat([scores[..., None], attributes], dim=-1)
    means = deviations(joint, valid, "image").mean[photos, 0]
    mos = mos[photos]
    attribute_srcc = [_rank_correlation(column, mos) for column in means.T[1:]]
    return {
        "score_mos_srcc": _rank_correlation(means[:, 0], mos),
        "reward_mos_srcc": _rank_correlation(rewards.mean(dim=1)[photos], mos),
        "attribute_mos_srcc": (
            sum(attribute_srcc) / len(attribute_srcc) if attribute_srcc else float("nan")
        ),
        "score_reward_correlation": _correlation_within(scores, rewards, valid),
        "attribute_correlation": _mean_correlation(means[:, 1:]),
    }


def _correlation_within(one: Tensor, other: Tensor, valid: Tensor) -> float:
    """Correlation of two values (B, k) of the candidates, from pooled deviations."""
    rows = deviations(torch.stack([one, other], dim=-1), valid, "pooled").rows[0]
    products = rows.T @ rows
    return float(products[0, 1] / (products[0, 0] * products[1, 1]).sqrt())


def _mean_correlation(columns: Tensor) -> float:
    """Mean correlation between the columns of (B, d); NaN for d < 2 or fewer than three photos."""
    photos, size = columns.shape
    if size < 2 or photos < 3:
        return float("nan")
    row, column = torch.triu_indices(size, size, 1)
    return float(torch.corrcoef(columns.T)[row, column].mean())


def _rank_correlation(one: Tensor, other: Tensor) -> float:
    """Spearman's with mean ranks for ties; NaN for fewer than three photos or a constant."""
    from scipy import stats

    if len(one) < 3 or one.min() == one.max() or other.min() == other.max():
        return float("nan")
    values: Any = stats.spearmanr(one.numpy(force=True), other.numpy(force=True)).statistic
    return float(values)
