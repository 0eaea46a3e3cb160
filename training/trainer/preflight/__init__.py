"""Checks before training starts: each refusal names the value to change.

`before_launch` looks at config, rows and photos, in the process that starts the training processes.
`warnings` finds what does not stop a training but should be read before it.
`machine` looks at what only the training processes can see: devices, memory, disk.
"""

from collections.abc import Callable, Iterable

from joppo.training.runs.run_folder import Run
from joppo.training.trainer.examples import held_out_rows, training_rows
from joppo.training.trainer.preflight.batch import best_problems, config_problems
from joppo.training.trainer.preflight.launcher import launcher_problems
from joppo.training.trainer.preflight.photos import photo_problems
from joppo.training.trainer.preflight.reward import reward_problems


class PreflightError(ValueError):
    """Training would fail or do nothing; the message lists every problem with its remedy."""


def check(problems: Iterable[str]) -> None:
    """Raise for all problems at once.

    Raises:
        PreflightError: there is a problem.
    """
    found = list(problems)
    if found:
        raise PreflightError("; ".join(found))


def before_launch(
    run: Run, progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """All that can be checked without a training process.

    Args:
        progress: called with the number of photos that were read, and of all photos.

    Raises:
        PreflightError: with every problem.
        SnapshotError: the snapshot has no row of the tasks in the config.
    """
    rows = training_rows(run)
    check(
        [
            *config_problems(run.config, rows),
            *best_problems(run.config, held_out_rows(run)),
            *reward_problems(run.config, rows),
            *launcher_problems(run.config.launch),
            *photo_problems(rows, run.store, progress),
        ]
    )
