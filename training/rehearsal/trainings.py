"""What the first steps of a training say about the rest of it."""

import math
from collections.abc import Sequence
from typing import Any

from joppo.training.config import JoppoConfig, TrainConfig
from joppo.training.rehearsal.outcome import Warned
from joppo.training.runs.metrics_log import last_values

_SHOWN = ("loss", "parse_rate", "reward", "kl", "grad_norm", "completions/clipped_ratio")
_HEALTH = "health/"
_CLIPPED = 0.1
_PARSED = 0.5


def training_figures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Newest values worth showing: {figure, value}."""
    last = last_values(list(rows))
    names = [name for name in last if name in _SHOWN or name.startswith(("after_", _HEALTH))]
    return [{"figure": name, "value": last[name]} for name in sorted(names)]


def training_measures(rows: Sequence[dict[str, Any]], config: TrainConfig) -> dict[str, float]:
    """Steps, and seconds of one: of the whole training, because the first step warms up."""
    last = last_values(list(rows))
    steps = max((row["step"] for row in rows if row["name"] == "loss"), default=0)
    runtime = last.get("train_runtime", math.nan)
    measures = {"steps": float(steps), "step_s": runtime / steps if steps else math.nan}
    if isinstance(config, JoppoConfig):
        items = config.photos * config.group / config.updates_per_batch
    else:
        items = getattr(config, "batch", config.per_device_batch)
    return measures | {"items_per_step": items * 1.0, "processes": config.launch.processes}


def training_warnings(rows: Sequence[dict[str, Any]], config: TrainConfig) -> list[Warned]:
    """Of answers and of the reward, by the first steps; SFT has neither."""
    if not isinstance(config, JoppoConfig):
        return []
    return [*_answers(rows, config), *_health(rows)]


def first_values(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The value of every metric when it was first logged."""
    found: dict[str, float] = {}
    for row in rows:
        found.setdefault(row["name"], row["value"])
    return found


def _answers(rows: Sequence[dict[str, Any]], config: JoppoConfig) -> list[Warned]:
    first, warnings = first_values(rows), []
    parsed = first.get("parse_rate", 0.0)
    if parsed < _PARSED:
        warnings.append(
            Warned(
                f"{parsed:.0%} of the sampled answers of the first step are in form",
                "train SFT longer, and see that its answers have the form that JoPPO asks for",
            )
        )
    clipped = first.get("completions/clipped_ratio", 0.0)
    if clipped > _CLIPPED:
        warnings.append(
            Warned(
                f"{clipped:.0%} of the sampled answers of the first step were cut off after "
                f"{config.max_completion_length} tokens",
                "raise max_completion_length, or let the teachers write less",
            )
        )
    return warnings


def _health(rows: Sequence[dict[str, Any]]) -> list[Warned]:
    first = first_values(rows)
    health = {name: value for name, value in first.items() if name.startswith(_HEALTH)}
    if not health:
        return [
            Warned(
                "the first step has no figure of the reward's health: no batch had two scored "
                "photos with answers in form",
                "raise photos or task_weights.score of train-joppo.yaml",
            )
        ]
    return []
