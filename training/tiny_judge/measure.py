"""What a base judge knows, on scenes that it never saw.

    python -m joppo.training.tiny_judge.measure [MODEL] [--per-category 5]

Prints the share of answers in form, the rank correlation (SRCC) of its greedy total and attributes
with the truth of the scenes, and how well a linear classifier reads the composition from the
outputs of its vision tower: what it could be taught without seeing better.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from joppo.data.questions.answer_format import AnswerFormat
from joppo.data.questions.prompts import score_prompt
from joppo.data.scenes.scene import scene_mos
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.judges.answers import judge
from joppo.training.metrics.correlation import srcc
from joppo.training.models.base_model import EMBEDDED_JUDGE
from joppo.training.tiny_judge.perception import photo_patches, see_photos
from joppo.training.tiny_judge.pretrain import SIZE
from joppo.training.tiny_judge.sight import Sight, see
from joppo.training.trainer.held_out import complete

HELD_OUT_SEED = 7_000_000
_STEPS = 300


def answers(model: Any, processor: Any, sights: list[Sight], mos: list[float]) -> dict[str, float]:
    """Share of score answers in form, and SRCC of total and attributes with the truth."""
    from PIL import Image

    names = load_rubric().names
    prompts = [([Image.fromarray(s.image)], score_prompt(load_rubric())) for s in sights]
    texts = complete(model, processor, prompts, max_new_tokens=110, batch=60)
    read = [judge(text, AnswerFormat("score", tuple(names))) for text in texts]
    good = [i for i, one in enumerate(read) if one.ok]
    found = {"answers in form": len(good) / len(read)}
    totals = np.array([read[i].total for i in good])
    found["SRCC of the total with MOS"] = srcc(totals, np.array([mos[i] for i in good]))
    for column, name in enumerate(names):
        given = np.array([read[i].attributes[column] for i in good])
        true = np.array([sights[i].attributes[name] for i in good])
        found[f"SRCC of {name}"] = srcc(given, true)
    return found


def probe(train: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Accuracy on `test` of a linear classifier learned from `train`; rows are photos."""
    import torch

    torch.manual_seed(0)
    mean, spread = train.mean(0), train.std(0) + 1e-5
    x, y = (torch.from_numpy((v - mean) / spread).float() for v in (train, test))
    target = torch.from_numpy(labels)
    net = torch.nn.Linear(x.shape[1], int(labels.max()) + 1)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.1)
    for _ in range(_STEPS):
        loss = torch.nn.functional.cross_entropy(net(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float((net(y).argmax(1).numpy() == truth).mean())


def compositions(model: Any, processor: Any, train: int, test: int) -> dict[str, float]:
    """Accuracy of linear classifiers on all visual tokens, and on their mean."""
    scenes = [(c, HELD_OUT_SEED + 1_000 + i) for i in range(train + test) for c in CATEGORIES]
    images = [see(category, seed, SIZE).image for category, seed in scenes]
    tokens = see_photos(model.model.visual, photo_patches(images, processor)).numpy()
    labels, cut = np.array([category - 1 for category, _ in scenes]), train * len(CATEGORIES)
    views = {"all tokens": tokens.reshape(len(tokens), -1), "their mean": tokens.mean(1)}
    return {
        f"linear composition accuracy, {name}": probe(
            seen[:cut], labels[:cut], seen[cut:], labels[cut:]
        )
        for name, seen in views.items()
    }


def main() -> None:
    import torch
    from transformers import AutoModelForImageTextToText

    from joppo.training.models.base_model import load_processor

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, default=EMBEDDED_JUDGE)
    parser.add_argument("--per-category", type=int, default=5, help="scenes to answer for")
    parser.add_argument("--probe", type=int, nargs=2, default=(48, 12), help="to learn, to test")
    args = parser.parse_args()
    processor = load_processor(str(args.model))
    model = AutoModelForImageTextToText.from_pretrained(args.model, dtype=torch.float32).eval()
    scenes = [(c, HELD_OUT_SEED + i) for i in range(args.per_category) for c in CATEGORIES]
    sights = [see(category, seed, SIZE) for category, seed in scenes]
    mos = [scene_mos(s.attributes, *scene) for s, scene in zip(sights, scenes, strict=True)]
    found = answers(model, processor, sights, mos) | compositions(model, processor, *args.probe)
    for name, value in found.items():
        print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
