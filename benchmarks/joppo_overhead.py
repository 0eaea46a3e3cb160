"""What the joint reward and its bookkeeping cost: JoppoTrainer against trl's plain GRPOTrainer.

    python -m benchmarks.scene_corpus STORE --per-category 4
    python -m benchmarks.joppo_overhead STORE

Both trainers have the same model, data, seeds and settings, with a learning rate of (nearly) 0, so
step i of both samples the same completions; the plain one has a constant reward. Everything is CPU
time of one thread in one process. Two figures:

- paired: the ratio of step i of one to step i of the other, over rounds in which the two take turns
  to go first; median and quartiles. What else runs on the machine moves it by some percent.
- counted: the CPU time within our own functions (rewards with parsing and health, log, samples,
  checks of loss and gradient) as a share of the step. Little moves this one.

A third trainer has `share_prompts` on and all else like the second: what that saves.

A second table times the three rewards alone on batches up to the paper's size.
"""

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from joppo.data.questions.answer_format import completion, format_score
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import EMBEDDED, JoppoConfig, LaunchConfig, LoraSettings
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.runs.metrics_log import MetricsLog
from joppo.training.runs.run_folder import Run
from joppo.training.runs.samples import SampleLog
from joppo.training.trainer.arguments import joppo_arguments
from joppo.training.trainer.examples import preference_dataset, resolve_snapshot, training_rows
from joppo.training.trainer.judge_rewards import JudgeRewards

PHOTOS, GROUP = 8, 6
LEFT_OUT = 2
"""first steps of each round, which warm up"""


def _config(steps: int) -> JoppoConfig:
    return JoppoConfig(
        bf16=False,
        gradient_checkpointing=False,
        photos=PHOTOS,
        group=GROUP,
        per_device_batch=48,
        max_steps=steps,
        save_steps=10_000,
        learning_rate=1e-30,
        task_weights={"score": 1.0},
        max_completion_length=96,
        eval_rows=0,
        launch=LaunchConfig(cpu=True),
    )


def _adapted(config: JoppoConfig) -> Any:
    import torch
    from peft import get_peft_model

    torch.manual_seed(0)
    base = load_base(resolve_base(EMBEDDED), config)
    return get_peft_model(base, lora_config(LoraSettings()))


class Meter:
    """CPU seconds within the functions that it wraps; a wrapped one inside another counts once."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, metered."""

        @functools.wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            started = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.seconds += time.process_time() - started

        return metered


def _steps(trainer: Any, meter: Meter) -> list[tuple[float, float]]:
    """CPU seconds of every step but the first ones: all, and those of the meter."""
    from transformers import TrainerCallback

    taken: list[tuple[float, float]] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        started = metered = 0.0

        def on_step_begin(self, *args: Any, **more: Any) -> None:
            self.started, self.metered = time.process_time(), meter.seconds

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            # After the metrics are written, so that the bookkeeping counts.
            taken.append((time.process_time() - self.started, meter.seconds - self.metered))

    trainer.add_callback(Clock())
    trainer.train()
    return taken[LEFT_OUT:-1]  # the last log is that of the end


def _joppo(run: Run, config: JoppoConfig, data: Any, processor: Any, meter: Meter) -> Any:
    from joppo.training.trainer.callbacks import Report
    from joppo.training.trainer.trainers import JoppoTrainer

    rewards = JudgeRewards(config, load_rubric().names)
    trainer = JoppoTrainer(
        model=_adapted(config),
        reward_funcs=[meter.wrap(f) for f in rewards.functions],
        train_dataset=data,
        args=joppo_arguments(run, config, 1, rewards.weights),
        processing_class=processor,
    )
    trainer.sample_log = SampleLog(run.store, run.id, config.sample_steps)
    trainer.sample_log.keep = meter.wrap(trainer.sample_log.keep)  # type: ignore[method-assign]
    trainer._check = meter.wrap(trainer._check)
    report = Report(MetricsLog(run.store, run.id, "joppo"))
    report.on_log = meter.wrap(report.on_log)  # type: ignore[method-assign]
    trainer.add_callback(report)
    return trainer


def _shared(run: Run, config: JoppoConfig, data: Any, processor: Any, meter: Meter) -> Any:
    trainer = _joppo(run, config, data, processor, meter)
    trainer.share()
    return trainer


def _plain(run: Run, config: JoppoConfig, data: Any, processor: Any, meter: Meter) -> Any:
    from trl import GRPOTrainer

    def constant(completions: list[Any], **columns: Any) -> list[float]:
        return [0.5] * len(completions)

    return GRPOTrainer(
        model=_adapted(config),
        reward_funcs=[constant],
        train_dataset=data,
        args=joppo_arguments(run, config, 1, [1.0]),
        processing_class=processor,
    )


def compare(store: Store, steps: int, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of plain, joppo and shared steps, and the metered ones of the joppo steps."""
    import torch

    torch.set_num_threads(1)
    config = _config(steps + LEFT_OUT)
    snapshot = resolve_snapshot(store, None)
    processor = load_processor(resolve_base(EMBEDDED))
    found: dict[str, list[float]] = {"plain": [], "joppo": [], "shared": [], "counted": []}
    for number in range(rounds):
        makers = [("plain", _plain), ("joppo", _joppo), ("shared", _shared)]
        for name, make in makers if number % 2 == 0 else reversed(makers):
            with tempfile.TemporaryDirectory() as folder:
                run = Run("joppo", config, store, snapshot, "", Path(folder) / "run")
                data, meter = preference_dataset(training_rows(run), store), Meter()
                own = Run("joppo", config, Store(folder), snapshot, "", run.folder)
                taken = _steps(make(own, config, data, processor, meter), meter)
            found[name] += [all_of_it for all_of_it, _ in taken]
            if name == "joppo":
                found["counted"] += [ours for _, ours in taken]
        print(_told(found), flush=True)
    return found


def _told(found: dict[str, list[float]]) -> str:
    ratios = [j / p - 1 for p, j in zip(found["plain"], found["joppo"], strict=True)]
    shares = [c / j for c, j in zip(found["counted"], found["joppo"], strict=True)]
    low, _, high = quantiles(ratios, n=4)
    saved = [j / s for j, s in zip(found["joppo"], found["shared"], strict=True)]
    return (
        f"{len(ratios)} pairs of steps: plain {median(found['plain']):.3f} s, joppo "
        f"{median(found['joppo']):.3f} s of CPU; paired {median(ratios):+.2%} (quartiles "
        f"{low:+.2%} to {high:+.2%}); counted {median(shares):.2%} (most {max(shares):.2%}); "
        f"with shared prompts {median(found['shared']):.3f} s, paired {median(saved):.2f} x quicker"
    )


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
        "task": ["score"] * len(texts),
        "choices": [[]] * len(texts),
        "mos": mos,
        "answer": [None] * len(texts),
    }
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
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    compare(Store(args.store), args.steps, args.rounds)
    for photos in (PHOTOS, 85, 512):
        print(f"{photos} x {GROUP}: rewards {1000 * reward_seconds(photos):.1f} ms")


if __name__ == "__main__":
    main()
