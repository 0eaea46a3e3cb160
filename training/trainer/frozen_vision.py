"""A frozen vision tower runs without recording gradients.

With gradient checkpointing, transformers lets the output of every embedding require gradients, that
of the vision tower too. A frozen tower is then recomputed and differentiated for nothing: its
gradients are discarded.
"""

from typing import Any

VISION = "visual"


class FrozenVision:
    """Mixin before a Trainer: no gradients through a vision tower without trained weights."""

    model: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        without_graph(self.model)


def without_graph(model: Any) -> None:
    """Run the vision towers of a model in `no_grad`, unless a weight of theirs is trained.

    The gradients of all other weights stay the same to the bit.
    """
    import torch

    for name, tower in model.named_modules():
        frozen = not any(p.requires_grad for p in tower.parameters())
        if name.rpartition(".")[2] == VISION and frozen:
            tower.forward = torch.no_grad()(tower.forward)
