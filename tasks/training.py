"""The training task: preflight, launch, progress, retry from the last checkpoint."""

from collections.abc import Callable
from typing import Any, Literal

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.states import State
from prefect.tasks import Task

from joppo.data.store.store import Store
from joppo.tasks.launch import TrainingFailedError, command, environment, run_processes
from joppo.tasks.locks import alone, gpus
from joppo.tasks.retrying import is_transient
from joppo.tasks.training_report import Progress, report
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.models.model_folder import finished
from joppo.training.runs.metrics_log import read_metrics
from joppo.training.runs.run_folder import Run
from joppo.training.trainer.preflight import before_launch
from joppo.training.trainer.preflight.warnings import data_warnings, metric_warnings
from joppo.training.trainer.prepare import note_finished, prepare, write_spec

RETRIES = 3
_PHOTOS_A_LINE = 20_000


def retry_interrupted(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`: processes that were killed run again, a wrong config fails.

    The other failures worth a retry are those of `is_transient`.
    """
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
    retry_condition_fn=retry_interrupted,
)
def train(stage: Literal["sft", "joppo"], config: dict[str, Any], store: str) -> str:
    """Train one stage in processes of its own and return the path of the model folder.

    Raises:
        PreflightError, SnapshotError, ModelNotFoundError: before any work, with the remedy.
        TrainingFailedError: with the remedy, if the processes named one.
    """
    kind = SftConfig if stage == "sft" else JoppoConfig
    run = prepare(kind.model_validate(config), Store(store))
    with alone(run.folder, get_run_logger().warning):
        _train(run)
    return str(run.model)


def _train(run: Run) -> None:
    logger = get_run_logger()
    if finished(run.model):
        logger.info("%s is finished: %s", run.id, run.model)
    else:
        before_launch(run, _log_photos(logger.info))
        for warning in data_warnings(run):
            logger.warning("%s", warning)
        launch = run.config.launch
        env = environment(launch)
        gpu_count = 0 if launch.cpu else launch.processes
        with gpus(gpu_count, env, logger.warning) as gpu_env:
            progress = Progress(run)
            arguments = command(write_spec(run), launch)
            run_processes(arguments, env | gpu_env, progress.take, logger.info, launch.grace_s)
    note_finished(run)
    for warning in metric_warnings(run.config, read_metrics(run.store, run.id)):
        logger.warning("%s", warning)
    report(run)


def _log_photos(log: Callable[[str], None]) -> Callable[[int, int], None]:
    """A callback for the preflight that logs a line now and then while it reads photos."""

    def progress(done: int, total: int) -> None:
        if done % _PHOTOS_A_LINE == 0 or done == total:
            log(f"preflight: {done} of {total} photos read")

    return progress
