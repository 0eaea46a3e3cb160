"""Candidates that share a prompt get the numbers, gradients and samples of each one alone."""

from typing import Any

import pytest
import torch
from accelerate import Accelerator
from peft import get_peft_model
from PIL import Image
from pydantic import ValidationError
from trl import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head

from joppo.training.config import EMBEDDED, JoppoConfig, LoraSettings, SftConfig
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.trainer.shared_prompts import SharedPrompts, core_of, share_generation

KEEP = 7
ORDER = (0, 1, 0, 2, 1, 0)
"""Which prompt each row has: three prompts, not in groups."""


class Plain:
    """What the mixin needs of trl's trainer."""

    _get_per_token_logps_and_entropies = GRPOTrainer._get_per_token_logps_and_entropies

    def __init__(self, model: Any) -> None:
        self.model, self.accelerator = model, Accelerator(cpu=True)


class Trainer(SharedPrompts, Plain):
    """The mixin on top of it."""


def _judge() -> Any:
    torch.manual_seed(0)
    base = load_base(resolve_base(EMBEDDED), SftConfig(bf16=False))
    add_fused_lm_head(base, outputs=("log_probs", "entropy"))
    lora = lora_config(LoraSettings(rank=4, alpha=4))
    lora.init_lora_weights = False
    return get_peft_model(base, lora).train()


@pytest.fixture(scope="module")
def prompts() -> Any:
    """Three prompts of unequal length, two with the same photo, one row for each of ORDER."""
    processor = load_processor(resolve_base(EMBEDDED))
    photos = [Image.effect_mandelbrot((w, 64), (-2.0, -1.5, 1.0, 1.5), 100) for w in (64, 48)]
    told = [("Why?", 0), ("Judge this photograph.", 0), ("Why?", 1)]
    texts = [
        processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}],
            add_generation_prompt=True,
        )
        for text, _ in (told[i] for i in ORDER)
    ]
    images = [photos[told[i][1]].convert("RGB") for i in ORDER]
    return processor(text=texts, images=images, padding=True, return_tensors="pt")


@pytest.fixture(scope="module")
def batch(prompts: Any) -> dict[str, Any]:
    """The prompts with completions, the first of which is shorter."""
    rows = len(ORDER)
    torch.manual_seed(1)
    completions = torch.randint(20, 300, (rows, KEEP))
    there = torch.ones_like(completions)
    there[0, -2:] = 0
    return {
        "input_ids": torch.cat([prompts["input_ids"], completions], 1),
        "attention_mask": torch.cat([prompts["attention_mask"], there], 1),
        "logits_to_keep": KEEP,
        "compute_entropy": True,
        "num_images": [1] * rows,
        "mm_token_type_ids": torch.cat(
            [prompts["mm_token_type_ids"], torch.zeros_like(completions)], 1
        ),
        "pixel_values": prompts["pixel_values"],
        "image_grid_thw": prompts["image_grid_thw"],
    }


def _scored(batch: dict[str, Any], share: bool, size: int | None = None) -> Any:
    """Log probabilities, entropies, gradients, and how many rows the judge was run on."""
    trainer = Trainer(_judge())
    trainer.share_prompts = share
    rows: list[int] = []
    tower = core_of(trainer.model).visual
    tower.register_forward_hook(
        lambda module, args, kwargs, out: rows.append(len(kwargs["grid_thw"])), with_kwargs=True
    )
    logps, entropies, _ = trainer._get_per_token_logps_and_entropies(
        trainer.model, batch_size=size, **batch
    )
    (logps.sum() + entropies.square().sum()).backward()
    named = trainer.model.named_parameters()
    return logps, entropies, {n: p.grad for n, p in named if p.grad is not None}, sum(rows)


@pytest.mark.parametrize(("size", "photos"), [(None, 3), (4, 3 + 2), (1, 6)])
def test_numbers_and_gradients_are_those_of_separate_prompts(
    batch: dict[str, Any], size: int | None, photos: int
) -> None:
    usual, entropies, gradients, usual_photos = _scored(batch, share=False)
    found, found_entropies, found_gradients, found_photos = _scored(batch, True, size)
    assert (usual_photos, found_photos) == (6, photos)
    torch.testing.assert_close(found, usual, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found_entropies, entropies, rtol=1e-5, atol=1e-5)
    assert found_gradients.keys() == gradients.keys() and gradients
    for name, gradient in gradients.items():
        away = (found_gradients[name] - gradient).norm()
        assert away <= 1e-4 * gradient.norm(), name
    assert any(bool(gradient.any()) for gradient in gradients.values())


@pytest.mark.parametrize("sample", [False, True])
def test_generation_is_that_of_separate_prompts(prompts: Any, sample: bool) -> None:
    made = []
    for share in (False, True):
        judge = _judge().eval()
        if share:
            share_generation(judge)
        torch.manual_seed(3)
        made.append(judge.generate(**prompts, max_new_tokens=12, do_sample=sample))
    assert made[0].shape[1] > prompts["input_ids"].shape[1]
    assert torch.equal(*made)


def test_other_inputs_go_the_usual_way(prompts: Any) -> None:
    judge = _judge().eval()
    share_generation(judge)
    ids = {"input_ids": torch.tensor([[5, 6, 7]]), "attention_mask": torch.ones(1, 3).long()}
    made = judge.generate(**ids, max_new_tokens=3, do_sample=False)
    assert made.shape[0] == 1 and made.shape[1] > 3
    with pytest.raises(TypeError, match="share_prompts to false"):
        core_of(torch.nn.Linear(1, 1))


def test_it_needs_the_keys_that_checkpointing_drops() -> None:
    with pytest.raises(ValidationError, match="set one of the two to false"):
        JoppoConfig(share_prompts=True, gradient_checkpointing=True)
