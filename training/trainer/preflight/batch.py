"""Do batch, mixture and schedule of a config fit together, and the rows of the snapshot?"""

from collections.abc import Sequence

from joppo.training.config import JoppoConfig, SftConfig, TrainConfig
from joppo.training.trainer.examples import Row
from joppo.training.trainer.preflight.launcher import known_type
from joppo.training.trainer.preflight.warnings import can_be_best


def config_problems(config: TrainConfig, rows: Sequence[Row]) -> list[str]:
    """Problems of batch, mixture and schedule; cheap."""
    return [*_stage_problems(config, rows), *_held_out_problems(config)]


def _stage_problems(config: TrainConfig, rows: Sequence[Row]) -> list[str]:
    if isinstance(config, JoppoConfig):
        return [*_joppo_batch(config, len(rows)), *_scored_photos(config, rows)]
    assert isinstance(config, SftConfig)
    return _sft_batch(config, len(rows))


def _sft_batch(config: SftConfig, rows: int) -> list[str]:
    chunk = config.per_device_batch * config.launch.processes
    problems = []
    if config.batch % chunk:
        problems.append(
            f"batch {config.batch} is not divisible by per_device_batch x processes = {chunk}: "
            f"use a batch of {max(1, config.batch // chunk) * chunk}"
        )
    if rows < config.batch:
        problems.append(
            f"{rows} conversations are fewer than one batch of {config.batch}: lower batch, raise "
            "task_weights or build a larger snapshot"
        )
    return problems


def _joppo_batch(config: JoppoConfig, rows: int) -> list[str]:
    completions = config.photos * config.group
    chunk = config.per_device_batch * config.launch.processes
    problems = []
    if completions % chunk:
        problems.append(
            f"photos x group = {completions} completions are not divisible by per_device_batch x "
            f"processes = {chunk}: change per_device_batch or photos"
        )
    elif (completions // chunk) % config.updates_per_batch:
        problems.append(
            f"{completions // chunk} forward passes per batch are not divisible by "
            f"updates_per_batch {config.updates_per_batch}"
        )
    if rows < config.photos:
        problems.append(
            f"{rows} prompts are fewer than one batch of {config.photos} photos, which trains zero "
            "steps: lower photos, raise task_weights or build a larger snapshot"
        )
    window = config.updates_per_batch * config.iterations
    # A new best is saved at once, so that validation has to fall between two windows as well.
    for name, steps in (
        ("save_steps", config.save_steps),
        ("validation_steps", config.validation_steps),
    ):
        if steps % window:
            problems.append(
                f"{name} {steps} falls inside a window of {window} steps on the same completions, "
                f"which cannot be resumed: use a multiple of {window}"
            )
    return [*problems, *_merging_problems(config)]


def _merging_problems(config: JoppoConfig) -> list[str]:
    """Weights that are sharded over several devices cannot be merged in place."""
    kind = known_type(config.launch)
    if not config.merge_rollouts or kind not in ("FSDP", "DEEPSPEED"):
        return []
    return [f"merge_rollouts with {kind}: no process has whole weights; set it to false"]


def _held_out_problems(config: TrainConfig) -> list[str]:
    """One process generates the held-out answers, which it cannot do with a sharded model."""
    if not config.eval_rows or known_type(config.launch) != "FSDP":
        return []
    return [
        "with FSDP no process has the whole judge to answer held-out rows: set eval_rows to 0, and "
        "evaluate the finished model"
    ]


def best_problems(config: TrainConfig, held_out: Sequence[Row]) -> list[str]:
    """Whether the figure that is to choose the weights can be defined on the validation rows."""
    if config.keep == "last" or can_be_best(config.best_by, held_out):
        return []
    return [
        f"keep: best by {config.best_by}, which is undefined on the {len(held_out)} validation "
        "rows of this snapshot: set best_by to another figure, keep: last, or build a snapshot "
        "whose scored photos have a validation split (validation_share)"
    ]


def _scored_photos(config: JoppoConfig, rows: Sequence[Row]) -> list[str]:
    """The preference reward compares photos: a batch needs two that people scored."""
    if not config.task_weights.get("score") or not rows:
        return []
    scored = [row for row in rows if row["task"] == "score"]
    if len({row["uri"] for row in scored}) < 2:
        return [
            "fewer than two scored photos: build the snapshot from a dataset with scores (MOS), or "
            "set task_weights.score to 0"
        ]
    usual = config.photos * len(scored) / len(rows)
    if usual >= 2:
        return []
    needed = -(-2 * len(rows) // len(scored))
    return [
        f"of {config.photos} photos a batch about {usual:.1f} are scored, and the preference "
        f"reward compares at least two: raise photos to {needed}, or task_weights.score"
    ]
