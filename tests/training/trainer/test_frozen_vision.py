"""A frozen vision tower costs no backward pass, and the trained weights learn the same."""

from typing import Any

import pytest
import torch
from peft import get_peft_model
from PIL import Image

from joppo.training.config import EMBEDDED, LoraSettings, SftConfig
from joppo.training.models.base_model import load_base, load_processor, lora_config, resolve_base
from joppo.training.trainer.frozen_vision import without_graph

CHECKPOINTING = {"use_reentrant": False}


def _judge(vision: bool = False) -> Any:
    """An adapted judge with gradient checkpointing, as trl's trainers set it up."""
    torch.manual_seed(0)
    base = load_base(resolve_base(EMBEDDED), SftConfig(bf16=False))
    lora = lora_config(LoraSettings(rank=4, alpha=4, vision=vision))
    # Without this B = 0 and the gradients of A would all be 0.
    lora.init_lora_weights = False
    judge = get_peft_model(base, lora)
    judge.enable_input_require_grads()
    judge.gradient_checkpointing_enable(gradient_checkpointing_kwargs=CHECKPOINTING)
    return judge.train()


@pytest.fixture(scope="module")
def batch() -> Any:
    processor = load_processor(resolve_base(EMBEDDED))
    photo = Image.effect_mandelbrot((64, 64), (-2.0, -1.5, 1.0, 1.5), 100).convert("RGB")
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Why?"}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    return processor(text=[text], images=[photo], return_tensors="pt")


def _tower(judge: Any) -> Any:
    return next(m for n, m in judge.named_modules() if n.endswith("visual"))


def _gradients(judge: Any, batch: Any) -> tuple[dict[str, torch.Tensor], int]:
    """Gradients of the trained weights, and how often the tower's first block has run."""
    runs = 0

    def count(*_: Any) -> None:
        nonlocal runs
        runs += 1

    _tower(judge).blocks[0].attn.register_forward_hook(count)
    judge(**batch, labels=batch["input_ids"]).loss.backward()
    named = judge.named_parameters()
    return {name: p.grad for name, p in named if p.grad is not None}, runs


def test_the_same_gradients_without_running_the_tower_again(batch: Any) -> None:
    usual, usual_runs = _gradients(_judge(), batch)
    judge = _judge()
    without_graph(judge)
    found, runs = _gradients(judge, batch)
    assert found.keys() == usual.keys() and found
    assert all(torch.equal(found[name], usual[name]) for name in usual)
    assert any(bool(grad.any()) for grad in found.values())
    assert (usual_runs, runs) == (2, 1), "transformers' own way runs it again to differentiate it"


def test_a_tower_that_is_trained_is_left_alone(batch: Any) -> None:
    judge = _judge(vision=True)
    without_graph(judge)
    found, _ = _gradients(judge, batch)
    assert any("visual" in name and bool(grad.any()) for name, grad in found.items())
