"""A loss that is no number stops the run, with the batch kept to look at."""

import json
from pathlib import Path
from typing import Any

FOLDER = "non-finite-loss"


class NonFiniteLossError(RuntimeError):
    """The loss became NaN or infinite; the message says where the batch is."""


class FiniteLoss:
    """Mixin before a Trainer: checks the loss of every batch before it reaches the weights."""

    args: Any
    state: Any

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        import torch

        loss = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        if not bool(torch.isfinite(loss).all()):
            folder = keep_batch(Path(self.args.output_dir), self.state.global_step, self.batch)
            raise NonFiniteLossError(
                f"the loss is {loss.item()} at step {self.state.global_step}; the batch is kept in "
                f"{folder}. The last checkpoint is from before: lower learning_rate or "
                "max_grad_norm, or remove the rows that the batch names, and run again"
            )
        return loss

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.batch = inputs
        return super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]


def keep_batch(run: Path, step: int, batch: dict[str, Any]) -> Path:
    """Write the tensors of a batch as safetensors, and their shapes as JSON."""
    import torch
    from safetensors.torch import save_file

    folder = run / FOLDER / f"step-{step}"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in batch.items()
        if isinstance(value, torch.Tensor)
    }
    save_file(tensors, folder / "batch.safetensors")
    about = {name: {"shape": list(t.shape), "dtype": str(t.dtype)} for name, t in tensors.items()}
    (folder / "batch.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return folder
