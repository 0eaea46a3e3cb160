"""Make the embedded base judge from scratch.

    python -m training.tiny_judge.pretrain --out DIR [--seed 0] [--minutes 20]

First captions, then the answer form (going straight to the long form stays at chance). The time
budget bounds both phases; the learning rate follows the share of the budget that is used up, so a
run is bitwise repeatable only when `--steps` fixes the number of steps instead.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from training.tiny_judge.lessons import FORM_KINDS, Lesson, Sight, describe, form_lesson, see, texts
from training.tiny_judge.shape import make_model, make_processor, make_tokenizer

SIZE = 128
LEARNING_RATE = 2e-3
WARM_UP = 0.03
BATCH = {"caption": 32, "form": 16, "rate": 16, "look": 32}
_FORM_SHARES = (0.45, 0.35, 0.2)


def render_sights(per_category: int, first_seed: int) -> list[Sight]:
    """Scenes of all categories, in a fixed order."""
    return [
        see(category, first_seed + number, SIZE)
        for number in range(per_category)
        for category in range(1, 25)
    ]


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
    model: Any, batches: Iterator[dict[str, Any]], steps: int | None, seconds: float, log: str,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """AdamW with a cosine over the given steps, or over the given seconds."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    started, step, losses = time.monotonic(), 0, []
    model.train()
    while True:
        used = step / steps if steps else (time.monotonic() - started) / seconds
        if used >= 1:
            break
        warm = min(1.0, (step + 1) / 40) if not steps else min(1.0, used / WARM_UP + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * used)) / 2)
        loss = model(**next(batches)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        step += 1
        if step % 25 == 0:
            say(f"{log} step {step}, {used:.0%}: loss {np.mean(losses[-25:]):.3f}")


def _caption_batches(sights: list[Sight], processor: Any, seed: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    while True:
        picked = rng.integers(len(sights), size=BATCH["caption"])
        yield encode([describe(sights[i], rng) for i in picked], processor)


def _form_batches(sights: list[Sight], processor: Any, seed: int) -> Iterator[dict[str, Any]]:
    """Batches of one kind each: their prompts are of like length, so little is padding."""
    rng = np.random.default_rng(seed + 1)
    while True:
        kind = str(rng.choice(FORM_KINDS, p=_FORM_SHARES))
        picked = rng.integers(len(sights), size=BATCH[kind])
        yield encode([form_lesson(kind, sights[i], rng) for i in picked], processor)


def pretrain(
    seed: int = 0,
    per_category: int = 150,
    steps: tuple[int, int] | None = None,
    minutes: float = 20.0,
    say: Callable[[str], None] = print,
) -> tuple[Any, Any]:
    """Model and processor after both phases; `steps` of (captions, form) or a time budget."""
    sights = render_sights(per_category, first_seed=100_000 * (seed + 1))
    say(f"{len(sights)} scenes")
    tokenizer = make_tokenizer(texts(sights[:480], np.random.default_rng(seed)))
    processor, model = make_processor(tokenizer), make_model(tokenizer, seed)
    captions = _caption_batches(sights, processor, seed)
    forms = _form_batches(sights, processor, seed)
    first, second = steps or (None, None)
    _phase(model, captions, first, minutes * 60 * 0.45, "captions", say)
    _phase(model, forms, second, minutes * 60 * 0.55, "form", say)
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
    parser.add_argument("--per-category", type=int, default=150, help="scenes of each category")
    parser.add_argument("--minutes", type=float, default=20.0, help="time budget of training")
    parser.add_argument("--steps", type=int, nargs=2, help="steps of captions and of form")
    args = parser.parse_args()
    steps = tuple(args.steps) if args.steps else None
    model, processor = pretrain(
        args.seed, args.per_category, steps, args.minutes, lambda line: print(line, flush=True)
    )
    save(model, processor, args.out)


if __name__ == "__main__":
    main()
