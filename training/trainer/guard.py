"""A loss or gradient that is not finite stops the run, and its batch is written to disk."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "non-finite-loss"
_TOKENS = ("input_ids", "prompt_ids", "completion_ids")


class NonFiniteLossError(RuntimeError):
    """Loss or gradient became NaN or infinite; the message names the folder of the batch."""


class FiniteLoss:
    """Mixin before a Trainer: nothing but finite numbers reaches the weights and checkpoints.

    The loss is checked after every forward and backward pass, the norm of the gradient before every
    step of the optimizer (DeepSpeed computes it itself and does not return it).
    """

    args: Any
    state: Any
    processing_class: Any
    batch: Mapping[str, Any]

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        loss = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        self._check("loss", loss)
        return loss

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.batch = inputs
        return super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)  # type: ignore[misc]
        if norm is not None:
            self._check("norm of the gradient", norm)
        return norm

    def _check(self, what: str, value: Any) -> None:
        if math.isfinite(float(value)):
            return
        step = self.state.global_step
        folder = keep_batch(
            Path(self.args.output_dir),
            step,
            self.batch,
            self.processing_class,
            self.args.process_index,
        )
        raise NonFiniteLossError(
            f"the {what} is {float(value)} after step {step}; the weights were not changed by it, "
            f"and the batch is kept in {folder}. Remove the rows that its batch.json shows, or "
            "run again with a lower learning_rate or max_grad_norm, which makes another run; the "
            "checkpoints of this one are whole"
        )


def keep_batch(
    run: Path, step: int, batch: Mapping[str, Any], processor: Any, process: int = 0
) -> Path:
    """Write the tensors of a batch as safetensors; their shapes and texts as JSON.

    Each process of a run has a folder of its own: `<run>/non-finite-loss/step-N/rank-R`.
    """
    import torch
    from safetensors.torch import save_file

    folder = run / FOLDER / f"step-{step}" / f"rank-{process}"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in batch.items()
        if isinstance(value, torch.Tensor)
    }
    save_file(tensors, folder / "batch.safetensors")
    shapes = {name: {"shape": list(t.shape), "dtype": str(t.dtype)} for name, t in tensors.items()}
    texts = {n: processor.batch_decode(tensors[n]) for n in _TOKENS if n in tensors}
    about = json.dumps({"tensors": shapes, "texts": texts}, indent=1, ensure_ascii=False)
    (folder / "batch.json").write_text(about + "\n", encoding="utf-8")
    return folder
