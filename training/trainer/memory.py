"""How much memory of a GPU a run will need, computed from shapes before it starts.

This is arithmetic, not a measurement: allocator, kernels and fragmentation add to it, and some
tensors that are counted together never exist at the same time.
"""

import math
from dataclasses import dataclass
from typing import Any

from joppo.training.config import JoppoConfig, TrainConfig

GIB = 2**30
TEXT_TOKENS = 256
"""usual number of tokens of a prompt without its photo"""
_LOGIT_BYTES = 10
"""of a position and entry of the vocabulary: bfloat16, a float32 copy, its gradient"""
_HIDDEN, _INNER = 8, 3
"""activations of one layer, in widths of the model and of its MLP"""
_WHOLE = 4
"""activations that stay for the backward pass in these units, without activation checkpointing:
norms and inputs of the adapter are kept in float32 besides; fitted to benchmarks/results/gpu.md"""
_VISION_HIDDEN = 16
"""the same of the vision tower, which turns queries and keys in float32"""


@dataclass(frozen=True)
class Shape:
    """The sizes of a judge that its memory depends on."""

    parameters: int
    trained: int
    layers: int
    hidden: int
    inner: int
    """width of the MLP"""
    key_width: int
    """key heads x size of a head"""
    vocabulary: int
    vision_hidden: int
    vision_inner: int
    patch: int
    """pixels of a patch's side"""
    merge: int
    """patches of a visual token's side"""

    @property
    def adapted(self) -> int:
        """Weights of the layers that get an adapter: all linear ones of the language model."""
        attention = 2 * self.hidden * (self.hidden + self.key_width)
        return self.layers * (attention + 3 * self.hidden * self.inner)

    @property
    def patch_values(self) -> int:
        """Numbers of one patch: 3 channels, 2 frames."""
        return 6 * self.patch**2


def shape_of(model: Any) -> Shape:
    """The shape of a Qwen2.5-VL judge, with or without an adapter."""
    text, vision = model.config.text_config, model.config.vision_config
    return Shape(
        parameters=sum(p.numel() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        inner=text.intermediate_size,
        key_width=text.num_key_value_heads * text.hidden_size // text.num_attention_heads,
        vocabulary=text.vocab_size,
        vision_hidden=vision.hidden_size,
        vision_inner=vision.intermediate_size,
        patch=vision.patch_size,
        merge=vision.spatial_merge_size,
    )


def estimate(
    shape: Shape, config: TrainConfig, pixels: int, share: float = 1.0
) -> dict[str, float]:
    """GiB on one GPU, by part; `training` and `rollout` follow each other: the larger one counts.

    Args:
        shape: of the judge.
        pixels: most pixels of a photo.
        share: part of the weights that each process holds (1 / processes with FSDP).
    """
    width = 2 if config.bf16 else 4
    patches = pixels // shape.patch**2
    prompt = patches // shape.merge**2 + TEXT_TOKENS
    answer = config.max_completion_length
    parts = {
        "weights": shape.parameters * width * share,
        # Weights, gradients and two moments in float32; the weights are counted above once.
        "adapter states": shape.trained * (16 - width) * share,
        "training": _training(shape, config, prompt, answer, width),
    }
    if isinstance(config, JoppoConfig):
        held = config.photos * config.group // config.launch.processes
        at_once = min(config.rollout_batch or held, held)
        prompts = _prompts(config, at_once)
        parts["reference adapter"] = shape.trained * 4 * share if config.beta else 0.0
        parts["photos of a batch"] = held * patches * shape.patch_values * 4
        parts["rollout"] = _rollout(shape, at_once, prompts, patches, prompt, answer, width)
        if config.merge_rollouts:  # training/trainer/merged.py
            parts["rollout"] += shape.adapted * width
    return {name: value / GIB for name, value in parts.items()}


def total(parts: dict[str, float]) -> float:
    """GiB in all."""
    steps = max(parts["training"], parts.get("rollout", 0.0))
    return sum(v for name, v in parts.items() if name not in ("training", "rollout")) + steps


def _layer(shape: Shape) -> int:
    return _HIDDEN * shape.hidden + _INNER * shape.inner


def _prompts(c: TrainConfig, rows: int) -> int:
    """Prompts that a pass over so many rows runs: one for all candidates of a photo, if shared."""
    if isinstance(c, JoppoConfig) and c.share_prompts:
        return math.ceil(rows / c.group)
    return rows


def _training(shape: Shape, c: TrainConfig, prompt: int, answer: int, width: int) -> float:
    rows = c.per_device_batch
    prompts = _prompts(c, rows)
    tokens = prompts * prompt + rows * answer
    # trl asks for the logits of the completion alone in JoPPO, for those of all tokens in SFT.
    with_logits = rows * answer if isinstance(c, JoppoConfig) else tokens
    if c.gradient_checkpointing:
        kept = (shape.layers * shape.hidden + _layer(shape)) * width
    else:
        kept = shape.layers * _layer(shape) * width * _WHOLE
    # Every row attends to keys and values of its own, one per query head.
    attended = shape.layers * 2 * shape.hidden * width * prompt * (rows if prompts < rows else 0)
    return tokens * kept + attended + with_logits * shape.vocabulary * _LOGIT_BYTES


def _rollout(
    shape: Shape, sequences: int, prompts: int, patches: int, prompt: int, answer: int, width: int
) -> float:
    cache = (prompt + answer) * shape.layers * 2 * shape.key_width * width
    vision = patches * (_VISION_HIDDEN * shape.vision_hidden + _INNER * shape.vision_inner) * width
    read = prompt * (_HIDDEN // 2 * shape.hidden + _INNER * shape.inner) * width
    return sequences * (cache + shape.vocabulary * 4) + prompts * max(vision, read)
