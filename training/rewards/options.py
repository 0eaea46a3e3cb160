"""The options of the joint reward, without torch: configs are read where no tensor is needed."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

Covariance = Literal["image", "pooled", "batch"]
Estimator = Literal["oas", "ledoit_wolf"]
Shrinkage = float | Estimator


def check_gamma(gamma: float) -> None:
    """ValueError unless `gamma` is finite and not negative."""
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be finite and not negative, got {gamma}")


@dataclass(frozen=True)
class JointRewardConfig:
    """The choices that the paper's formula leaves open. Raises ValueError out of range."""

    covariance: Covariance = "pooled"
    """which deviations the covariance Sigma is estimated from. `image`: those of the photo's own k
    candidates; `pooled`: those of all candidates from their own photo's mean, one Sigma for the
    batch; `batch`: those of all candidates from one common mean"""
    shrinkage: Shrinkage = 0.0
    """lambda in [0, 1] towards the diagonal of Sigma, or an estimator of it"""
    ridge: float = 1e-6
    """added to the diagonal of Sigma_AA; 0, or at least 1e-12 (below, it is lost to rounding)"""
    gamma: float = 1e-6
    """added to the variance of the difference of two totals; not negative"""
    conditional_weight: float = 0.5
    """w in [0, 1], the weight of the conditional part"""

    def __post_init__(self) -> None:
        if self.covariance not in get_args(Covariance):
            raise ValueError(f"covariance must be one of {get_args(Covariance)}")
        if isinstance(self.shrinkage, str):
            if self.shrinkage not in get_args(Estimator):
                raise ValueError(f"shrinkage must be a number or one of {get_args(Estimator)}")
        elif not 0 <= self.shrinkage <= 1:
            raise ValueError(f"shrinkage must lie in [0, 1], got {self.shrinkage}")
        if not (self.ridge == 0 or 1e-12 <= self.ridge < math.inf):
            raise ValueError(f"ridge must be 0 or at least 1e-12, got {self.ridge}")
        check_gamma(self.gamma)
        if not 0 <= self.conditional_weight <= 1:
            raise ValueError(
                f"conditional_weight must lie in [0, 1], got {self.conditional_weight}"
            )


#: The best setting of the study in docs/covariance.md.
DEFAULT = JointRewardConfig()

#: The paper's formula to the letter, with each photo's own covariance.
PAPER = JointRewardConfig(covariance="image", conditional_weight=1.0)
