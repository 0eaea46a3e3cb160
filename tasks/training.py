"""The training task: preflight, launch, progress, retry from the last checkpoint."""

from typing import Any, Literal

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.states import State
from prefect.tasks import Task

from data.store import Store
from tasks.launch import Event, TrainingFailedError, command, environment, run_processes
from tasks.retrying import is_transient
from training.config import JoppoConfig, SftConfig
from training.metrics_log import read_metrics
from training.model_folder import finished
from training.plots import write_page
from training.run_folder import Run
from training.runs import note_finished, prepare, write_spec

RETRIES = 3
_SHOWN = ("loss", "reward", "kl", "entropy", "parse_rate", "completions/mean_length",
          "frac_reward_zero_std")  # fmt: skip


def may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`: a kill may not come again, a wrong config does."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, TrainingFailedError):
        return not error.permanent
    return isinstance(error, BaseException) and is_transient(error)


# Never cached: the run folder itself says whether the work is done, and resumes where it is not.
@task(
    name="train",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES,
    retry_delay_seconds=5,
    retry_condition_fn=may_pass,
)
def train(stage: Literal["sft", "joppo"], config: dict[str, Any], store: str) -> str:
    """Train one stage in processes of its own and return the path of the model folder.

    Raises:
        TrainingFailedError: with the remedy, where the processes told one.
    """
    kind = SftConfig if stage == "sft" else JoppoConfig
    run = prepare(kind.model_validate(config), Store(store))
    logger = get_run_logger()
    if finished(run.model):
        logger.info("%s is finished: %s", run.id, run.model)
    else:
        progress = _Progress(run)
        launch = run.config.launch
        run_processes(
            command(write_spec(run), launch), environment(launch), progress.take, logger.info,
            launch.grace_s,
        )  # fmt: skip
    note_finished(run)
    _report(run)
    return str(run.model)


class _Progress:
    """Events of the processes as a progress artifact and log lines."""

    def __init__(self, run: Run) -> None:
        self.logger = get_run_logger()
        self.artifact = create_progress_artifact(
            progress=0.0, key=f"progress-train-{run.stage}", description=f"{run.id}: steps"
        )
        self.shown = 0

    def take(self, event: Event) -> None:
        if event["event"] == "step":
            self._step(event)
        else:
            self.logger.info("%s", {k: v for k, v in event.items() if k != "event"})

    def _step(self, event: Event) -> None:
        numbers = {name: event["metrics"][name] for name in _SHOWN if name in event["metrics"]}
        text = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        self.logger.info("step %d of %d: %s", event["step"], event["total"], text)
        percent = 100 * event["step"] // max(event["total"], 1)
        if percent > self.shown:
            update_progress_artifact(artifact_id=self.artifact, progress=float(percent))
            self.shown = percent


def _report(run: Run) -> None:
    """Held-out figures as a table, the page of curves as a link."""
    rows = read_metrics(run.store, run.id)
    page = write_page(rows, run.folder / "curves.html", run.id)
    last = {row["name"]: row["value"] for row in rows}
    figures = [
        {"figure": name, "value": value}
        for name, value in sorted(last.items())
        if name.startswith(("before_", "after_")) or name in _SHOWN
    ]
    create_table_artifact(figures, key=f"figures-{run.stage}", description=run.id)
    create_markdown_artifact(
        f"Model `{run.model}`, curves `{page}`, snapshot `{run.snapshot}`.",
        key=f"model-{run.stage}",
    )
