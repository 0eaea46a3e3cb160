"""A loss or gradient that is no number stops the run and keeps the batch."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from joppo.training.trainer.guard import FiniteLoss, NonFiniteLossError


class _Plain:
    """As much of a Trainer as the guard needs."""

    processing_class = SimpleNamespace(
        batch_decode=lambda ids: [" ".join(map(str, row.tolist())) for row in ids]
    )

    def __init__(self, run: Path, loss: float, norm: float | None = 1.0) -> None:
        self.args = SimpleNamespace(output_dir=str(run), process_index=1)
        self.state = SimpleNamespace(global_step=5)
        self.loss, self.norm = loss, norm

    def compute_loss(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        return torch.tensor(self.loss)

    def training_step(self, model: Any, inputs: Any, num_items: Any = None) -> torch.Tensor:
        return self.compute_loss(model, inputs, num_items_in_batch=num_items)

    def _clip_grad_norm(self, model: Any) -> torch.Tensor | None:
        return None if self.norm is None else torch.tensor(self.norm)


class _Guarded(FiniteLoss, _Plain):
    pass


def _batch() -> dict[str, Any]:
    ids = torch.arange(6).view(2, 3)
    return {"input_ids": ids, "pixel_values": torch.ones(2, 4).t(), "num_images": [1, 1]}


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_stops_with_the_batch_kept(tmp_path: Path, loss: float) -> None:
    with pytest.raises(NonFiniteLossError, match=r"loss is .* after step 5.*learning_rate"):
        _Guarded(tmp_path, loss).training_step(None, _batch())
    folder = tmp_path / "non-finite-loss" / "step-5" / "rank-1"
    kept = load_file(folder / "batch.safetensors")
    assert torch.equal(kept["input_ids"], _batch()["input_ids"])
    assert kept["pixel_values"].shape == (4, 2)
    told = json.loads((folder / "batch.json").read_text())
    assert told["texts"]["input_ids"] == ["0 1 2", "3 4 5"]
    assert told["tensors"]["pixel_values"]["shape"] == [4, 2]


def test_a_gradient_that_is_no_number_never_reaches_the_weights(tmp_path: Path) -> None:
    guarded = _Guarded(tmp_path, 0.5, norm=float("nan"))
    guarded.training_step(None, _batch())
    with pytest.raises(NonFiniteLossError, match="norm of the gradient is nan"):
        guarded._clip_grad_norm(None)
    assert (tmp_path / "non-finite-loss" / "step-5" / "rank-1" / "batch.safetensors").is_file()


def test_numbers_pass(tmp_path: Path) -> None:
    guarded = _Guarded(tmp_path, 0.5)
    assert guarded.training_step(None, {}) == 0.5
    assert guarded._clip_grad_norm(None) == 1.0
    assert _Guarded(tmp_path, 0.5, norm=None)._clip_grad_norm(None) is None
    assert list(tmp_path.iterdir()) == []
