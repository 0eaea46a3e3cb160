"""Validation while training: held-out figures every so many steps, and the best of them.

The figures lie in the Trainer's own history of logs, which every checkpoint holds. So a resumed run
knows those of its earlier steps, and takes the later ones again.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from transformers import TrainerCallback

from joppo.training.config import BestBy
from joppo.training.runs.plots import VALIDATION
from joppo.training.runs.run_folder import emit
from joppo.training.trainer.held_out import Figures, evaluating

FIGURE: dict[BestBy, str] = {
    "srcc": "srcc_total",
    "plcc": "plcc_total",
    "accuracy": "accuracy",
    "parse_rate": "parse_rate",
}
"""Names of `best_by` in configs -> names of held-out figures."""
STATE = "trainer_state.json"
"""The file of a checkpoint that holds the history."""
History = Sequence[Mapping[str, Any]]


class Best(NamedTuple):
    """The step with the highest value of a figure, the earliest of several."""

    step: int
    value: float


def validations(history: History) -> Iterator[tuple[int, Figures]]:
    """(step, figures) of each validation in a Trainer's history of logs."""
    for entry in history:
        named = {name: value for name, value in entry.items() if name.startswith(VALIDATION)}
        found = {name.removeprefix(VALIDATION): value for name, value in named.items()}
        if found:
            yield int(entry["step"]), found


def best(history: History, by: BestBy) -> Best | None:
    """The best validation, or None where the figure has been undefined in all of them."""
    name = FIGURE[by]
    found = [Best(step, values[name]) for step, values in validations(history) if name in values]
    return max(found, key=lambda one: (one.value, -one.step), default=None)


def best_of_checkpoint(checkpoint: Path, by: BestBy) -> int | None:
    """The best step until a checkpoint, or None where nothing was validated."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    found = best(state["log_history"], by)
    return found.step if found else None


class Validation(TrainerCallback):  # type: ignore[misc]
    """Judges the held-out rows every `every` steps and at the last; a new best is saved.

    On every process: each answers its share of the rows, and all have the same figures.
    """

    def __init__(
        self, trainer: Any, figures: Callable[[Any], Figures], every: int, by: BestBy
    ) -> None:
        self.trainer, self.figures, self.every, self.by = trainer, figures, every, by

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        step = state.global_step
        if step % self.every and step < state.max_steps:
            return
        model = self.trainer.accelerator.unwrap_model(self.trainer.model)
        due = control.should_log
        with evaluating(model):
            found = self.figures(model)
            self.trainer.log({VALIDATION + name: value for name, value in found.items()})
        # To the Trainer that was the log of this step, which is still to come.
        control.should_log = due
        newest = best(state.log_history, self.by)
        if newest is not None and newest.step == step:
            control.should_save = True
        if state.is_world_process_zero:
            best_step = newest.step if newest else None
            emit("validation", step=step, metrics=found, best=best_step)
