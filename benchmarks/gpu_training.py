"""SFT and JoPPO steps of a judge of Qwen2.5-VL-7B's shape, against plain trl trainers.

    python -m benchmarks.gpu_training                        # one GPU of 80 GB
    python -m benchmarks.gpu_training --shape tiny --cpu     # the same code on a CPU, in minutes

The judge is initialised at random and needs no download; photos are rendered scenes of a real
size. Random weights never end an answer, so every completion has the full length: the worst case.

For each trainer: seconds of a step, tokens and photos a second, peak memory, and the share of time
in generation, forward, backward, reward and the rest (processor, reference, optimizer). Clocks are
read when the device has finished, which costs a little itself, the same for all trainers.
"""

import argparse
import functools
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.judge_shapes import qwen_7b
from benchmarks.scene_corpus import build
from data.rubrics import load_rubric
from data.scene_source import SceneSourceConfig
from data.store import Store
from training.arguments import joppo_arguments, sft_arguments
from training.base_model import load_processor, lora_config, resolve_base
from training.config import EMBEDDED, JoppoConfig, LaunchConfig, LoraSettings, SftConfig
from training.examples import (
    preference_dataset,
    resolve_snapshot,
    sft_dataset,
    training_rows,
)
from training.judge_rewards import JudgeRewards
from training.memory import GIB, estimate, shape_of, total
from training.run_folder import Run

PATCH = {"7b": 14, "tiny": 7}
PARTS = ("generation", "forward", "backward", "reward")


class Clock:
    """Seconds within the parts of a step; a part inside another is taken from the outer one."""

    def __init__(self, cpu: bool) -> None:
        self.cpu = cpu
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def now(self) -> float:
        import torch

        if not self.cpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = self.now()
        self._inner.append(0.0)
        try:
            yield
        finally:
            taken = self.now() - started
            self.seconds[name] += taken - self._inner.pop()
            self._inner[-1] += taken

    def wrap(self, owner: Any, method: str, name: str) -> None:
        """Count the time of a method of one object."""
        original: Callable[..., Any] = getattr(owner, method)

        @functools.wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return original(*args, **kwargs)

        setattr(owner, method, timed)


def processor_of(shape: str, pixels: int) -> Any:
    """The embedded tokenizer with patches of the shape's size."""
    made = load_processor(resolve_base(EMBEDDED), pixels)
    made.image_processor.patch_size = PATCH[shape]
    return made


def judge_of(shape: str, processor: Any, bf16: bool) -> Any:
    """A randomly initialised judge that uses the embedded tokenizer's marks."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    from training.tiny_judge.shape import make_model

    if shape == "tiny":
        return make_model(processor.tokenizer, seed=0)
    marks = {
        "image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>", "eos_token_id": "<|im_end|>",
        "pad_token_id": "<|endoftext|>",
    }  # fmt: skip
    ids = {name: processor.tokenizer.convert_tokens_to_ids(mark) for name, mark in marks.items()}
    shaped = qwen_7b()
    shaped["text_config"] |= {n: ids[n] for n in ("eos_token_id", "pad_token_id")}
    config = Qwen2_5_VLConfig(**shaped, **ids)
    # Made on the GPU at once: 31 GiB in float32 on the way would be for nothing.
    torch.set_default_dtype(torch.bfloat16 if bf16 else torch.float32)
    with torch.device("cuda"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    return model


def configs(args: argparse.Namespace) -> tuple[SftConfig, JoppoConfig]:
    """Both stages with the values of the single-gpu profile, but for what the arguments say."""
    shared: dict[str, Any] = {
        "bf16": not args.cpu, "gradient_checkpointing": not args.cpu, "max_pixels": args.pixels,
        "max_steps": args.steps + 1, "save_steps": 10_000, "eval_rows": 0,
        "max_completion_length": args.completion, "launch": LaunchConfig(cpu=args.cpu),
    }  # fmt: skip
    sft = SftConfig(**shared, batch=args.batch, per_device_batch=args.per_device_batch)
    joppo = JoppoConfig(
        **shared, photos=args.photos, group=args.group, per_device_batch=args.per_device_batch,
        rollout_batch=args.rollout_batch, task_weights={"score": 1.0},
    )  # fmt: skip
    return sft, joppo


def constant(completions: list[Any], **columns: Any) -> list[float]:
    """The reward of the plain trainer."""
    return [0.5] * len(completions)


def trainer_of(kind: str, run: Run, processor: Any, judge: Any) -> Any:
    """Ours or trl's own trainer of a stage, on the same data, adapter and settings."""
    from peft import get_peft_model
    from trl import GRPOTrainer, SFTTrainer

    from training.trainers import JoppoTrainer, JudgeSFTTrainer

    config, rows = run.config, training_rows(run)
    shared = {"processing_class": processor}
    if isinstance(config, SftConfig):
        maker = SFTTrainer if kind == "trl" else JudgeSFTTrainer
        return maker(
            model=judge, args=sft_arguments(run, config, 1), peft_config=lora_config(config.lora),
            train_dataset=sft_dataset(rows, run.store), **shared,
        )  # fmt: skip
    assert isinstance(config, JoppoConfig)
    shared["train_dataset"] = preference_dataset(rows, run.store)
    shared["model"] = get_peft_model(judge, lora_config(LoraSettings()))
    if kind == "trl":
        arguments = joppo_arguments(run, config, 1, [1.0])
        return GRPOTrainer(reward_funcs=[constant], args=arguments, **shared)
    rewards = JudgeRewards(config, load_rubric(config.rubric).names)
    made = JoppoTrainer(
        reward_funcs=rewards.functions, args=joppo_arguments(run, config, 1, rewards.weights),
        **shared,
    )  # fmt: skip
    made.rollout_batch = config.rollout_batch
    return made


def measure(trainer: Any, cpu: bool) -> dict[str, float]:
    """Figures of the steps after the first."""
    import torch
    from transformers import TrainerCallback

    clock = Clock(cpu)
    for owner, method, part in (
        (trainer.model, "generate", "generation"), (trainer, "compute_loss", "forward"),
        (trainer.accelerator, "backward", "backward"),
        (trainer, "_calculate_rewards", "reward"),
    ):  # fmt: skip
        if hasattr(owner, method):
            clock.wrap(owner, method, part)
    spans: list[float] = []
    tokens: list[float] = []

    class Steps(TrainerCallback):  # type: ignore[misc]
        started = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step == 1:
                clock.seconds.clear()
                if not cpu:
                    torch.cuda.reset_peak_memory_stats()
            self.started = clock.now()

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            spans.append(clock.now() - self.started)

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any
        ) -> None:
            if "num_tokens" in (logs or {}):
                tokens.append(float(logs["num_tokens"]))

    trainer.add_callback(Steps())
    trainer.train()
    seconds = sum(spans[1:])
    peak = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if cpu
        else torch.cuda.max_memory_reserved()
    )
    return {
        "s/step": seconds / len(spans[1:]),
        "tokens/s": (tokens[-1] - tokens[0]) / seconds,
        "peak GiB": peak / GIB,
        **{f"{part} %": 100 * clock.seconds[part] / seconds for part in PARTS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=tuple(PATCH), default="7b")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--steps", type=int, default=4, help="counted steps of each trainer")
    parser.add_argument("--pixels", type=int, default=602_112, help="pixels of a photo")
    parser.add_argument("--batch", type=int, default=32, help="conversations of an SFT step")
    parser.add_argument("--photos", type=int, default=16, help="photos of a JoPPO step")
    parser.add_argument("--group", type=int, default=6)
    parser.add_argument("--per-device-batch", type=int, default=2)
    parser.add_argument("--rollout-batch", type=int, default=48)
    parser.add_argument("--completion", type=int, default=256, help="tokens of an answer")
    args = parser.parse_args()
    run_all(args)


def run_all(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the four trainers and print a table."""
    import gc

    import torch

    if args.cpu:
        torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        side = round(args.pixels**0.5)
        build(store, SceneSourceConfig(per_category=2, size=side))
        snapshot = resolve_snapshot(store, None)
        processor = processor_of(args.shape, args.pixels)
        for config in configs(args):
            stage: Any = "sft" if isinstance(config, SftConfig) else "joppo"
            run = Run(stage, config, store, snapshot, "", Path(folder) / stage)
            for kind in ("trl", "joppo"):
                judge = judge_of(args.shape, processor, config.bf16)
                trainer = trainer_of(kind, run, processor, judge)
                parts = estimate(shape_of(trainer.model), config, args.pixels)
                figures = measure(trainer, args.cpu)
                photos = args.batch if stage == "sft" else args.photos
                figures["photos/s"] = photos / figures["s/step"]
                figures["estimate GiB"] = total(parts)
                rows.append({"stage": stage, "trainer": kind, **figures})
                del trainer, judge
                gc.collect()
                if not args.cpu:
                    torch.cuda.empty_cache()
    print_table(rows)
    return rows


def print_table(rows: list[dict[str, Any]]) -> None:
    """A Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        cells = [row.get(name, "") for name in names]
        shown = [f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells]
        print("| " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
