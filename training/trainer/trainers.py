"""trl's trainers with safe checkpoints and a guard on the loss, and what JoPPO adds to them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from trl import GRPOTrainer, SFTTrainer
from trl.trainer.utils import RepeatSampler

from joppo.training.config import JoppoConfig
from joppo.training.runs.checkpoints import SafeCheckpoints
from joppo.training.runs.run_folder import say
from joppo.training.runs.samples import SampleLog
from joppo.training.trainer.frozen_vision import FrozenVision
from joppo.training.trainer.guard import FiniteLoss
from joppo.training.trainer.merged import merged
from joppo.training.trainer.rollout_weights import RolloutWeights
from joppo.training.trainer.rollouts import Portion, portions
from joppo.training.trainer.sampler_logps import recorded
from joppo.training.trainer.shared_prompts import SharedPrompts
from joppo.training.trainer.vllm_guard import GuardedVLLM


class JudgeSFTTrainer(FrozenVision, FiniteLoss, SafeCheckpoints, SFTTrainer):  # type: ignore[misc]
    """SFTTrainer with complete checkpoints and a finite loss: a mean over the batch's tokens."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # trl's loss divides by the number of tokens of the whole batch where it is told, but
        # transformers counts them only for models whose own loss takes the number, which that of
        # Qwen2.5-VL does not. Without it a token would weigh by its forward pass, and the result
        # would depend on `per_device_batch` and the number of processes.
        self.model_accepts_loss_kwargs = True


class EpochSampler(RepeatSampler):  # type: ignore[misc]
    """RepeatSampler whose order is a function of seed and epoch.

    trl's draws from a private generator that starts anew with the process, so a run resumed after
    its first epoch would see the photos of the first one again.
    """

    def __init__(self, like: RepeatSampler, epoch: Callable[[], float]) -> None:
        super().__init__(
            like.data_source,
            like.mini_repeat_count,
            like.batch_size,
            like.repeat_count,
            like.shuffle,
            like.seed,
        )
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            # The Trainer counts epochs in fractions: rounding must not make 1 of 0.9999999.
            epoch = int(self.epoch() + 1e-6)
            self.generator.manual_seed((self.seed or 0) + 1_000_003 * epoch)
        return iter(super().__iter__())


def equal_rewards(step: int, logs: Mapping[str, Any]) -> str | None:
    """The message about a step whose rewards give no gradient, else None."""
    if logs.get("frac_reward_zero_std") != 1:
        return None
    parsed = logs.get("parse_rate")
    cause = "no completion could be parsed" if parsed == 0 else "candidates do not differ enough"
    return (
        f"step {step}: every photo's candidates have equal rewards, so nothing was learned ({cause}"
        "); if that goes on, read the samples, raise temperature, or train SFT longer"
    )


class JoppoTrainer(  # type: ignore[misc]
    RolloutWeights, SharedPrompts, FrozenVision, FiniteLoss, SafeCheckpoints, GRPOTrainer
):
    """GRPOTrainer that resumes in any epoch, samples in portions and keeps some completions.

    It weighs the loss by what sampler and learner differ (training.trainer.rollout_weights).
    Rewards, advantages and loss are trl's; the joint reward sees the global batch because it
    gathers it itself (training.trainer.judge_rewards).
    """

    rollout_batch: int | None = None
    merge_rollouts = False
    sample_log: SampleLog | None = None
    vllm_generation: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.use_vllm:
            learned = [p for n, p in self.model.named_parameters() if "lora_B.default" in n]
            self.vllm_generation = GuardedVLLM(
                self.vllm_generation, adapted=any(bool(p.any()) for p in learned)
            )

    def sample_as(self, config: JoppoConfig) -> None:
        """Sample in portions, with merged weights and with shared prompts where the config asks."""
        self.rollout_batch, self.merge_rollouts = config.rollout_batch, config.merge_rollouts
        self.importance_cap = config.importance_cap
        if config.share_prompts:
            self.share()

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return EpochSampler(super()._get_train_sampler(dataset), lambda: self.state.epoch or 0.0)

    def _generate_single_turn(
        self, prompt_ids: Any, images: Any, multimodal_fields: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if self.use_vllm:
            return super()._generate_single_turn(
                prompt_ids, images, multimodal_fields, *args, **kwargs
            )
        with merged(self.model) if self.merge_rollouts else nullcontext():
            return self._in_portions(prompt_ids, images, multimodal_fields, *args, **kwargs)

    def _in_portions(
        self, prompt_ids: Any, images: Any, multimodal_fields: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Completions, and the log probabilities with which they were drawn."""
        size = self.rollout_batch or len(prompt_ids)
        whole = Portion(prompt_ids, images, multimodal_fields)
        parts = portions(*whole, size) if size < len(prompt_ids) else [whole]
        drawn: list[Any] = []
        with recorded(self.accelerator.unwrap_model(self.model), self.temperature) as logps:
            for part in parts:
                completions, _ = super()._generate_single_turn(*part, *args, **kwargs)
                drawn += completions
        rows = (row for part in logps for row in part)
        return drawn, [row[: len(ids)].tolist() for ids, row in zip(drawn, rows, strict=True)]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log(logs, start_time)
        if not self.model.training or not self.accelerator.is_main_process:
            return
        if line := equal_rewards(self.state.global_step, logs):
            say(line)
        if self.sample_log and self.sample_log.due(self.state.global_step) and "loss" in logs:
            self.sample_log.keep(self.state.global_step, self._logs)
