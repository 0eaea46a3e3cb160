"""sqrt(2 Phi(z)) in both tails, in place where no gradient is needed."""

from typing import Any

import torch
from torch import Tensor

ROOT_TWO = 2**0.5

#: 1 + erf loses the relative accuracy of a small Phi(z). For z above this bound the loss stays
#: below 1e-10 in sqrt(Phi), and erf costs half of erfc.
ERF_FROM = -7.0


def root_phi(scaled: Tensor) -> Tensor:
    """sqrt(2 Phi(z)) for `scaled` = z / sqrt(2), any shape; `scaled` may be overwritten.

    The derivative by z, phi(z) / sqrt(2 Phi(z)), is finite for every z and vanishes in both
    tails. Far below 0 the value underflows to 0 (z < -37 in float64).
    """
    if torch.is_grad_enabled() and scaled.requires_grad:
        return _RootPhi.apply(scaled)
    # On a GPU this condition would wait for the device.
    if scaled.device.type == "cpu" and scaled.numel() and scaled.amin() * ROOT_TWO > ERF_FROM:
        return scaled.erf_().add_(1).sqrt_()
    return scaled.neg_().erfc_().sqrt_()


class _RootPhi(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scaled: Tensor) -> Tensor:
        ctx.save_for_backward(scaled)
        return torch.erfc(-scaled).sqrt()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (scaled,) = ctx.saved_tensors
        # phi / sqrt(Phi) in logarithms: 0 / 0 in the far tail otherwise. Beyond 1e4 it is 0.
        z = (scaled * ROOT_TWO).clamp(-1e4, 1e4)
        log_ratio = -0.5 * z.square() - 0.5 * torch.special.log_ndtr(z)
        return gradients[0] * log_ratio.exp() / torch.pi**0.5 / ROOT_TWO
