"""Make the embedded base judge from scratch, on a CPU or a GPU.

    OMP_NUM_THREADS=1 python -m joppo.training.tiny_judge.pretrain --out DIR [--seed 0]
    python -m joppo.training.tiny_judge.pretrain --out DIR --device cuda --batch-times 4

First the vision tower learns to see (`perception`), then the whole judge learns captions, then the
answer form (going straight to the long form stays at chance).
"""

import argparse
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from joppo.data.scenes.scene import render_scene
from joppo.training.tiny_judge.lesson import Lesson
from joppo.training.tiny_judge.lessons import FORM_KINDS, form_lesson, texts
from joppo.training.tiny_judge.perception import SEEN, photo_patches, targets, train_tower
from joppo.training.tiny_judge.shape import make_model, make_processor, make_tokenizer
from joppo.training.tiny_judge.sight import Sight, sight_of
from joppo.training.tiny_judge.sight_lessons import describe, place, shape

SIZE = 128
STEPS = (3_000, 800, 1_100)
"""Steps of sight, captions and form."""
LEARNING_RATE = 2e-3
BATCH = {"form": 16, "rate": 16}
SHORT_BATCH = 32
"""Lessons about sight are short: twice as many fit."""
_FORM_SHARES = (0.1, 0.35, 0.1, 0.12, 0.28, 0.05)
"""Few lessons of drawn labels: they teach words and forms, but also not to look."""
PHASES = ("captions", "form")
Scenes = tuple[list[Sight], np.ndarray]


def render_scenes(per_category: int, first_seed: int, workers: int = 1) -> Scenes:
    """Scenes of all categories in a fixed order, and what the tower shall tell of their cells."""
    numbers = [
        (category, first_seed + number)
        for number in range(per_category)
        for category in range(1, 25)
    ]
    if workers == 1:
        rendered = list(map(_render, numbers))
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            rendered = list(pool.map(_render, numbers, chunksize=48))
    return [sight for sight, _ in rendered], np.stack([cells for _, cells in rendered])


def _render(number: tuple[int, int]) -> tuple[Sight, np.ndarray]:
    scene = render_scene(*number, SIZE)
    return sight_of(scene, "-".join(map(str, number))), targets(scene)


def encode(lessons: list[Lesson], processor: Any) -> dict[str, Any]:
    """A padded batch with labels on the answers only."""
    import torch
    from PIL import Image

    conversations = [
        [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": one.prompt}]},
            {"role": "assistant", "content": one.answer},
        ]
        for one in lessons
    ]
    texts = [processor.apply_chat_template(c, tokenize=False).rstrip("\n") for c in conversations]
    images = [Image.fromarray(one.image) for one in lessons]
    batch = dict(
        processor(
            text=texts, images=images, padding=True, padding_side="right", return_tensors="pt"
        )
    )
    ids = batch["input_ids"]
    labels = ids.masked_fill(batch["attention_mask"] == 0, -100)
    start = processor.tokenizer.convert_tokens_to_ids("<|im_start|>")
    opening = 1 + len(processor.tokenizer("assistant\n")["input_ids"])
    for row, is_start in enumerate(ids == start):
        answer = int(torch.nonzero(is_start)[-1]) + opening
        labels[row, :answer] = -100
    return batch | {"labels": labels}


@dataclass(frozen=True)
class LessonBatches:
    """A phase's batches by number, each drawn by its own seed: whoever makes it, it is the same."""

    sights: list[Sight]
    processor: Any
    phase: str
    seed: int
    steps: int
    times: int = 1

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, PHASES.index(self.phase), step])
        return encode(list(self._lessons(step, rng)), self.processor)

    def _lessons(self, step: int, rng: np.random.Generator) -> Iterable[Lesson]:
        """One kind to a batch: prompts of like length need little padding."""
        if self.phase == "captions":
            kind = (describe, place, shape)[step % 3]
            return (kind(self.sights[i], rng) for i in self._picked(SHORT_BATCH, rng))
        name = str(rng.choice(FORM_KINDS, p=_FORM_SHARES))
        size = BATCH.get(name, SHORT_BATCH)
        return (form_lesson(name, self.sights[i], rng) for i in self._picked(size, rng))

    def _picked(self, size: int, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(len(self.sights), size=self.times * size)


def _learn(model: Any, batches: LessonBatches, workers: int, say: Callable[[str], None]) -> None:
    """AdamW with a cosine over the batches."""
    import torch
    from torch.utils.data import DataLoader

    # The tower stays as it is: texts would pull it towards what they name, and away from layout.
    model.model.visual.requires_grad_(False)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=0.01)
    started, losses = time.monotonic(), []
    model.train()
    loader = DataLoader(batches, batch_size=None, num_workers=workers)
    for step, batch in enumerate(loader):
        fall = 0.02 + 0.49 * (1 + math.cos(math.pi * step / len(batches)))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, (step + 1) / 40) * fall
        loss = model(**{name: values.to(model.device) for name, values in batch.items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % 50 == 49:
            pace = (time.monotonic() - started) / (step + 1)
            mean = np.mean(losses[-50:])
            say(f"{batches.phase} step {step + 1}: loss {mean:.3f}, {pace:.2f} s a step")


@dataclass(frozen=True)
class Plan:
    """How much of what; defaults fit two CPU cores."""

    seed: int = 0
    per_category: int = 400
    steps: tuple[int, int, int] = STEPS
    batch_times: int = 1
    workers: int = 1
    device: str = "cpu"


def pretrain(plan: Plan, say: Callable[[str], None] = print) -> tuple[Any, Any]:
    """Model and processor after all phases."""
    seed = plan.seed
    sights, cells = render_scenes(plan.per_category, 100_000 * (seed + 1), plan.workers)
    say(f"{len(sights)} scenes")
    tokenizer = make_tokenizer(texts(sights[:480], np.random.default_rng(seed)))
    processor, model = make_processor(tokenizer), make_model(tokenizer, seed).to(plan.device)
    patches = photo_patches([sight.image for sight in sights], processor)
    attributes = np.array([[sight.attributes[name] for name in SEEN] for sight in sights])
    train_tower(model.model.visual, patches, cells, attributes, plan.steps[0], seed, say)
    workers = plan.workers if plan.workers > 1 else 0
    for phase, steps in zip(PHASES, plan.steps[1:], strict=True):
        batches = LessonBatches(sights, processor, phase, seed, steps, plan.batch_times)
        _learn(model, batches, workers, say)
    return model, processor


def save(model: Any, processor: Any, out: Path) -> None:
    """Write a model folder: safetensors in float16, processor and chat template."""
    import torch

    out.mkdir(parents=True, exist_ok=True)
    model.to("cpu", torch.float16).save_pretrained(out)
    processor.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-category", type=int, default=400, help="scenes of each category")
    parser.add_argument("--steps", type=int, nargs=3, default=STEPS, help="sight, captions, form")
    parser.add_argument("--batch-times", type=int, default=1, help="multiplies lessons of a batch")
    parser.add_argument("--workers", type=int, default=2, help="processes that render and encode")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for one GPU")
    args = parser.parse_args()
    plan = Plan(
        args.seed,
        args.per_category,
        tuple(args.steps),
        args.batch_times,
        args.workers,
        args.device,
    )
    save(*pretrain(plan, lambda line: print(line, flush=True)), args.out)


if __name__ == "__main__":
    main()
