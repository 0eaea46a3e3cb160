"""Rewards that earlier judges were trained with, on the scale MOS in [0, 1].

The single-score ranking reward of VisualQuality-R1 is `thurstone_fidelity` in
`training/rewards/joint.py`; the two here compare a score with the photo's own MOS.
"""

import torch
from torch import Tensor

from joppo.training.rewards.inputs import check_mos, check_scores


def absolute_error(scores: Tensor, mos: Tensor, threshold: float = 0.35 / 4) -> Tensor:
    """1 where |score - MOS| < `threshold`, else 0; 0 for a NaN candidate. (B, k) float64.

    Q-Insight (Li et al. 2025, arXiv 2503.22679, section 3.2) with its threshold of 0.35 on the
    scale [1, 5], which is 0.0875 on [0, 1]. A step: it has no gradient. `scores` (B, k) and `mos`
    (B,) in [0, 1]. Raises ValueError for a wrong shape, values out of range, or threshold <= 0.
    """
    scores, mos = check_scores(scores), check_mos(mos, scores)
    if not threshold > 0:
        raise ValueError(f"threshold must be positive, got {threshold}")
    # A NaN compares false.
    return ((scores.detach() - mos.unsqueeze(1)).abs() < threshold).to(torch.float64)


def gaussian_error(scores: Tensor, mos: Tensor, width: float = 0.1) -> Tensor:
    """exp(-(score - MOS)^2 / (2 width^2)); 0 for a NaN candidate. (B, k) float64 in [0, 1].

    The absolute reward of Aes-R1 (Liu et al. 2025, arXiv 2509.21871), width 0.1 on [0, 1]; its
    released code adds 1e-5 and rounds to four decimals, which is left out here.
    Raises ValueError as `absolute_error`.
    """
    scores, mos = check_scores(scores), check_mos(mos, scores)
    if not width > 0:
        raise ValueError(f"width must be positive, got {width}")
    parsed = ~torch.isnan(scores)
    error = torch.where(parsed, scores, 0.0) - mos.unsqueeze(1)
    return torch.where(parsed, torch.exp(-0.5 * (error / width).square()), 0.0)
