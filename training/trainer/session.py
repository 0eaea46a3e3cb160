"""The steps of a run, the same for both stages: resume, judge, train, judge, write the model."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.models.lineage import lineage
from joppo.training.models.model_folder import finished, upload, write_model
from joppo.training.runs.checkpoints import checkpoints, keep_last, last_good, step_of
from joppo.training.runs.metrics_log import MetricsLog
from joppo.training.runs.run_folder import Run, emit, say
from joppo.training.runs.used_values import record_used, used_values
from joppo.training.trainer.callbacks import PresentSteps, Report
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

PATIENCE_S = 7200.0
"""seconds that processes wait for each other; where one dies, all end at once anyway"""
Figures = Callable[[Any], dict[str, float]]


@dataclass(frozen=True)
class Session:
    """What differs between stages: the trainer (by number of processes), the held-out figures."""

    run: Run
    base: str
    """name of the base judge, as configs name it"""
    processor: Any
    trainer: Callable[[int], Any]
    figures: Figures | None
    rubric: Rubric | None
    """what the scores mean that the judge is trained on; None where there are none"""


def train(session: Session) -> None:
    """Run to the end. A finished run is left as it is."""
    from accelerate import PartialState

    run = session.run
    # One process judges held-out rows while the others wait.
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
        keep_last(run.folder, keep, newest=checkpoint)
    state.wait_for_everyone()
    more = keep - min(keep, len(checkpoints(run.folder)))
    check(disk_problems(run.folder, _adapter_bytes(trainer.model), more))
    log = MetricsLog(run.store, run.id, run.stage, resume_step=step)
    if state.is_main_process:
        record_used(run.folder, step, used)
        emit("start", run=run.id, pid=os.getpid(), resumed_from=step, memory_gib=memory)
        if step == 0:
            _judge(session, trainer, log, "before_")
    trainer.add_callback(PresentSteps())
    trainer.add_callback(Report(log))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state.wait_for_everyone()
    if state.is_main_process:
        _finish(session, trainer, log)
    state.wait_for_everyone()


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


def _judge(session: Session, trainer: Any, log: MetricsLog, prefix: str) -> None:
    """Held-out figures, logged under `prefix`; the trainer's random numbers stay as they were."""
    import torch

    if session.figures is None:
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    training = model.training
    model.eval()
    with torch.random.fork_rng():
        found = session.figures(model)
    model.train(training)
    named = {prefix + name: value for name, value in found.items()}
    log.add(trainer.state.global_step, trainer.state.epoch, named)
    emit("figures", metrics=named)


def _finish(session: Session, trainer: Any, log: MetricsLog) -> None:
    run = session.run
    _judge(session, trainer, log, "after_")
    steps = trainer.state.global_step
    about = lineage(run, session.base, log.last(), steps, session.rubric)
    checkpoint = last_good(run.folder, say)
    if checkpoint is None or step_of(checkpoint) != steps:
        raise RuntimeError(f"the last checkpoint of {run.folder} is damaged: run again to redo it")
    write_model(run.model, checkpoint, session.processor, about)
    if not run.store.is_local:
        upload(run.model, run.store, f"runs/{run.id}/model")
    emit("model", path=str(run.model), metrics=about["metrics"])
