"""The steps of a run, the same for both stages: resume, judge, train, judge, write the model."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.models.lineage import lineage
from joppo.training.models.model_folder import finished
from joppo.training.runs.checkpoints import checkpoints, keep_last, last_good, step_of
from joppo.training.runs.metrics_log import MetricsLog
from joppo.training.runs.run_folder import Run, emit, say
from joppo.training.runs.used_values import record_used, used_values
from joppo.training.trainer.callbacks import PresentSteps, Report
from joppo.training.trainer.finish import chosen_weights, finish, judge_now
from joppo.training.trainer.held_out import Figures, HeldOut
from joppo.training.trainer.memory import estimate, shape_of, total
from joppo.training.trainer.preflight import check
from joppo.training.trainer.preflight.launcher import distributed_type
from joppo.training.trainer.preflight.machine import (
    device_problems,
    disk_problems,
    memory_problems,
    process_problems,
    tracker_problems,
)
from joppo.training.trainer.validation import Validation, best, best_of_checkpoint

PATIENCE_S = 7200.0
"""seconds that processes wait for each other; where one dies, all end at once anyway"""


@dataclass(frozen=True)
class Session:
    """What differs between stages: the trainer (by number of processes), the held-out rows."""

    run: Run
    base: str
    """name of the base judge, as configs name it"""
    processor: Any
    trainer: Callable[[int], Any]
    held_out: HeldOut
    rubric: Rubric | None
    """what the scores mean that the judge is trained on; None where there are none"""


def train(session: Session) -> None:
    """Run to the end. A finished run is left as it is."""
    from accelerate import PartialState

    run = session.run
    # A process that is done with its held-out rows waits for the others.
    state = PartialState(cpu=run.config.launch.cpu, timeout=timedelta(seconds=PATIENCE_S))
    if finished(run.model):
        say(f"{run.id} is finished: {run.model}")
        return
    check(
        [
            *process_problems(run.config, state.num_processes),
            *device_problems(run.config),
            *tracker_problems(run.config),
        ]
    )
    trainer = session.trainer(state.num_processes)
    trainer.keep_checkpoints = run.config.keep_checkpoints
    memory = _memory(session, trainer.model)
    checkpoint = last_good(run.folder, say if state.is_main_process else _silent)
    step = step_of(checkpoint) if checkpoint else 0
    used = _used(run)
    check([*memory_problems(run.config, total(memory)), *_resume_problems(run, used)])
    keep = run.config.keep_checkpoints
    if state.is_main_process and checkpoint:
        chosen = best_of_checkpoint(checkpoint, run.config.best_by)
        keep_last(run.folder, keep, newest=checkpoint, best=chosen)
    state.wait_for_everyone()
    most = keep + bool(run.config.validation_steps)  # the newest and the best
    more = most - min(most, len(checkpoints(run.folder)))
    check(disk_problems(run.folder, _adapter_bytes(trainer.model), more))
    log = MetricsLog(run.store, run.id, run.stage, resume_step=step)
    if state.is_main_process:
        record_used(run.folder, step, used)
        emit("start", run=run.id, pid=os.getpid(), resumed_from=step, memory_gib=memory)
    if step == 0:
        _log_figures(trainer, log, "before_", judge_now(trainer, session.held_out))
    trainer.add_callback(PresentSteps())
    trainer.add_callback(Report(log))
    _validate(session, trainer)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state.wait_for_everyone()
    figures, kept = chosen_weights(run.config, trainer, session.held_out)
    _log_figures(trainer, log, "after_", figures)
    if state.is_main_process:
        about = lineage(run, session.base, log.last(), kept.steps, session.rubric, kept.as_dict())
        finish(run, kept.step, session.processor, about)
    state.wait_for_everyone()


def _validate(session: Session, trainer: Any) -> None:
    """Let the trainer judge the held-out rows on its way, where the config asks for it."""
    config = session.run.config
    if not config.validation_steps or not session.held_out.rows:
        return
    figures = session.held_out.figures
    trainer.add_callback(Validation(trainer, figures, config.validation_steps, config.best_by))

    def best_step() -> int | None:
        found = best(trainer.state.log_history, config.best_by)
        return found.step if found else None

    trainer.best_step = best_step


def _log_figures(trainer: Any, log: MetricsLog, prefix: str, figures: Figures) -> None:
    if not figures or not trainer.accelerator.is_main_process:
        return
    named = {prefix + name: value for name, value in figures.items()}
    log.add(trainer.state.global_step, trainer.state.epoch, named)
    emit("figures", metrics=named)


def _used(run: Run) -> dict[str, Any]:
    """The run's operational values; of the launch, what kind of processes train."""
    values = run.config.operational()
    launch = run.config.launch
    del values["launch"]
    return values | {"processes": launch.processes, "distributed": distributed_type(launch)}


def _resume_problems(run: Run, used: Mapping[str, Any]) -> list[str]:
    """Whether the checkpoints can be read by processes of this kind."""
    if not checkpoints(run.folder) or not (before := used_values(run.folder)):
        return []
    then, now = before[-1]["values"]["distributed"], used["distributed"]
    if then == now or not {then, now} & {"FSDP", "DEEPSPEED"}:
        return []
    return [
        f"the checkpoints of {run.folder} hold the optimizer's state as {then} writes it, which "
        f"{now} cannot read: use the launch.accelerate of before, or move the checkpoints away to "
        "start anew"
    ]


def _silent(line: str) -> None:
    """For the other processes: the first one prints for all."""


def _memory(session: Session, model: Any) -> dict[str, float]:
    """The estimate of training.trainer.memory, GiB by part."""
    c = session.run.config
    pixels = session.processor.image_processor.size["longest_edge"]
    sharded = distributed_type(c.launch) == "FSDP"
    return estimate(shape_of(model), c, pixels, 1 / c.launch.processes if sharded else 1.0)


def _adapter_bytes(model: Any) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
