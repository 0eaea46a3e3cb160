"""Truncated importance weights for the difference between who samples and who learns.

A completion is drawn from one set of numbers and learned with another: merged weights or vLLM
instead of base and adapter, one token at a time with a cache instead of all at once. In float32 the
two differ by rounding; in bfloat16 by percents of a token's probability. The policy's part of
the loss of token t is therefore weighted with

    w_t = min(p_learner(t) / p_sampler(t), cap)

where p_learner is the learner's probability when the token was drawn. That is trl's
`token_truncate`, which trl has for vLLM alone (Yao et al. 2025, "Your Efficient RL Framework
Secretly Brings You Off-Policy RL Training"); as in trl, the KL term is not weighted. Without the
cap the expectation of the gradient would be the learner's; the cap bounds its variance.
"""

from typing import Any

import torch

DIFFERENCE = "sampling/sampling_logp_difference"
RATIO = "sampling/importance_sampling_ratio"


def importance_weights(
    learner: torch.Tensor, sampler: torch.Tensor, mask: torch.Tensor, cap: float
) -> torch.Tensor:
    """(B, T) weights in [0, cap]; 1 where `mask` is 0.

    Args:
        learner, sampler: (B, T) log probabilities of the drawn tokens.
        mask: (B, T), 1 for tokens of the completion.
        cap: the highest weight, at least 1.
    """
    ratio = (learner - sampler).exp().clamp(max=cap)
    return torch.where(mask.bool(), ratio, torch.ones_like(ratio))


class RolloutWeights:
    """Mixin before a GRPOTrainer: weighs the loss where `_generate_single_turn` returns the
    sampler's log probabilities. With vLLM trl does it itself.

    The loss is linear in the advantages and they may be given per token, so that they carry the
    weights. The learner's log probabilities are those of the loss itself: no further pass.
    """

    accelerator: Any
    model: Any
    use_vllm: bool
    _metrics: Any
    importance_cap: float | None = None
    _to_weigh: dict[str, Any] | None = None

    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        weighed = inputs.get("sampling_per_token_logps") is not None and not self.use_vllm
        if weighed and self.importance_cap is not None:
            # trl asks for the log probabilities first and reads the advantages afterwards.
            inputs = self._to_weigh = dict(inputs)
        return super()._compute_loss(model, inputs)  # type: ignore[misc]

    def _get_per_token_logps_and_entropies(self, *args: Any, **more: Any) -> Any:
        found = super()._get_per_token_logps_and_entropies(*args, **more)  # type: ignore[misc]
        if self._to_weigh is not None:
            inputs, self._to_weigh = self._to_weigh, None
            self._weigh(inputs, found[0].detach())
        return found

    def _weigh(self, inputs: dict[str, Any], now: torch.Tensor) -> None:
        assert self.importance_cap is not None
        # They are the learner's when it drew, unless weights were updated since.
        learner = inputs.get("old_per_token_logps", now)
        sampler, mask = inputs["sampling_per_token_logps"], inputs["completion_mask"]
        weights = importance_weights(learner, sampler, mask, self.importance_cap)
        inputs["advantages"] = inputs["advantages"].unsqueeze(1) * weights
        self._log_weights((learner - sampler).abs()[mask.bool()], weights[mask.bool()])

    def _log_weights(self, differences: torch.Tensor, weights: torch.Tensor) -> None:
        """Under the names that trl has for vLLM."""
        logged = self._metrics["train" if self.model.training else "eval"]
        for name, values in ((DIFFERENCE, differences), (RATIO, weights)):
            mean, most = values.mean(), values.max()
            logged[f"{name}/mean"].append(self.accelerator.gather(mean).mean().item())
            logged[f"{name}/max"].append(self.accelerator.gather(most).max().item())
