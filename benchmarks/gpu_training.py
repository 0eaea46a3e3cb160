"""SFT and JoPPO steps of a judge of Qwen2.5-VL-7B's shape, against plain trl trainers.

    python -m benchmarks.scene_corpus STORE --per-category 4 --size 776
    python -m benchmarks.gpu_training --store STORE          # one GPU of 80 GB, 10 minutes
    python -m benchmarks.gpu_training --shape tiny --cpu     # the same code on a CPU, in minutes

The judge is initialised at random and needs no download; photos are rendered scenes of a real
size. Random weights never end an answer, so every completion has the full length: the worst case.

Trainers are ours with the values of the single-gpu profile and trl's own; of JoPPO also ours with
prompts run once for all candidates of a photo, a photo's candidates in each pass, which wants no
activation checkpointing, and the adapter folded into the base while they are sampled ("shared").

For each trainer: seconds of a step, tokens and photos a second, peak memory, and the share of time
in generation, forward (the policy's and the reference's), backward, reward and the rest (processor,
optimizer). Clocks are read when the device has finished, which costs a little itself, the same for
all trainers. Every step is printed as it ends and appended to --out, one JSON object a line; no
trainer starts after --minutes.
"""

import argparse
import functools
import gc
import json
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.judge_shapes import qwen_7b
from benchmarks.scene_corpus import build
from joppo.data.questions.answer_format import completion, format_score
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.config import EMBEDDED, JoppoConfig, LaunchConfig, LoraSettings, SftConfig
from joppo.training.models.base_model import load_processor, lora_config, resolve_base
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.arguments import joppo_arguments, sft_arguments
from joppo.training.trainer.examples import (
    preference_dataset,
    resolve_snapshot,
    sft_dataset,
    training_rows,
)
from joppo.training.trainer.judge_rewards import JudgeRewards
from joppo.training.trainer.memory import GIB, estimate, shape_of, total

PATCH = {"7b": 14, "tiny": 7}
PARTS = ("generation", "forward", "backward", "reward")
SHARED = {"share_prompts": True, "merge_rollouts": True, "gradient_checkpointing": False}
TRAINERS = {"sft": ("joppo", "trl"), "joppo": ("joppo", "shared", "trl")}
Row = dict[str, Any]


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
    processor = load_processor(resolve_base(EMBEDDED), pixels)
    processor.image_processor.patch_size = PATCH[shape]
    return processor


def judge_of(shape: str, processor: Any, bf16: bool) -> Any:
    """A randomly initialised judge that uses the embedded tokenizer's marks."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    from joppo.training.tiny_judge.shape import make_model

    if shape == "tiny":
        return make_model(processor.tokenizer, seed=0)
    marks = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "eos_token_id": "<|im_end|>",
        "pad_token_id": "<|endoftext|>",
    }
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
    """Both stages with the values of the single-gpu profile, except those of the arguments."""
    shared: dict[str, Any] = {
        "bf16": not args.cpu,
        "gradient_checkpointing": not args.cpu,
        "max_pixels": args.pixels,
        "max_steps": args.steps + 1,
        "save_steps": 10_000,
        "eval_rows": 0,
        "max_completion_length": args.completion,
        "launch": LaunchConfig(cpu=args.cpu),
    }
    sft = SftConfig(**shared, batch=args.batch, per_device_batch=args.per_device_batch)
    joppo = JoppoConfig(
        **shared,
        photos=args.photos,
        group=args.group,
        per_device_batch=args.per_device_batch,
        rollout_batch=args.rollout_batch,
        task_weights={"score": 1.0},
    )
    return sft, joppo


def constant(completions: list[Any], **columns: Any) -> list[float]:
    """The reward of the plain trainer."""
    return [0.5] * len(completions)


def answered(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """A reward that reads a well-formed answer for each completion.

    Random weights answer nothing that can be parsed, and the joint reward would have no work.
    """
    dice = random.Random(0)

    @functools.wraps(function)
    def reward(completions: list[Any], **columns: Any) -> Any:
        texts = [
            completion(
                "Soft light.", format_score(dice.random(), {n: dice.random() for n in names})
            )
            for _ in completions
        ]
        return function([[{"role": "assistant", "content": text}] for text in texts], **columns)

    return reward


def trainer_of(kind: str, run: Run, processor: Any, judge: Any) -> Any:
    """Ours or trl's own trainer of a stage, on the same data, adapter and settings."""
    from peft import get_peft_model
    from trl import GRPOTrainer, SFTTrainer

    from joppo.training.trainer.trainers import JoppoTrainer, JudgeSFTTrainer

    config, rows = run.config, training_rows(run)
    shared = {"processing_class": processor}
    if isinstance(config, SftConfig):
        maker = SFTTrainer if kind == "trl" else JudgeSFTTrainer
        return maker(
            model=judge,
            args=sft_arguments(run, config, 1),
            peft_config=lora_config(config.lora),
            train_dataset=sft_dataset(rows, run.store),
            **shared,
        )
    assert isinstance(config, JoppoConfig)
    shared["train_dataset"] = preference_dataset(rows, run.store)
    shared["model"] = get_peft_model(judge, lora_config(LoraSettings()))
    if kind == "trl":
        arguments = joppo_arguments(run, config, 1, [1.0])
        return GRPOTrainer(reward_funcs=[constant], args=arguments, **shared)
    names = load_rubric(config.rubric).names
    rewards = JudgeRewards(config, names)
    trainer = JoppoTrainer(
        reward_funcs=[answered(f, names) for f in rewards.functions],
        args=joppo_arguments(run, config, 1, rewards.weights),
        **shared,
    )
    trainer.sample_as(config)
    return trainer


def measure(trainer: Any, cpu: bool, done: Callable[[Row], None]) -> None:
    """Train, and call `done` with the figures of each step but the first, which warms up."""
    import torch
    from transformers import TrainerCallback

    clock = Clock(cpu)
    for owner, method, part in (
        (trainer.model, "generate", "generation"),
        (trainer, "compute_loss", "forward"),
        # Within compute_loss, and before it for the reference.
        (trainer, "_get_per_token_logps_and_entropies", "forward"),
        (trainer.accelerator, "backward", "backward"),
        (trainer, "_calculate_rewards", "reward"),
    ):
        if hasattr(owner, method):
            clock.wrap(owner, method, part)

    class Steps(TrainerCallback):  # type: ignore[misc]
        started = taken = tokens = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            clock.seconds.clear()
            if not cpu:
                torch.cuda.reset_peak_memory_stats()
            self.started = clock.now()

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self.taken = clock.now() - self.started

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any
        ) -> None:
            if "num_tokens" not in (logs or {}):
                return
            tokens = float(logs["num_tokens"]) - self.tokens
            self.tokens = float(logs["num_tokens"])
            done(
                {
                    "step": state.global_step,
                    "s/step": self.taken,
                    "tokens/s": tokens / self.taken,
                    **{f"{p} %": 100 * clock.seconds[p] / self.taken for p in PARTS},
                    **peak_memory(cpu),
                }
            )

    trainer.add_callback(Steps())
    trainer.train()


def peak_memory(cpu: bool) -> Row:
    """GiB that tensors took, and with what the allocator held for them."""
    import torch

    if cpu:
        return {"peak GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB}
    return {
        "peak GiB": torch.cuda.max_memory_allocated() / GIB,
        "reserved GiB": torch.cuda.max_memory_reserved() / GIB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=tuple(PATCH), default="7b")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--stages", nargs="+", choices=tuple(TRAINERS), default=tuple(TRAINERS))
    parser.add_argument(
        "--trainers", nargs="+", choices=TRAINERS["joppo"], default=TRAINERS["joppo"]
    )
    parser.add_argument("--steps", type=int, default=4, help="counted steps of each trainer")
    parser.add_argument("--pixels", type=int, default=602_112, help="pixels of a photo")
    parser.add_argument("--batch", type=int, default=32, help="conversations of an SFT step")
    parser.add_argument("--photos", type=int, default=16, help="photos of a JoPPO step")
    parser.add_argument("--group", type=int, default=6)
    parser.add_argument("--per-device-batch", type=int, default=2)
    parser.add_argument("--rollout-batch", type=int, default=48)
    parser.add_argument("--completion", type=int, default=256, help="tokens of an answer")
    parser.add_argument("--store", type=Path, help="with a snapshot; else scenes are rendered")
    parser.add_argument("--out", type=Path, default=Path("gpu_training.jsonl"))
    parser.add_argument("--minutes", type=float, default=30.0, help="no trainer starts after that")
    args = parser.parse_args()
    print_table(run_all(args))


def run_all(args: argparse.Namespace) -> list[Row]:
    """Measure the four trainers; a row per trainer, the mean of its steps."""
    import torch

    if args.cpu:
        torch.set_num_threads(1)
    begun, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(args.store or folder)
        if not args.store:
            side = round(args.pixels**0.5)
            build(store, SceneSourceConfig(per_category=2, size=side))
        snapshot = resolve_snapshot(store, None)
        processor = processor_of(args.shape, args.pixels)
        for config in configs(args):
            stage: Any = "sft" if isinstance(config, SftConfig) else "joppo"
            kinds = TRAINERS[stage] if stage in args.stages else ()
            for kind in [kind for kind in kinds if kind in args.trainers]:
                changed = SHARED | {"per_device_batch": args.group} if kind == "shared" else {}
                mine = config.model_copy(update=changed)
                run = Run(stage, mine, store, snapshot, "", Path(folder) / stage)
                minutes = (time.monotonic() - begun) / 60
                if minutes > args.minutes:
                    print(f"{stage}, {kind}: left out after {minutes:.1f} minutes", flush=True)
                elif steps := one(args, run, kind, processor):
                    rows.append(summary(steps))
                gc.collect()
                if not args.cpu:
                    torch.cuda.empty_cache()
    return rows


def one(args: argparse.Namespace, run: Run, kind: str, processor: Any) -> list[Row]:
    """The counted steps of one trainer, which go to --out as they end."""
    import torch

    started = time.monotonic()
    judge = judge_of(args.shape, processor, run.config.bf16)
    trainer = trainer_of(kind, run, processor, judge)
    estimated = total(estimate(shape_of(trainer.model), run.config, args.pixels))
    about = {"stage": run.stage, "trainer": kind, "estimate GiB": estimated}
    print(f"{run.stage}, {kind}: made in {time.monotonic() - started:.0f} s", flush=True)
    photos = args.batch if run.stage == "sft" else args.photos
    counted: list[Row] = []

    def done(figures: Row) -> None:
        row = {**about, **figures, "photos/s": photos / figures["s/step"]}
        with args.out.open("a") as out:
            out.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        if row["step"] > 1:
            counted.append(row)

    # The Trainer would save 2 GB at the end.
    trainer.args.save_strategy = "no"
    try:
        measure(trainer, args.cpu, done)
    except torch.OutOfMemoryError as error:
        print(f"{run.stage}, {kind}: {error}", flush=True)
    return counted


def summary(steps: list[Row]) -> Row:
    """The mean step: seconds, and shares and rates by the sum of the seconds."""
    seconds = [row["s/step"] for row in steps]

    def mean(name: str) -> float:
        weighted = sum(row[name] * s for row, s in zip(steps, seconds, strict=True))
        return float(weighted / sum(seconds))

    merged = {n: mean(n) for n in steps[0] if n.endswith(("%", "tokens/s", "photos/s"))}
    memory = {n: max(r[n] for r in steps) for n in steps[0] if n.endswith("GiB")}
    about = {n: steps[0][n] for n in ("stage", "trainer")}
    return {**about, "s/step": sum(seconds) / len(steps), **merged, **memory}


def print_table(rows: list[Row]) -> None:
    """A Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        cells = [row.get(name, "") for name in names]
        shown = [f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells]
        print("| " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
