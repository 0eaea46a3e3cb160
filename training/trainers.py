"""trl's trainers with safe checkpoints and a guard on the loss; JoPPO adds what it must."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from trl import GRPOTrainer, SFTTrainer
from trl.trainer.utils import RepeatSampler

from training.checkpoints import SafeCheckpoints
from training.guard import FiniteLoss


class JudgeSFTTrainer(FiniteLoss, SafeCheckpoints, SFTTrainer):  # type: ignore[misc]
    """SFTTrainer whose checkpoints are whole and whose loss is finite."""


class EpochSampler(RepeatSampler):  # type: ignore[misc]
    """RepeatSampler whose order is a function of seed and epoch.

    trl's draws from a private generator that starts anew with the process, so a run resumed after
    its first epoch would see the photos of the first one again.
    """

    def __init__(self, like: RepeatSampler, epoch: Callable[[], float]) -> None:
        super().__init__(
            like.data_source, like.mini_repeat_count, like.batch_size, like.repeat_count,
            like.shuffle, like.seed,
        )  # fmt: skip
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            # The Trainer counts epochs in fractions: rounding must not make 1 of 0.9999999.
            epoch = int(self.epoch() + 1e-6)
            self.generator.manual_seed((self.seed or 0) + 1_000_003 * epoch)
        return iter(super().__iter__())


class JoppoTrainer(FiniteLoss, SafeCheckpoints, GRPOTrainer):  # type: ignore[misc]
    """GRPOTrainer that resumes in any epoch and keeps some completions to read.

    Rewards, advantages and loss are trl's; the joint reward sees the global batch because it
    gathers it itself (training.judge_rewards).
    """

    sample_steps = 10
    samples = 10

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return EpochSampler(super()._get_train_sampler(dataset), lambda: self.state.epoch or 0.0)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log(logs, start_time)
        due = self.state.global_step % self.sample_steps == 0
        if due and self.model.training and self.accelerator.is_main_process:
            self._keep_samples(Path(self.args.output_dir) / "samples")

    def _keep_samples(self, folder: Path) -> None:
        """Ten completions of the newest batch, spread over it, with their rewards."""
        texts = [c if isinstance(c, str) else c[0]["content"] for c in self._logs["completion"]]
        picked = torch.linspace(0, len(texts) - 1, min(self.samples, len(texts))).long().tolist()
        rows = [
            {
                "completion": texts[i],
                "advantage": self._logs["advantages"][i],
                **{name: _number(values[i]) for name, values in self._logs["rewards"].items()},
            }
            for i in picked
        ]
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path = folder / f"step-{self.state.global_step:06d}.jsonl"
        path.write_text(text, encoding="utf-8")


def _number(value: float) -> float | None:
    """None for a reward that does not apply (NaN), which JSON does not know."""
    return None if math.isnan(value) else value
