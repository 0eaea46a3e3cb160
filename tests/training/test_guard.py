"""A loss that is no number stops the run and keeps the batch."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from training.guard import FiniteLoss, NonFiniteLossError


class _Plain:
    def __init__(self, run: Path, loss: float) -> None:
        self.args = SimpleNamespace(output_dir=str(run))
        self.state = SimpleNamespace(global_step=5)
        self.loss = loss

    def compute_loss(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        return torch.tensor(self.loss)

    def training_step(self, model: Any, inputs: Any, num_items: Any = None) -> torch.Tensor:
        return self.compute_loss(model, inputs, num_items_in_batch=num_items)


class _Guarded(FiniteLoss, _Plain):
    pass


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_stops_with_the_batch_kept(tmp_path: Path, loss: float) -> None:
    ids = torch.arange(6).view(2, 3)
    batch = {"input_ids": ids, "pixel_values": torch.ones(2, 4).t(), "num_images": [1, 1]}
    with pytest.raises(NonFiniteLossError, match=r"step 5.*learning_rate"):
        _Guarded(tmp_path, loss).training_step(None, batch)
    kept = load_file(tmp_path / "non-finite-loss" / "step-5" / "batch.safetensors")
    assert torch.equal(kept["input_ids"], ids)
    assert kept["pixel_values"].shape == (4, 2)


def test_a_finite_loss_passes(tmp_path: Path) -> None:
    assert _Guarded(tmp_path, 0.5).training_step(None, {}) == 0.5
    assert list(tmp_path.iterdir()) == []
