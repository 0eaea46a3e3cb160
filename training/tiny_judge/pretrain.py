"""Make the embedded base judge from scratch, on one CPU core and two to render with.

    OMP_NUM_THREADS=1 python -m training.tiny_judge.pretrain --out DIR [--seed 0]

First the vision tower learns to see (`perception`), then the whole judge learns captions, then the
answer form (going straight to the long form stays at chance).
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from data.scenes import render_scene
from training.tiny_judge.lessons import (
    FORM_KINDS,
    Lesson,
    Sight,
    describe,
    form_lesson,
    place,
    shape,
    sight_of,
    texts,
)
from training.tiny_judge.perception import SEEN, photo_patches, targets, train_tower
from training.tiny_judge.shape import make_model, make_processor, make_tokenizer

SIZE = 128
STEPS = (3_000, 800, 1_100)
"""Steps of sight, captions and form."""
LEARNING_RATE = 2e-3
BATCH = {"form": 16, "rate": 16}
SHORT_BATCH = 32
"""Lessons about sight are short: twice as many fit."""
_FORM_SHARES = (0.35, 0.25, 0.1, 0.1, 0.1, 0.1)
Scenes = tuple[list[Sight], np.ndarray]


def render_scenes(per_category: int, first_seed: int, workers: int = 1) -> Scenes:
    """Scenes of all categories in a fixed order, and what the tower shall tell of their cells."""
    numbers = [
        (category, first_seed + number)
        for number in range(per_category)
        for category in range(1, 25)
    ]
    if workers == 1:
        made = list(map(_render, numbers))
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            made = list(pool.map(_render, numbers, chunksize=48))
    return [sight for sight, _ in made], np.stack([cells for _, cells in made])


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
    for row, mine in enumerate(ids == start):
        answer = int(torch.nonzero(mine)[-1]) + opening
        labels[row, :answer] = -100
    return batch | {"labels": labels}


def _phase(
    model: Any, batches: Iterator[dict[str, Any]], steps: int, log: str, say: Callable[[str], None]
) -> None:
    """AdamW with a cosine over the steps."""
    import torch

    # The tower stays as it is: texts would pull it towards what they name, and away from layout.
    model.model.visual.requires_grad_(False)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=0.01)
    started, losses = time.monotonic(), []
    model.train()
    for step in range(steps):
        fall = 0.02 + 0.49 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, (step + 1) / 40) * fall
        loss = model(**next(batches)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % 50 == 49:
            pace = (time.monotonic() - started) / (step + 1)
            say(f"{log} step {step + 1}: loss {np.mean(losses[-50:]):.3f}, {pace:.2f} s a step")


def _caption_batches(sights: list[Sight], processor: Any, seed: int) -> Iterator[dict[str, Any]]:
    """Captions, colors and tones of parts, and places of things, in turn."""
    rng = np.random.default_rng(seed)
    while True:
        for kind in (describe, place, shape):
            picked = rng.integers(len(sights), size=SHORT_BATCH)
            yield encode([kind(sights[i], rng) for i in picked], processor)


def _form_batches(sights: list[Sight], processor: Any, seed: int) -> Iterator[dict[str, Any]]:
    """Batches of one kind each: their prompts are of like length, so little is padding."""
    rng = np.random.default_rng(seed + 1)
    while True:
        kind = str(rng.choice(FORM_KINDS, p=_FORM_SHARES))
        picked = rng.integers(len(sights), size=BATCH.get(kind, SHORT_BATCH))
        yield encode([form_lesson(kind, sights[i], rng) for i in picked], processor)


def pretrain(
    seed: int = 0,
    per_category: int = 400,
    steps: tuple[int, int, int] = STEPS,
    workers: int = 1,
    say: Callable[[str], None] = print,
) -> tuple[Any, Any]:
    """Model and processor after all phases."""
    sights, cells = render_scenes(per_category, 100_000 * (seed + 1), workers)
    say(f"{len(sights)} scenes")
    tokenizer = make_tokenizer(texts(sights[:480], np.random.default_rng(seed)))
    processor, model = make_processor(tokenizer), make_model(tokenizer, seed)
    patches = photo_patches([sight.image for sight in sights], processor)
    attributes = np.array([[sight.attributes[name] for name in SEEN] for sight in sights])
    train_tower(model.model.visual, patches, cells, attributes, steps[0], seed, say)
    _phase(model, _caption_batches(sights, processor, seed), steps[1], "captions", say)
    _phase(model, _form_batches(sights, processor, seed), steps[2], "form", say)
    return model, processor


def save(model: Any, processor: Any, out: Path) -> None:
    """Write a model folder: safetensors in float16, processor and chat template."""
    import torch

    out.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(out)
    processor.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-category", type=int, default=400, help="scenes of each category")
    parser.add_argument("--steps", type=int, nargs=3, default=STEPS, help="sight, captions, form")
    parser.add_argument("--workers", type=int, default=2, help="processes that render scenes")
    args = parser.parse_args()
    model, processor = pretrain(
        args.seed, args.per_category, tuple(args.steps), args.workers,
        lambda line: print(line, flush=True),
    )  # fmt: skip
    save(model, processor, args.out)


if __name__ == "__main__":
    main()
