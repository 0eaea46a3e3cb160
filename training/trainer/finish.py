"""The end of a run: which weights are kept, their held-out figures, and the model folder."""

from dataclasses import dataclass
from typing import Any

from joppo.training.config import TrainConfig
from joppo.training.models.model_folder import upload, write_model
from joppo.training.runs.checkpoints import NoBestCheckpointError, checkpoint_at
from joppo.training.runs.run_folder import Run, emit
from joppo.training.trainer.held_out import Figures, HeldOut, evaluating
from joppo.training.trainer.validation import FIGURE, Best, best, validations


@dataclass(frozen=True)
class Kept:
    """Whose weights a finished model has."""

    keep: str
    """`last` or `best`, as in the config"""
    step: int
    steps: int
    """of the whole run"""
    figure: str
    best: Best | None
    """the best validation by `figure`; None without any"""

    def as_dict(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        found = {"figure": self.figure, **self.best._asdict()} if self.best else None
        return {"keep": self.keep, "step": self.step, "best": found}


def chosen_weights(config: TrainConfig, trainer: Any, held_out: HeldOut) -> tuple[Figures, Kept]:
    """The weights that the model folder gets, and their held-out figures; collective.

    Raises:
        NoBestCheckpointError: the best is asked for, and its figure was never defined.
    """
    history, steps = trainer.state.log_history, int(trainer.state.global_step)
    figure, found = FIGURE[config.best_by], best(history, config.best_by)
    step = steps
    if config.keep == "best":
        if found is None:
            raise NoBestCheckpointError(
                f"keep: best, but {figure} was undefined in every validation (too few answers, or "
                "all alike): set best_by to another figure, or keep: last"
            )
        step = found.step
    taken = dict(validations(history))
    figures = taken[step] if step in taken else judge_now(trainer, held_out)
    return figures, Kept(config.keep, step, steps, figure, found)


def judge_now(trainer: Any, held_out: HeldOut) -> Figures:
    """Held-out figures of the weights as they are; collective."""
    if not held_out.rows:
        return {}
    model = trainer.accelerator.unwrap_model(trainer.model)
    with evaluating(model):
        return held_out.figures(model)


def finish(run: Run, step: int, processor: Any, about: dict[str, Any]) -> None:
    """Write the model folder from the checkpoint of a step.

    Raises:
        RuntimeError: that checkpoint is missing or damaged.
    """
    try:
        checkpoint = checkpoint_at(run.folder, step)
    except FileNotFoundError as error:
        raise RuntimeError(
            f"{error}. Remove the checkpoints from that step on and run again: it goes on from the "
            "one before"
        ) from error
    write_model(run.model, checkpoint, processor, about)
    if not run.store.is_local:
        upload(run.model, run.store, f"runs/{run.id}/model")
    emit("model", path=str(run.model), metrics=about["metrics"])
