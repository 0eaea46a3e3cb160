"""What the joint reward and its bookkeeping cost: JoppoTrainer against trl's plain GRPOTrainer.

    python -m benchmarks.joppo_overhead STORE

STORE holds a snapshot (`python -m benchmarks.scene_corpus STORE`). Both trainers have the same
model, data, seeds and settings, with a learning rate of 0, so they sample the same completions; the
plain one has a constant reward. The CPU time of every step is taken in turns, in one process on one
thread. A second table times the three rewards alone on batches up to the paper's size.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from data.answer_format import completion, format_score
from data.rubrics import load_rubric
from data.store import Store
from training.arguments import joppo_arguments
from training.base_model import load_base, load_processor, lora_config, resolve_base
from training.config import EMBEDDED, JoppoConfig, LaunchConfig, LoraSettings
from training.examples import mix, preference_dataset, preference_rows, resolve_snapshot
from training.judge_rewards import JudgeRewards
from training.metrics_log import MetricsLog
from training.run_folder import Run

PHOTOS, GROUP = 8, 6


def _config(steps: int) -> JoppoConfig:
    return JoppoConfig(
        bf16=False, gradient_checkpointing=False, photos=PHOTOS, group=GROUP, per_device_batch=48,
        max_steps=steps, save_steps=10_000, learning_rate=1e-30, task_weights={"score": 1.0},
        max_completion_length=96, eval_rows=0, launch=LaunchConfig(cpu=True),
    )  # fmt: skip


def _adapted(config: JoppoConfig) -> Any:
    import torch
    from peft import get_peft_model

    torch.manual_seed(0)
    base = load_base(resolve_base(EMBEDDED), config)
    return get_peft_model(base, lora_config(LoraSettings()))


def _steps(trainer: Any) -> list[float]:
    """CPU seconds of every step but the first two."""
    from transformers import TrainerCallback

    taken: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        started = 0.0

        def on_step_begin(self, *args: Any, **more: Any) -> None:
            self.started = time.process_time()

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            # After the metrics are written, so that the bookkeeping counts.
            taken.append(time.process_time() - self.started)

    trainer.add_callback(Clock())
    trainer.train()
    return taken[2:-1]


def _joppo(run: Run, config: JoppoConfig, data: Any, processor: Any) -> Any:
    from training.callbacks import Report
    from training.trainers import JoppoTrainer

    rewards = JudgeRewards(config, load_rubric().names)
    trainer = JoppoTrainer(
        model=_adapted(config), reward_funcs=rewards.functions, train_dataset=data,
        args=joppo_arguments(run, config, 1, rewards.weights), processing_class=processor,
    )  # fmt: skip
    trainer.add_callback(Report(MetricsLog(run.store, run.id, "joppo")))
    return trainer


def _plain(run: Run, config: JoppoConfig, data: Any, processor: Any) -> Any:
    from trl import GRPOTrainer

    def constant(completions: list[Any], **columns: Any) -> list[float]:
        return [0.5] * len(completions)

    return GRPOTrainer(
        model=_adapted(config), reward_funcs=[constant], train_dataset=data,
        args=joppo_arguments(run, config, 1, [1.0]), processing_class=processor,
    )  # fmt: skip


def compare(store: Store, steps: int, rounds: int) -> tuple[float, float]:
    """Median CPU seconds of a step: plain GRPOTrainer, JoppoTrainer."""
    import torch

    torch.set_num_threads(1)
    config = _config(steps + 2)
    snapshot = resolve_snapshot(store, None)
    rows = mix(preference_rows(store, snapshot, "train"), config.task_weights)
    processor = load_processor(resolve_base(EMBEDDED))
    taken: dict[Any, list[float]] = {_plain: [], _joppo: []}
    for _ in range(rounds):
        for make in taken:
            with tempfile.TemporaryDirectory() as folder:
                run = Run("joppo", config, Store(folder), snapshot, "", Path(folder) / "run")
                data = preference_dataset(rows, store)
                taken[make] += _steps(make(run, config, data, processor))
    return median(taken[_plain]), median(taken[_joppo])


def reward_seconds(photos: int, group: int = GROUP, repeats: int = 5) -> float:
    """CPU seconds of the three rewards for photos x group completions, best of some."""
    import torch

    names = load_rubric().names
    numbers = torch.rand(photos * group, len(names) + 1).tolist()
    texts = [
        completion("Soft light, muted colors.", format_score(t, dict(zip(names, a, strict=True))))
        for t, *a in numbers
    ]
    mos = [m for m in torch.rand(photos).tolist() for _ in range(group)]
    columns: dict[str, Any] = {
        "task": ["score"] * len(texts), "choices": [[]] * len(texts), "mos": mos,
        "answer": [None] * len(texts),
    }  # fmt: skip
    taken = []
    for _ in range(repeats):
        rewards = JudgeRewards(JoppoConfig(photos=photos, group=group), names)
        messages = [[{"role": "assistant", "content": text}] for text in texts]
        started = time.process_time()
        for function in rewards.functions:
            function(completions=messages, **columns)
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    plain, joppo = compare(Store(args.store), args.steps, args.rounds)
    print(f"plain {plain:.3f} s, joppo {joppo:.3f} s of CPU a step: {joppo / plain - 1:+.2%}")
    for photos in (PHOTOS, 85, 512):
        print(f"{photos} x {GROUP}: rewards {1000 * reward_seconds(photos):.1f} ms")


if __name__ == "__main__":
    main()
