"""What a run reports while it trains: metrics to the store, progress to the parent process."""

from typing import Any

from transformers import TrainerCallback

from joppo.training.runs.metrics_log import MetricsLog
from joppo.training.runs.plots import VALIDATION
from joppo.training.runs.run_folder import emit


class PresentSteps(TrainerCallback):  # type: ignore[misc]
    """A resumed run logs and saves as its config says now: the Trainer goes by the checkpoint."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        state.compute_steps(args, state.max_steps)


class Report(TrainerCallback):  # type: ignore[misc]
    """Logs of the Trainer -> metrics table and events; on the first process alone."""

    def __init__(self, log: MetricsLog) -> None:
        self.log = log

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if not state.is_world_process_zero or not logs:
            return
        self.log.add(state.global_step, state.epoch, logs)
        numbers = {k: v for k, v in logs.items() if isinstance(v, int | float)}
        if any(name.startswith(VALIDATION) for name in numbers):
            return  # training.trainer.validation sends these with what it knows of earlier ones
        emit("step", step=state.global_step, total=state.max_steps, metrics=numbers)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            emit("checkpoint", step=state.global_step)
