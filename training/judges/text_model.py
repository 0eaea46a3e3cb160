"""The language model of a Qwen2-VL or Qwen2.5-VL judge, as scoring runs it.

The same function as transformers' modules compute, on their weights, with less around it: one
matrix product for queries, keys and values, and one for the two halves of the gated layer; of the
last layer only the last position is carried on when a prompt is read; no cache objects, masks or
hooks. Tests hold it against transformers (`tests/training/judges/test_text_model.py`).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

KeysValues = list[tuple[Tensor, Tensor]]
FAMILIES = ("qwen2_vl", "qwen2_5_vl")


class _Layer(NamedTuple):
    """Weights of one layer; `heads` and `groups` are the numbers of query and of key heads."""

    heads: int
    groups: int
    size: int
    eps: float
    norm: Tensor
    qkv: Tensor
    bias: Tensor
    out: Tensor
    second_norm: Tensor
    gate_up: Tensor
    down: Tensor

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys, turned to their positions, and values: (batch, heads, length, size)."""
        hidden = functional.rms_norm(x, (x.shape[-1],), self.norm, self.eps)
        made = functional.linear(hidden, self.qkv, self.bias)
        made = made.view(*x.shape[:2], -1, self.size).transpose(1, 2)
        turned, values = made.split([self.heads + self.groups, self.groups], dim=1)
        first, second = turned.chunk(2, dim=-1)
        turned = turned * cos + torch.cat((-second, first), dim=-1) * sin
        queries, keys = turned.split([self.heads, self.groups], dim=1)
        return queries, keys, values

    def carry_on(self, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of the layer, after attention: (batch, length, width)."""
        x = x + functional.linear(attended, self.out)
        hidden = functional.rms_norm(x, (x.shape[-1],), self.second_norm, self.eps)
        gate, up = functional.linear(hidden, self.gate_up).chunk(2, dim=-1)
        return x + functional.linear(functional.silu(gate) * up, self.down)


class TextModel:
    """Reads prompts, one at a time, and writes one token of many replies."""

    def __init__(self, model: Any) -> None:
        """`model`: a `Qwen2_5_VLForConditionalGeneration` or its predecessor, in evaluation mode.

        Its weights are shared, not copied: its own projections become views of the joined ones.
        """
        text = model.model.language_model
        self.rotary = text.rotary_emb
        self.embedding = text.embed_tokens.weight.detach()
        self.layers = [_layer(layer) for layer in text.layers]
        self.norm, self.eps = text.norm.weight.detach(), text.norm.variance_epsilon
        self.head = model.lm_head.weight.detach()

    def embed(self, tokens: Tensor) -> Tensor:
        """Vectors of tokens: (..., width)."""
        return functional.embedding(tokens, self.embedding)

    def turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (1, 1, length, size) of positions (3, 1, length)."""
        cos, sin = self.rotary(self.embedding, positions)
        return cos.unsqueeze(1), sin.unsqueeze(1)

    def read(self, x: Tensor, positions: Tensor) -> tuple[KeysValues, Tensor]:
        """Read a prompt.

        Args:
            x: (1, length, width), vectors of its tokens and of its photo.
            positions: (3, 1, length).

        Returns:
            Keys and values (1, heads, length, size) of each layer, and the scores (vocabulary,) of
            the token that follows.
        """
        cos, sin = self.turns(positions)
        read: KeysValues = []
        for layer in self.layers:
            queries, keys, values = layer.project(x, cos, sin)
            read.append((keys, values))
            last = len(read) == len(self.layers)
            if last:
                queries, x = queries[:, :, -1:], x[:, -1:]
            attended = functional.scaled_dot_product_attention(
                queries, keys, values, is_causal=not last, enable_gqa=layer.heads != layer.groups
            )
            x = layer.carry_on(x, attended.transpose(1, 2).flatten(2))
        return read, self._scores(x)[0, -1]

    def step(
        self,
        tokens: Tensor,
        turns: tuple[Tensor, Tensor],
        written: KeysValues,
        at: Tensor,
        mask: Tensor,
    ) -> Tensor:
        """Scores (rows, vocabulary) of the next token of each row.

        Args:
            tokens: (rows, 1), the last token of each row.
            turns: cosines and sines (rows, 1, 1, size) of their positions.
            written: keys and values (rows, heads, capacity, size) of each layer; those of `tokens`
                are written to the places `at` (rows, 1, 1, 1).
            mask: (rows, 1, 1, capacity), 0 where a row may look and -inf where not.
        """
        x = self.embed(tokens)
        for layer, (keys, values) in zip(self.layers, written, strict=True):
            queries, new_keys, new_values = layer.project(x, *turns)
            place = at.expand_as(new_keys)
            keys.scatter_(2, place, new_keys)
            values.scatter_(2, place, new_values)
            # The query heads that share a key head stand together, as if they were positions.
            grouped = queries.reshape(len(x), layer.groups, -1, layer.size)
            attended = functional.scaled_dot_product_attention(
                grouped, keys, values, attn_mask=mask
            )
            x = layer.carry_on(x, attended.reshape(len(x), 1, -1))
        return self._scores(x)[:, -1]

    def _scores(self, x: Tensor) -> Tensor:
        hidden = functional.rms_norm(x, (x.shape[-1],), self.norm, self.eps)
        return functional.linear(hidden, self.head)


def _layer(layer: Any) -> _Layer:
    attention, gated = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    size = attention.head_dim
    return _Layer(
        heads=attention.q_proj.out_features // size,
        groups=attention.k_proj.out_features // size,
        size=size,
        eps=layer.input_layernorm.variance_epsilon,
        norm=layer.input_layernorm.weight.detach(),
        qkv=joined(projections),
        bias=torch.cat([projection.bias.detach() for projection in projections]),
        out=attention.o_proj.weight.detach(),
        second_norm=layer.post_attention_layernorm.weight.detach(),
        gate_up=joined((gated.gate_proj, gated.up_proj)),
        down=gated.down_proj.weight.detach(),
    )


def joined(modules: tuple[Any, ...]) -> Tensor:
    """Weights of linear layers in one matrix, of which each layer's weight becomes a view."""
    joined = torch.cat([module.weight.detach() for module in modules])
    for module, part in zip(
        modules, joined.split([module.out_features for module in modules]), strict=True
    ):
        module.weight.data = part
    return joined
